# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading the evidence: typed questions to the plain data that a run collected, or that was saved from one."""
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..common.words import plural
from ..kube import cluster_dns
from ..kube.json_text import json_of
from ..kube.objects import all_readable
from .objects import (
    Object, about, condition, containers, event_line, first_seen, label, last_seen, name_of, node_of, pod_ref, ready,
    seconds, space_of, started, unique, unready_since, words)

# Rules find all that they read with here.
__all__ = ["Candidate", "Evidence", "Object", "about", "condition", "containers", "event_line", "first_seen", "label",
           "last_seen", "name_of", "node_of", "pod_ref", "ready", "seconds", "space_of", "started", "unique",
           "unready_since", "words"]
# Before NAMESPACE/POD/CONTAINER: the key under which it is told why a log could not be read.
_LOG = "logs "
PROBE_LABEL = "assay.clusters/probe"


@dataclass(frozen=True)
class Candidate:
    """A cause that evidence supports for one finding.

    own: seen in the finding's own answers rather than on something below it. scope: objects as "kind/name" or
    "kind/namespace/name"; empty is the whole cluster. since: epoch seconds on the cluster's clock when it began, 0 when
    not known. subject: the object for the next command, where it is not the first of the scope; node: where to run it.
    remedy, command: what to do about this one, where those of the cause in general say too little.
    """

    code: str
    confidence: str
    scope: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    own: bool = True
    since: float = 0.0
    subject: str = ""
    node: str = ""
    remedy: str = ""
    command: str = ""


def _why(error: Any) -> str:
    told = error if isinstance(error, dict) else {}
    return "forbidden" if told.get("status") == 403 else str(told.get("message") or told.get("reason") or "error")[:80]


