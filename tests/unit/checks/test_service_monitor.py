# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""service_monitor: who should scrape, and what is said of each who does not."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._prometheus import ask as prometheus_ask
from ansible_collections.assay.clusters.plugins.module_utils.checks._prometheus.selection import GROUP, Prometheus, grouped, words
from ansible_collections.assay.clusters.plugins.module_utils.checks._prometheus.ask import Asker, Replica, Unasked
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply, Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import TransportError
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe, api_error
from ansible_collections.assay.clusters.tests.unit.checks.prometheis import ALL, NAMESPACE, SPACE, Watched, labelled, prometheus

SHOP = {"metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "endpoints": [{"port": "http"}]}}


def spaces(**labels: str) -> dict[str, Any]:
    """A Prometheus that looks in namespaces with these labels."""
    return {k: {"matchLabels": labels} for k in ALL if "Namespace" in k}


def service(*ports: dict[str, Any]) -> dict[str, Any]:
    """The Service that the shop's monitor selects."""
    return {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"ports": list(ports)}}


SHOP_PATH = f"/apis/{GROUP}/v1/namespaces/shop/servicemonitors/web"


def test_a_pod_of_ours_that_no_node_takes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, prometheus(**ALL))
    words = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Too many pods."}

    def unplaced(manifest: dict[str, Any]) -> dict[str, Any]:
        if manifest["kind"] == "Pod":
            watched.ctx.items["pods"] = {(SPACE, manifest["metadata"]["name"]): {**manifest, "spec": {}, "status": {"conditions": [words]}}}
        return manifest

    watched.ctx.on_create = unplaced
    with pytest.raises(Inconclusive, match=r"^there is nothing to be scraped: pod gauge-\w+ is ready: no node takes pod gauge-\w+, of which the "
                                           "scheduler says the same for 12 s: 0/3 nodes are available"):
        watched.run()


@pytest.mark.parametrize("times", [1, 3])
def test_a_pod_of_ours_that_others_end_before_it_is_scraped_is_made_again(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    watched, left = Watched(monkeypatch, prometheus(**ALL)), [times]

    def ask(_self: Any, replica: Any, path: str, **query: str) -> Any:
        if path == "targets" and left[0] and watched.ctx.items["pods"]:
            left[0] -= 1
            watched.ctx.items["pods"].clear()
        there = path != "targets" or watched.ctx.items["pods"]
        return watched._ask(replica, path, query) if there else {"activeTargets": [], "droppedTargetCounts": {}}  # pylint: disable=protected-access

    monkeypatch.setattr(Asker, "ask", ask)
    assert watched.run().observed["gauge_ended"] == ["deleted"] * times
    assert len(watched.made("Pod")) == times + 1 and not watched.ctx.seen(ok=False)


# ---- who selects what ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("selector", "labels", "takes"), [
    (None, {}, False), (None, None, False), ({}, {}, True), ({}, None, True),
    ({"matchLabels": {"team": "shop"}}, {"team": "shop"}, True), ({"matchLabels": {"team": "shop"}}, {}, False),
    ({"matchLabels": {"team": "shop"}}, None, None),
    ({"matchLabels": {"kubernetes.io/metadata.name": SPACE}}, None, True),
    ({"matchLabels": {"kubernetes.io/metadata.name": "other"}}, None, False),
    ({"matchExpressions": [{"key": "quiet", "operator": "DoesNotExist"}]}, {"quiet": "x"}, False)])
def test_a_prometheus_looks_in_namespaces_by_their_labels(selector: Any, labels: Any, takes: Any) -> None:
    one = Prometheus(prometheus(serviceMonitorNamespaceSelector=selector))
    assert one.takes_space("ServiceMonitor", SPACE, labels) is takes
    assert Prometheus(prometheus(namespace=SPACE, serviceMonitorNamespaceSelector=None)).takes_space("ServiceMonitor", SPACE, labels)


def test_labels_of_monitors_are_as_few_sets_as_there_can_be() -> None:
    several = [Prometheus(prometheus(n, **spec)) for n, spec in (
        ("a", labelled(release="a")), ("all", ALL), ("team", labelled(team="x")), ("b", labelled(release="b")))]
    assert grouped("PodMonitor", several) == [{"release": "a", "team": "x"}, {"release": "b"}]
    assert grouped("PodMonitor", []) == []


def test_a_selector_is_said_as_kubectl_writes_it() -> None:
    assert words({"matchLabels": {"a": "b"}, "matchExpressions": [
        {"key": "c", "operator": "In", "values": ["d", "e"]}, {"key": "f", "operator": "DoesNotExist"},
        {"key": "g", "operator": "Exists"}]}) == "a=b, c in (d,e), !f, g"
    assert (words({}), words(None)) == ("everything", "nothing")


