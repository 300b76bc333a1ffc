# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""service_monitor: what leaves targets out, and whose word counts where a Prometheus is silent, or something stands before it."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._prometheus import relabelings
from ansible_collections.assay.clusters.plugins.module_utils.checks._prometheus.ask import Asker, Replica, Unasked
from ansible_collections.assay.clusters.plugins.module_utils.checks._prometheus.selection import Prometheus
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe, api_error
from ansible_collections.assay.clusters.tests.unit.checks.prometheis import Watched, prometheus

DROP = {"action": "Drop", "sourceLabels": ["a", "b"], "regex": "x.*"}


@pytest.mark.parametrize(("spec", "words"), [
    ({}, ""), ({"endpoints": [{"relabelings": [{"targetLabel": "a"}, {"action": "labeldrop", "regex": "x"}]}]}, ""),
    ({"endpoints": [{"relabelings": [DROP]}, {"relabelings": [DROP]}]}, "its relabelings drop targets by a and b (x.*)"),
    ({"podMetricsEndpoints": [{"relabelings": [{"action": "keepequal", "sourceLabels": ["a"]}]}]}, "its relabelings keep targets by a")])
def test_relabelings_that_can_leave_targets_out_are_said(spec: dict[str, Any], words: str) -> None:
    assert relabelings.of_monitor({"spec": spec}) == words


@pytest.mark.parametrize(("named", "words"), [
    (None, "relabelings of its scrape class usual drop targets by a and b (x.*)"), ("other", ""), ("nowhere", "")])
def test_those_of_a_scrape_class_count_for_its_monitors(named: Any, words: str) -> None:
    classes = [{"name": "other"}, {"name": "usual", "default": True, "relabelings": [DROP]}]
    monitor = {"spec": {"scrapeClass": named} if named else {}}
    assert relabelings.of_class(Prometheus(prometheus(scrapeClasses=classes)), monitor) == words


def test_a_scrape_class_that_leaves_ours_out_is_seen(monkeypatch: Any) -> None:
    watched = Watched(monkeypatch, prometheus(scrapeClasses=[{"name": "usual", "default": True, "relabelings": [DROP]}]))
    watched.dropped = 1
    with pytest.raises(StepFailed, match="it dropped all 1 targets"):
        watched.run()
    assert {o["target"] for o in watched.ctx.seen(kind="relabelings")} == {"Prometheus monitoring/k8s (prometheus-k8s-0)"}


# ---- silence ------------------------------------------------------------------------------------------------------
def test_a_silent_replica_hides_no_fault_of_another(monkeypatch: Any) -> None:
    watched = Watched(monkeypatch, prometheus(replicas=2))
    watched.deaf, watched.silent = {"prometheus-k8s-1"}, {"prometheus-k8s-0"}
    with pytest.raises(StepFailed, match=r"\(prometheus-k8s-0\): its configuration has nothing of it$"):
        watched.run()
    watched = Watched(monkeypatch, prometheus(replicas=2))
    watched.deaf = {"prometheus-k8s-1"}
    with pytest.raises(Inconclusive, match="^prometheus-k8s-1 of Prometheus monitoring/k8s could not be asked: forbidden; allow get on "):
        watched.run()
    assert len(watched.ctx.seen(kind="query", ok=True)) == 2


def test_what_the_api_server_cannot_tell_is_no_fault_of_a_prometheus(monkeypatch: Any) -> None:
    watched = Watched(monkeypatch, prometheus())

    def late(*_args: Any, **_query: Any) -> Any:
        raise api_error(503, "the server is starting")

    monkeypatch.setattr(Asker, "ask", late)
    with pytest.raises(Inconclusive, match=r"\(prometheus-k8s-0\) could not be asked: .*the server is starting"):
        watched.run()


# ---- what stands before it ----------------------------------------------------------------------------------------
def _asked(client: Any, shell: Any) -> Any:
    ctx: Any = FakeContext({}, [FakeProbe("n1", "10.0.0.1", shell=shell)])
    monitored = Prometheus(prometheus(web={"tlsConfig": {}}))
    monitored_pod = Replica(monitored, "prometheus-k8s-0", 0, {"status": {"podIP": "10.0.0.9"}})
    ctx.client.request = client
    return Asker(ctx).ask(monitored_pod, "targets")


def test_one_that_wants_a_client_certificate_is_asked_from_a_probe_and_its_refusal_proves_nothing() -> None:
    words = "error trying to reach service: remote error: tls: certificate required"

    def refuses(*_args: Any, **_more: Any) -> Any:
        raise api_error(503, words, {"kind": "Status"})

    assert _asked(refuses, lambda *_a: '{"status":"success","data":[1]}\n200') == [1]
    with pytest.raises(Unasked, match=f"{words}; nor from a probe: exit status 56"):
        _asked(refuses, lambda *_a: ("", "exit status 56"))


@pytest.mark.parametrize("status", [401, 403])
def test_one_that_wants_credentials_says_what_would_help(status: int) -> None:
    def refuses(*_args: Any, **_more: Any) -> Any:
        raise api_error(status, "Unauthorized")

    with pytest.raises(Unasked, match="Prometheus monitoring/k8s asks for credentials: Unauthorized") as caught:
        _asked(refuses, None)
    assert caught.value.allow == "let its API be asked without credentials from within the cluster"
