# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The nodes that have a machine of the platform behind them."""
from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...common import nodes as node_of
from ...engine.errors import DoesNotApply, Inconclusive
from ...kube.errors import ApiError
from ...machines.model import Wanted
from .._shared.nodes import Node, name_of
from .options import selection

if TYPE_CHECKING:
    from ...engine.context import Context

# Provider ids beside those of machines: pods of Fargate, and machines that AWS knows as nodes only.
_ELSEWHERE = re.compile(r"^aws://.*/fargate-|^eks-hybrid://")


def _lean(node: Node) -> Node:
    """What tells a node's machine."""
    meta, status = node["metadata"], node.get("status") or {}
    return {"metadata": {"name": meta["name"], "labels": meta.get("labels") or {}}, "spec": node.get("spec") or {},
            "status": {k: status.get(k) or {} for k in ("nodeInfo", "addresses")}}


def _without(node: Node) -> bool:
    return node_of.virtual(node) or bool(_ELSEWHERE.search((node.get("spec") or {}).get("providerID") or ""))


def read(ctx: Context) -> list[Node]:
    """By name; none of them when the cluster does not tell: then the machines that the options name are judged alone."""
    named = selection(ctx.options) != Wanted()
    try:
        found = sorted(ctx.client.quiet.list("/api/v1/nodes", strip=_lean).items, key=name_of)
    except ApiError as e:
        if not named:
            raise Inconclusive(f"the cluster does not tell its nodes ({e.message}), and no machine is named: set "
                               "names, uuids, ids, folder or tags (machines_check_names, ...)") from e
        ctx.observe(nodes_not_read=e.message)
        return []
    without = [name_of(n) for n in found if _without(n)]
    if without:
        ctx.observe(nodes_without_a_machine=without)
        if len(without) == len(found) and not named:
            raise DoesNotApply("no node here has a machine of its own: they are virtual, or another provider's")
    return [n for n in found if not _without(n)]
