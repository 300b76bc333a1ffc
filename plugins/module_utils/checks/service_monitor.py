# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a pod shows is scraped by every Prometheus that selects it, and can be queried there; and no longer once it is gone."""
from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..engine.errors import StepFailed
from ..kube.errors import ApiError
from ..kube.pods import pod_ready
from ._prometheus import monitors as monitors_, user_monitors
from ._prometheus.ask import Asker, Look, Replica, Unasked, replicas
from ._prometheus.choice import chosen
from ._prometheus.scraped import Column, Monitor, Scraped, columns, labels_of
from ._prometheus.selection import GROUP, Prometheus, every, grouped
from ._shared import policies
from ._shared.standing import Standing
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context

Pods = dict[tuple[str, bool], list[Replica]]
# Other collectors, by the group of their objects.
_OTHERS = {"operator.victoriametrics.com": "VictoriaMetrics' operator (VMServiceScrape)",
           "monitoring.googleapis.com": "Google's managed Prometheus (PodMonitoring)",
           "azmonitoring.coreos.com": "Azure's managed Prometheus"}
# Seconds for our pod to start, and a replica that was just made anew; for a value to follow its scrape; for a target to go.
STARTS, READY, VALUE, GONE = 60.0, 60.0, 60.0, 120.0
_NAMED = "observability_check_prometheuses"


