# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking every replica of a Prometheus: through the API server's proxy, by a port-forward, else from a probe of ours."""
from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ...engine.errors import Inconclusive
from ...kube.errors import ApiError
from ...kube.json_text import json_of
from ...kube.pods import pod_ready, waiting_reason
from ...kube.transport import PodHttp, TransportError
from ...kube.websockets import refused
from .._shared.optional import optional_get
from .._shared.text import listed, url_host
from .selection import Prometheus

if TYPE_CHECKING:
    from ...engine.context import Context

# Where the operator has every Prometheus listen.
PORT = 9090
_TIMEOUT = 10.0
# A command in a pod of somebody's is none of ours.
_WAYS = "proxy,port_forward"


class Unasked(Exception):
    """A Prometheus that nobody lets us ask, or that answers with something else: nothing of it is proved. allow: what would
    help."""

    allow = "allow get on pods/proxy or create on pods/portforward in its namespace"


class Guarded(Unasked):
    """It is reached, and something before it answers."""

    allow = "let its API be asked without credentials from within the cluster"


@dataclass(frozen=True, eq=False)
class Replica:
    """One pod of a Prometheus. number: of the replica, which has a pod for each shard. item: the pod, None where there is
    none, or pods may not be seen."""

    prometheus: Prometheus
    pod: str
    number: int
    item: dict[str, Any] | None = None

    @property
    def address(self) -> str:
        return ((self.item or {}).get("status") or {}).get("podIP") or ""

    @property
    def ready(self) -> bool:
        return self.item is not None and pod_ready(self.item)

    @property
    def waits(self) -> str:
        """What keeps it from being ready, in words."""
        reason = waiting_reason(self.item) if self.item else ("there is no such pod", "")
        return ": ".join(t for t in reason or () if t) or "not ready"


@dataclass(frozen=True)
class Look:
    """What a Prometheus knows of the targets of one monitor. pool: whether its configuration has it, None where that is not
    told; dropped: how many targets it found, and left out; named: of these some, as it keeps not all."""

    pool: bool | None
    active: list[dict[str, Any]] = field(default_factory=list)
    dropped: int = 0
    named: tuple[str, ...] = ()

    @property
    def up(self) -> list[dict[str, Any]]:
        return [t for t in self.active if t.get("health") == "up"]

    @property
    def error(self) -> str:
        """Why it is not scraped, in words; empty where it is."""
        down = [t for t in self.active if t.get("health") != "up"]
        if down:
            why = down[0].get("lastError") or "not scraped yet"
            return f"target {down[0].get('scrapeUrl')} is {down[0].get('health')}: {why}"
        if self.active:
            return ""
        if self.dropped:
            return f"it dropped all {self.dropped} targets that it found: {listed(self.named) or 'it keeps no names of them'}"
        return "its configuration has nothing of it" if self.pool is False else "it finds no target"


def _called(discovered: dict[str, str]) -> str:
    """A target that was left out: whose it is, and where."""
    meta = "__meta_kubernetes_"
    ports = [discovered.get(f"{meta}{k}_port_name") for k in ("endpoint", "endpointslice", "pod_container")]
    port = next(filter(None, ports), "")
    whose = discovered.get(f"{meta}service_name") or discovered.get(f"{meta}pod_name") or ""
    told = (discovered.get("__address__", ""), f"of {whose}" if whose else "", f"(port {port})" if port else "")
    return " ".join(t for t in told if t)


def replicas(ctx: Context, one: Prometheus) -> tuple[list[Replica], bool]:
    """(its pods as the operator names them, whether pods may be seen)."""
    stem = f"{'prom-agent' if one.agent else 'prometheus'}-{one.name}"
    names = [(f"{stem}{f'-shard-{s}' if s else ''}-{r}", r) for s in range(one.shards) for r in range(one.replicas)]
    found = optional_get(ctx, f"/api/v1/namespaces/{one.namespace}/pods",
                         {"labelSelector": f"operator.prometheus.io/name={one.name}"})
    items = {p["metadata"]["name"]: p for p in (found or {}).get("items") or ()}
    if one.agent and one.spec.get("mode") == "DaemonSet":
        of_nodes = [Replica(one, name, number, items[name]) for number, name in enumerate(sorted(items))]
        return of_nodes, found is not None
    return [Replica(one, name, number, items.get(name)) for name, number in names], found is not None


