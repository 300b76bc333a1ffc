# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which pairs of nodes are asked, so that a fault of any node is found with few questions."""
from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

# Up to this many nodes every pair is asked: 870 at 30.
ALL_PAIRS = 30
# Beyond: so many neighbours in each direction make every node source and target of several pairs,
NEIGHBOURS = 3
# and so many random pairs find a fault of 1 % of the pairs with a probability of 95 %.
SAMPLE = 300

Pair = tuple[str, str]


def ring(nodes: Sequence[str], neighbours: int = NEIGHBOURS) -> list[Pair]:
    """Every node with its next and previous neighbours; nearest first, so that any prefix is spread evenly."""
    n = len(nodes)
    out: list[Pair] = []
    for distance in range(1, neighbours + 1):
        for step in (distance, -distance):
            out += [(nodes[i], nodes[(i + step) % n]) for i in range(n) if (i + step) % n != i]
    return list(dict.fromkeys(out))


def zone_pairs(nodes: Sequence[str], zones: Mapping[str, str]) -> list[Pair]:
    """One pair of nodes per ordered pair of different zones."""
    first: dict[str, str] = {}
    for node in nodes:
        first.setdefault(zones.get(node, ""), node)
    return [(a, b) for za, a in first.items() for zb, b in first.items() if za != zb]


def pairs(nodes: Sequence[str], zones: Mapping[str, str], seed: str) -> list[Pair]:
    """The pairs (from, to) to ask, without a node to itself: all, or beyond ALL_PAIRS nodes a selection."""
    if len(nodes) <= ALL_PAIRS:
        return ring(nodes, max(1, len(nodes) // 2))
    chosen = dict.fromkeys(ring(nodes) + zone_pairs(nodes, zones))
    rest = random.Random(seed)
    for _try in range(SAMPLE):
        a, b = rest.sample(list(nodes), 2)
        chosen[(a, b)] = None
    return list(chosen)