class Evidence:
    """One cluster's evidence; engine/evidence.py collects it and says what it holds.

    nameservers: addresses that pods ask for names, where a check told. used: kinds that were asked for so far.
    """

    def __init__(self, data: dict[str, Any], nameservers: Iterable[str] = ()):
        self.data, self.nameservers = data, list(nameservers)
        self.space: str = data.get("run_namespace") or ""
        self.now = seconds(data.get("server_date"))
        # Seconds to add to the controller's clock to get the cluster's.
        here = seconds(data.get("controller_date"))
        self.skew = self.now - here if here and self.now else 0.0
        self.used: set[str] = set()
        self._kept: dict[str, list[Any]] = {}

    def items(self, key: str) -> list[Any]:
        """The objects of a kind; those that make no sense are left out."""
        self.used.add(key)
        if key not in self._kept:
            raw = self.data.get(key) or []
            self._kept[key] = [e for e in raw if isinstance(e, dict)] if key == "api_errors" else all_readable(raw)
        return self._kept[key]

    def known(self, key: str, namespace: str = "") -> bool:
        """Whether all of this kind is here, or all of it in the namespace: only then does absence mean anything."""
        self.used.add(key)
        answered = any(self.items(k) for k in ("nodes", "pods", "services", "deployments"))
        if not answered or key not in self.data:
            return False
        if namespace and namespace in (self._table("whole_in").get(key) or ()):
            return True
        return key not in self._table("errors") and key not in self._table("partial")

    def _table(self, key: str) -> dict[str, Any]:
        found = self.data.get(key)
        return found if isinstance(found, dict) else {}

    def gaps(self, kinds: Iterable[str] | None = None) -> str:
        """Which of these kinds, or of all, could not be read or are not whole, in words; empty where none."""
        errors, partial = self._table("errors"), self._table("partial")
        wanted = {*errors, *partial} if kinds is None else {*kinds, "evidence", "lists"}
        unread = [k for k in errors if k in wanted]
        logs = [k for k in unread if k.startswith(_LOG)]
        refused = [f"{k} ({_why(errors[k])})" for k in sorted(set(unread) - set(logs))]
        refused += [f"{plural(len(logs), 'log')} ({_why(errors[logs[0]])})"] if logs else []
        cut = [f"{k} ({partial[k]})" for k in sorted(wanted & set(partial))]
        return "; ".join([f"evidence that could not be read: {', '.join(refused)}"] * bool(refused)
                         + [f"evidence that is not whole: {', '.join(cut)}"] * bool(cut))

    # ---- nodes ------------------------------------------------------------------------------------------------
    @property
    def nodes(self) -> dict[str, Object]:
        return {name_of(n): n for n in self.items("nodes")}

    def lease_age(self, node: str) -> float | None:
        """Seconds since the node renewed its Lease, on the API server's clock; None when that is not known."""
        age = self._age(next((i for i in self.items("node_leases") if name_of(i) == node), None))
        return age if age is None else age + (self.clock(node) or 0.0)

    def clock(self, node: str) -> float | None:
        """Seconds that the node's clock is ahead of the API server's; None when that is not known."""
        return (self.data.get("node_clock") or {}).get(node)

    def leader_age(self, component: str) -> float | None:
        """Seconds since the leader of a control-plane component renewed its Lease."""
        return self._age(self._lease(component))

    def leader_since(self, component: str) -> float | None:
        """Seconds since the leader of a control-plane component became it."""
        return self._age(self._lease(component), "acquireTime")

    def _lease(self, component: str) -> Object | None:
        return next((i for i in self.items("leases") if name_of(i) == component), None)

    def _age(self, lease: Object | None, field: str = "renewTime") -> float | None:
        told = seconds(((lease or {}).get("spec") or {}).get(field))
        return self.now - told if told and self.now else None

    # ---- events, pods -----------------------------------------------------------------------------------------
    def events(self, kind: str = "", namespace: str | None = None, name: str = "") -> Iterator[Object]:
        for event in self.items("events"):
            what = about(event)
            if (not kind or what.get("kind") == kind) and (not name or what.get("name") == name) and (
                    namespace is None or what.get("namespace", "") == namespace):
                yield event

    def events_of(self, item: Object) -> list[Object]:
        """Events about a pod or another object; of its namesake of before, not."""
        return [e for e in self.events(namespace=space_of(item), name=name_of(item))
                if about(e).get("uid") in (None, "", item["metadata"].get("uid"))
                or not item["metadata"].get("uid")]

    def events_since_start(self, pod: Object) -> list[Object]:
        """Those that came after the pod last started a container, for which its sandbox and all its volumes had to be
        there: what kept it from starting before is past."""
        began = started(pod)
        return [e for e in self.events_of(pod) if last_seen(e) > began]

    def pods(self, namespace: str | None = None) -> list[Object]:
        return [p for p in self.items("pods") if namespace is None or space_of(p) == namespace]

    def probes(self) -> list[Object]:
        return [p for p in self.pods(self.space) if label(p, PROBE_LABEL)] if self.space else []

    # ---- cluster DNS ------------------------------------------------------------------------------------------
    def dns_service(self) -> Object | None:
        """The Service of cluster DNS, whatever it is called; None where it cannot be told."""
        return cluster_dns.service_of(self.items("services"), self.nameservers)

    def dns_servers(self) -> list[Object]:
        """Pods that serve names for the cluster; caches on nodes are none of them."""
        return cluster_dns.servers_of(self.items("pods"), self.dns_service())

    def dns_caches(self) -> list[Object]:
        """Pods of NodeLocal DNSCache."""
        return cluster_dns.caches_of(self.items("pods"))

    def dns_pods(self) -> list[Object]:
        """Servers and caches."""
        return [*self.dns_servers(), *self.dns_caches()]

    def dns_workloads(self, kind: str) -> list[Object]:
        """What runs the servers, or would; kind: "deployments" or "daemonsets"."""
        return cluster_dns.workloads_of(self.items(kind), self.dns_servers(), self.dns_service())

    def corefiles(self) -> list[tuple[str, str]]:
        """(configmap/NAMESPACE/NAME, text) of all that the servers read as their configuration, the Corefile first."""
        found = [(f"configmap/{space_of(c)}/{name_of(c)}", key, text) for c in self.items("configmaps")
                 for key, text in (c.get("data") or {}).items() if isinstance(text, str)]
        return [(ref, text) for ref, key, text in sorted(found, key=lambda one: one[1] != "Corefile")]

    # ---- policies ---------------------------------------------------------------------------------------------
    def policies(self) -> list[Object]:
        """NetworkPolicies of the run namespace; known("networkpolicies") tells whether they could be read."""
        return self.items("networkpolicies")

    def policy_groups(self) -> list[str]:
        """Groups of APIs by which others may forbid traffic to or from our pods, without a NetworkPolicy in our namespace:
        of cilium.io, crd.antrea.io, crd.projectcalico.org, networking.k8s.aws, policy.networking.k8s.io those that are there."""
        self.used.add("policy_groups")
        return [g for g in self.data.get("policy_groups") or () if isinstance(g, str)]

    # ---- logs -------------------------------------------------------------------------------------------------
    def logs(self, pods: Iterable[Object]) -> Iterator[tuple[str, str]]:
        """(namespace/pod/container, line) of the collected log tails of these pods."""
        wanted = {(space_of(p), name_of(p)) for p in pods}
        self.used |= {k for k in self._table("errors") if k.startswith(_LOG) and tuple(k[len(_LOG):].split("/")[:2]) in wanted}
        for key, lines in (self.data.get("logs") or {}).items():
            if tuple(key.split("/")[:2]) in wanted:
                yield from ((key, line) for line in lines)

    # ---- replay -----------------------------------------------------------------------------------------------
    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.data), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Evidence:
        return cls(json_of(path.read_text(encoding="utf-8")))
