# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests of ours are in the audit log of every API server."""
from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import CloudPermission, Permission
from ..engine.errors import StepFailed
from ..kube.errors import ApiError
from ._audit import facts, replicas as audit_replicas, sources
from ._audit.events import Found
from ._audit.files import NoSource, Source
from ._audit.options import OPTIONS
from ._audit.verdict import Seen, judge
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context

# Seconds between two looks: files at once, stores of logs seldom, as they may count or charge questions.
_EVERY, _SELDOM = 1.0, 5.0
# Seconds for everything but the waiting, and those of them that are kept for what comes after it.
_AROUND, _KEPT = 120.0, 30.0
_NAMED = ("control_plane_check_audit_source names where else to look: cloudwatch on EKS, query on AKS (Log Analytics) and GKE (Cloud"
          " Logging), pods on Rancher's RKE2 and K3s and wherever the control plane has nodes; validate_exclude: [audit_log] leaves it"
          " out")
_WAITS = {"query": 240.0, "cloudwatch": 240.0}


class AuditLog(Check):
    """Sends a write, a refused deletion and a read to each API server, by ids of our own, and looks for them where its audit
    events are kept."""

    name = "audit_log"
    domain = "control_plane"
    proves = "A write, a refused deletion and a read are in the audit log of every API server, with user, verb and code."
    options = OPTIONS
    permissions = (
        Permission(("create", "get", "patch", "delete"), ("configmaps",)),
        Permission(("get",), ("endpointslices",), "discovery.k8s.io", optional=True, everywhere=True),
        Permission(("list",), ("leases",), "coordination.k8s.io", optional=True, everywhere=True),
        Permission(("list",), ("nodes", "pods"), optional=True, everywhere=True),
        Permission(("get",), urls=("/metrics",), optional=True),
        Permission(("get",), urls=("/logs",), power="audit_files"),
        Permission(("get",), ("nodes/proxy",), power="kubelet_statistics"),
        Permission(("create", "get", "delete"), ("pods",), power="audit_files"),
        Permission(("get",), ("pods/log",), power="logs"),
    )
    cloud_permissions = (CloudPermission("aws", ("logs:FilterLogEvents",), "audit events, with `audit_source: cloudwatch`",
                                         ("arn:{partition}:logs:{region}:{account}:log-group:{log_group}:*",)),)
    images = ("agnhost",)
    objects = ("ConfigMap", "Pod")
    expected = 60.0
    limit = 45.0 + _AROUND

    def bounds(self, options: dict[str, Any]) -> None:
        self.limit = self._wait(options) + _AROUND

    @staticmethod
    def _wait(options: dict[str, Any]) -> float:
        return float(options.get("audit_wait") or _WAITS.get(options.get("audit_source") or "", 45.0))

    def __init__(self) -> None:
        self._flags: dict[str, dict[str, str]] = {}

    def applies(self, ctx: Context) -> str:
        """Who names no source did not say that there is an audit log; where API servers are told to write none, that is so."""
        self._flags = facts.flags(ctx)
        if ctx.options.get("audit_source") or not self._flags:
            return ""
        silent = {name: why for name, told in self._flags.items() if (why := facts.off(told))}
        return "" if len(silent) < len(self._flags) else \
            f"no API server is told to write an audit log: {listed(f'{n} {why}' for n, why in sorted(silent.items()))}"

    def run(self, ctx: Context) -> None:
        name = f"audit-{ctx.nonce}"
        sender = audit_replicas.Sender(ctx, f"/api/v1/namespaces/{ctx.namespace}/configmaps/{name}")
        ctx.observe(audit_flags=self._flags)
        with ctx.step("there is a place to look for audit events"):
            replicas = audit_replicas.find(ctx)
            try:
                source = self._source(ctx, sender.prefix, replicas)
                source.start()
            except NoSource as e:
                replicas.close()
                self._no_source(ctx, e)
        try:
            ctx.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"nonce": ctx.nonce}})
            self._prove(ctx, source, sender, replicas)
        finally:
            source.stop()
            replicas.close()

    # ---- the source -------------------------------------------------------------------------------------------
    def _source(self, ctx: Context, mark: str, replicas: audit_replicas.Replicas) -> Source:
        path = str(ctx.options.get("audit_path") or "") or facts.path(self._flags)
        seconds = self._wait(ctx.options)
        source = sources.open_source(ctx, mark, replicas, path, seconds, os.environ)
        ctx.observe(audit_source=ctx.options.get("audit_source") or "logs", looked_at=source.words)
        return source

    def _no_source(self, ctx: Context, error: NoSource) -> None:
        words = str(error)
        if not ctx.options.get("audit_source") and error.kind == "forbidden":  # a right that a run does without
            ctx.skip("our user may not look at the audit log by /logs of the API servers, which rbac_optional audit_files allows;"
                     f" {_NAMED}")
        if not ctx.options.get("audit_source"):
            ctx.inconclusive(f"no API server hands out its audit log by /logs; {_NAMED}", audit_unasked=words)
        key = {"forbidden": "audit_forbidden", "down": "audit_down"}.get(error.kind, "audit_bad_option")
        ctx.inconclusive(f"audit events cannot be looked for: {words}", **{key: words})

    # ---- the proof --------------------------------------------------------------------------------------------
    def _prove(self, ctx: Context, source: Source, sender: audit_replicas.Sender, replicas: audit_replicas.Replicas) -> None:
        user = self._who(ctx)
        with ctx.step("every API server answers our requests"):
            markers = audit_replicas.send(ctx, sender, replicas)
            unseen = audit_replicas.unseen(markers, replicas)
            ctx.observe(api_servers=replicas.count, asked=sorted({m.replica for m in markers}),
                        **({"not_asked_directly": replicas.why} if replicas.why else {}),
                        **({"not_tested": dict(sender.unheard)} if sender.unheard else {}))
        if not markers:
            ctx.inconclusive("no answer to our requests has an Audit-Id, so that something before the API servers gave it", **{
                "audit_unasked": "; ".join(sender.unheard.values())})
        expected = [k for k in ctx.options.get("audit_expect") or ("write",) if any(m.kind == k for m in markers)]
        seen = Seen(markers, Found(), expected, user)
        with ctx.step("an id that nobody sent is not found, and ours are"):
            self._wait_for(ctx, source, seen)
            ctx.expect(f"{sender.prefix}-0" not in seen.found, f"{source.words} holds a request that nobody sent")
        if seen.missing():
            self._counters(ctx, sender, replicas, seen)
        judge(ctx, seen, source, replicas, unseen)

    @staticmethod
    def _who(ctx: Context) -> str:
        """Who we are to the API server; "" where it does not tell. Who impersonates somebody is logged by his own name."""
        if any(name.lower() == "impersonate-user" for name, _value in ctx.client.raw.connection.headers()):
            return ""
        try:
            told = ctx.client.raw.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body={
                "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
        except ApiError:
            return ""
        return str(((told.get("status") or {}).get("userInfo") or {}).get("username") or "")

    def _wait_for(self, ctx: Context, source: Source, seen: Seen) -> None:
        """Look until everything that is expected is there, or the time is up. A store that fails once may answer again."""
        start, wait = time.monotonic(), self._wait(ctx.options)
        every = _SELDOM if ctx.options.get("audit_source") in _WAITS else _EVERY
        trouble: list[NoSource] = []

        def there() -> bool:
            trouble.clear()
            try:
                seen.found.add(source.look())
            except NoSource as e:
                trouble.append(e)
            return not trouble and not seen.missing()

        with contextlib.suppress(StepFailed):
            ctx.until(there, "our requests", max(2 * every, min(wait, ctx.left() - _KEPT)), every)
        if trouble:
            self._no_source(ctx, trouble[0])
        took = time.monotonic() - start
        if every == _SELDOM and not seen.missing():  # what need not be there may come a moment later
            with contextlib.suppress(StepFailed):
                ctx.until(lambda: there() and seen.whole(), "the rest of our requests", 2 * every + 1, every)
        ctx.observe(looked_for_seconds=round(took, 1))
        if not seen.missing():
            ctx.measure("request to audit log", took, "s")

    # ---- why not ----------------------------------------------------------------------------------------------
    def _counters(self, ctx: Context, sender: audit_replicas.Sender, replicas: audit_replicas.Replicas, seen: Seen) -> None:
        """What each API server that lacks something counts of itself while it is asked once more."""
        asked = [(where, client) for where, client in replicas.direct.items() if where in seen.missing()]
        told = ctx.in_parallel(lambda one: facts.while_asked(one[1], lambda: len(sender.all_kinds(one[1], one[0]))), asked, workers=8)
        counted = dict(zip([where for where, _client in asked], told))
        if unread := [t for t in told if isinstance(t, str)]:
            ctx.observe(counters_not_read=unread[0])
        ctx.observe(audit_counters={where: t for where, t in counted.items() if not isinstance(t, str)})
