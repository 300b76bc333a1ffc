# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a NetworkPolicy does to a pod: whether it takes something of what the pod could reach, or be reached by."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .selectors import Requirement, matches

Object = Mapping[str, Any]


def selects(policy: Object, labels: Mapping[str, str]) -> bool:
    """Whether it is for pods with these labels."""
    selector = (policy.get("spec") or {}).get("podSelector") or {}
    wanted = [Requirement(k, "In", (v,)) for k, v in (selector.get("matchLabels") or {}).items()]
    wanted += [Requirement(e["key"], e["operator"], tuple(e.get("values") or ()))
               for e in selector.get("matchExpressions") or ()]
    return matches(wanted, labels)


def restricts(policy: Object, labels: Mapping[str, str]) -> bool:
    """Whether traffic of pods with these labels is lost by it, unless another policy allows it.

    A direction is open only without a rule of that type, or with a rule that names nothing: such a one allows all.
    """
    spec = policy.get("spec") or {}
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    rules = [spec.get("ingress") if kind == "Ingress" else spec.get("egress") for kind in types]
    return selects(policy, labels) and any(not any(not rule for rule in mine or ()) for mine in rules)
