# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When evidence is taken, whom it is for, and that no verdict is lost with it."""
from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis import diagnose
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.plugins.module_utils.engine import evidence, witness as module
from ansible_collections.assay.clusters.plugins.module_utils.engine.witness import Witness
from ansible_collections.assay.clusters.tests.unit.diagnosis import builders as cluster
from ansible_collections.assay.clusters.tests.unit.engine.running import Sample, check

EARLY, LATE = Finding("early", "own", "failed"), Finding("late", "own", "failed")


class Looks:
    """Numbers its looks, and keeps whom each was for."""

    def __init__(self) -> None:
        self.at: list[list[str]] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, findings: list[Finding]) -> dict[str, Any]:
        self.at.append([f.check for f in findings])
        number = len(self.at)
        assert self.go_on.wait(60)
        return {"look": number}


def _looked(witness: Witness) -> None:
    while witness.busy(1.0):
        pass


def test_the_first_failure_is_looked_at_at_once_and_once() -> None:
    looks = Looks()
    looks.go_on.clear()
    witness = Witness(looks)
    assert not witness.busy(0.0)
    witness.failed([EARLY])
    witness.failed([EARLY, LATE])
    assert witness.busy(0.0)
    looks.go_on.set()
    _looked(witness)
    assert looks.at == [["early"]] and witness.seen([EARLY]) == ({"look": 1}, {})


def test_what_failed_later_is_looked_at_once_more_for_all() -> None:
    looks = Looks()
    witness = Witness(looks)
    witness.failed([EARLY])
    _looked(witness)
    assert witness.seen([EARLY, LATE]) == ({"look": 2}, {"early": {"look": 1}}) and looks.at[1] == ["early", "late"]


def test_signs_that_take_their_time_are_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OLD", -1.0)
    looks = Looks()
    witness = Witness(looks)
    witness.failed([EARLY])
    _looked(witness)
    assert witness.seen([EARLY]) == ({"look": 2}, {"early": {"look": 1}})


def test_where_nothing_failed_but_is_unclear_one_look_is_enough() -> None:
    looks = Looks()
    assert Witness(looks).seen([EARLY]) == ({"look": 1}, {})


def test_a_node_that_was_ill_when_a_check_failed_is_named_though_it_is_well_at_the_end() -> None:
    """And for a check that failed only afterwards it is none of the causes."""
    ill = cluster.healthy()
    cluster.power_off(ill, "n2")
    early, late = cluster.finding("service", "1 of 3 nodes: n2 (timed out)"), cluster.finding("dns", "no answer from n2")
    for f in (early, late):
        f.observations = [cluster.seen("service", "vip", n, error="timed out" if n == "n2" else "") for n in cluster.NODES]
    found = diagnose.diagnose([early, late], cluster.healthy(), {"service": ill})
    assert (found["service"].cause, found["service"].scope) == ("node.unreachable", ["node/n2"])
    assert not [t for t in found["dns"].evidence if "NodeStatusUnknown" in t]


def test_a_cluster_that_fell_silent_later_does_not_hide_what_was_seen_before() -> None:
    ill = cluster.healthy()
    cluster.power_off(ill, "n2")
    failed = cluster.nodes_failed(ill, "n2")
    found = diagnose.diagnose([failed], cluster.silent_cluster(), {"nodes": ill})
    assert (found["nodes"].cause, found["nodes"].scope) == ("node.unreachable", ["node/n2"])


# ---- whole runs ---------------------------------------------------------------------------------------------------
def _fails(ctx: Any) -> None:
    ctx.fail("it is broken")


@pytest.mark.parametrize("where", ["collect", "diagnose"])
def test_no_verdict_is_lost_where_evidence_or_diagnosis_break(sample: Sample, monkeypatch: pytest.MonkeyPatch,
                                                              where: str) -> None:
    def broken(*_any: Any, **_more: Any) -> Any:
        raise TypeError("'NoneType' object is not iterable")

    monkeypatch.setattr({"collect": evidence, "diagnose": diagnose}[where], where, broken)
    result = sample(check(_fails, "bad"), check(lambda ctx: None, "good")).go()
    assert [(r["check"], r["verdict"], r["message"]) for r in result["records"]] == [
        ("bad", "failed", "it is broken"), ("good", "passed", "")] and result["leftovers"] == []
    if where == "collect":
        assert result["records"][0]["evidence"][-1] == (
            "evidence that could not be read: evidence (TypeError: 'NoneType' object is not iterable)")


def test_evidence_is_taken_while_others_still_run(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = threading.Event()
    collect = evidence.collect

    def note(*args: Any) -> dict[str, Any]:
        taken.set()
        return collect(*args)

    monkeypatch.setattr(evidence, "collect", note)
    result = sample(check(_fails, "bad"), check(lambda ctx: taken.wait(60) or ctx.fail("too late"), "slow")).go()
    assert [(r["check"], r["verdict"]) for r in result["records"]] == [("bad", "failed"), ("slow", "passed")]
