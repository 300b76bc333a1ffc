# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who cannot reach whom: the pattern of a matrix of nodes."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

Edge = tuple[str, str]
# Somebody answered, if only to refuse or in another's name: the way there works.
ANSWERED = re.compile(r"refused|reset by peer|answered by", re.I)


def edges(seen: Iterable[dict[str, Any]]) -> dict[Edge, bool]:
    """{(from, to): whether a question of that pair was answered}.

    Refusals are left out, as they prove no silence, and so are pods that do not even answer their own node.
    """
    out: dict[Edge, bool] = {}
    for o in seen:
        pair = o.get("from_node") or "", o.get("to_node") or ""
        if all(pair) and (o["ok"] or not ANSWERED.search(o.get("error") or "")):
            out[pair] = out.get(pair, False) or o["ok"]
    dead = {a for (a, b), ok in out.items() if a == b and not ok}
    return {e: ok for e, ok in out.items() if e[1] not in dead}


class _Counts:
    """How many pairs of different nodes are red and green, by their first and by their second end."""

    def __init__(self, cross: Mapping[Edge, bool]):
        self.rows: dict[str, list[bool]] = {}
        self.columns: dict[str, list[bool]] = {}
        self.asked: dict[str, list[str]] = {}
        self.green = sum(cross.values())
        for (a, b), ok in cross.items():
            self.rows.setdefault(a, []).append(ok)
            self.columns.setdefault(b, []).append(ok)
            self.asked.setdefault(a, []).append(b)

    def cut_off(self, node: str) -> bool:
        """Its whole row or whole column is red, and enough others see green to say that it is this node."""
        row, column = self.rows.get(node, []), self.columns.get(node, [])
        others = self.green - sum(row) - sum(column)
        # Who asked a single node in vain is to blame only where that one answered somebody else.
        told = len(row) > 1 or any(any(self.columns[b]) for b in self.asked.get(node, ()))
        red_row = bool(row) and not any(row) and told
        red_column = len(column) > 1 and not any(column)
        return others > 0 and (red_row or red_column)


def spread(matrix: Mapping[Edge, bool]) -> tuple[str, tuple[str, ...]]:
    """(pattern, nodes) of the matrix.

    "none": nothing between nodes is red. "isolated": every red pair has one of these nodes at an end, whose row or
    column is all red while others are green. "target": all who asked one node got nothing, and nobody asked others.
    "overlay": no pair of different nodes is green. "partial": anything else, with the nodes that red pairs have in
    common, or all at their ends.
    """
    cross = {e: ok for e, ok in matrix.items() if e[0] != e[1]}
    bad = [e for e, ok in cross.items() if not ok]
    if not bad:
        return "none", ()
    nodes = sorted({n for e in cross for n in e})
    common = sorted(set.intersection(*(set(e) for e in bad)))
    if len(bad) == len(cross):
        if len(common) == 1 and len(bad) > 1:
            return "target", tuple(common)
        return ("overlay", ()) if len(bad) > 1 else ("partial", tuple(common))
    counts = _Counts(cross)
    alone = [n for n in nodes if counts.cut_off(n)]
    if alone and len(alone) < len(nodes) and all(e[0] in alone or e[1] in alone for e in bad):
        return "isolated", tuple(alone)
    return "partial", tuple(common) or tuple(sorted({n for e in bad for n in e}))


def between_groups(matrix: Mapping[Edge, bool], group: Mapping[str, str]) -> bool:
    """Whether just the pairs that cross from one group (zone) to another are red, and all of them."""
    cross = {e: ok for e, ok in matrix.items() if e[0] != e[1]}
    inside = [ok for e, ok in cross.items() if group.get(e[0]) == group.get(e[1])]
    outside = [ok for e, ok in cross.items() if group.get(e[0]) != group.get(e[1])]
    return all(group.get(n) for e in cross for n in e) and bool(inside and outside) and all(inside) and not any(outside)


def partners(pairs: Iterable[Edge], node: str) -> set[str]:
    """The other ends of the pairs that the node is an end of."""
    return {n for e in pairs if node in e for n in e} - {node}


def groups(matrix: Mapping[Edge, bool]) -> list[list[str]]:
    """The nodes in groups, the largest first, where within each all is green and between them nothing is; empty else, and
    where a group would be a single node."""
    cross = {e: ok for e, ok in matrix.items() if e[0] != e[1]}
    of = {n: {n} for e in cross for n in e}
    for (a, b), ok in cross.items():
        if ok and of[a] is not of[b]:
            of[a] |= of[b]
            of.update(dict.fromkeys(of[b], of[a]))
    found = sorted({id(g): sorted(g) for g in of.values()}.values(), key=lambda g: (-len(g), g))
    whole = all(ok for (a, b), ok in cross.items() if of[a] is of[b])
    return found if whole and len(found) > 1 and len(found[-1]) > 1 else []


def cut_pairs(matrix: Mapping[Edge, bool]) -> list[Edge]:
    """All red pairs, if each is just that: its first end reached others, its second was reached by others, and both have
    more nodes that they are on terms with than such that they lost. Empty else."""
    cross = {e: ok for e, ok in matrix.items() if e[0] != e[1]}
    bad, good = [e for e, ok in cross.items() if not ok], [e for e, ok in cross.items() if ok]
    send, answer = {a for a, _b in good}, {b for _a, b in good}
    lost, kept = _partners(bad), _partners(good)

    def alone(pair: Edge) -> bool:
        few = all(len(lost[n]) <= len(kept.get(n, set()) - lost[n]) for n in pair)
        return pair[0] in send and pair[1] in answer and few

    return sorted(bad) if bad and all(map(alone, bad)) else []


def _partners(pairs: Iterable[Edge]) -> dict[str, set[str]]:
    out: dict[str, set[str]] = {}
    for a, b in pairs:
        out.setdefault(a, set()).add(b)
        out.setdefault(b, set()).add(a)
    return out
