# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Evidence: what the cluster says about itself at the time of a failure, collected once, as plain data for diagnosis."""
from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..diagnosis.finding import Finding
from ..kube import greeting
from ..kube.client import Client
from ..kube.errors import ApiError
from .sweep import now_of

# Older events say nothing about this failure (seconds).
EVENT_AGE = 15 * 60
# Objects per list: enough for a failure's surroundings, bounded for clusters of thousands of pods.
PAGE = 1000
LOG_LINES = 40
# What a running name server complains of it says again within this time (seconds), and what it said before is past: any
# restart of the API server leaves words of refusal in its log. Provisioners wait longer between their tries.
RECENT_DNS, RECENT_LOG = 90, 300
_TIMEOUT = 8.0
_AGAIN = 2.0
_LISTS = {
    "nodes": "/api/v1/nodes",
    "node_leases": "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
    "leases": "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
    "events": "/api/v1/events",
    "pods": "/api/v1/pods",
    "services": "/api/v1/services",
    "endpointslices": "/apis/discovery.k8s.io/v1/endpointslices",
    "deployments": "/apis/apps/v1/deployments",
    "daemonsets": "/apis/apps/v1/daemonsets",
    "storageclasses": "/apis/storage.k8s.io/v1/storageclasses",
    "csidrivers": "/apis/storage.k8s.io/v1/csidrivers",
    "csinodes": "/apis/storage.k8s.io/v1/csinodes",
    "apiservices": "/apis/apiregistration.k8s.io/v1/apiservices",
}
_SYSTEM = {"kube-system", "kube-proxy", "openshift-dns", "openshift-sdn", "openshift-ovn-kubernetes"}


def empty(run_namespace: str = "") -> dict[str, Any]:
    """Evidence of a cluster that tells nothing: every key that diagnosis may read."""
    out: dict[str, Any] = {name: [] for name in _LISTS}
    out.update({"pvcs": [], "configmaps": [], "logs": {}, "readyz": "", "api_errors": [], "errors": {},
                "server_date": "", "controller_date": "", "run_namespace": run_namespace, "node_clock": {}})
    return out


def _slim(item: dict[str, Any]) -> dict[str, Any]:
    item.get("metadata", {}).pop("managedFields", None)
    return item


def clock_of(lease: dict[str, Any]) -> float | None:
    """Seconds that the clock of a Lease's holder is ahead of the API server's; None where the Lease does not tell.

    The holder writes when it renewed it, the API server notes when that arrived. A slow request makes the clock look late.
    """
    def renews(note: dict[str, Any]) -> bool:
        return "f:renewTime" in ((note.get("fieldsV1") or {}).get("f:spec") or {})

    return _ahead(lease, (lease.get("spec") or {}).get("renewTime"), renews)


def clock_by_status(node: dict[str, Any]) -> float | None:
    """The same by what the node wrote of itself."""
    def reports(note: dict[str, Any]) -> bool:
        told = ((note.get("fieldsV1") or {}).get("f:status") or {}).get("f:conditions") or {}
        return "f:lastHeartbeatTime" in (told.get('k:{"type":"Ready"}') or {})

    beats = [c.get("lastHeartbeatTime") for c in node.get("status", {}).get("conditions") or [] if c.get("type") == "Ready"]
    return _ahead(node, next(iter(beats), None), reports)


def _ahead(item: dict[str, Any], stamp: str | None, wrote: Callable[[dict[str, Any]], bool]) -> float | None:
    written = _seconds(stamp)
    noted = max((_seconds(n.get("time")) for n in item["metadata"].get("managedFields") or [] if wrote(n)), default=0.0)
    return written - noted if written and noted else None


_CLOCKS = {"node_leases": clock_of, "nodes": clock_by_status}


def _stamp(epoch: float) -> str:
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).isoformat()