# ---- a healthy cluster --------------------------------------------------------------------------------------------
def test_every_replica_of_every_prometheus_has_the_value_and_loses_it(monkeypatch: Any) -> None:
    watched = Watched(monkeypatch, prometheus("a", replicas=2, **labelled(release="a")), prometheus("b", **labelled(release="b")),
                      prometheus("own", serviceMonitorNamespaceSelector=None, podMonitorNamespaceSelector=None))
    ctx = watched.run()
    assert [m["metadata"]["labels"] for m in watched.made("ServiceMonitor")] == [{"release": "a"}, {"release": "b"}]
    assert len(ctx.seen(kind="scrape", ok=True)) == len(ctx.seen(kind="query", ok=True)) == 6 and not ctx.seen(ok=False)
    assert ctx.observed["not_scraping"]["PodMonitor"] == {"monitoring/own": "it looks in its own namespace only"}
    assert not ctx.warnings
    assert [k for k, _n in ctx.deleted] == ["ServiceMonitor"] * 2 + ["PodMonitor"] * 2 + ["Service", "Pod"]
    assert len(ctx.measurements) == 2


def test_an_agent_scrapes_and_is_asked_for_no_value(monkeypatch: Any) -> None:
    ctx = Watched(monkeypatch, agents=(prometheus("edge"),)).run()
    assert len(ctx.seen(kind="scrape", ok=True)) == 2 and not ctx.seen(kind="query")


def test_one_of_the_shards_scrapes_it(monkeypatch: Any) -> None:
    watched = Watched(monkeypatch, prometheus(shards=2))
    watched.elsewhere = {"prometheus-k8s-0"}
    both = "Prometheus monitoring/k8s (prometheus-k8s-0, prometheus-k8s-shard-1-0)"
    assert watched.run().seen(kind="query", target=both, ok=True)
    watched = Watched(monkeypatch, prometheus(shards=2))
    watched.silent = {"prometheus-k8s-shard-1-0"}
    with pytest.raises(StepFailed, match="its configuration has nothing of it"):
        watched.run()


# ---- nothing to prove ---------------------------------------------------------------------------------------------
def test_without_an_operator_it_is_skipped_and_others_are_named(monkeypatch: Any) -> None:
    watched = Watched(monkeypatch)
    del watched.ctx.client.answers[f"/apis/{GROUP}/v1"]
    watched.ctx.client.answers["/apis"] = {"groups": [{"name": "apps"}, {"name": "operator.victoriametrics.com"}]}
    with pytest.raises(DoesNotApply, match="no group monitoring.coreos.com; metrics are collected by VictoriaMetrics' operator"):
        watched.run()


@pytest.mark.parametrize(("items", "words_"), [
    ([], "there is no Prometheus object"),
    ([prometheus(serviceMonitorSelector=None, podMonitorSelector=None)], "no Prometheus object with replicas selects"),
    ([prometheus(namespace="openshift-monitoring", **spaces(**{"openshift.io/cluster-monitoring": "true"}))],
     "monitoring of users' ones is not enabled")])
def test_where_nobody_scrapes_users_it_is_skipped(monkeypatch: Any, items: Any, words_: str) -> None:
    with pytest.raises(DoesNotApply, match=words_):
        Watched(monkeypatch, *items).run()


def test_namespaces_that_ours_is_none_of_are_told(monkeypatch: Any) -> None:
    other = spaces(team="other")
    watched = Watched(monkeypatch, prometheus(**other))
    with pytest.raises(Inconclusive, match=f"^no ServiceMonitor in namespace {SPACE} is looked for by Prometheus monitoring/k8s "
                                           ".it looks in namespaces with team=other only.; name a namespace where it does in "
                                           "validate_namespace"):
        watched.run()
    assert not watched.ctx.created
    watched = Watched(monkeypatch, prometheus(**other), prometheus("b"), prometheuses=["monitoring/k8s"])
    with pytest.raises(Inconclusive, match="by Prometheus monitoring/k8s "):
        watched.run()
    with pytest.raises(Inconclusive, match=f"^no PodMonitor in namespace {SPACE} is"):
        Watched(monkeypatch, prometheus(podMonitorNamespaceSelector=None)).run()
    assert Watched(monkeypatch, prometheus(podMonitorSelector=None)).run().seen(kind="scrape", variant="ServiceMonitor", ok=True)
    with pytest.raises(StepFailed, match="there is no Prometheus monitoring/c, which observability_check_prometheuses names"):
        Watched(monkeypatch, prometheus(), prometheuses=["monitoring/c"]).run()


