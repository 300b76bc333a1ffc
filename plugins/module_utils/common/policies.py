# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a NetworkPolicy does to a pod: whether it takes something of what the pod could reach, or be reached by."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .selectors import fits

Object = Mapping[str, Any]


def selects(policy: Object, labels: Mapping[str, str]) -> bool:
    """Whether it is for pods with these labels."""
    return fits((policy.get("spec") or {}).get("podSelector"), labels)


def _types(spec: Object) -> list[str]:
    return list(spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])])


def restricts(policy: Object, labels: Mapping[str, str]) -> bool:
    """Whether traffic of pods with these labels is lost by it, unless another policy allows it.

    A direction is open only without a rule of that type, or with a rule that names nothing: such a one allows all.
    """
    spec = policy.get("spec") or {}
    rules = [spec.get("ingress") if kind == "Ingress" else spec.get("egress") for kind in _types(spec)]
    return selects(policy, labels) and any(not any(not rule for rule in mine or ()) for mine in rules)


def _may_mean(peers: Iterable[Object] | None, labels: Mapping[str, str]) -> bool:
    """Whether a rule's peers can be pods with these labels of the same namespace; in doubt they can."""
    return not peers or any(set(p) != {"podSelector"} or fits(p["podSelector"], labels) for p in peers)


def forbid(found: Iterable[Object], labels: Mapping[str, str]) -> bool:
    """Whether the policies of a namespace together surely let no pod with these labels talk to another of them: one direction
    is only for those that a rule names, and no rule names them. Ports are not looked at."""
    mine = [p.get("spec") or {} for p in found if selects(p, labels)]
    for kind, key in (("Ingress", "from"), ("Egress", "to")):
        isolating = [s for s in mine if kind in _types(s)]
        if isolating and not any(_may_mean(rule.get(key), labels) for s in isolating for rule in s.get(kind.lower()) or ()):
            return True
    return False
