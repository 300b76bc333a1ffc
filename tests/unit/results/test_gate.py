"""One sentence that says whether a change may go on."""
from __future__ import annotations

from ansible_collections.assay.clusters.plugins.module_utils.results.gate import gate
from ansible_collections.assay.clusters.plugins.module_utils.results.record import FAILED, SKIPPED
from ansible_collections.assay.clusters.tests.unit.results import samples


def test_passed_and_warned_go_on() -> None:
    assert gate(samples.healthy()) == (True, "prod-eu-1: 1 of 6 checks warned")
    assert gate(samples.run("c1", samples.healthy("c1")["records"][:3])) == (True, "c1: 3 checks passed")


def test_failed_stops_with_the_root_cause() -> None:
    good, message = gate(samples.node_down(), allow_inconclusive=True)
    assert not good
    assert message == ("prod-eu-2: 3 of 6 checks failed; cause: node.unreachable on "
                       "node/ip-10-40-3-17.eu-west-1.compute.internal (nodes); 1 object of ours left behind")


def test_inconclusive_stops_unless_allowed() -> None:
    good, message = gate(samples.image_missing())
    assert not good and message.startswith("edge-01: 3 of 6 checks inconclusive, 1 skipped; cause: image.not-found on ")
    assert gate(samples.image_missing(), allow_inconclusive=True)[0]


def test_nothing_run_proves_nothing() -> None:
    assert gate(samples.run("c1", [])) == (False, "c1: no check was run")


def test_nothing_applies() -> None:
    record = samples.record("c1", "storage", "storage", SKIPPED, message="no class")
    sentence = "c1: nothing was proved: no check applies (1 skipped), no class"
    assert gate(samples.run("c1", [record])) == (False, sentence)
    assert gate(samples.run("c1", [record]), allow_inconclusive=True)[0] is False
    assert gate(samples.run("c1", [record]), allow_skipped=True) == (True, sentence)
    assert gate(samples.run("c1", [record, samples.record("c1", "dns", "dns")])) == (True, "c1: 1 of 2 checks passed, 1 skipped")
    failed = samples.record("c1", "dns", "dns", FAILED)
    assert gate(samples.run("c1", [record, failed]), allow_skipped=True)[0] is False


def test_verdicts_are_counted_not_believed() -> None:
    run = {**samples.node_down(), "verdict": "passed", "counts": {"passed": 6}}
    assert gate(run)[0] is False


def test_many_causes_stay_one_sentence() -> None:
    records = [samples.record("c1", "d", f"k{i}", FAILED, cause=f"code.n{i}") for i in range(9)]
    message = gate(samples.run("c1", records))[1]
    assert message.endswith("causes: code.n0 (k0), code.n1 (k1), code.n2 (k2), +6 more")
    assert "\n" not in message
