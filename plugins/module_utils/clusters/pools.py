# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sizes of pools of workers, so that all of them together are as many as were asked for."""
from __future__ import annotations

from collections.abc import Mapping

from ..jobs.errors import BadOption


def filled(sizes: Mapping[str, int], nodes: int, chosen: str, words: str) -> dict[str, int]:
    """Sizes by the names of pools: the chosen one takes what the others leave of nodes. words: what the others are called.

    BadOption where the others have more.
    """
    left = nodes - sum(size for name, size in sizes.items() if name != chosen)
    if left < 0:
        raise BadOption(f"nodes: {nodes} are fewer than the other {words} have")
    return {**sizes, chosen: left}
