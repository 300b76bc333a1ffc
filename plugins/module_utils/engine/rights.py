# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run asks of the API, and the roles that allow just that: what is made in one namespace, only reads beyond it."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..common import names
from .check import Check
from .declared import POWERS, Permission

SCOPES = ("namespace", "cluster")
# What of the optional rights is given without being asked for: reading, which makes causes surer.
READS = "reads"
OPTIONAL = (READS, *POWERS)
_RBAC = "rbac.authorization.k8s.io"
# Resources without a namespace, among those that are asked for here.
OF_THE_CLUSTER = {"namespaces", "nodes", "nodes/proxy", "persistentvolumes", "storageclasses", "csidrivers", "csinodes",
                  "apiservices", "volumeattachments", "customresourcedefinitions", "validatingwebhookconfigurations",
                  "mutatingwebhookconfigurations", "certificatesigningrequests", "ingressclasses", "gatewayclasses",
                  "volumesnapshotclasses", "priorityclasses", "runtimeclasses", "clusterissuers", "nodepools", "nodeclaims"}
# ConfigMaps that hold the Corefile: kubeadm and EKS, RKE2, OpenShift, GKE, caches on nodes.
_COREFILES = ("coredns", "rke2-coredns-rke2-coredns", "dns-default", "kube-dns", "node-local-dns")

# What the engine itself needs around any check.
_BASE = (Permission(("get",), urls=("/version", "/readyz", "/livez")),
         Permission(("get",), ("namespaces",), names=("kube-system",), optional=True),
         Permission(("get",), ("secrets",), everywhere=True, power="pull_secrets"),
         Permission(("create", "get", "delete"), ("secrets",), power="pull_secrets"))
# Where each run makes a namespace of its own, and where it is given one.
_OWN_NAMESPACE = (Permission(("create", "get", "list", "watch", "delete"), ("namespaces",)),
                  Permission(("list", "watch"), ("serviceaccounts",)))
_GIVEN_NAMESPACE = (Permission(("get",), ("serviceaccounts",), optional=True),)
# For probes, on top of the base.
_PROBES = (Permission(("list", "watch"), ("nodes",)),
           Permission(("list", "watch"), ("pods",)),
           Permission(("list", "watch"), ("events",), optional=True),
           Permission(("create", "get", "delete"), ("daemonsets",), "apps"),
           Permission(("get", "create"), ("pods/proxy",)),
           Permission(("get", "create"), ("pods/portforward",), power="port_forward"),
           Permission(("get", "create"), ("pods/exec",), power="exec"))
# What evidence is collected from when a check failed; without it causes are less sure.
EVIDENCE = (Permission(("get", "list"), ("nodes",), optional=True),
            Permission(("list",), ("events", "pods", "services", "persistentvolumeclaims"), optional=True, everywhere=True),
            Permission(("list",), ("persistentvolumes",), optional=True),
            Permission(("get",), ("configmaps",), names=_COREFILES, optional=True, everywhere=True),
            Permission(("get",), ("pods/log",), everywhere=True, power="logs"),
            Permission(("list",), ("deployments", "daemonsets"), "apps", optional=True, everywhere=True),
            Permission(("list",), ("endpointslices",), "discovery.k8s.io", optional=True, everywhere=True),
            Permission(("list",), ("networkpolicies",), "networking.k8s.io", optional=True),
            Permission(("get", "list"), ("leases",), "coordination.k8s.io", optional=True, everywhere=True),
            Permission(("list",), ("storageclasses", "csidrivers", "csinodes"), "storage.k8s.io", optional=True),
            Permission(("list",), ("apiservices",), "apiregistration.k8s.io", optional=True))


def permissions(checks: Iterable[type[Check]], scope: str = "cluster") -> list[Permission]:
    """What a run of these checks asks of the API, without repeats. scope: where its objects are, see SCOPES."""
    checks = list(checks)
    wanted = [*_BASE, *(_OWN_NAMESPACE if scope == "cluster" else _GIVEN_NAMESPACE)]
    if any(c.probes for c in checks):
        wanted += _PROBES
    for check in checks:
        wanted += check.permissions
    return list(dict.fromkeys([*wanted, *EVIDENCE]))


