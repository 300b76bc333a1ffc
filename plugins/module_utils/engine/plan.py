# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan: what a run would do, told before anything is done, and the ClusterRole that it needs."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..common import names
from .check import Check
from .declared import Permission

# What the engine itself needs around any check.
_BASE = (Permission(("create", "get", "list", "watch", "delete"), ("namespaces",)),
         Permission(("get",), urls=("/version", "/readyz", "/livez")))
# For probes, on top of the base.
_PROBES = (Permission(("get", "list", "watch"), ("nodes",)),
           Permission(("list", "watch"), ("serviceaccounts", "pods")),
           Permission(("create",), ("daemonsets",), "apps"),
           Permission(("get", "create"), ("pods/proxy", "pods/portforward", "pods/exec"), optional=True))
# What evidence is collected from when a check failed; without it causes are less sure.
EVIDENCE = (Permission(("list",), ("nodes", "events", "pods", "services", "persistentvolumeclaims",
                                   "persistentvolumes"), optional=True),
            Permission(("get",), ("configmaps", "pods/log"), optional=True),
            Permission(("list",), ("deployments", "daemonsets"), "apps", optional=True),
            Permission(("list",), ("endpointslices",), "discovery.k8s.io", optional=True),
            Permission(("list",), ("networkpolicies",), "networking.k8s.io", optional=True),
            Permission(("list",), ("leases",), "coordination.k8s.io", optional=True),
            Permission(("list",), ("storageclasses", "csidrivers", "csinodes"), "storage.k8s.io", optional=True),
            Permission(("list",), ("apiservices",), "apiregistration.k8s.io", optional=True))


def permissions(checks: list[type[Check]]) -> list[Permission]:
    """What a run of these checks asks of the API, without repeats."""
    wanted = list(_BASE)
    if any(c.probes for c in checks):
        wanted += _PROBES
    for check in checks:
        wanted += check.permissions
        if "Pod" in check.objects or "Deployment" in check.objects:
            wanted.append(Permission(("list", "watch"), ("serviceaccounts",)))
    return list(dict.fromkeys([*wanted, *EVIDENCE]))


def _rules(wanted: list[Permission]) -> list[dict[str, Any]]:
    """RBAC rules: one per group, resource and set of names, with the verbs of all permissions for it."""
    verbs: dict[tuple[Any, ...], set[str]] = {}
    for p in wanted:
        for url in p.urls:
            verbs.setdefault(("url", url, ()), set()).update(p.verbs)
        for resource in p.resources:
            verbs.setdefault((p.group, resource, p.names), set()).update(p.verbs)
    together: dict[tuple[Any, ...], list[str]] = {}
    for (group, what, only), v in sorted(verbs.items(), key=str):
        together.setdefault((group, only, tuple(sorted(v))), []).append(what)
    rules = []
    for (group, only, v), what in together.items():
        if group == "url":
            rules.append({"nonResourceURLs": [u for url in what for u in (url, f"{url}/*")], "verbs": list(v)})
        else:
            rules.append({"apiGroups": [group], "resources": what, "verbs": list(v),
                          **({"resourceNames": list(only)} if only else {})})
    return rules


def cluster_role(checks: list[type[Check]], name: str = "assay-clusters") -> dict[str, Any]:
    """The least-privilege ClusterRole for these checks; namespaces are made per run, so a Role would not do."""
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": name, "labels": {names.MANAGED_BY: names.MANAGER}},
            "rules": _rules(permissions(checks))}


def _permission(p: Permission) -> dict[str, Any]:
    return {"verbs": list(p.verbs), "api_group": p.group, "resources": list(p.resources), "urls": list(p.urls),
            "optional": p.optional}


def describe(checks: list[type[Check]], options: Mapping[str, dict[str, Any]], images: Mapping[str, str],
             registry: str, run_limit: float) -> dict[str, Any]:
    """The plan as data: checks with options and limits (seconds), permissions, images, objects."""
    used = sorted({i for c in checks for i in c.images} | ({"agnhost"} if any(c.probes for c in checks) else set()))
    objects = {o for c in checks for o in c.objects}
    if objects or any(c.probes for c in checks):
        objects |= {"Namespace"}
    if any(c.probes for c in checks):
        objects |= {"DaemonSet"}
    return {
        "checks": [{"name": c.name, "domain": c.domain, "proves": c.proves, "options": options.get(c.name, {}),
                    "exclusive": c.exclusive, "expected": c.expected, "limit": c.limit} for c in checks],
        "permissions": [_permission(p) for p in permissions(checks)],
        "images": {i: names.image(i, images, registry) for i in used},
        "objects": sorted(objects),
        "limits": {"run": run_limit, "requests_in_flight": 8},
    }
