# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Probes: one pod of ours on every node, that asks the questions users' pods would ask."""
from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ..kube.errors import ApiError
from ..kube.greeting import words
from ..kube.pods import pod_ready, waiting_reason
from ..kube.transport import PodHttp, TransportError
from ..kube.watch import Watch, WatchTimeout
from .errors import Inconclusive
from .fixtures import Fixtures

HTTP_PORT = 8080
UDP_PORT = 8081
APP = {"assay.clusters/probe": "netexec"}
# Seconds for probes on Ready nodes; a pod per node is expected within a minute once images are there.
LIMIT = 90.0
# Seconds that the others get after the first one is ready: the image is there then, or pulls at the same pace.
STRAGGLERS = 30.0


def manifest(image: str) -> dict[str, Any]:
    """The DaemonSet of the probes: restricted Pod Security, no token, on every Linux node whatever its taints."""
    container = {
        "name": "netexec", "image": image, "imagePullPolicy": "IfNotPresent",
        "args": ["netexec", f"--http-port={HTTP_PORT}", f"--udp-port={UDP_PORT}"],
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
        "nodeSelector": {"kubernetes.io/os": "linux"}, "tolerations": [{"operator": "Exists"}],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65534, "runAsGroup": 65534,
                            "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "probe", "labels": APP},
            "spec": {"selector": {"matchLabels": APP}, "updateStrategy": {"type": "OnDelete"},
                     "template": {"metadata": {"labels": APP}, "spec": pod}}}


@dataclass(frozen=True)
class DialAnswer:
    """What a probe got when it asked an address: one response or error per try."""

    responses: list[str]
    errors: list[str]
    seconds: float

    @property
    def ok(self) -> bool:
        return bool(self.responses) and not self.errors


@dataclass(frozen=True)
class ShellAnswer:
    output: str
    error: str
    seconds: float


class Probe:
    """One probe pod. Its calls raise TransportError when the probe itself cannot be asked."""

    def __init__(self, node: str, pod: str, ip: str, http: PodHttp, persist: Callable[..., Any]):
        self.node, self.pod, self.ip = node, pod, ip
        self._http, self._persist = http, persist

    def _get(self, path: str, timeout: float) -> tuple[str, float]:
        answer = self._persist(lambda seconds: self._http.get(self.pod, HTTP_PORT, path, timeout=seconds), timeout)
        return answer.text, answer.seconds

    def _json(self, path: str, timeout: float) -> dict[str, Any]:
        """The probe says 200 and JSON whatever became of the question; anything else is of who stands before it: a proxy whose
        servers are away, a firewall, a page to sign in. That passes, or the probe cannot be asked, and nothing has failed."""
        def ask(seconds: float) -> dict[str, Any]:
            answer = self._http.get(self.pod, HTTP_PORT, path, timeout=seconds)
            data = None
            with contextlib.suppress(ValueError):
                data = json.loads(answer.text)
            if answer.status == 200 and isinstance(data, dict):
                return data
            way, _query, _rest = path.partition("?")
            said = f"{answer.status} {words(answer.text)}".strip()
            if answer.status in (429, 500, 502, 503, 504):
                raise ApiError("http", 503, "NotTheProbe", f"something before the probe answered: {said}", "GET", way)
            raise TransportError(f"pod {self.pod}: something before it answered: {said}")

        return self._persist(ask, timeout)

    def http(self, path: str, timeout: float = 5.0) -> str:
        """GET on the probe itself; the body of the answer."""
        return self._get(path, timeout)[0]

    def dial(self, host: str, port: int, request: str = "hostname", protocol: str = "http", timeout: float = 5.0,
             tries: int = 1) -> DialAnswer:
        """The probe asks host:port, `tries` times with a new connection each; timeout is for all of them."""
        query = urlencode({"host": host, "port": port, "request": request, "protocol": protocol, "tries": tries})
        start = time.monotonic()
        # netexec gives up a dial by itself after 5 s; the outer request must outlast it.
        data = self._json(f"/dial?{query}", timeout + 6.0)
        return DialAnswer(list(data.get("responses") or []), list(data.get("errors") or []), time.monotonic() - start)

    def shell(self, command: str, timeout: float = 10.0) -> ShellAnswer:
        """A command in the probe's shell; error is its exit status and stderr as text, empty when it ended with 0."""
        start = time.monotonic()
        data = self._json("/shell?" + urlencode({"shellCommand": command}), timeout)
        return ShellAnswer(data.get("output", ""), data.get("error", ""), time.monotonic() - start)


