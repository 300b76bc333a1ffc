# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""service_monitor, seen red for a monitor of somebody's: a broken one beside a whole one, which is never named."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._prometheus import user_monitors
from tests.addons.scraping import API, CAUSE, K8S, SPACE, application, green, monitor, record_of
from tests.faults.conftest import assert_red

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("monitoring")]
WHOLE, BROKEN = f"{SPACE}/whole", f"{SPACE}/broken"
KINDS = ("ServiceMonitor", "PodMonitor")


@pytest.fixture(scope="module", autouse=True)
def theirs(lab: Any) -> Iterator[None]:
    with application(lab):
        yield


@pytest.fixture(autouse=True)
def soon(monkeypatch: Any) -> None:
    """Targets of theirs are there before ours are."""
    monkeypatch.setattr(user_monitors, "SECONDS", 25.0)


def _broken(lab: Any, prove: Any, *words: str, sure: str = "confirmed", kind: str = "ServiceMonitor", **how: Any) -> Any:
    """The one is named, the other is not, and ours was scraped before; mended, all is well."""
    with monitor(lab, "whole"):
        witness = lab.api(f"{API}/{SPACE}/servicemonitors/whole")["metadata"]
        with monitor(lab, "broken", kind, **how):
            record = record_of(prove, monitors=[WHOLE, BROKEN])
        assert_red(record, CAUSE, [f"{kind.lower()}/{BROKEN}"], sure, *words)
        assert record.step == "the targets of the monitors in observability_check_monitors are up"
        assert not any(WHOLE in line for line in [record.message, *record.evidence]), record.evidence
        assert prove.result["leftovers"] == []
        with monitor(lab, "broken", kind):
            green(prove, monitors=[WHOLE, BROKEN])
        after = lab.api(f"{API}/{SPACE}/servicemonitors/whole")["metadata"]
        assert (after["uid"], after["generation"]) == (witness["uid"], witness["generation"])
    return record


# ---- who selects what -----------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_monitor_that_nobody_selects(lab: Any, prove: Any) -> None:
    record = _broken(lab, prove, "selects ServiceMonitors with release=kube-prometheus-stack, and the labels are app=web",
                     labels={"app": "web"})
    assert "labels" in record.remedy


@pytest.mark.gauntlet
def test_a_namespace_that_is_not_looked_at(lab: Any, prove: Any) -> None:
    """Of theirs it is a fault. Where it is ours, nothing is proved, and what would help is said."""
    other = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [SPACE]}]}
    with monitor(lab, "whole"):
        with lab.fault.patch(K8S, {"spec": {"serviceMonitorNamespaceSelector": other}}):
            record = record_of(prove, monitors=[WHOLE])
        assert_red(record, CAUSE, [f"servicemonitor/{WHOLE}"], "confirmed",
                   f"it looks in namespaces with kubernetes.io/metadata.name notin ({SPACE})")
        with lab.fault.patch(K8S, {"spec": {"serviceMonitorNamespaceSelector": {"matchLabels": {"monitored": "yes"}}}}):
            record = record_of(prove)
        assert_red(record, "harness.precondition", ["prometheus/monitoring/k8s"], "confirmed", "validate_namespace",
                   verdict="inconclusive")
        green(prove, monitors=[WHOLE])


# ---- targets --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("kind", "words"), [
    pytest.param("ServiceMonitor", "it names the port metrics, and the ports of services web are called closed, http"),
    pytest.param("PodMonitor", "it names the port metrics, and the ports of pods web are called http", marks=pytest.mark.gauntlet)])
def test_a_port_that_there_is_not(lab: Any, prove: Any, kind: str, words: str) -> None:
    record = _broken(lab, prove, words, "it dropped all ", kind=kind, port="metrics")
    assert record.next_command.endswith(f"-n {SPACE} get {kind.lower()} broken -o yaml")


@pytest.mark.gauntlet
def test_a_target_that_refuses(lab: Any, prove: Any) -> None:
    record = _broken(lab, prove, ":8081/echo", "connection refused", port="closed")
    assert record.remedy.startswith("nothing listens at that address")


@pytest.mark.gauntlet
@pytest.mark.parametrize(("words", "how"), [
    ("server returned HTTP status 404", {"params": {"code": ["404"], "msg": ["none"]}}), ("while parsing: ", {"path": "/a-page"})])
def test_a_page_that_is_no_metrics(lab: Any, prove: Any, words: str, how: dict[str, Any]) -> None:
    record = _broken(lab, prove, words, kind="PodMonitor", **how)
    assert "path" in record.remedy


@pytest.mark.gauntlet
def test_a_target_that_takes_too_long_is_not_sure(lab: Any, prove: Any) -> None:
    _broken(lab, prove, "context deadline exceeded", sure="probable", path="/shell", params={"shellCommand": ["sleep 20"]})


@pytest.mark.gauntlet
def test_targets_that_relabelings_leave_out_are_not_sure(lab: Any, prove: Any) -> None:
    leave = [{"action": "drop", "sourceLabels": ["__meta_kubernetes_namespace"], "regex": SPACE}]
    record = _broken(lab, prove, f"its relabelings drop targets by __meta_kubernetes_namespace ({SPACE})", "it dropped all ",
                     sure="probable", relabelings=leave)
    assert "relabelings" in record.remedy
