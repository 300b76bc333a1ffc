# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Times in logs: most have no year, and none has a zone (it is that of the tests' pod, UTC unless somebody changed it)."""
from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOCK = rb"(\d\d):(\d\d):(\d\d)\.(\d{3})"
# At the beginning of a line, where marks of tests that had no line of their own may stand before it.
_BEGIN = rb"^[SP\xe2\x80\xa2\xe2\x88\x99 \t]*"
_KINDS = {
    "stamp": re.compile(_BEGIN + rb"(" + "|".join(_MONTHS).encode() + rb") ([ \d]\d) " + _CLOCK + rb": ", re.MULTILINE),
    "ginkgo": re.compile(rb"@ (\d\d)/(\d\d)/(\d\d) " + _CLOCK),
    "klog": re.compile(_BEGIN + rb"[IWEF](\d\d)(\d\d) " + _CLOCK, re.MULTILINE),
}
SAID = {"stamp": "stamp", "ginkgo": "time of a step", "klog": "klog line"}
_WINDOW = 1 << 16
_GO = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|h|m|s)")
_UNITS = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DAY = timedelta(days=1)


def go_duration(text: str) -> float:
    """Seconds of "1h40m19.8s"; 0.0 for what is none."""
    return sum(float(n) * _UNITS[unit] for n, unit in _GO.findall(text))


@dataclass(frozen=True)
class Stamp:
    """A time of a log, 0 for a year that it has not."""

    month: int
    day: int
    hour: int
    minute: int
    second: int
    milli: int
    year: int = 0

    def in_year(self, year: int) -> datetime | None:
        """None where that year has no such day."""
        try:
            return datetime(year, self.month, self.day, self.hour, self.minute, self.second, self.milli * 1000, timezone.utc)
        except ValueError:
            return None

    def nearest(self, to: datetime) -> datetime | None:
        """In the year that brings it nearest to a time."""
        found = [at for year in (to.year - 1, to.year, to.year + 1) if (at := self.in_year(self.year or year))]
        return min(found, key=lambda at: abs(at - to), default=None)

    def before(self, limit: datetime) -> datetime | None:
        """In the last year in which it is not after a time (by more than a day: zones differ)."""
        found = [at for year in range(limit.year + 1, limit.year - 9, -1)
                 if (at := self.in_year(self.year or year)) and at <= limit + _DAY]
        return found[0] if found else None


def _stamp(kind: str, found: re.Match[bytes]) -> Stamp | None:
    parts = [p.decode() for p in found.groups()]
    month = _MONTHS.index(parts[0]) + 1 if kind == "stamp" else int(parts[0])
    year = 2000 + int(parts.pop(2)) if kind == "ginkgo" else 0
    stamp = Stamp(month, int(parts[1]), *(int(p) for p in parts[2:]), year=year)
    return stamp if stamp.in_year(year or 2024) else None  # a leap year: any day that there can be


@dataclass
class Stamps:
    """The first and the last time of each kind, as they come by."""

    first: dict[str, Stamp] = field(default_factory=dict)
    last: dict[str, Stamp] = field(default_factory=dict)
    seen: bool = False

    def see(self, piece: bytes) -> None:
        """Whole lines of a log, a MiB of them. All of the first ones are looked at, of others the beginning and the end."""
        windows = (piece,) if not self.seen or len(piece) <= 2 * _WINDOW else (piece[:_WINDOW], piece[-_WINDOW:])
        self.seen = True
        for kind, pattern in _KINDS.items():
            for window in windows:
                found = [s for m in pattern.finditer(window) if (s := _stamp(kind, m))]
                if found:
                    self.first.setdefault(kind, found[0])
                    self.last[kind] = found[-1]

    @property
    def kind(self) -> str:
        """"stamp", "ginkgo", "klog", or "" where the log has none."""
        return next((k for k in _KINDS if k in self.first), "")


def dated(stamp: Stamp, year: int, known: datetime | None, limit: datetime) -> datetime | None:
    """A stamp with its year: its own, else the one that was given, else by a time that is known, else the last possible one."""
    if stamp.year or not year:
        at = stamp.in_year(stamp.year) if stamp.year else stamp.nearest(known) if known else stamp.before(limit)
        return at
    return replace(stamp, year=year).in_year(year)


def after(stamp: Stamp, start: datetime) -> datetime | None:
    """The first time at or after the start that a stamp can mean: a run may go over New Year."""
    found = [at for year in (start.year, start.year + 1) if (at := stamp.in_year(stamp.year or year)) and at >= start - _DAY]
    return found[0] if found else None