class Probes:
    """The probes that are ready, and why others are not."""

    def __init__(self, found: list[Probe], missing: dict[str, str], nodes: list[str]):
        self.all, self.missing, self.nodes = found, missing, nodes

    def bound(self, persist: Callable[..., Any]) -> Probes:
        """The same probes, asked with the patience of one check."""
        return Probes([Probe(p.node, p.pod, p.ip, p._http, persist) for p in self.all], self.missing, self.nodes)


def _ready_node(node: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node.get("status", {}).get("conditions", []))


def _linux(node: dict[str, Any]) -> bool:
    return node["metadata"].get("labels", {}).get("kubernetes.io/os", "linux") == "linux"


class ProbeMaker:
    """Makes the DaemonSet and waits for its pods; one per run."""

    def __init__(self, fixtures: Fixtures, image: str, transport: str = "auto"):
        self.fixtures, self.image = fixtures, image
        self.http = PodHttp(fixtures.client.raw, fixtures.name, transport)

    def _mine(self, items: dict[Any, Any]) -> dict[str, Any]:
        """Probe pods by node; a pod that is going away does not count."""
        return {p["spec"].get("nodeName", ""): p for p in items.values()
                if APP.items() <= p["metadata"].get("labels", {}).items() and not p["metadata"].get("deletionTimestamp")}

    def _why_not(self, node: dict[str, Any], pod: dict[str, Any] | None) -> str:
        if not _ready_node(node):
            return "the node is not Ready"
        if pod is None:
            return "no probe pod was made for the node"
        reason = waiting_reason(pod)
        if reason:
            return f"{reason[0]}: {reason[1]}" if reason[1] else reason[0]
        return f"the probe pod is {pod.get('status', {}).get('phase', 'Pending')} and not ready"

    def _wait(self, pods: Watch, nodes: Watch) -> None:
        """Until every Ready node has a ready probe; stragglers get STRAGGLERS seconds after the first one."""
        limit = min(time.monotonic() + LIMIT, self.fixtures.deadline)
        first: list[float] = []

        def settled(items: dict[Any, Any]) -> bool:
            mine = self._mine(items)
            ready = {n for n, p in mine.items() if pod_ready(p)}
            if ready and not first:
                first.append(time.monotonic())
            wanted = {n["metadata"]["name"] for n in nodes.items().values() if _linux(n) and _ready_node(n)}
            return bool(wanted) and wanted <= ready

        while time.monotonic() < limit and not (first and time.monotonic() > first[0] + STRAGGLERS):
            try:  # in slices, as a node may go away while its pod is waited for
                pods.wait(settled, min(limit, time.monotonic() + 2.0))
                return
            except WatchTimeout:
                continue

    def make(self) -> Probes:
        nodes = Watch(self.fixtures.client.raw, "/api/v1/nodes", None, name="nodes")
        nodes.start()
        try:
            self.fixtures.create(manifest(self.image))
            pods = self.fixtures.watch("pods")
            self._wait(pods, nodes)
            return self._found({n["metadata"]["name"]: n for n in nodes.items().values() if _linux(n)},
                               self._mine(pods.items()))
        except ApiError as e:
            raise Inconclusive(f"the probes could not be made: {e.message}") from e
        finally:
            nodes.stop()

    def _choose_ways(self, found: list[Probe]) -> None:
        """Find the way to each probe by a cheap question, so that no real one waits for a way that leads nowhere."""
        def ask(probe: Probe) -> None:
            with contextlib.suppress(TransportError, ApiError):
                self.http.get(probe.pod, HTTP_PORT, "/healthz", timeout=3.0)

        if found:
            with ThreadPoolExecutor(min(8, len(found))) as pool:
                list(pool.map(ask, found))

    def _found(self, names: dict[str, Any], pods: dict[str, Any]) -> Probes:
        persist = self.fixtures.client.persist
        found = [Probe(n, pods[n]["metadata"]["name"], pods[n]["status"]["podIP"], self.http, persist)
                 for n in sorted(names) if n in pods and pod_ready(pods[n]) and _ready_node(names[n])]
        self._choose_ways(found)
        missing = {n: self._why_not(names[n], pods.get(n)) for n in sorted(names) if n not in {p.node for p in found}}
        if not found:
            why = "; ".join(sorted(f"{n}: {r}" for n, r in missing.items())[:3]) or "the cluster has no Linux node"
            raise Inconclusive(f"no probe became ready ({why})")
        return Probes(found, missing, sorted(names))
