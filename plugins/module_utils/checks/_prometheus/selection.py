# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prometheus objects of the Prometheus operator: which there are, and what each of them selects."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...common.selectors import Requirement, matches
from .._shared.optional import optional_get

if TYPE_CHECKING:
    from ...engine.context import Context

GROUP = "monitoring.coreos.com"
PROMETHEUSES, AGENTS = f"/apis/{GROUP}/v1/prometheuses", f"/apis/{GROUP}/v1alpha1/prometheusagents"
# Kind of a monitor -> the field of a Prometheus that selects it; the selector of its namespace has "NamespaceSelector" for
# "Selector" (prometheus-operator, api reference, CommonPrometheusFields).
SELECTORS = {"ServiceMonitor": "serviceMonitorSelector", "PodMonitor": "podMonitorSelector"}
_SPACE_NAME = "kubernetes.io/metadata.name"


def requirements(selector: Mapping[str, Any]) -> list[Requirement]:
    """The conditions of a label selector as objects have it."""
    return [*(Requirement(k, "In", (str(v),)) for k, v in (selector.get("matchLabels") or {}).items()),
            *(Requirement(e["key"], e["operator"], tuple(e.get("values") or ()))
              for e in selector.get("matchExpressions") or ())]


def words(selector: Mapping[str, Any] | None) -> str:
    """A label selector as kubectl writes it."""
    if selector is None:
        return "nothing"
    signs = {"In": "in", "NotIn": "notin"}
    told = [f"{k}={v}" for k, v in sorted((selector.get("matchLabels") or {}).items())]
    for e in selector.get("matchExpressions") or ():
        values = ",".join(e.get("values") or ())
        told.append(f"{e['key']} {signs[e['operator']]} ({values})" if e["operator"] in signs else
                    f"{'!' if e['operator'] == 'DoesNotExist' else ''}{e['key']}")
    return ", ".join(told) or "everything"


def wanted(selector: Mapping[str, Any]) -> dict[str, str]:
    """Labels by which an object meets the selector, as far as labels can."""
    out: dict[str, str] = {}
    for r in requirements(selector):
        if r.operator == "In" and r.values:
            out.setdefault(r.key, r.values[0])
        elif r.operator == "Exists":
            out.setdefault(r.key, "true")
    return out


@dataclass(frozen=True, eq=False)
class Prometheus:
    """One Prometheus object, or PrometheusAgent: that one scrapes, and keeps nothing that could be queried."""

    item: dict[str, Any]
    agent: bool = False

    @property
    def kind(self) -> str:
        return "PrometheusAgent" if self.agent else "Prometheus"

    @property
    def name(self) -> str:
        return self.item["metadata"]["name"]

    @property
    def namespace(self) -> str:
        return self.item["metadata"]["namespace"]

    @property
    def ref(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def spec(self) -> dict[str, Any]:
        return self.item.get("spec") or {}

    @property
    def replicas(self) -> int:
        return int(1 if self.spec.get("replicas") is None else self.spec["replicas"])

    @property
    def shards(self) -> int:
        return int(self.spec.get("shards") or 1)

    @property
    def account(self) -> str:
        """The user name of its pods' ServiceAccount."""
        return f"system:serviceaccount:{self.namespace}:{self.spec.get('serviceAccountName') or 'default'}"

    def selector(self, kind: str) -> dict[str, Any] | None:
        """What it selects of a kind of monitors; None for nothing."""
        return self.spec.get(SELECTORS[kind])

    def spaces(self, kind: str) -> dict[str, Any] | None:
        """Of which namespaces; None for its own."""
        return self.spec.get(SELECTORS[kind].replace("Selector", "NamespaceSelector"))

    def takes_space(self, kind: str, name: str, labels: Mapping[str, str] | None) -> bool | None:
        """Whether it looks for monitors in the namespace; None where its labels would tell, and are not known."""
        selector = self.spaces(kind)
        if selector is None:
            return name == self.namespace
        if labels is None:
            of_name = [r for r in requirements(selector) if r.key == _SPACE_NAME]
            if not matches(of_name, {_SPACE_NAME: name}):
                return False
            return True if len(of_name) == len(requirements(selector)) else None
        return matches(requirements(selector), {_SPACE_NAME: name, **labels})

    def takes(self, kind: str, labels: Mapping[str, str]) -> bool:
        """Whether it selects a monitor with these labels, wherever that is."""
        selector = self.selector(kind)
        return selector is not None and matches(requirements(selector), labels)

    def conditions(self) -> list[str]:
        """What its operator says of it, where that is not all well, as lines."""
        told = (self.item.get("status") or {}).get("conditions") or []
        bad = [c for c in told if isinstance(c, dict) and c.get("status") != "True"]
        said = [f"{c.get('type')}={c.get('status')} {c.get('reason', '')}: {c.get('message', '')}".rstrip(": ") for c in bad]
        return [f"{self.kind} {self.ref} {text}" for text in said]


def every(ctx: Context) -> list[Prometheus]:
    """All of them that there are, by name. ApiError where they may not be listed; agents are left out then."""
    found = [Prometheus(i) for i in ctx.client.list(PROMETHEUSES).items]
    agents = optional_get(ctx, AGENTS) or {}
    found += [Prometheus(i, True) for i in agents.get("items") or ()]
    return sorted(found, key=lambda p: (p.ref, p.agent))


def space_labels(ctx: Context, name: str) -> dict[str, str] | None:
    """Labels of a namespace; None where it may not be read."""
    found = optional_get(ctx, f"/api/v1/namespaces/{name}")
    return None if found is None else dict(found["metadata"].get("labels") or {})


def grouped(kind: str, found: list[Prometheus]) -> list[dict[str, str]]:
    """Sets of labels for monitors, as few as there can be: each of these Prometheis is met by one."""
    sets: list[tuple[dict[str, str], list[Prometheus]]] = []
    for one in found:
        for labels, others in sets:
            both = {**wanted(one.selector(kind) or {}), **labels}
            if all(p.takes(kind, both) for p in (one, *others)):
                labels.update(both)
                others.append(one)
                break
        else:
            sets.append((wanted(one.selector(kind) or {}), [one]))
    return [labels for labels, _others in sets]
