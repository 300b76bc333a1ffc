# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster with Prometheis that follow what a check makes, and small ways in which they do not."""
from __future__ import annotations

import re
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.checks._prometheus import monitors as monitors_
from ansible_collections.assay.clusters.plugins.module_utils.checks._prometheus.selection import AGENTS, GROUP, PROMETHEUSES
from ansible_collections.assay.clusters.plugins.module_utils.checks._prometheus.ask import Asker, Replica, Unasked
from ansible_collections.assay.clusters.plugins.module_utils.checks.service_monitor import ServiceMonitor
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext

SPACE = FakeContext.namespace
NAMESPACE = f"/api/v1/namespaces/{SPACE}"
ALL = {f"{kind}Monitor{what}": {} for kind in ("service", "pod") for what in ("Selector", "NamespaceSelector")}


def labelled(**labels: str) -> dict[str, Any]:
    """A Prometheus' spec that selects monitors of all namespaces by labels."""
    return {**ALL, "serviceMonitorSelector": {"matchLabels": labels}, "podMonitorSelector": {"matchLabels": labels}}


def prometheus(name: str = "k8s", namespace: str = "monitoring", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {**ALL, **spec}}


def ready(name: str, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"podIP": "10.0.0.9", "conditions": [{"type": "Ready", "status": "True"}], **status}}


class Watched:
    """What a check sees. error: of our target; dropped: targets that are left out; silent: pods whose configuration has
    nothing; elsewhere: pods that have no target; deaf: pods that cannot be asked; shows: the value, ours if None; stays: whether
    targets outlive what they are of."""

    def __init__(self, monkeypatch: Any, *items: dict[str, Any], agents: tuple[dict[str, Any], ...] = (), **options: Any):
        self.ctx = FakeContext({
            f"/apis/{GROUP}/v1": {}, PROMETHEUSES: {"items": list(items)}, AGENTS: {"items": list(agents)},
            NAMESPACE: {"metadata": {"name": SPACE, "labels": {"team": "shop"}}},
        }, **options)
        self.error, self.dropped, self.stays, self.shows = "", 0, False, None
        self.silent, self.deaf, self.elsewhere = set[str](), set[str](), set[str]()
        for item in (*items, *agents):
            meta, spec = item["metadata"], item["spec"]
            stem = f"{'prom-agent' if item in agents else 'prometheus'}-{meta['name']}"
            shards = [f"{stem}-shard-{s}" if s else stem for s in range(spec.get("shards", 1))]
            pods = [ready(f"{shard}-{r}") for shard in shards for r in range(spec.get("replicas", 1))]
            self.ctx.client.answers.setdefault(f"/api/v1/namespaces/{meta['namespace']}/pods", {"items": []})["items"] += pods
        self.ctx.on_create = self._created
        monkeypatch.setattr(Asker, "ask", lambda _self, replica, path, **query: self._ask(replica, path, query))

    def _created(self, manifest: dict[str, Any]) -> dict[str, Any]:
        if manifest["kind"] == "Pod":
            self.ctx.items["pods"] = {(SPACE, manifest["metadata"]["name"]): ready(manifest["metadata"]["name"])}
        return manifest

    def made(self, kind: str) -> list[dict[str, Any]]:
        return [m for m in self.ctx.created if m["kind"] == kind]

    @property
    def value(self) -> str:
        return re.search(r" (\d+)\n$", self.made("ConfigMap")[0]["data"][monitors_.FILE])[1]

    def _pools(self) -> list[str]:
        there = [m for m in self.ctx.created if m["kind"].endswith("Monitor")
                 and (self.stays or (m["kind"], m["metadata"]["name"]) not in self.ctx.deleted)]
        return [monitors_.pool(m["kind"], SPACE, m["metadata"]["name"]) + "0" for m in there]

    def _ask(self, replica: Replica, path: str, query: dict[str, str]) -> Any:
        if replica.pod in self.deaf:
            raise Unasked(f"{replica.pod} of Prometheus {replica.prometheus.ref} could not be asked: forbidden")
        if path == "scrape_pools":
            return {"scrapePools": [] if replica.pod in self.silent else self._pools()}
        if path == "targets":
            target = {"scrapePool": query["scrapePool"], "health": "down" if self.error else "up", "lastError": self.error,
                      "scrapeUrl": "http://10.0.0.5:8080/metrics/gauge.txt", "labels": {"job": "ours"}}
            here = not self.dropped and replica.pod not in self.elsewhere
            return {"activeTargets": [target] if here else [], "droppedTargetCounts": {query["scrapePool"]: self.dropped}}
        if path == "query":
            there = self._pools() and replica.pod not in self.elsewhere
            return {"result": [{"metric": {"job": "ours"}, "value": [0, self.shows or self.value]}] if there else []}
        return {"reloadConfigSuccess": True}

    def run(self) -> FakeContext:
        check: Any = ServiceMonitor()
        check.bounds(self.ctx.options)
        if reason := check.applies(self.ctx):
            self.ctx.skip(reason)
        check.run(self.ctx)
        return self.ctx
