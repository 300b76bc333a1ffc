# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading the evidence: typed questions to the plain data that a run collected, or that was saved from one."""
from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Object = dict[str, Any]
PROBE_LABEL = "assay.clusters/probe"
DNS_APPS = ("kube-dns", "coredns", "node-local-dns")
_DNS_LABEL = "dns.operator.openshift.io/daemonset-dns"


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


def seconds(stamp: str | None) -> float:
    """Epoch seconds of an RFC 3339 time; 0 where there is none."""
    try:
        return datetime.datetime.fromisoformat((stamp or "").replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def name_of(item: Object) -> str:
    return item["metadata"]["name"]


def space_of(item: Object) -> str:
    return item["metadata"].get("namespace", "")


def label(item: Object, key: str) -> str:
    return (item["metadata"].get("labels") or {}).get(key, "")


def condition(item: Object, kind: str) -> Object:
    """The condition of this type, or an empty dictionary."""
    return next((c for c in item.get("status", {}).get("conditions") or [] if c["type"] == kind), {})


def unique(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for line in lines if line))


# ---- pods -------------------------------------------------------------------------------------------------------
def ready(pod: Object) -> bool:
    """Whether the pod does its work, or has done it."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    return pod.get("status", {}).get("phase") == "Succeeded" or condition(pod, "Ready").get("status") == "True"


def node_of(pod: Object) -> str:
    return pod.get("spec", {}).get("nodeName") or ""


def containers(pod: Object) -> list[Object]:
    """The statuses of all containers, those of initialisation first."""
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def pod_ref(pod: Object) -> str:
    return f"pod/{space_of(pod)}/{name_of(pod)}"


def started(pod: Object) -> float:
    """When the pod last started a container; 0 for one that never did."""
    states = [s.get(when) or {} for s in containers(pod) for when in ("state", "lastState")]
    return max((seconds((s.get("running") or s.get("terminated") or {}).get("startedAt")) for s in states), default=0.0)


def unready_since(pod: Object) -> float:
    """When the pod ceased to be ready, or was first seen not to be; 0 when that is not known."""
    c = condition(pod, "Ready")
    return seconds(c.get("lastTransitionTime")) if c.get("status") == "False" else 0.0


# ---- events -----------------------------------------------------------------------------------------------------
def about(event: Object) -> Object:
    return event.get("involvedObject") or event.get("regarding") or {}


def words(event: Object) -> str:
    return (event.get("message") or event.get("note") or "").strip()


def event_line(event: Object) -> str:
    return f"{about(event).get('kind', '').lower()}/{about(event).get('name')} {event.get('reason')}: {words(event)}"


def first_seen(event: Object) -> float:
    return seconds(event.get("firstTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp"))


def last_seen(event: Object) -> float:
    stamps = (event.get("lastTimestamp"), (event.get("series") or {}).get("lastObservedTime"), event.get("eventTime"),
              event["metadata"].get("creationTimestamp"))
    return max(map(seconds, stamps))


class Evidence:
    """One cluster's evidence; engine/evidence.py collects it and says what it holds."""

    def __init__(self, data: dict[str, Any]):
        self.data = data
        self.space: str = data.get("run_namespace") or ""
        self.now = seconds(data.get("server_date"))
        # Seconds to add to the controller's clock to get the cluster's.
        here = seconds(data.get("controller_date"))
        self.skew = self.now - here if here and self.now else 0.0

    def items(self, key: str) -> list[Any]:
        return self.data.get(key) or []

    def known(self, key: str) -> bool:
        """Whether this kind was asked for and answered: only then does absence mean anything."""
        answered = any(self.items(k) for k in ("nodes", "pods", "services", "deployments"))
        return key in self.data and key not in (self.data.get("errors") or {}) and answered

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
        return self._age(next((i for i in self.items("leases") if name_of(i) == component), None))

    def _age(self, lease: Object | None) -> float | None:
        renewed = seconds(((lease or {}).get("spec") or {}).get("renewTime"))
        return self.now - renewed if renewed and self.now else None

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

    def dns_pods(self) -> list[Object]:
        return [p for p in self.pods() if label(p, "k8s-app") in DNS_APPS or label(p, _DNS_LABEL)]

    def logs(self, pods: Iterable[Object]) -> Iterator[tuple[str, str]]:
        """(namespace/pod/container, line) of the collected log tails of these pods."""
        wanted = {(space_of(p), name_of(p)) for p in pods}
        for key, lines in (self.data.get("logs") or {}).items():
            if tuple(key.split("/")[:2]) in wanted:
                yield from ((key, line) for line in lines)

    # ---- replay -----------------------------------------------------------------------------------------------
    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.data), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Evidence:
        return cls(json.loads(path.read_text(encoding="utf-8")))
