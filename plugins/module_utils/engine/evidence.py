# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Evidence: what the cluster says about itself at the time of a failure, collected once, as plain data for diagnosis."""
from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from ..diagnosis.finding import Finding
from ..kube import cluster_dns
from ..kube.client import Client
from ..kube.errors import ApiError
from ..kube.patient import passing
from ..kube.reading import stamp_of
from .evidence_clocks import recent, stamp, together
from .evidence_lists import IN_SPACES, LISTS, TIMEOUT, Lists, past_trouble
from .sweep import now_of

LOG_LINES = 40
# What a running name server complains of it says again within this time (seconds), and what it said before is past: any
# restart of the API server leaves words of refusal in its log. Provisioners wait longer between their tries.
RECENT_DNS, RECENT_LOG = 90, 300
_AGAIN = 2.0
_SYSTEM = {"kube-system", "kube-proxy", "openshift-dns", "openshift-sdn", "openshift-ovn-kubernetes"}
# Who else enforces policies on pods, by the group of their objects: Cilium, Calico, and the cluster-wide ones of Kubernetes.
POLICY_GROUPS = ("cilium.io", "crd.antrea.io", "crd.projectcalico.org", "networking.k8s.aws", "policy.networking.k8s.io")
# Containers of controllers on the path whose logs are read.
_OF_CONTROLLERS = 8
# ConfigMaps that name servers mount; the Corefile, and what it imports.
_CONFIGS = 6


def empty(run_namespace: str = "") -> dict[str, Any]:
    """Evidence of a cluster that tells nothing: every key that diagnosis may read.

    errors: {kind: API error as a dictionary} of what could not be read. partial: {kind: what is missing, in words} of lists
    that are not whole; whole_in: {kind: namespaces of which they have everything}. networkpolicies: those of the run
    namespace. policy_groups: API groups that are there, of POLICY_GROUPS. configmaps: what name servers mount.
    """
    out: dict[str, Any] = {name: [] for name in (*LISTS, *IN_SPACES)}
    out.update({"pvcs": [], "configmaps": [], "networkpolicies": [], "policy_groups": [], "logs": {}, "readyz": "",
                "api_errors": [], "errors": {}, "partial": {}, "whole_in": {}, "server": "", "server_date": "",
                "controller_date": "", "run_namespace": run_namespace, "node_clock": {}})
    return out


def _healthy(pod: dict[str, Any]) -> bool:
    status = pod.get("status", {})
    return status.get("phase") == "Succeeded" or (status.get("phase") == "Running" and all(
        c.get("ready") for c in status.get("containerStatuses") or []))


def _nameservers(findings: Iterable[Finding]) -> list[str]:
    """Addresses that pods ask for names, as a check found them."""
    return list(dict.fromkeys(a for f in findings for a in cluster_dns.nameservers_in(f.observed)))[:4]


def _provisioners(findings: Iterable[Finding], classes: Iterable[dict[str, Any]]) -> set[str]:
    """What names of pods have in them that do the work of provisioners: those of the classes, and those that checks met."""
    told = {str(f.observed.get("provisioner") or "") for f in findings} | {str(c.get("provisioner") or "") for c in classes}
    ends = {name.rpartition("/")[2] for name in told if name}
    first = {end.partition(".")[0] for end in ends if ".csi." in end}
    return {"provisioner", "csi"} | ends | {end.replace(".", "-") for end in ends} | first


