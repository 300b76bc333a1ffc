# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Weather for fakes that speak HTTP: every so many reads go wrong as they do behind a load balancer, in an order by a seed."""
from __future__ import annotations

import itertools
import random
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler

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

    def spoils(self, handler: BaseHTTPRequestHandler) -> bool:
        """Whether this read has gone wrong; then it is answered, or never will be."""
        if not self.every or self.spoilt >= self.until or handler.command != "GET":
            return False
        if next(self._count) % self.every != self.every - 1:
            return False
        self.spoilt += 1
        {"page": self._page, "reset": self._reset, "silence": self._silence}[next(self._kinds)](handler)
        return True

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
