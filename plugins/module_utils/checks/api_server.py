# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The API server is healthy on every address, stores what it is given, and is quick."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..kube.errors import ApiError
from ._api import replicas
from ._api.health import Health, health
from ._shared.text import listed, percentile

if TYPE_CHECKING:
    from ..engine.context import Context

APISERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
# Seconds that an unready API server gets to become ready; it starts, or leaves its load balancer.
SETTLE = 10.0
READS = 20
WRITES = 5


def unavailable(apiservice: dict[str, Any]) -> str:
    """Why an aggregated API cannot be used; empty when it can."""
    found = [c for c in apiservice.get("status", {}).get("conditions") or () if c.get("type") == "Available"]
    if found and found[0].get("status") == "True":
        return ""
    if not found:
        return "has no Available condition"
    return f"{found[0].get('reason', '')}: {found[0].get('message', '')}"


def apiservice_of(item: dict[str, Any]) -> tuple[str, str]:
    """Namespace and name of the Service behind an APIService; empty texts for a local one."""
    behind = item.get("spec", {}).get("service") or {}
    return behind.get("namespace", ""), behind.get("name", "")


class ApiServer(Check):
    """Asks the health endpoints line by line, then uses the API as a client does."""

    name = "api_server"
    domain = "control_plane"
    proves = "Every API server reports healthy, an object is written, watched, read and deleted, and answers are quick."
    options = (
        Option("slow_median", "Warn when the median of 20 reads of one object takes longer (milliseconds).",
               type="float", default=250.0, minimum=0),
        Option("slow_write", "Warn when the median of 5 writes of one object takes longer (milliseconds).",
               type="float", default=500.0, minimum=0),
        Option("aggregated", "Fail when an aggregated API (an APIService) is not available.", type="bool",
               default=True),
    )
    permissions = (
        Permission(("get",), urls=("/livez", "/readyz")),
        Permission(("create", "get", "patch", "delete", "list", "watch"), ("configmaps",)),
        Permission(("list",), ("apiservices",), "apiregistration.k8s.io", optional=True),
        Permission(("get",), ("endpointslices",), "discovery.k8s.io", optional=True, everywhere=True),
    )
    objects = ("ConfigMap",)
    expected = 20.0
    limit = 120.0
    needs_cluster = False

    def run(self, ctx: Context) -> None:
        with ctx.step("the API server is alive"):
            self._healthy(ctx, "/livez")
        with ctx.step("the API server is ready"):
            self._healthy(ctx, "/readyz")
        with ctx.step("the API server reaches its store"):
            self._store(ctx)
        with ctx.step("every API server of the cluster is ready"):
            replicas.prove(ctx)
        with ctx.step("an object is written, seen by a watch, read and deleted"):
            name = f"assay-{ctx.nonce}"
            self._written(ctx, name)
        with ctx.step("reads and writes are quick"):
            self._latency(ctx, name)
        with ctx.step("a deleted object and one that nobody made are not found"):
            self._gone(ctx, name)
        with ctx.step("every aggregated API is available"):
            self._aggregated(ctx)
        if ctx.client.pages:
            ctx.warn(f"something before the API server answered {len(ctx.client.pages)} requests with pages of its own: "
                     + listed(sorted(set(ctx.client.pages))))

    # ---- health -----------------------------------------------------------------------------------------------
    def _health(self, ctx: Context, path: str) -> Health:
        """The answer of the configured address; other errors than an unhealthy answer are raised."""
        try:
            return health(200, ctx.client.get(path, params={"verbose": "true"}, raw=True, timeout=5.0))
        except ApiError as e:
            told = health(e.status or 0, self._text(e))
            if e.status in (500, 503) and told.failed:
                return told
            raise

    def _text(self, error: ApiError) -> str:
        """All that the answer said; where it lies depends on whether it was a Status."""
        body = error.body
        return "\n".join(str(t) for t in (body.get("message") if isinstance(body, dict) else body, error.message) if t)

    def _healthy(self, ctx: Context, path: str) -> None:
        start = time.monotonic()
        told = self._health(ctx, path)
        while not told.ok and time.monotonic() < start + SETTLE and ctx.left() > SETTLE:
            time.sleep(1.0)
            told = self._health(ctx, path)
        for check in told.failed:
            ctx.see(kind="api", target=f"{path}/{check}", variant="health", ok=False, error=told.failed[check])
        if told.ok:
            ctx.see(kind="api", target=path, variant="health", ok=True, seconds=time.monotonic() - start)
        ctx.expect(told.ok, f"{path} answers {told.status}: " + listed(
            f"{n} {w}".strip() for n, w in told.failed.items()), failed_checks=sorted(told.failed))
        ctx.observe(**{f"{path.strip('/')}_checks": told.passed})

    def _store(self, ctx: Context) -> None:
        start = time.monotonic()
        try:
            ctx.client.get("/readyz/etcd", raw=True, timeout=5.0)
        except ApiError as e:
            # An API server with another store than etcd has no such line; and what it is asked by itself only some may ask.
            if e.status not in (403, 404):
                ctx.see(kind="api", target="/readyz/etcd", variant="health", ok=False, error=e.message)
                raise
            ctx.observe(store="not tested: there is no /readyz/etcd" if e.status == 404 else
                        "not tested by itself: /readyz/etcd is not allowed to this user")
            return
        ctx.see(kind="api", target="/readyz/etcd", variant="health", ok=True, seconds=time.monotonic() - start)

    # ---- use --------------------------------------------------------------------------------------------------
    def _path(self, ctx: Context, name: str) -> str:
        return f"/api/v1/namespaces/{ctx.namespace}/configmaps/{name}"

    def _written(self, ctx: Context, name: str) -> None:
        ctx.watch("configmaps")
        start = time.monotonic()
        made = ctx.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
                           "data": {"nonce": ctx.nonce}})
        ctx.measure("create", (time.monotonic() - start) * 1000, "ms")
        key = (ctx.namespace, name)
        ctx.wait("configmaps", lambda items: items.get(key, {}).get("data", {}).get("nonce") == ctx.nonce,
                 "a watch sees the object", seconds=SETTLE)
        ctx.measure("create to watch event", (time.monotonic() - start) * 1000, "ms")
        read = ctx.client.get(self._path(ctx, name))
        ctx.expect(read.get("data") == {"nonce": ctx.nonce}
                   and read["metadata"]["uid"] == made["metadata"]["uid"],
                   f"ConfigMap {name} was read back changed: {read.get('data')}")

    def _timed(self, call: Any, count: int) -> float:
        """The median of so many calls, in milliseconds."""
        seconds = []
        for i in range(count):
            start = time.monotonic()
            call(i)
            seconds.append(time.monotonic() - start)
        return percentile(seconds, 50) * 1000

    def _latency(self, ctx: Context, name: str) -> None:
        path = self._path(ctx, name)
        reads = self._timed(lambda i: ctx.client.get(path), READS)
        cached = self._timed(lambda i: ctx.client.get(path, params={"resourceVersion": "0"}), READS // 4)
        writes = self._timed(lambda i: ctx.client.patch(path, {"data": {"write": str(i)}}), WRITES)
        slow = {"read": ctx.options.get("slow_median", 250.0), "write": ctx.options.get("slow_write", 500.0)}
        for what, value in (("read", reads), ("cached read", cached), ("write", writes)):
            ctx.measure(f"{what}, median", value, "ms", slow.get(what))
        ctx.see(kind="api", target="latency", variant="read", ok=reads <= ctx.options.get("slow_median", 250.0),
                seconds=reads / 1000)
        ctx.see(kind="api", target="latency", variant="cached", ok=True, seconds=cached / 1000)
        ctx.see(kind="api", target="latency", variant="write", ok=writes <= ctx.options.get("slow_write", 500.0),
                seconds=writes / 1000)
        if reads > ctx.options.get("slow_median", 250.0):
            ctx.warn(f"reading one object takes {reads:.0f} ms (median of {READS})")
        if writes > ctx.options.get("slow_write", 500.0):
            ctx.warn(f"writing one object takes {writes:.0f} ms (median of {WRITES}); a cached read {cached:.0f} ms")

    def _gone(self, ctx: Context, name: str) -> None:
        start = time.monotonic()
        ctx.delete("ConfigMap", name)
        ctx.measure("delete", (time.monotonic() - start) * 1000, "ms")
        for absent in (name, f"absent-{ctx.nonce}"):
            ctx.expect(ctx.client.absent(self._path(ctx, absent)), f"ConfigMap {absent}, which does not exist, is answered")

    def _aggregated(self, ctx: Context) -> None:
        try:
            items = ctx.client.list(APISERVICES).items
        except ApiError as e:
            if e.status not in (401, 403, 404):
                raise  # it is this check that tells of it
            ctx.observe(aggregated="not tested: apiservices may not be listed")
            return
        bad = {}
        for item in items:
            why, name, (namespace, behind) = unavailable(item), item["metadata"]["name"], apiservice_of(item)
            if behind:
                ctx.see(kind="api", target=name, variant="aggregated", ok=not why, error=why)
            if why:
                bad[name] = why
                ctx.touches("APIService", name)
                if behind:
                    ctx.touches("Service", behind, namespace)
        words = f"{len(bad)} of {len(items)} APIs are not available: " + listed(f"{n} ({w})" for n, w in bad.items())
        if bad and not ctx.options.get("aggregated", True):
            ctx.warn(words)
            return
        ctx.expect(not bad, words, unavailable=bad)
