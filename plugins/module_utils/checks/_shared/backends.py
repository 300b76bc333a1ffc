# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which probes stand behind a Service of ours: few, so that what the cluster has to do and the questions stay linear in nodes."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
# Pods behind a Service: enough to see balancing.
BACKENDS = 4


def spread(items: Sequence[T], count: int) -> list[T]:
    """So many of them at equal distances; those of a list of nodes are probably of all pools and zones."""
    if len(items) <= count:
        return list(items)
    return [items[i * len(items) // count] for i in range(count)]
