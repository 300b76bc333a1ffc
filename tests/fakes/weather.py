# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Weather of fakes and simulators: every so many reads go wrong as they do in the world, in kinds and in an order by a seed.

ASSAY_WEATHER=SEED puts all of them into foul weather while existing tests run (`make soak`); SKY says which weather the test that runs
now has.
"""
from __future__ import annotations

import itertools
import os
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

VARIABLE = "ASSAY_WEATHER"
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
# What the page says.
STATUS = 502
KINDS = ("page", "reset", "silence")
# Seconds without a word, until whoever asks has gone away.
_SILENT = 60.0


class Weather:
    """every: each so-manieth read goes wrong, `until` so many have; 0 is fair. seed: where it begins, and in which order the
    kinds come.

    Reads only: what becomes of a write whose answer is lost is a test of its own.
    """

    def __init__(self, every: int = 0, seed: int = 0, kinds: tuple[str, ...] = KINDS):
        self.every, self.spoilt, self.until = every, 0, float("inf")
        dice = random.Random(seed)
        self._count = itertools.count(dice.randrange(every) if every else 0)
        self._kinds = itertools.cycle(dice.sample(kinds, len(kinds)))
        self._over = threading.Event()

    def due(self) -> str:
        """What becomes of one more read: a kind, "" where it goes well."""
        if not self.every or self.spoilt >= self.until or next(self._count) % self.every != self.every - 1:
            return ""
        self.spoilt += 1
        return next(self._kinds)

    def spoils(self, handler: BaseHTTPRequestHandler) -> bool:
        """Whether this read has gone wrong; then it is answered, or never will be."""
        kind = self.due() if handler.command == "GET" else ""
        if kind:
            {"page": self._page, "reset": self._reset, "silence": self._silence}[kind](handler)
        return bool(kind)

    @staticmethod
    def _page(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(STATUS)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(len(PAGE)))
        handler.end_headers()
        handler.wfile.write(PAGE)

    @staticmethod
    def _reset(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.shutdown(socket.SHUT_RD)

    def _silence(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        self._over.wait(_SILENT)

    def ends(self) -> None:
        """The fake ends, so nobody waits any more."""
        self._over.set()


class AwsWeather(Weather):
    """At AWS: throttled, an error of AWS's own, or a connection that is cut. Call it with the name of an action."""

    ANSWERS: dict[str, tuple[int, str, str] | None] = {
        "throttled": (503, "RequestLimitExceeded", "Request limit exceeded."), "error": (500, "InternalError", "An internal error has occurred"),
        "cut": None}
    _READ = ("Describe", "List", "Get", "GET ")

    def __init__(self, every: int = 0, seed: int = 0):
        super().__init__(every, seed, tuple(self.ANSWERS))

    def __call__(self, action: str) -> tuple[int, str, str] | None | bool:
        """False where the weather is fair, None for a cut, else (status, code, message)."""
        kind = self.due() if action.startswith(self._READ) else ""
        return self.ANSWERS[kind] if kind else False


class Sky:
    """The weather over all fakes of this process. turn() is called for each test; what stands under it changes with it."""

    def __init__(self) -> None:
        self.dice: random.Random | None = None  # None where it is fair
        self.asks = 0  # calls of the product that run
        self._below: list[Callable[[], Any]] = []

    @property
    def foul(self) -> bool:
        return self.dice is not None

    @contextmanager
    def product(self) -> Iterator[None]:
        """Inside it is the product that asks: a simulator that a test asks itself, too, has weather only then."""
        self.asks += 1
        self._changed()
        try:
            yield
        finally:
            self.asks -= 1
            self._changed()

    def _changed(self) -> None:
        for change in list(self._below):
            change()

    def turn(self, seed: str) -> None:
        """Foul by this seed, fair where it is ""."""
        self.dice = random.Random(seed) if seed else None
        self._changed()

    @contextmanager
    def over(self, change: Callable[[], Any]) -> Iterator[None]:
        """change is called now, and whenever the weather turns or the product begins or ends to ask."""
        change()
        self._below.append(change)
        try:
            yield
        finally:
            self._below.remove(change)

    def weather(self) -> Weather:
        """For a fake that is made now and speaks HTTP. Without silence, which tests of their own have: it would take a minute each."""
        return Weather(self.dice.randint(3, 7), self.dice.randrange(999), ("page", "reset")) if self.dice else Weather()

    def aws(self) -> AwsWeather:
        return AwsWeather(self.dice.randint(4, 8), self.dice.randrange(999)) if self.dice else AwsWeather()


def seed(name: str, chosen: str, fair: bool) -> str:
    """Of the weather of a test, "" for fair: the same whichever others run. chosen: what it has itself, before the environment."""
    given = chosen or os.environ.get(VARIABLE, "")
    return f"{given} {name}" if given and not fair else ""


SKY = Sky()
