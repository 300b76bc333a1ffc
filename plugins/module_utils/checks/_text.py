# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Phrases and numbers that several checks put into their messages."""
from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def listed(items: Iterable[object], most: int = 3) -> str:
    """The first items as a phrase, and how many more there are."""
    texts = [str(i) for i in items]
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more} more" if more > 0 else "")


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; ValueError without values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def url_host(address: str) -> str:
    """An IP address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address
