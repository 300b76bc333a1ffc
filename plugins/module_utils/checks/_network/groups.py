# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Groups of nodes that reach only their own: pools that somebody keeps apart on purpose look just like that."""
from __future__ import annotations

from collections.abc import Callable, Iterable

from .._shared.text import listed
from .pairs import Pair


def groups(nodes: Iterable[str], reached: Iterable[Pair]) -> list[list[str]]:
    """The nodes in groups, the largest first: two are in one if there is a way between them over pairs that were reached."""
    of = {n: {n} for n in nodes}
    for a, b in reached:
        if of[a] is not of[b]:
            of[a] |= of[b]
            for n in of[b]:
                of[n] = of[a]
    found = {id(g): sorted(g) for g in of.values()}
    return sorted(found.values(), key=lambda g: (-len(g), g))


def apart(nodes: Iterable[str], reached: Iterable[Pair], pool: Callable[[str], str]) -> list[str]:
    """The groups in words, where the nodes fall into some that may be meant so; empty else.

    pool: the pool of a node by its labels, or empty. A single node is no group, unless it is a pool of its own.
    """
    found = groups(nodes, reached)
    pools = [{pool(n) for n in g} for g in found]
    by_pool = all(len(p) == 1 and "" not in p for p in pools) and len({next(iter(p)) for p in pools}) == len(found)
    if len(found) < 2 or len(found) == sum(map(len, found)) or not (by_pool or len(found[-1]) > 1):
        return []
    return [f"pool {next(iter(p))} ({listed(g)})" if by_pool else f"{len(g)} nodes ({listed(g)})" for g, p in zip(found, pools)]


def hint(words: list[str]) -> str:
    """What to do where that is meant, as the end of a message."""
    return f"; nodes reach only those of their own group: {listed(words)}; where they are kept apart on purpose, prove each " \
           "group by itself with validate_node_selector" if words else ""