class Asker:
    """Questions to Prometheis; the way that leads to the pods of a namespace is learned once."""

    def __init__(self, ctx: Context):
        self.ctx = ctx
        self._ways: dict[str, PodHttp] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        for way in self._ways.values():
            way.close()

    def _way(self, namespace: str) -> PodHttp:
        with self._lock:
            return self._ways.setdefault(namespace, PodHttp(self.ctx.client.raw, namespace, _WAYS))

    def ask(self, replica: Replica, path: str, **query: str) -> Any:
        """The data of an answer of its API. Unasked, or an ApiError that passes."""
        one = replica.prometheus
        prefix = str(one.spec.get("routePrefix") or "/").rstrip("/")
        where = f"{prefix}/api/v1/{path}" + (f"?{urlencode(query)}" if query else "")
        text, status = self._text(replica, where)
        if status == 404:
            return None
        try:
            answer = json_of(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("status") != "success":
            raise Guarded(f"{replica.pod} of {one.kind} {one.ref} answers {status} {' '.join(text.split())[:120]}")
        return answer.get("data")

    def _text(self, replica: Replica, where: str) -> tuple[str, int]:
        one = replica.prometheus
        try:
            if ((one.spec.get("web") or {}).get("tlsConfig")) is not None:
                path = f"/api/v1/namespaces/{quote(one.namespace)}/pods/https:{quote(replica.pod)}:{PORT}/proxy{where}"
                return self.ctx.client.raw.request("GET", path, timeout=_TIMEOUT, raw=True), 200
            answer = self._way(one.namespace).get(replica.pod, PORT, where, timeout=_TIMEOUT)
            return answer.text, answer.status
        except TransportError as e:
            return self._from_probe(replica, where, str(e))
        except ApiError as e:
            if e.status in (401, 403) and e.body is None:
                raise Guarded(f"{one.kind} {one.ref} asks for credentials: {e.message}") from None
            if refused(e):
                return self._from_probe(replica, where, e.message)
            raise

    def _from_probe(self, replica: Replica, where: str, why: str) -> tuple[str, int]:
        """A pod may ask what the API server may not, or does not reach."""
        one = replica.prometheus
        if not replica.address or one.spec.get("listenLocal"):
            raise Unasked(f"{replica.pod} of {one.kind} {one.ref} could not be asked: {why}")
        scheme = "https" if (one.spec.get("web") or {}).get("tlsConfig") is not None else "http"
        url = f"{scheme}://{url_host(replica.address)}:{PORT}{where}"
        try:
            probe = self.ctx.probes.all[0]
            shell = probe.shell(f"curl -gksS --max-time {_TIMEOUT:.0f} -w '\n%{{http_code}}' '{url}'", timeout=_TIMEOUT + 5.0)
        except (TransportError, Inconclusive, IndexError) as e:
            raise Unasked(f"{replica.pod} of {one.kind} {one.ref} could not be asked: {why}; nor from a probe: {e}") from None
        text, _line, status = shell.output.rpartition("\n")
        if shell.error or not status.isdigit():
            raise Unasked(f"{replica.pod} of {one.kind} {one.ref} could not be asked: {why}; nor from a probe: {shell.error}")
        return text, int(status)

    # ---- questions ----------------------------------------------------------------------------------------------
    def look(self, replica: Replica, pool: str) -> Look:
        """The targets of a monitor; pool: the start of the names of its scrape pools."""
        pools = self.ask(replica, "scrape_pools")
        names = None if pools is None else [n for n in pools.get("scrapePools") or () if n.startswith(pool)]
        if names == []:
            return Look(False)
        active: list[dict[str, Any]] = []
        dropped, left_out = 0, list[str]()
        for name in names or [""]:
            told = self.ask(replica, "targets", state="any", **({"scrapePool": name} if name else {})) or {}
            active += [t for t in told.get("activeTargets") or () if str(t.get("scrapePool")).startswith(pool)]
            counts = told.get("droppedTargetCounts") or {}
            here = [t for t in told.get("droppedTargets") or () if str(t.get("scrapePool")).startswith(pool)]
            dropped += max(counts.get(name) or 0, len(here))
            left_out += [_called(t.get("discoveredLabels") or {}) for t in here]
        return Look(None if names is None else True, active, dropped, tuple(dict.fromkeys(left_out)))

    def values(self, replica: Replica, query: str) -> list[tuple[dict[str, str], str]]:
        """(labels, value) of each series that a query finds now."""
        told = self.ask(replica, "query", query=query) or {}
        return [(r.get("metric") or {}, str((r.get("value") or [0, ""])[1])) for r in told.get("result") or ()]

    def reloaded(self, replica: Replica) -> bool | None:
        """Whether it took its configuration when it was last told to read it; None where that is not told."""
        told = self.ask(replica, "status/runtimeinfo")
        return told.get("reloadConfigSuccess") if isinstance(told, dict) else None
