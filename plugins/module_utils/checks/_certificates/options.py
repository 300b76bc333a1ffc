# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Entries of options that are lists of dictionaries, judged before anything is asked: what is wrong is one sentence."""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...common.names import nearest
from ...kube.errors import BadInput
from .served import STARTTLS, Place
from .time import Bounds

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9_])?|[0-9A-Fa-f:.]{2,45}")
_SECRET = re.compile(r"[a-z0-9.-]{1,63}/[a-z0-9.-]{1,253}")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_ENDPOINT = ("host", "port", "name", "server_name", "starttls", "ca", "ca_file", "self_signed", "stored", "inside", "warn_days",
             "fail_days")


@dataclass(frozen=True)
class Endpoint:
    """A server that the inventory lists. ca: PEM text; stored: (namespace, name) of what it should serve; inside: whether it is
    asked from a probe; bounds: None where those of all are meant."""

    place: Place
    name: str
    ca: str
    ca_file: str
    self_signed: bool
    stored: tuple[str, str] | None
    inside: bool
    bounds: Bounds | None

    @property
    def target(self) -> str:
        return f"endpoint/{self.place.host}:{self.place.port}"


class Entry:
    """One dictionary of an option. where: what it is called in sentences. Each question raises BadInput for a wrong value."""

    def __init__(self, option: str, number: int, value: Any, known: Iterable[str]):
        self.where = f"{option}, entry {number}"
        if not isinstance(value, Mapping):
            raise BadInput(f"{self.where}: must be a dictionary")
        self._value, known = dict(value), tuple(known)
        for key in self._value:
            if key not in known:
                raise BadInput(f"{self.where}: there is no {key!s}; {nearest(str(key), known)}")

    def wrong(self, key: str, must: str) -> BadInput:
        return BadInput(f"{self.where}: {key} must be {must}")

    def has(self, key: str) -> bool:
        return self._value.get(key) not in (None, "")

    def raw(self, key: str) -> Any:
        return self._value.get(key)

    def text(self, key: str, pattern: re.Pattern[str] | None = None, must: str = "text", default: str = "") -> str:
        if not self.has(key):
            return default
        value = self._value[key]
        if isinstance(value, (Mapping, list)) or (pattern and not pattern.fullmatch(str(value))):
            raise self.wrong(key, must)
        return str(value)

    def number(self, key: str, low: float, high: float, default: float | None) -> float | None:
        if not self.has(key):
            return default
        try:
            value = float(self._value[key])
        except (TypeError, ValueError):
            value = float("nan")
        if isinstance(self._value[key], bool) or not low <= value <= high:
            raise self.wrong(key, f"a number from {low:g} to {high:g}")
        return value

    def truth(self, key: str, default: bool) -> bool:
        if not self.has(key):
            return default
        said = str(self._value[key]).strip().lower()
        if said not in (*_TRUE, *_FALSE):
            raise self.wrong(key, "true or false")
        return said in _TRUE

    def file(self, key: str) -> str:
        """The path of a file that can be read."""
        path = os.path.expanduser(self.text(key))
        if path and not os.access(path, os.R_OK):
            raise self.wrong(key, "a file that can be read here")
        return path

    def bounds(self, usual: Bounds) -> Bounds | None:
        """Days of its own are meant as they are, whatever the life of the certificate; None where there are none."""
        if not (self.has("warn_days") or self.has("fail_days")):
            return None
        warn, fail = self.number("warn_days", 0, 36500, None), self.number("fail_days", 0, 36500, None)
        warn, fail = usual.warn_days if warn is None else warn, usual.fail_days if fail is None else fail
        return Bounds(warn, fail, 0, 0)


def endpoints(option: str, values: Iterable[Any], usual: Bounds) -> list[Endpoint]:
    """BadInput for an entry that is wrong."""
    out = []
    for number, value in enumerate(values, 1):
        entry = Entry(option, number, value, _ENDPOINT)
        host = entry.text("host", _HOST, "a name or an address, without https:// and port")
        if not host:
            raise BadInput(f"{entry.where}: has no host")
        starttls = entry.text("starttls")
        if starttls and starttls not in STARTTLS:
            raise entry.wrong("starttls", f"one of {', '.join(STARTTLS)}")
        inside = entry.truth("inside", False)
        if inside and starttls:
            raise BadInput(f"{entry.where}: starttls is spoken from the controller alone, not inside")
        stored = entry.text("stored", _SECRET, "NAMESPACE/NAME of a Secret")
        space, _slash, name = stored.partition("/")
        port = int(entry.number("port", 1, 65535, 443) or 443)
        out.append(Endpoint(Place(host, port, entry.text("server_name", _HOST, "a name", host), starttls),
                            entry.text("name", default=host), entry.text("ca"), entry.file("ca_file"),
                            entry.truth("self_signed", False), (space, name) if stored else None, inside, entry.bounds(usual)))
    return out
