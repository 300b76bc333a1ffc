# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a PersistentVolume can be used."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...common.nodes import ready
from ...common.nodes import unfit
from .._shared.nodes import Node, cordoned, name_of, tainted


def _number(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def _expression(labels: Mapping[str, str], e: Mapping[str, Any]) -> bool:
    """Whether labels meet one node selector requirement; unknown operators do not."""
    value, values, operator = labels.get(e["key"]), e.get("values") or [], e.get("operator")
    if operator in ("Gt", "Lt"):
        have, bound = _number(value), _number(values[0] if values else None)
        return have is not None and bound is not None and (have > bound if operator == "Gt" else have < bound)
    return {"In": value is not None and value in values, "NotIn": value not in values, "Exists": value is not None,
            "DoesNotExist": value is None}.get(operator, False)


def _term(node: Node, term: Mapping[str, Any]) -> bool:
    labels, fields = node["metadata"].get("labels") or {}, {"metadata.name": name_of(node)}
    expressions, by_field = term.get("matchExpressions") or [], term.get("matchFields") or []
    # An empty term matches nothing, as in the scheduler.
    return bool(expressions or by_field) and all(_expression(labels, e) for e in expressions) \
        and all(_expression(fields, e) for e in by_field)


def usable_on(volume: dict[str, Any], node: Node) -> bool:
    """Whether the volume's node affinity allows the node."""
    required = ((volume["spec"].get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms")
    return required is None or any(_term(node, t) for t in required)


def others(volume: dict[str, Any], nodes: Iterable[Node], writer: str) -> list[str]:
    """Nodes other than the writer's that could run a pod with the volume; none for one that is a node's folder."""
    if volume["spec"].get("hostPath") or volume["spec"].get("local"):
        return []
    return sorted(name_of(n) for n in nodes
                  if name_of(n) != writer and ready(n) and not cordoned(n) and not tainted(n) and not unfit(n)
                  and usable_on(volume, n))
