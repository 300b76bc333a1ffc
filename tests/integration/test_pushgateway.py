# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics in the real Pushgateway, and what Prometheus would scrape of it, read by the parser of its library."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.pushgateway import pushgateway, scraped
from tests.unit.metrics.builders import metrics, of, parsed, record, run, stored


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pushgateway(tmp_path_factory.mktemp("pushgateway")) as url:
        yield url


def test_a_group_is_as_its_cluster_was_last(gateway: str, tmp_path: Path) -> None:
    before = stored(tmp_path / "1", run("c1", record("dns", "failed", cause="dns.server-down"), record("nodes")), run("c2"), run("ü/c 3"))
    assert metrics(before, pushgateway=gateway)["pushed"] == ["c1", "c2", "ü/c 3"]
    found = parsed(scraped(gateway))
    assert of(found, "assay_check_verdict", cluster="c1", check="dns", verdict="failed", job="assay", instance="") == 1
    assert of(found, "assay_check_cause_info", cluster="c1", cause="dns.server-down") == 1 and of(found, "assay_run_duration_seconds", cluster="ü/c 3")
    after = stored(tmp_path / "2", run("c1", record("dns"), seconds=7))
    assert metrics(after, pushgateway=gateway, push_required=True)["pushed"] == ["c1"]
    found = parsed(scraped(gateway))
    assert of(found, "assay_check_verdict", cluster="c1", check="dns", verdict="failed") == 0
    assert of(found, "assay_run_duration_seconds", cluster="c1") == 7 and of(found, "assay_run_duration_seconds", cluster="c2") == 12.25
    assert not [s for s in found["assay_check_duration_seconds"] if {("cluster", "c1"), ("check", "nodes")} <= set(s)], "the group is replaced"
    assert not found.get("assay_check_cause_info")


def test_a_grouping_key_keeps_pipelines_apart(gateway: str, tmp_path: Path) -> None:
    results = stored(tmp_path / "r", run("k1"))
    for pipeline in ("a", "b"):
        metrics(results, pushgateway=gateway, job="pipelines", grouping_key={"pipeline": pipeline}, push_required=True)
    found = parsed(scraped(gateway))
    assert [of(found, "assay_run_duration_seconds", job="pipelines", pipeline=p) for p in ("a", "b")] == [12.25] * 2
    assert of(found, "push_failure_time_seconds", job="pipelines", pipeline="a") == 0, "it took them without a complaint"
