# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes that ought to be alike, and how they differ: by accident, or since the pool is being replaced."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from .._shared.nodes import Node, moment, name_of, pool

ALIKE = ("kubeletVersion", "containerRuntimeVersion", "kernelVersion", "osImage")
# Replacement shows in the order of birth: all of the one kind are older than all of the other, by a step of this many
# seconds that nodes which are made together do not have,
_STEP = 3600.0
# and it is still going on while the youngest node is younger than this. Karpenter replaces the nodes of a pool one by one
# over weeks, as they expire.
_LASTS = 86400.0
_KARPENTER = ("karpenter.sh/nodepool", "karpenter.sh/provisioner-name")


def _born(node: Node) -> datetime | None:
    return moment(node["metadata"].get("creationTimestamp"))


def _replaced(kinds: Sequence[Sequence[Node]], now: datetime) -> bool:
    """Whether nodes of these kinds followed each other, and still do."""
    spans = []
    for members in kinds:
        births = [b for b in map(_born, members) if b]
        if len(births) < len(members):
            return False
        spans.append((min(births), max(births)))
    spans.sort()
    apart = all((later[0] - earlier[1]).total_seconds() >= _STEP for earlier, later in zip(spans, spans[1:]))
    slow = all(any(k in (n["metadata"].get("labels") or {}) for k in _KARPENTER) for n in kinds[0])
    return apart and (slow or (now - spans[-1][1]).total_seconds() < _LASTS)


def drift(nodes: Iterable[Node], now: datetime) -> tuple[list[str], list[str]]:
    """(differences, replacements) within pools: "kernelVersion in linux/amd64: 6.1 (2 nodes), 6.6 (n3)"."""
    pools: dict[str, list[Node]] = {}
    for node in nodes:
        pools.setdefault(pool(node), []).append(node)
    differ: list[str] = []
    replaced: list[str] = []
    for label, members in sorted(pools.items()):
        for field in ALIKE:
            values: dict[str, list[Node]] = {}
            for node in members:
                values.setdefault(node.get("status", {}).get("nodeInfo", {}).get(field, ""), []).append(node)
            if len(values) > 1:
                parts = [f"{v} ({name_of(n[0]) if len(n) == 1 else f'{len(n)} nodes'})" for v, n in sorted(values.items())]
                told = replaced if _replaced(list(values.values()), now) else differ
                told.append(f"{field} in {label}: {', '.join(parts)}")
    return differ, replaced