def chosen(wanted: Iterable[Permission], optional: Iterable[str]) -> list[Permission]:
    """Those that are needed, and of the others the kinds that are named (OPTIONAL)."""
    given = set(optional)
    return [p for p in wanted if not p.spared or (p.power or READS) in given]


def _rules(wanted: Iterable[Permission]) -> list[dict[str, Any]]:
    """RBAC rules: one per group, resources and set of names, with the verbs of all permissions for it."""
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


def _apart(wanted: Iterable[Permission]) -> tuple[list[Permission], list[Permission]]:
    """(of the run's namespace, of the whole cluster)."""
    inside, outside = [], []
    for p in wanted:
        far = tuple(r for r in p.resources if p.everywhere or r in OF_THE_CLUSTER)
        near = tuple(r for r in p.resources if r not in far)
        if far or p.urls:
            outside.append(replace(p, resources=far))
        if near:
            inside.append(replace(p, resources=near, urls=()))
    return inside, outside


def _role(kind: str, name: str, rules: list[dict[str, Any]], namespace: str = "") -> dict[str, Any]:
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind,
            "metadata": {"name": name, **({"namespace": namespace} if namespace else {}),
                         "labels": {names.MANAGED_BY: names.MANAGER}}, "rules": rules}


def roles(checks: Iterable[type[Check]], name: str, scope: str, namespace: str, optional: Iterable[str]) -> list[dict[str, Any]]:
    """The objects that allow a run of these checks.

    scope "namespace": the Namespace for what runs make (validate_namespace), a Role there, and a ClusterRole that only
    reads. scope "cluster": one ClusterRole with which each run makes a namespace; RBAC cannot bound it to those, so
    it is as good as an administrator's.
    """
    wanted = chosen(permissions(checks, scope), optional)
    if scope == "cluster":
        return [_role("ClusterRole", name, _rules(wanted))]
    inside, outside = _apart(wanted)
    level = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": level}}
    return [own, _role("Role", name, _rules(inside), namespace), _role("ClusterRole", name, _rules(outside))]


# Who wants a rule beside the checks: any run, whatever it checks, and the look for causes when a check has failed.
RUN, CAUSES = "every run", "the look for causes"


def _single(wanted: Iterable[Permission]) -> set[tuple[Any, ...]]:
    """One for each verb on each resource or URL."""
    return {(p.group, what, () if what in p.urls else p.names, verb)
            for p in wanted for what in (*p.resources, *p.urls) for verb in p.verbs}


def _single_of(rule: dict[str, Any]) -> set[tuple[Any, ...]]:
    return _single(Permission(tuple(rule["verbs"]), tuple(rule.get("resources", ())), group, tuple(rule.get("nonResourceURLs", ())),
                              tuple(rule.get("resourceNames", ()))) for group in rule.get("apiGroups", [""]))


def wanted_by(made: Iterable[dict[str, Any]], checks: Iterable[type[Check]], scope: str, optional: Iterable[str]) -> list[dict[str, Any]]:
    """Each rule of the roles, in their order, with the names of the checks that want something of it, and RUN and CAUSES."""
    asks = [(RUN, [*_BASE, *(_OWN_NAMESPACE if scope == "cluster" else _GIVEN_NAMESPACE)]),
            *((c.name, [*(_PROBES if c.probes else ()), *c.permissions]) for c in checks), (CAUSES, list(EVIDENCE))]
    given = {who: chosen(wanted, optional) for who, wanted in asks}
    out = []
    for role in made:
        place = {"Role": 0, "ClusterRole": 1}.get(role["kind"])
        for rule in role.get("rules", []) if place is not None else []:
            by = [who for who, wanted in given.items()
                  if _single(wanted if scope == "cluster" else _apart(wanted)[place]) & _single_of(rule)]
            out.append({"kind": role["kind"], "rule": rule, "by": by})
    return out


def bindings(made: Iterable[dict[str, Any]], subjects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A binding of each role of these objects to the subjects."""
    out = []
    for role in made:
        if role["kind"] in ("Role", "ClusterRole"):
            out.append({"apiVersion": f"{_RBAC}/v1", "kind": f"{role['kind']}Binding",
                        "metadata": {k: v for k, v in role["metadata"].items() if k in ("name", "namespace", "labels")},
                        "roleRef": {"apiGroup": _RBAC, "kind": role["kind"], "name": role["metadata"]["name"]},
                        "subjects": subjects})
    return out
