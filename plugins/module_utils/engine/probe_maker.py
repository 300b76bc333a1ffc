# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One probe on every node that is asked: making them, and waiting for them as long as that helps."""
from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn

from ..common import nodes
from ..common.names import RUN
from ..common.words import plural
from ..kube.errors import ApiError
from ..kube.kinds import path_of
from ..kube.pods import STARTING, pod_ready, waiting_reason
from ..kube.transport import PodHttp
from ..kube.watch import Watch, WatchTimeout
from .errors import DoesNotApply, Inconclusive
from .fixtures import Fixtures
from .fleet import Choice, Fleet, lot
from .patience import Progress, limit_for, refusals, troubled
from .probes import APP, HTTP_PORT, UDP_PORT, Probe, Probes

CONTAINER = "netexec"
# Seconds between two looks at the probes of a small cluster; of a large one, one second for so many nodes.
_LOOK, _NODES_A_LOOK = 0.1, 500.0
# Seconds after which events are asked for: until then a healthy cluster is done.
_EVENTS_AFTER = 5.0
# A DaemonSet may give its pods no deadline, and starts anew what ends. So after its time a probe goes on as a process that
# serves nothing: netexec would give a shell to whoever reaches its port. By the time since its start, as clocks may be wrong.
# That its time is over is written where the kubelet reads a container's last words, before it is ended.
_SERVE = """a=$(command -v agnhost || echo /agnhost) r=${R:-/dev/termination-log}
"$a" "$@" & p=$!
(sleep "$SERVES" && echo "its time to serve is over" >"$r" && kill "$p") & t=$!
trap 'kill "$p" "$t"; exit 0' TERM
wait "$p"; e=$?
[ ! -s "$r" ] || exec "$a" pause
exit "$e"
"""


def _command(args: list[str], serves: float) -> dict[str, Any]:
    """Of a container."""
    if not serves:
        return {"args": args}
    return {"command": ["sh", "-c", _SERVE, "sh", *args], "env": [{"name": "SERVES", "value": str(int(serves))}]}


def _named(operator: str, node: str) -> dict[str, Any]:
    return {"key": "metadata.name", "operator": operator, "values": [node]}


def manifest(image: str, name: str, run_id: str, choice: Choice, only: Iterable[str] = (), never: Iterable[str] = (),
             serves: float = 0.0) -> dict[str, Any]:
    """The DaemonSet of the probes: restricted Pod Security, no token, on every node that can take one whatever its taints.

    only: names of the nodes where the others are not asked; never: of those that no label leaves out. serves: seconds after
    which a probe answers nobody any more, whatever became of the run; 0 for no end.
    """
    mine = {**APP, RUN: run_id}
    term: dict[str, Any] = {"matchExpressions": choice.affinity()}
    # A field of the affinity takes one value, so a sample is a term for each node; the pods carry their own only.
    terms = [{**term, "matchFields": [_named("In", n)]} for n in only]
    if not terms:
        fields = [_named("NotIn", n) for n in never]
        terms = [{**term, **({"matchFields": fields} if fields else {})}]
    container = {
        "name": CONTAINER, "image": image, "imagePullPolicy": "IfNotPresent",
        **_command(["netexec", f"--http-port={HTTP_PORT}", f"--udp-port={UDP_PORT}"], serves),
        "ports": [{"name": "http", "containerPort": HTTP_PORT}, {"name": "udp", "containerPort": UDP_PORT,
                                                                 "protocol": "UDP"}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": HTTP_PORT}, "periodSeconds": 1,
                           "timeoutSeconds": 5, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "automountServiceAccountToken": False, "enableServiceLinks": False, "terminationGracePeriodSeconds": 0,
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}},
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65534, "runAsGroup": 65534,
                            "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": name, "labels": mine},
            "spec": {"selector": {"matchLabels": mine}, "updateStrategy": {"type": "OnDelete"},
                     "template": {"metadata": {"labels": mine}, "spec": pod}}}


def rewritten(image: str, pods: Iterable[dict[str, Any]]) -> list[str]:
    """A sentence for each other image that admission put in the place of the probes'; the product asked with that one."""
    ran = Counter(str(c.get("image") or image) for p in pods for c in (p.get("spec") or {}).get("containers") or []
                  if c.get("name") == CONTAINER)
    ran.pop(image, None)
    return [f"admission made {other} of the probes' image {image} on {plural(count, 'node')}, so that is what was asked with"
            for other, count in sorted(ran.items())]