def _seconds(stamp: str | None) -> float:
    try:
        return datetime.datetime.fromisoformat((stamp or "").replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def _recent(event: dict[str, Any], now: float) -> bool:
    stamps = (event.get("lastTimestamp"), event.get("eventTime"), (event.get("series") or {}).get("lastObservedTime"),
              event["metadata"].get("creationTimestamp"))
    return max(map(_seconds, stamps)) > now - EVENT_AGE


def _healthy(pod: dict[str, Any]) -> bool:
    status = pod.get("status", {})
    return status.get("phase") == "Succeeded" or (status.get("phase") == "Running" and all(
        c.get("ready") for c in status.get("containerStatuses") or []))


class Collector:
    """Collects the evidence of one cluster; nothing it cannot get stops it, the reason is kept in "errors"."""

    def __init__(self, client: Client, run_namespace: str):
        self.client, self.space = client, run_namespace
        self.data = empty(run_namespace)
        self._clocks: dict[str, dict[str, float]] = {}

    def _try(self, name: str, call: Callable[[], Any], default: Any) -> Any:
        try:
            return call()
        except ApiError as e:
            self.data["errors"][name] = e.as_dict()
            return default

    def _readyz(self) -> bool:
        """Whether lists are worth asking for: with etcd away each of them would only time out.

        One slow moment of etcd is no failure of it, so that it is asked again.
        """
        said, worth = self._ask_readyz()
        if "[-]etcd" in said["readyz"]:
            time.sleep(_AGAIN)
            again, worth = self._ask_readyz()
            said = again if worth else said
        self.data.update(said)
        return worth

    def _ask_readyz(self) -> tuple[dict[str, Any], bool]:
        """(what is evidence of it, whether the API server works)."""
        try:
            text, headers = self.client.request("GET", "/readyz", params={"verbose": "true"}, timeout=_TIMEOUT, raw=True,
                                                with_headers=True)
        except ApiError as e:
            text = e.message if "[-]" in e.message or "[+]" in e.message else ""
            said: dict[str, Any] = {"readyz": text, "errors": {"readyz": e.as_dict()}, "api_errors": [e.as_dict()]}
            return said, e.kind == "http" and e.status != 401 and "[-]etcd" not in text
        here, there = time.time(), now_of(headers)
        return {"readyz": text, "controller_date": _stamp(here), "server_date": _stamp(there)}, "[-]etcd" not in text

    def _items(self, path: str, params: dict[str, Any] | None = None) -> list[Any]:
        return greeting.items(self.client, path, self.client.get(path, params, timeout=_TIMEOUT))

    def _list(self, name: str) -> None:
        items = self._try(name, lambda: self._items(_LISTS[name], {"limit": PAGE}), [])
        if name in _CLOCKS:
            self._clocks[name] = {i["metadata"]["name"]: ahead for i in items if (ahead := _CLOCKS[name](i)) is not None}
        self.data[name] = [_slim(i) for i in items]

    def _read_clocks(self) -> None:
        """A request that was under way while the network was down is late, whatever the clock: only what both say counts."""
        by_status = self._clocks.get("nodes", {})
        self.data["node_clock"] = {node: min(ahead, by_status.get(node, ahead), key=abs)
                                   for node, ahead in self._clocks.get("node_leases", {}).items()}

    def _keep_what_matters(self) -> None:
        now = _seconds(self.data["server_date"]) or time.time()
        self.data["events"] = [e for e in self.data["events"] if _recent(e, now)]
        # Leases of leaders stand beside those of nodes: both are heartbeats.
        near = _SYSTEM | {self.space}
        self.data["pods"] = [p for p in self.data["pods"] if p["metadata"]["namespace"] in near or not _healthy(p)
                             or any(w in p["metadata"]["name"] for w in ("provisioner", "csi"))]
        claims = f"/api/v1/namespaces/{self.space}/persistentvolumeclaims"
        self.data["pvcs"] = self._try("pvcs", lambda: self._items(claims), []) if self.space else []

    def _log(self, pod: dict[str, Any], container: str, previous: bool, within: int = 0) -> None:
        """The end of its log; within: seconds, 0 for whenever that was said."""
        meta = pod["metadata"]
        params: dict[str, Any] = {"container": container, "tailLines": LOG_LINES}
        if previous:
            params["previous"] = "true"
        elif within:
            params["sinceSeconds"] = within
        key = f"{meta['namespace']}/{meta['name']}/{container}"
        text = self._try(f"logs {key}", lambda: self.client.request(
            "GET", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/log", params=params, timeout=_TIMEOUT,
            raw=True), "")
        if text:
            self.data["logs"].setdefault(key, []).extend(text.splitlines()[-LOG_LINES:])

    def _logs(self) -> None:
        """Logs of cluster DNS, of provisioners and of crashing system pods; a dozen containers at most."""
        wanted = []
        for pod in self.data["pods"]:
            labels = pod["metadata"].get("labels", {})
            dns = labels.get("k8s-app") in ("kube-dns", "coredns") or labels.get("dns.operator.openshift.io/daemonset-dns")
            provisioner = "provisioner" in pod["metadata"]["name"]
            for status in pod.get("status", {}).get("containerStatuses") or []:
                restarted = status.get("restartCount", 0) > 0
                crashed = restarted and not status.get("ready")
                if dns or provisioner or (crashed and pod["metadata"]["namespace"] in _SYSTEM | {self.space}):
                    within = (RECENT_DNS if dns else RECENT_LOG) if "running" in (status.get("state") or {}) else 0
                    wanted.append((pod, status["name"], crashed and not dns, within))
                if dns and (restarted or "terminated" in (status.get("state") or {})):
                    wanted.append((pod, status["name"], True))  # it may run again by now: why it ended is in the log before
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda w: self._log(*w), wanted[:12]))

    def collect(self) -> dict[str, Any]:
        if not self._readyz():
            return self.data
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._list, _LISTS))
        self._read_clocks()
        self._keep_what_matters()
        config = self._try("configmaps", lambda: self.client.get(
            "/api/v1/namespaces/kube-system/configmaps/coredns", timeout=_TIMEOUT), None)
        self.data["configmaps"] = [_slim(config)] if config else []
        self._logs()
        return self.data


def collect(client: Client, run_namespace: str, findings: list[Finding],
            api_errors: list[dict[str, Any]]) -> dict[str, Any]:
    """Evidence for these findings. api_errors: what already failed when connecting; then nothing more is asked."""
    if any(e["kind"] in ("unreachable", "tls", "dns") or e["status"] == 401 for e in api_errors):
        return {**empty(run_namespace), "api_errors": list(api_errors)}
    data = Collector(client, run_namespace).collect()
    data["api_errors"] = [*api_errors, *data["api_errors"]]
    return data