class ServiceMonitor(Check):
    """One pod, one Service, and of either kind a monitor for each set of labels that Prometheis want."""

    name = "service_monitor"
    domain = "observability"
    proves = "What a pod shows is scraped by every Prometheus that selects it, by ServiceMonitor and by PodMonitor."
    options = (
        Option("prometheuses", "Prometheus objects that must scrape, each as namespace/name; by default all that look for "
               "monitors in the namespace of the run.", type="list", elements="str", default=[], example=["monitoring/k8s"]),
        Option("monitors", "ServiceMonitors and PodMonitors of yours whose targets must be up, each as namespace/name.",
               type="list", elements="str", default=[], example=["shop/web"]),
        Option("scrape_limit", "Seconds within which a new target must be scraped.", type="float", default=300.0, minimum=10),
    )
    permissions = (
        Permission(("list",), ("prometheuses",), GROUP, everywhere=True),
        Permission(("get",), ("prometheuses",), GROUP, everywhere=True, optional=True),
        Permission(("list",), ("prometheusagents",), GROUP, everywhere=True, optional=True),
        Permission(("create", "delete", "get", "list"), ("servicemonitors", "podmonitors"), GROUP),
        Permission(("get",), ("servicemonitors", "podmonitors"), GROUP, everywhere=True, optional=True),
        Permission(("create", "delete", "get"), ("pods", "services", "configmaps")),
        Permission(("list", "watch"), ("pods",)),
        Permission(("get",), ("namespaces",), optional=True),
        Permission(("list",), ("pods", "services"), everywhere=True, optional=True),
        Permission(("get",), ("pods/proxy",), everywhere=True, power="prometheus"),
        Permission(("create",), ("subjectaccessreviews",), "authorization.k8s.io", everywhere=True, power="prometheus"),
    )
    images = ("agnhost",)
    objects = ("ConfigMap", "Pod", "PodMonitor", "Service", "ServiceMonitor")
    expected = 180.0
    limit = 600.0
    probes = 1

    def bounds(self, options: dict[str, Any]) -> None:
        self.limit = float(options.get("scrape_limit") or 300.0) + STARTS + READY + VALUE + GONE

    def applies(self, ctx: Context) -> str:
        try:
            ctx.client.quiet.get(f"/apis/{GROUP}/v1")
        except ApiError as e:
            if e.status != 404:
                raise
            groups = {g.get("name") for g in ctx.client.get("/apis").get("groups") or ()}
            there = [told for group, told in _OTHERS.items() if group in groups]
            other = f"; metrics are collected by {listed(there)}, which is not asked here" if there else ""
            return f"there is no Prometheus operator: the API has no group {GROUP}{other}"
        return ""

    def run(self, ctx: Context) -> None:
        asker = Asker(ctx)
        try:
            self._prove(ctx, Scraped(ctx, asker))
        finally:
            asker.close()

    def _prove(self, ctx: Context, scraped: Scraped) -> None:
        everybody = every(ctx)
        theirs = user_monitors.named(ctx, list(ctx.options.get("monitors") or ())) if everybody else []
        with ctx.step("a Prometheus looks for monitors in the namespace of the run"):
            found = chosen(ctx, everybody, list(ctx.options.get("prometheuses") or ()))
        with ctx.step("every replica of it runs"):
            pods = self._pods(ctx, {(p.ref, p.agent): p for ps in found.values() for p in ps})
        with ctx.step("a new target is scraped by each of them"):
            self._value = str(secrets.randbelow(10 ** 6) + 1)
            wanted = self._make(ctx, found, pods)
            good = self._scrape(ctx, scraped, wanted)
        with ctx.step("the value that its pod shows can be queried from each of them"):
            self._queried(ctx, scraped, good)
        if theirs:
            with ctx.step("the targets of the monitors in observability_check_monitors are up"):
                user_monitors.prove(ctx, scraped, everybody, theirs)
        with ctx.step("what was deleted is no target any more"):
            self._remove(ctx, scraped, wanted, list(good))
        with ctx.step("every Prometheus can be asked"):
            if scraped.unasked:
                ctx.inconclusive("; ".join(dict.fromkeys(scraped.unasked.values())) + f", or leave it out with {_NAMED}",
                                 unasked=sorted(scraped.unasked))

    # ---- the Prometheis ---------------------------------------------------------------------------------------------
    def _pods(self, ctx: Context, found: dict[tuple[str, bool], Prometheus]) -> Pods:
        """The pods of each, once all are ready; as the operator names them where they may not be seen."""
        pods: Pods = {}

        def ready() -> bool:
            for key, one in found.items():
                if key not in pods or not all(r.ready for r in pods[key]):
                    pods[key], seen = replicas(ctx, one)
                    if not seen:
                        unseen.add(key)
            return all(r.ready for key, rs in pods.items() if key not in unseen for r in rs)

        unseen: set[tuple[str, bool]] = set()
        try:
            ctx.until(ready, "replicas are ready", seconds=READY, every=1.0)
        except StepFailed:
            bad = [r for key, rs in pods.items() if key not in unseen for r in rs if not r.ready]
            for r in bad:
                ctx.touches(r.prometheus.kind, r.prometheus.name, r.prometheus.namespace)
                ctx.touches("Pod", r.pod, r.prometheus.namespace)
                ctx.see(kind="prometheus", variant="replica", target=f"{r.prometheus.namespace}/{r.pod}", ok=False,
                        error=r.waits)
            ctx.fail(f"{len(bad)} of {sum(map(len, pods.values()))} pods of Prometheus are not ready: "
                     + listed(f"{r.pod} of {r.prometheus.ref} ({r.waits})" for r in bad))
        ctx.observe(replicas={ref: [r.pod for r in rs] for (ref, _agent), rs in pods.items()})
        return pods

    # ---- what is scraped --------------------------------------------------------------------------------------------
    def _make(self, ctx: Context, found: dict[str, list[Prometheus]], pods: Pods) -> list[Column]:
        """The pod with its monitors; what each of them should show where."""
        ctx.create(monitors_.gauge(ctx.nonce, int(self._value)))
        self._gauge = Standing(ctx, f"gauge-{ctx.nonce}", lambda _times: ctx.create(monitors_.pod(ctx.nonce, ctx.image("agnhost"))))
        self._gauge.create()
        ctx.create(monitors_.front(ctx.nonce))
        try:
            self._gauge.wait(lambda items: pod_ready(self._gauge.now(items) or {"metadata": {}}), f"pod {self._gauge.name} is ready", STARTS)
        except StepFailed as e:
            ctx.inconclusive(f"there is nothing to be scraped: {e}")
        wanted = []
        for kind, all_of in found.items():
            for number, labels in enumerate(grouped(kind, all_of)):
                made = ctx.create(monitors_.monitor(kind, ctx.nonce, number, labels))
                monitor = Monitor(kind, ctx.namespace, made["metadata"]["name"])
                taking = [p for p in all_of if p.takes(kind, made["metadata"].get("labels") or {})]
                wanted += columns(monitor, [(p, pods[p.ref, p.agent]) for p in taking])
        self._unmet(ctx, found, wanted)
        return wanted

    def _unmet(self, ctx: Context, found: dict[str, list[Prometheus]], wanted: list[Column]) -> None:
        """Those whose selector no labels of ours can meet."""
        for kind, all_of in found.items():
            met = {c.prometheus.ref for c in wanted if c.monitor.kind == kind}
            for one in [p for p in all_of if p.ref not in met]:
                ctx.touches(one.kind, one.name, one.namespace)
                ctx.inconclusive(f"Prometheus {one.ref} selects no {kind} of ours, whatever its labels; "
                                 f"leave it out with {_NAMED}")

    def _scrape(self, ctx: Context, scraped: Scraped, wanted: list[Column]) -> dict[Column, list[Look]]:
        start = time.monotonic()
        good, bad = scraped.up(wanted, float(ctx.options.get("scrape_limit") or 300.0), self._gauge.renew)
        told = scraped.told(good, bad)
        if told:
            what = f"what a pod shows is not scraped by {len(told)} of {len(good) + len(bad)}"
            if all(any(look.active for look in looks) for looks in bad.values()):
                policies.excuse(ctx, what, allow="what Prometheus asks for")
            ctx.fail(f"{what}: " + listed(f"{who}: {why}" for who, why in told.items()))
        if good:
            ctx.measure("new target scraped by all after", time.monotonic() - start, "s")
        return good

    def _query(self, ctx: Context) -> str:
        return f'{monitors_.METRIC}{{nonce="{ctx.nonce}"}}'

    def _queried(self, ctx: Context, scraped: Scraped, good: dict[Column, list[Look]]) -> None:
        """In the shard that scrapes it, under the labels of its target."""
        for column, looks in good.items():
            if column.prometheus.agent:
                continue
            replica = next(r for r, look in zip(column.pods, looks) if look.up)
            jobs = {str(labels.get("job")) for labels in labels_of(looks)}
            last: list[Any] = []

            def there(replica: Replica = replica, jobs: set[str] = jobs) -> bool:
                last[:] = scraped.asker.values(replica, self._query(ctx))
                return any(value == self._value and (m.get("job") in jobs or "job" not in m) for m, value in last)

            try:
                ctx.until(there, "value", seconds=VALUE, every=1.0)
            except Unasked as e:
                scraped.unasked[column.words] = f"{e}; {e.allow}"
                continue
            except StepFailed:
                ctx.touches("Prometheus", column.prometheus.name, column.prometheus.namespace)
                told = f"it has {listed(sorted({v for _m, v in last}))}" if last else "it has none"
                ctx.see(kind="query", target=column.words, variant=column.monitor.kind, ok=False, error=told)
                ctx.fail(f"{column.words} scrapes {column.monitor.ref} and has not its value {self._value}: {told}")
            ctx.see(kind="query", target=column.words, variant=column.monitor.kind, ok=True)

    # ---- its end ----------------------------------------------------------------------------------------------------
    def _remove(self, ctx: Context, scraped: Scraped, wanted: list[Column], good: list[Column]) -> None:
        """Its value can be queried for five minutes more where the monitor goes first: a Prometheus that drops a whole scrape
        pool writes no end of its series (prometheus, scrape/scrape.go, endOfRunStaleness)."""
        for kind, name in dict.fromkeys((c.monitor.kind, c.monitor.name) for c in wanted):
            ctx.delete(kind, name, api_version=f"{GROUP}/v1")
        for kind in ("Service", "Pod"):
            ctx.delete(kind, f"gauge-{ctx.nonce}")
        start, left = time.monotonic(), dict.fromkeys(good, "")
        deaf: dict[Column, str] = {}

        def gone() -> bool:
            for column in list(left):
                deaf.pop(column, None)
                try:
                    there = any(scraped.asker.look(r, column.monitor.pool).active for r in column.pods)
                    left[column] = f"still has the target of {column.monitor.ref}" if there else ""
                    if not there:
                        del left[column]
                except Unasked as e:
                    deaf[column] = f"{e}; {e.allow}"
            return not left

        try:
            ctx.until(gone, "gone", seconds=GONE, every=1.0)
        except StepFailed:
            scraped.unasked.update({c.words: why for c, why in deaf.items()})
            still = {c: why or "could not be asked" for c, why in left.items() if c not in deaf}
            for column, why in still.items():
                ctx.see(kind="gone", target=column.words, variant=column.monitor.kind, ok=False, error=why)
            if still:
                ctx.fail(f"{GONE:.0f} s after what was scraped is gone: " + listed(f"{c.words} {why}" for c, why in still.items()))
        if good and not left:
            ctx.measure("deleted target gone from all after", time.monotonic() - start, "s")
