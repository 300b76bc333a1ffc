# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Phrases and numbers that several checks put into their messages."""
from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

# A mesh's proxy takes every connection, and says by these words, or by an empty page, that nobody is behind it (Envoy,
# linkerd).
_NOBODY = re.compile(r"upstream connect error|no healthy upstream|upstream request timeout|delayed connect error")


def says_nobody(answer: str) -> bool:
    """Whether an answer is that of a proxy in between which reached nobody: a refusal in words."""
    return not answer.strip() or bool(_NOBODY.search(answer))


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