def test_a_selector_that_our_labels_cannot_meet_is_told(monkeypatch: Any) -> None:
    selector = {"matchExpressions": [{"key": "a", "operator": "Exists"},
                                     {"key": "a", "operator": "NotIn", "values": ["true"]}]}
    with pytest.raises(Inconclusive, match="Prometheus monitoring/k8s selects no PodMonitor of ours"):
        Watched(monkeypatch, prometheus(podMonitorSelector=selector)).run()


# ---- red ----------------------------------------------------------------------------------------------------------
def test_a_replica_that_does_not_run_is_named(monkeypatch: Any) -> None:
    watched = Watched(monkeypatch, prometheus(replicas=2))
    pods = watched.ctx.client.answers["/api/v1/namespaces/monitoring/pods"]["items"]
    waits = {"reason": "ImagePullBackOff", "message": "no such tag"}
    pods[1]["status"] = {"containerStatuses": [{"state": {"waiting": waits}}]}
    with pytest.raises(StepFailed, match=r"^1 of 2 pods of Prometheus are not ready: prometheus-k8s-1 of monitoring/k8s "
                                         r"\(ImagePullBackOff: no such tag\)$"):
        watched.run()
    assert ("Pod", "monitoring", "prometheus-k8s-1") in watched.ctx.path
    pods.pop()
    with pytest.raises(StepFailed, match="there is no such pod"):
        watched.run()


@pytest.mark.parametrize(("change", "words_"), [
    ({"error": "connection refused"}, "target http://10.0.0.5:8080/metrics/gauge.txt is down: connection refused"),
    ({"dropped": 3}, "it dropped all 3 targets that it found"), ({"elsewhere": {"prometheus-k8s-0"}}, "it finds no target"),
    ({"silent": {"prometheus-k8s-0"}}, "its configuration has nothing of it"),
    ({"shows": "7"}, "has not its value .*: it has 7$"),
    ({"stays": True}, "^120 s after what was scraped is gone: .* still has the target")])
def test_what_is_not_scraped_is_said_in_the_words_of_the_prometheus(monkeypatch: Any, change: dict[str, Any], words_: str) -> None:
    watched = Watched(monkeypatch, prometheus())
    vars(watched).update(change)
    with pytest.raises(StepFailed, match=words_):
        watched.run()
    assert watched.ctx.seen(ok=False)


def test_what_the_account_of_a_prometheus_may_not_list_is_asked(monkeypatch: Any) -> None:
    watched = Watched(monkeypatch, prometheus(serviceAccountName="p8s"))
    watched.elsewhere, asked = {"prometheus-k8s-0"}, []

    def review(body: Any) -> Any:
        asked.append(body["spec"])
        return {"status": {"allowed": body["spec"]["resourceAttributes"]["resource"] == "pods"}}

    watched.ctx.client.answers["/apis/authorization.k8s.io/v1/subjectaccessreviews"] = review
    with pytest.raises(StepFailed):
        watched.run()
    assert {a["user"] for a in asked} == {"system:serviceaccount:monitoring:p8s"}
    denied = {o["variant"] for o in watched.ctx.seen(kind="right", ok=False)}
    assert denied == {f"list {r} in namespace {SPACE}" for r in ("services", "endpoints")}


def test_a_prometheus_that_cannot_be_asked_leaves_the_others_proved(monkeypatch: Any) -> None:
    watched = Watched(monkeypatch, prometheus("a"), prometheus("b"))
    watched.deaf = {"prometheus-a-0"}
    with pytest.raises(Inconclusive, match="prometheus-a-0 of Prometheus monitoring/a could not be asked: forbidden; allow get on "):
        watched.run()
    assert len(watched.ctx.seen(kind="query", ok=True)) == 2 and watched.ctx.deleted


# ---- monitors of users --------------------------------------------------------------------------------------------
def _users(monkeypatch: Any, *items: Any, services: Any = None, **change: Any) -> Watched:
    watched = Watched(monkeypatch, *(items or [prometheus()]), monitors=["shop/web"])
    told = watched.ctx.client.answers
    told.update({SHOP_PATH: SHOP, "/api/v1/namespaces/shop": {"metadata": {"name": "shop", "labels": {"env": "prod"}}}})
    if services is not None:
        told["/api/v1/namespaces/shop/services"] = {"items": services}
    pools = {"scrapePools": ["serviceMonitor/shop/web/0"]}
    real = watched._ask

    def ask(replica: Replica, path: str, query: dict[str, str]) -> Any:
        if path == "scrape_pools":
            return {"scrapePools": [*real(replica, path, query)["scrapePools"], *pools["scrapePools"]]}
        if path == "targets" and query["scrapePool"] in pools["scrapePools"]:
            target = {"scrapePool": query["scrapePool"], "health": "up", "scrapeUrl": "u", **change.get("target", {})}
            return {"activeTargets": [target] if "target" in change else [], "droppedTargetCounts": {query["scrapePool"]: 2}}
        return real(replica, path, query)

    monkeypatch.setattr(watched, "_ask", ask)
    return watched