def node_of(pod: dict[str, Any]) -> str:
    """The node that a pod is for: where it runs, or where its DaemonSet wants it while there is no room yet."""
    spec = pod.get("spec") or {}
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    wanted = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in wanted.get("nodeSelectorTerms") or []:
        for field in term.get("matchFields") or []:
            if field.get("key") == "metadata.name" and field.get("values"):
                return str(field["values"][0])
    return ""


class ProbeMaker:
    """Makes the DaemonSet and waits for its pods; one per run.

    limit: seconds; by default as many as such a cluster may need. serves: see `manifest`.
    """

    def __init__(self, fixtures: Fixtures, fleet: Fleet, image: str, transport: str = "auto", limit: float | None = None,
                 serves: float = 0.0):
        self.fixtures, self.fleet, self.image, self._serves = fixtures, fleet, image, serves
        self.name = fixtures.unique("probe")
        self.http = PodHttp(fixtures.client.raw, fixtures.name, transport)
        self._limit = limit
        self._refused = ""

    def _mine(self, items: dict[Any, Any]) -> dict[str, Any]:
        """Probe pods by node; a pod that is going away does not count, nor is one that a sample made needless."""
        wanted = {**APP, RUN: self.fixtures.run_id}.items()
        found = {node_of(p): p for p in items.values()
                 if wanted <= (p["metadata"].get("labels") or {}).items() and not p["metadata"].get("deletionTimestamp")}
        return {n: found[n] for n in self.fleet.asked if n in found} if self._late_sample else found

    @property
    def _late_sample(self) -> bool:
        """Whether the nodes that are asked were chosen among those that the first probes told."""
        return bool(self.fleet.sampled) and not self.fleet.known

    def _until(self, start: float) -> float:
        limit = limit_for(len(self.fleet.asked)) if self._limit is None else self._limit
        return min(start + limit, self.fixtures.deadline)

    def _wanted(self, mine: dict[str, Any]) -> list[str]:
        """The nodes that a probe is waited for on; where nodes may not be listed, those that the DaemonSet has pods for."""
        if self._late_sample:
            return self.fleet.asked
        if not self.fleet.known:
            there = sorted(n for n in mine if n)
            return [*there, *(f"node {i}" for i in range(len(there), self._desired()))]
        now = self.fleet.nodes
        return [n for n in self.fleet.asked if n in now and nodes.ready(now[n])]

    def _desired(self) -> int:
        """How many nodes the DaemonSet's controller counts."""
        found = [d for (_space, name), d in self.fixtures.watch("daemonsets").items().items() if name == self.name]
        return int((found[0].get("status") or {}).get("desiredNumberScheduled") or 0) if found else 1

    def _why_not(self, node: dict[str, Any] | None, pod: dict[str, Any] | None) -> str:
        if node is not None and not nodes.ready(node):
            return "the node is not Ready"
        if pod is None:
            return f"no probe pod could be made: {self._refused}" if self._refused else "no probe pod was made for the node"
        reason = waiting_reason(pod)
        if reason and not (pod.get("spec") or {}).get("nodeName"):
            return f"the probe pod waits for room: {reason[1] or reason[0]}"
        if reason and reason[0] in STARTING:
            return f"still starting: {reason[0]}"
        if reason:
            return f"{reason[0]}: {reason[1]}" if reason[1] else reason[0]
        status = pod.get("status") or {}
        told = ": ".join(str(status[k]) for k in ("reason", "message") if status.get(k))
        return f"the probe pod is {status.get('phase', 'Pending')} and not ready" + (f" ({told})" if told else "")

    def _wait(self, pods: Watch) -> None:
        """Until every Ready node that is asked has a ready probe, or more waiting cannot help."""
        start = time.monotonic()
        progress, events = Progress(), None
        pause = max(_LOOK, len(self.fleet.asked) / _NODES_A_LOOK)
        while (now := time.monotonic()) < (limit := self._until(start)):
            (items,) = pods.wait(lambda found: (dict(found),), limit)
            if events is None and now > start + _EVENTS_AFTER:
                events = self.fixtures.watch("events")
            told = list(events.items().values()) if events else []
            mine = self._mine(items)
            self._refused = refusals(told, self.name)
            if self._sample(mine):
                continue
            if progress.done(now, self._wanted(mine), mine, troubled(told), self._refused):
                return
            time.sleep(min(pause, max(0.0, limit - now)))

    def _sample(self, mine: dict[str, Any]) -> bool:
        """Where nodes may not be listed, the first pods name some, and from these a sample is chosen; the controller takes the
        pods of all others away. Whether that was done now."""
        size, names = self.fleet.choice.size, [n for n in mine if n]
        if self.fleet.known or self.fleet.sampled or not 0 < size <= len(names) or (count := max(self._desired(), len(names))) <= size:
            return False
        chosen = sorted(sorted(names, key=lot)[:size])
        pod = manifest(self.image, self.name, self.fixtures.run_id, self.fleet.choice, chosen)["spec"]["template"]["spec"]
        try:
            self.fixtures.client.patch(path_of("apps/v1", "DaemonSet", self.fixtures.name, self.name),
                                       {"spec": {"template": {"spec": {"affinity": pod["affinity"]}}}})
        except ApiError as e:
            if e.status not in (403, 405):
                raise
            raise Inconclusive(
                f"validate_node_sample: {count:,} nodes would get a probe, more than {size:,}, and our user may neither list nodes nor "
                "patch DaemonSets, so that no sample can be taken; allow one of these, or set it to 0 to ask all nodes") from e
        self.fleet.asked, self.fleet.sampled = chosen, f"{size:,} of {count:,} nodes asked"
        return True

    def make(self) -> Probes:
        start = time.monotonic()
        only = self.fleet.asked if self.fleet.sampled else ()
        if self.fleet.known and not self.fleet.asked:
            return self._nobody()
        try:
            self.fixtures.create(manifest(self.image, self.name, self.fixtures.run_id, self.fleet.choice, only, self.fleet.beyond_labels(),
                                          self._serves))
            pods = self.fixtures.watch("pods")
            self._wait(pods)
            mine = self._mine(pods.items())
            self.fixtures.notes.extend(rewritten(self.image, mine.values()))
            return self._found(mine, start)
        except WatchTimeout:
            raise Inconclusive("the pods of the run namespace could not be listed in time") from None
        except ApiError as e:
            raise Inconclusive(f"the probes could not be made: {e.message}") from e

    def _nobody(self) -> NoReturn:
        """No node to ask: by the nature of all of them, or by the user's own selector."""
        why = sorted(set(self.fleet.left_out.values()))
        if why and not any(self.fleet.choice.selects_out(n) for n in self.fleet.nodes.values()):
            raise DoesNotApply(f"no node here can take a probe: {'; '.join(why)}")
        raise Inconclusive(f"no node is left to ask: {'; '.join(why)}" if why else "the cluster has no nodes")

    def _found(self, pods: dict[str, Any], start: float) -> Probes:
        persist = self.fixtures.client.persist
        now = self.fleet.nodes
        names = self.fleet.there() if self.fleet.known or self._late_sample else sorted(n for n in pods if n)
        good = [n for n in names if n in pods and pod_ready(pods[n]) and (not self.fleet.known or nodes.ready(now[n]))]
        found = [Probe(n, pods[n]["metadata"]["name"], pods[n]["status"]["podIP"], self.http, persist) for n in good]
        seconds = time.monotonic() - start
        # By a cheap question, so that no real one waits for a way that leads nowhere.
        self.http.learn([p.pod for p in found], HTTP_PORT)
        have = set(good)
        missing = {n: self._why_not(now.get(n), pods.get(n)) for n in names if n not in have}
        if not found:
            raise Inconclusive(f"no probe became ready ({self._none(missing)})")
        return Probes(found, missing, names, seconds)

    def _none(self, missing: dict[str, str]) -> str:
        if missing:
            return "; ".join(sorted(f"{n}: {r}" for n, r in missing.items())[:3])
        if self._refused:
            return self._refused
        return "the DaemonSet made no pod, and our user may not list nodes" if not self.fleet.known else "the nodes are gone"
