# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which metrics there are: by Prometheus' rules of names, the same for each run, and read by its own parser."""
from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.metrics import exposed
from ansible_collections.assay.clusters.plugins.module_utils.metrics.families import FAMILIES, Family, samples
from ansible_collections.assay.clusters.plugins.module_utils.results.record import VERDICTS
from tests.unit.metrics.builders import of, parsed, record, run

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_a_name_has_our_prefix_base_units_and_no_suffix_of_other_kinds(family: Family) -> None:
    assert re.fullmatch(r"assay_[a-z]+(_[a-z]+)+", family.name) and not re.search(r"_(total|count|sum|bucket|created)$", family.name)
    assert not re.search(r"(minutes|millis|milliseconds|percent)", family.name)
    if re.search(r"duration|timestamp", family.name):
        assert family.name.endswith("_seconds")
    assert family.about.endswith(".") and all(re.fullmatch(r"[a-z][a-z_]*", label) for label in family.labels)
    assert not {"run_id", "message", "job", "instance"} & set(family.labels)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_each_is_documented_with_its_labels(family: Family) -> None:
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    labels = ", ".join(f"`{label}`" for label in family.labels)
    assert f"| `{family.name}` | {labels} |" in text


def test_a_verdict_is_one_of_five_series() -> None:
    found = parsed(exposed.text([run("c1", record("dns", "warned"))]))
    for verdict in VERDICTS:
        assert of(found, "assay_check_verdict", check="dns", verdict=verdict) == (verdict == "warned")
        assert of(found, "assay_run_verdict", cluster="c1", verdict=verdict) == (verdict == "warned")


def test_a_cause_is_told_with_what_it_follows_from() -> None:
    given = run("c1", record("dns", "failed", cause="dns.server-down", layer=5, confidence="confirmed"),
                record("storage", "failed", cause="pod.pending", consequence_of="dns.server-down"), record("nodes"))
    found = parsed(exposed.text([given]))["assay_check_cause_info"]
    assert [dict(labels) for labels in found] == [
        {"cluster": "c1", "domain": "dns", "check": "dns", "cause": "dns.server-down", "layer": "5", "confidence": "confirmed", "consequence_of": ""},
        {"cluster": "c1", "domain": "dns", "check": "storage", "cause": "pod.pending", "layer": "", "confidence": "", "consequence_of": "dns.server-down"}]


def test_times_and_leftovers_are_numbers_in_base_units() -> None:
    given = run("c1", record("dns", seconds=2.5, leftovers=["pod/x"]), leftovers=["pod/x", "namespace/y"])
    found = parsed(exposed.text([given]))
    assert of(found, "assay_check_duration_seconds", check="dns") == 2.5 and of(found, "assay_run_duration_seconds") == 12.25
    assert of(found, "assay_run_start_timestamp_seconds") == 1795176000 and of(found, "assay_run_leftover_objects") == 2
    assert of(found, "assay_cluster_info", version="v1.36.1") == 1


def test_a_check_that_ran_twice_is_one_series_of_the_worst() -> None:
    given = run("c1", record("dns", "failed", seconds=3), record("dns", "passed", seconds=4), record("dns", "failed", seconds=5))
    found = parsed(exposed.text([given]))
    assert of(found, "assay_check_verdict", verdict="failed") == 1 and of(found, "assay_check_duration_seconds") == 5


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that is not in UTC."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
def test_a_run_that_never_began_has_no_time() -> None:
    assert "assay_run_start_timestamp_seconds" not in parsed(exposed.text([run("c1", started="")]))
    given = run("c1", started="2026-11-20T12:00:00")
    assert of(parsed(exposed.text([given])), "assay_run_start_timestamp_seconds") == 1795176000, "without a zone it is UTC"


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "größe 集群", "{x=\"y\"}", ""])
def test_any_name_of_a_cluster_is_read_back(name: str) -> None:
    given = run(name)
    assert of(parsed(exposed.text([given])), "assay_run_duration_seconds", cluster=given["cluster"]) == 12.25


def test_the_order_of_runs_changes_nothing() -> None:
    given = [run("b"), run("a"), run("c", record("dns"), record("nodes", "failed"))]
    assert exposed.text(given) == exposed.text(given[::-1])
    assert [labels[0] for labels, _v in samples(FAMILIES[-1], given)] == ["a", "b", "c"]
