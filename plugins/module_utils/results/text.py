# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Small words and numbers that every writer says the same way."""
from __future__ import annotations

import math
import re
from collections.abc import Iterable

from .redact import printable


def live_line(text: str) -> str:
    """Text as one line of a terminal: whatever it holds, nothing in it begins another line. Indents stay."""
    return " ".join(printable(text).split("\n")).replace("\t", " ").rstrip()


def first_line(text: str) -> str:
    """The first line with anything in it."""
    return next((line.strip() for line in printable(text).splitlines() if line.strip()), "")


def one_line(text: str) -> str:
    return " ".join(printable(text).split())


def shorten(text: str, width: int) -> str:
    """At most width characters, an ellipsis for the rest."""
    return text if len(text) <= width else text[:max(width - 1, 0)].rstrip() + "…"


def number(value: float) -> str:
    """Three significant digits, without an exponent: 0.0123, 4.2, 1520."""
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 100 or value == int(value):
        return f"{value:.0f}"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") or "0"


def duration(seconds: float) -> str:
    """"0.4 s", "42 s", "3 min", "3 min 05 s", "1 h 02 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60:02d} s" if whole % 60 else "")
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts numbers in names by their value."""
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in re.findall(r"[0-9]+|[^0-9]+", name)]


def unique(items: Iterable[str]) -> list[str]:
    """Without repetitions and empty ones, in the order given."""
    return list(dict.fromkeys(i for i in items if i))


def listing(items: Iterable[str], width: int) -> str:
    """"a, b, c, +4 more" within width characters; at least one item is named."""
    items = list(items)
    for shown in range(len(items), 0, -1):
        rest = len(items) - shown
        text = ", ".join(items[:shown]) + (f", +{rest} more" if rest else "")
        if len(text) <= width or shown == 1:
            return text if shown > 1 else shorten(text, width)
    return ""