def _controllers(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    """(namespace, name) of Deployments, DaemonSets and StatefulSets that checks depended on."""
    return {(str(p.get("namespace") or ""), str(p.get("name"))) for f in findings for p in f.path
            if p.get("kind") in ("Deployment", "DaemonSet", "StatefulSet")}


def _one_of(pod: dict[str, Any], workloads: Iterable[tuple[str, str]]) -> bool:
    """Whether it is a pod of one of these, by its name."""
    return any(pod["metadata"].get("namespace") == space and pod["metadata"]["name"].startswith(f"{name}-")
               for space, name in workloads)


def _on_the_way(findings: Iterable[Finding]) -> list[str]:
    """Nodes that something was lost at, and then those that checks depended on."""
    findings = list(findings)
    lost = [n for f in findings for o in f.observations if not o.get("ok") for n in (o.get("from_node"), o.get("to_node"))]
    return [str(n) for n in (*lost, *(p.get("name") for f in findings for p in f.path if p.get("kind") == "Node")) if n]


class Collector:
    """Collects the evidence of one cluster; nothing it cannot get stops it, the reason is kept in "errors"."""

    def __init__(self, client: Client, run_namespace: str, findings: Iterable[Finding] = ()):
        self.client, self.space, self.findings = client, run_namespace, list(findings)
        self.data = empty(run_namespace)
        self.data["server"] = getattr(client, "server", "")
        self.lists = Lists(client, self.data)
        self.dns: dict[str, Any] | None = None

    def _readyz(self) -> bool:
        """Whether lists are worth asking for: with etcd away each of them would only time out.

        One slow moment of etcd is no failure of it, and one answer that does not come no silence, so that it is asked again.
        """
        said, worth, doubtful = self._ask_readyz()
        if doubtful:
            time.sleep(_AGAIN)
            again, worth, _doubtful = self._ask_readyz()
            said = again if worth else said
        self.data.update(said)
        return worth

    def _ask_readyz(self) -> tuple[dict[str, Any], bool, bool]:
        """(what is evidence of it, whether the API server works, whether that may be otherwise a moment later)."""
        try:
            text, headers = past_trouble(lambda: self.client.request(
                "GET", "/readyz", params={"verbose": "true"}, timeout=TIMEOUT, raw=True, with_headers=True))
        except ApiError as e:
            text = e.message if "[-]" in e.message or "[+]" in e.message else ""
            said: dict[str, Any] = {"readyz": text, "errors": {"readyz": e.as_dict()}, "api_errors": [e.as_dict()]}
            ill = "[-]etcd" in text
            return said, e.kind == "http" and e.status != 401 and not ill, ill or (not text and passing(e))
        here, there = time.time(), now_of(headers)
        ill = "[-]etcd" in text
        return {"readyz": text, "controller_date": stamp(here), "server_date": stamp(there)}, not ill, ill

    # ---- objects ----------------------------------------------------------------------------------------------
    def _services(self) -> list[str]:
        """The Services; which namespaces are to be seen whole, should a list be cut: ours, the system's, and that of DNS."""
        ours = [self.space] if self.space else []
        self.lists.take_spaces("services", [*ours, *cluster_dns.NAMESPACES])
        servers = _nameservers(self.findings)
        if self.data["partial"].get("services"):
            for address in servers:
                self.lists.take_service_at(address)
        self.dns = self.lists.guarded("services", lambda: cluster_dns.service_of(self.data["services"], servers), None)
        dns = [cluster_dns.key_of(self.dns)[0]] if self.dns else []
        return list(dict.fromkeys([*ours, "kube-system", *dns]))

    def _policies(self) -> None:
        """NetworkPolicies for our own pods, and who else may enforce some that no list of ours shows."""
        if self.space:
            path = f"/apis/networking.k8s.io/v1/namespaces/{self.space}/networkpolicies"
            self.data["networkpolicies"] = self.lists.guarded("networkpolicies", lambda: self.lists.read(
                "networkpolicies", path)[0], [])

        def groups() -> list[str]:
            answer = self.client.get("/apis", timeout=TIMEOUT)
            there = {g.get("name") for g in answer.get("groups") or ()}
            return [g for g in POLICY_GROUPS if g in there]

        self.data["policy_groups"] = self.lists.guarded("policy_groups", groups, [])

    def _claims(self) -> None:
        path = f"/api/v1/namespaces/{self.space}/persistentvolumeclaims"
        self.data["pvcs"] = self.lists.guarded("pvcs", lambda: self.lists.read("pvcs", path)[0], []) if self.space else []

    def _all_lists(self, near: list[str]) -> None:
        jobs = [lambda n=name: self.lists.take(n) for name in LISTS]
        jobs += [lambda n=name: self.lists.take_spaces(n, near) for name in IN_SPACES if name != "services"]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda job: job(), [*jobs, self._policies, self._claims]))
        # Leases of leaders stand beside those of nodes: both are heartbeats.
        waiting = [(p.get("spec") or {}).get("nodeName") or "" for p in self.data["pods"]
                   if p["metadata"].get("namespace") == self.space and not _healthy(p)]
        for name in ("nodes", "node_leases"):
            if name in self.data["partial"]:
                self.lists.take_named(name, [*waiting, *_on_the_way(self.findings)])
        self.data["node_clock"] = together(self.lists.clocks.get("node_leases", {}), self.lists.clocks.get("nodes", {}))

    def _keep_what_matters(self, near: list[str]) -> None:
        now = stamp_of(self.data["server_date"]) or time.time()
        spaces = _SYSTEM | set(near)
        workers = _provisioners(self.findings, self.data["storageclasses"])
        controllers = _controllers(self.findings)

        def matters(pod: dict[str, Any]) -> bool:
            return pod["metadata"].get("namespace", "") in spaces or not _healthy(pod) or any(
                w in pod["metadata"]["name"] for w in workers) or _one_of(pod, controllers)

        for name, keep in (("events", lambda e: recent(e, now)), ("pods", matters)):
            self.data[name] = [i for i in self.data[name] if self.lists.guarded(name, lambda k=keep, i=i: k(i), name == "pods")]

    # ---- cluster DNS, logs ------------------------------------------------------------------------------------
    def _configs(self) -> None:
        """What name servers mount, by their pods or by what would run them; by the usual name where neither may be seen."""
        servers = cluster_dns.servers_of(self.data["pods"], self.dns)
        controllers = [*self.data["deployments"], *self.data["daemonsets"]]
        keys = cluster_dns.configmaps_of(servers, cluster_dns.workloads_of(controllers, servers, self.dns))
        found: list[dict[str, Any]] = []
        for space, name in (keys or [("kube-system", "coredns")])[:_CONFIGS]:
            path = f"/api/v1/namespaces/{quote(space, safe='')}/configmaps/{quote(name, safe='')}"
            found += self.lists.one("configmaps", path)
        self.data["configmaps"] = found

    def _log(self, pod: dict[str, Any], container: str, previous: bool, within: int = 0) -> None:
        """The end of its log; within: seconds, 0 for whenever that was said."""
        space, name = cluster_dns.key_of(pod)
        params: dict[str, Any] = {"container": container, "tailLines": LOG_LINES}
        if previous:
            params["previous"] = "true"
        elif within:
            params["sinceSeconds"] = within
        key = f"{space}/{name}/{container}"
        text = self.lists.guarded(f"logs {key}", lambda: self.client.request(
            "GET", f"/api/v1/namespaces/{space}/pods/{name}/log", params=params, timeout=TIMEOUT, raw=True), "")
        if text:
            self.data["logs"].setdefault(key, []).extend(text.splitlines()[-LOG_LINES:])

    def _wanted_logs(self, pod: dict[str, Any], dns: bool) -> list[tuple[Any, ...]]:
        """Arguments of _log for the containers of a pod."""
        provisioner = "provisioner" in pod["metadata"]["name"]
        near = pod["metadata"].get("namespace") in _SYSTEM | {self.space}
        wanted: list[tuple[Any, ...]] = []
        for status in pod.get("status", {}).get("containerStatuses") or []:
            restarted = status.get("restartCount", 0) > 0
            crashed = restarted and not status.get("ready")
            if dns or provisioner or (crashed and near):
                within = (RECENT_DNS if dns else RECENT_LOG) if "running" in (status.get("state") or {}) else 0
                wanted.append((pod, status["name"], crashed and not dns, within))
            if dns and (restarted or "terminated" in (status.get("state") or {})):
                wanted.append((pod, status["name"], True))  # it may run again by now: why it ended is in the log before
        return wanted

    def _logs(self) -> None:
        """Logs of cluster DNS, of provisioners and of crashing system pods, a dozen containers at most; and some of the
        controllers on the path."""
        serving = {cluster_dns.key_of(p) for p in (*cluster_dns.servers_of(self.data["pods"], self.dns),
                                                   *cluster_dns.caches_of(self.data["pods"]))}
        wanted: list[tuple[Any, ...]] = []
        for pod in self.data["pods"]:
            wanted += self.lists.guarded("logs", lambda p=pod: self._wanted_logs(p, cluster_dns.key_of(p) in serving), [])
        known, controllers = {w[0]["metadata"]["name"] for w in wanted}, _controllers(self.findings)
        more = [(p, status["name"], False, RECENT_LOG) for p in self.data["pods"] if controllers and _one_of(p, controllers)
                and p["metadata"]["name"] not in known for status in p.get("status", {}).get("containerStatuses") or []]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda w: self._log(*w), [*wanted[:12], *more[:_OF_CONTROLLERS]]))

    def collect(self) -> dict[str, Any]:
        if not self.lists.guarded("readyz", self._readyz, True):
            return self.data
        near = self.lists.guarded("services", self._services, [s for s in (self.space, "kube-system") if s])
        steps = {"lists": lambda: self._all_lists(near), "pods": lambda: self._keep_what_matters(near),
                 "configmaps": self._configs, "logs": self._logs}
        for name, step in steps.items():
            self.lists.guarded(name, step, None)
        return self.data


def collect(client: Client, run_namespace: str, findings: list[Finding],
            api_errors: list[dict[str, Any]]) -> dict[str, Any]:
    """Evidence for these findings. api_errors: what already failed when connecting; then nothing more is asked."""
    if any(e["kind"] in ("unreachable", "tls", "dns") or e["status"] == 401 for e in api_errors):
        return {**empty(run_namespace), "server": getattr(client, "server", ""), "api_errors": list(api_errors)}
    data = Collector(client, run_namespace, findings).collect()
    data["api_errors"] = [*api_errors, *data["api_errors"]]
    return data
