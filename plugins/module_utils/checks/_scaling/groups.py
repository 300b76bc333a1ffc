# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Groups of nodes as the user names them: what a pod must say to get a node of one."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...common import nodes as node_of
from ...common.nodes import POOLS
from .._shared.text import listed
from .who import template_of

if TYPE_CHECKING:
    from ...engine.context import Context

Object = Mapping[str, Any]
NODEPOOL = "karpenter.sh/nodepool"
_BLOCKING = ("NoSchedule", "NoExecute")
# Taints of a node's state or end; they are nothing that a group has.
_PASSING = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/", "karpenter.sh/", "ToBeDeleted", "DeletionCandidate",
            "node.cilium.io/", "ebs.csi.aws.com/")


@dataclass(frozen=True)
class Group:
    """name: as the user calls it; empty for any nodes. selector: labels that its nodes have. taints: that all of them have."""

    name: str = ""
    selector: dict[str, str] = field(default_factory=dict)
    taints: tuple[tuple[str, str, str], ...] = ()

    @property
    def words(self) -> str:
        return f"node group {self.name}" if self.name else "the cluster"

    def tolerations(self) -> list[dict[str, str]]:
        return [{"key": k, "operator": "Equal", "value": v, "effect": e} for k, v, e in self.taints]

    def holds(self, node: Object) -> bool:
        mine = node_of.labels(node)
        return all(mine.get(k) == v for k, v in self.selector.items())

    def takes(self, node: Object) -> bool:
        """Whether a pod for the group may be put on this node, as far as labels, cordons and taints tell."""
        spec = node.get("spec") or {}
        return self.holds(node) and not spec.get("unschedulable") and not blocking(spec.get("taints")) - set(self.taints)


def blocking(taints: Iterable[Mapping[str, str]] | None) -> set[tuple[str, str, str]]:
    return {(str(t.get("key")), str(t.get("value") or ""), str(t.get("effect"))) for t in taints or ()
            if t.get("effect") in _BLOCKING}


def _lasting(taints: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    return {t for t in taints if not t[0].startswith(_PASSING)}


def _selector(name: str, pools: Iterable[Object], nodes: Iterable[Object]) -> dict[str, str]:
    """The labels by which a group is chosen; empty where nobody has it."""
    key, equals, value = name.partition("=")
    if equals:
        return {key.strip(): value.strip()}
    if any(p["metadata"]["name"] == name for p in pools):
        return {NODEPOOL: name}
    return next(({k: name} for n in nodes for k in POOLS if node_of.labels(n).get(k) == name), {})


def _taints(selector: dict[str, str], pools: Iterable[Object], nodes: Iterable[Object]) -> tuple[tuple[str, str, str], ...]:
    """Those of the NodePool, else those that all nodes of the group have."""
    for pool in pools:
        if selector == {NODEPOOL: pool["metadata"]["name"]}:
            return tuple(sorted(blocking(template_of(pool).get("taints"))))
    sets = [_lasting(blocking((n.get("spec") or {}).get("taints"))) for n in nodes if Group(selector=selector).holds(n)]
    return tuple(sorted(set.intersection(*sets))) if sets else ()


def chosen(ctx: Context, pools: Iterable[Object]) -> list[Group]:
    """The groups that the option names, else the one of any nodes."""
    pools, nodes = list(pools), list(ctx.fleet.nodes.values())
    out = []
    for name in ctx.options.get("node_groups") or ():
        selector = _selector(str(name), pools, nodes)
        if not selector:
            known = sorted({*(p["metadata"]["name"] for p in pools), *filter(None, map(node_of.pool, nodes))})
            ctx.inconclusive(f"there is no NodePool and no node of a group {name}; name it by a label of its nodes, as LABEL=VALUE; "
                             f"known are: {listed(known, 8) or 'none'}")
        out.append(Group(str(name), selector, _taints(selector, pools, nodes)))
    return out or [Group()]