def test_targets_of_a_users_monitor_are_up_or_the_check_is_red(monkeypatch: Any) -> None:
    target = "ServiceMonitor shop/web by Prometheus monitoring/k8s (prometheus-k8s-0)"
    assert _users(monkeypatch, target={}).run().seen(kind="scrape", target=target, ok=True)
    with pytest.raises(StepFailed, match="^targets are not up: ServiceMonitor shop/web by .*: target u is down: it took too long"):
        _users(monkeypatch, target={"health": "down", "lastError": "it took too long"}).run()


@pytest.mark.parametrize(("services", "words_"), [
    ([], r"it selects services with app=web, and there is none in namespace shop$"),
    ([service({"name": "metrics", "port": 1}, {"port": 2})], r"it names the port http, and the ports of services web are called metrics$"),
    ([service({"name": "http", "port": 1})], r"keeps no names of them$"),
    (None, r"keeps no names of them$")])
def test_a_monitor_that_fits_nothing_is_compared_with_what_there_is(monkeypatch: Any, services: Any, words_: str) -> None:
    with pytest.raises(StepFailed, match=words_):
        _users(monkeypatch, services=services).run()


@pytest.mark.parametrize(("spec", "words_"), [
    (labelled(release="x"), "it selects ServiceMonitors with release=x, and the labels are app=web"),
    ({"serviceMonitorNamespaceSelector": {"matchLabels": {"team": "shop"}}},
     "it looks in namespaces with team=shop, and the labels of shop are env=prod")])
def test_a_monitor_that_nobody_selects_is_said_with_both_sides(monkeypatch: Any, spec: Any, words_: str) -> None:
    watched = _users(monkeypatch, prometheus(**spec))
    whole = f"^targets are not up: no Prometheus selects ServiceMonitor shop/web: monitoring/k8s: {words_}$"
    with pytest.raises(StepFailed, match=whole):
        watched.run()
    assert watched.ctx.seen(kind="selected", ok=False)


def test_a_monitor_that_there_is_not_is_told(monkeypatch: Any) -> None:
    watched = _users(monkeypatch, target={})
    del watched.ctx.client.answers[SHOP_PATH]
    with pytest.raises(StepFailed, match="there is no ServiceMonitor or PodMonitor shop/web"):
        watched.run()


# ---- asking -------------------------------------------------------------------------------------------------------
def _asked(monkeypatch: Any, answer: Any, probe: Any = None, spec: Any = None, path: str = "targets") -> Any:
    class Http:
        def __init__(self, *_args: Any):
            pass

        def get(self, *_args: Any, **_more: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return SimpleNamespace(text=answer[0], status=answer[1])

    monkeypatch.setattr(prometheus_ask, "PodHttp", Http)
    ctx: Any = FakeContext({NAMESPACE: {}}, [FakeProbe("n1", "10.0.0.1", shell=probe)] if probe else [])
    one = Prometheus(prometheus(**(spec or {})))
    return Asker(ctx).ask(Replica(one, "prometheus-k8s-0", 0, {"status": {"podIP": "10.0.0.9"}}), path, state="any")


def test_where_the_proxy_is_not_ours_to_use_a_probe_asks(monkeypatch: Any) -> None:
    told: list[str] = []

    def shell(_probe: Any, command: str) -> str:
        told.append(command)
        return '{"status":"success","data":[1]}\n200'

    forbidden = TransportError("pods is forbidden")
    assert _asked(monkeypatch, ('{"status":"success","data":[2]}', 200), shell) == [2] and not told
    assert _asked(monkeypatch, forbidden, shell, {"routePrefix": "/prom"}) == [1]
    assert "http://10.0.0.9:9090/prom/api/v1/targets?state=any" in told[0]
    with pytest.raises(Unasked, match="pods is forbidden"):
        _asked(monkeypatch, forbidden, shell, {"listenLocal": True})
    with pytest.raises(Unasked, match="nor from a probe: exit status 28"):
        _asked(monkeypatch, forbidden, lambda *_a: ("", "exit status 28"))


@pytest.mark.parametrize(("answer", "words_"), [
    (("<html>Sign in</html>", 200), "answers 200 <html>Sign in</html>"), (api_error(401, "Unauthorized"), "asks for credentials"),
    (('{"status":"error"}', 503), "answers 503")])
def test_what_is_no_answer_of_a_prometheus_proves_nothing(monkeypatch: Any, answer: Any, words_: str) -> None:
    with pytest.raises(Unasked, match=words_):
        _asked(monkeypatch, answer)


def test_what_an_old_prometheus_does_not_know_is_no_answer(monkeypatch: Any) -> None:
    assert _asked(monkeypatch, ("404 page not found", 404), path="scrape_pools") is None
