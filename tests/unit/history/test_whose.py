# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The test or the cluster: what is said, on which numbers, and when nothing is claimed."""
from __future__ import annotations

import random

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.history import whose
from ansible_collections.assay.clusters.plugins.module_utils.history.entry import Entry
from ansible_collections.assay.clusters.tests.unit.history.histories import CHECKS, result, run, runs


@pytest.mark.parametrize(("history", "answer", "words"), [
    ([], whose.FEW, "0 of 0 runs"),
    (runs("a", "", "", "", ""), whose.NOTHING, "None of 4 runs failed."),
    (runs("a", "dns", "dns", "dns"), whose.FEW, "it takes 5 runs, 3 of them bad"),
    (runs("a", *[""] * 9, "dns", "dns"), whose.FEW, "2 of 11 runs on 1 cluster failed, in 1 check")])
def test_little_is_not_judged(history: list, answer: str, words: str) -> None:
    found = whose.answer(history)
    assert found.whose == answer and words in found.words


def test_one_cause_in_whichever_check_meets_it_is_the_clusters() -> None:
    slow = "registry.throttled"
    found = whose.answer([*runs("a", {"nodes": slow}, "", {"storage": slow}, ""), *runs("b", "", {"dns": slow}, {"service": "x.y"}, "")])
    assert (found.whose, found.name) == (whose.CAUSE, slow)
    assert "3 of 4 failures (75 %) have one cause, registry.throttled" in found.words and "the cluster, not the tests" in found.words
    assert "(dns, nodes, storage)" in found.words and "on every cluster that failed" in found.words


def test_one_cause_of_the_way_of_testing_is_not_the_clusters() -> None:
    cause = "harness.controller-slow"
    found = whose.answer(runs("a", {"nodes": cause}, {"dns": cause}, {"dns": cause}, "", ""))
    assert found.name == cause and "the way of testing, not the cluster" in found.words and "on a" in found.words


@pytest.mark.parametrize("failed", [
    ({"dns": "a.x"}, {"nodes": "b.x"}, {"dns": "c.x"}, {"nodes": "d.x"}), ({"dns": "a.x"}, {"nodes": "a.x"}, {"dns": "b.x"}, {"nodes": "c.x"})])
def test_a_cause_of_half_the_failures_is_not_the_one(failed: tuple[dict[str, str], ...]) -> None:
    assert whose.answer(runs("a", *failed, "")).whose != whose.CAUSE


@pytest.mark.parametrize("cause", ["", "unknown.unexplained"])
def test_what_is_not_explained_is_no_common_cause(cause: str) -> None:
    found = whose.answer(runs("a", *[{"dns": cause}] * 3, "", "", "", ""))
    assert found.whose == whose.OPEN and found.name == ""


def _on(nodes: str, check: str, cause: str, hours: int, cluster: str = "a") -> Entry:
    scope = tuple(f"node/{n}" for n in nodes.split())
    return run(cluster, {check: cause}, hours, results=(result(check, "failed", cause, scope=scope), result("other")))


_WANDERING = [("dns", "dns.a"), ("nodes", "node.b"), ("service", "svc.c"), ("dns", "net.d"), ("storage", "stor.e"), ("dns", "dns.a")]


@pytest.mark.parametrize(("nodes", "node"), [
    (["n3"] * 6, "n3"),
    (["n3", "n3", "n1 n3", "n3", "n3", "n3"], "n3"),
    (["n3"] * 5, "n3"),
    (["n3"] * 3, ""),                    # it may be chance
    (["n3"] * 4 + ["n1"] * 2, ""),
    (["n1 n2 n3"] * 6, ""),              # all of them
    (["n3", "n3 n1", "n3 n1", "n3", "n3 n1", "n3 n1"], ""),
    ([""] * 6, "")])
def test_one_machine_on_which_different_things_fail(nodes: list[str], node: str) -> None:
    found = whose.answer([*runs("b", "", "", ""), *(_on(n, *_WANDERING[k], hours=9 - k) for k, n in enumerate(nodes))])
    assert (found.whose == whose.NODE, found.name) == ((True, node) if node else (False, found.name))
    if node:
        assert f"{len(nodes)} of {len(nodes)} bad runs of a name node/n3" in found.words and "(dns, nodes, service, storage)" in found.words
        assert found.numbers["on"] == ["a"] and found.numbers["chance"] == pytest.approx(3 * (1 / 3) ** len(nodes))


def test_nodes_of_two_clusters_that_are_called_alike_are_two() -> None:
    found = whose.answer([_on("n1", *_WANDERING[k], hours=9 - k, cluster="ab"[k % 2]) for k in range(6)])
    assert found.whose != whose.NODE


def test_one_thing_that_fails_on_one_node_is_told_by_its_cause_or_check() -> None:
    found = whose.answer([*runs("b", "", "", ""), *(_on("n3", "dns", "", hours=9 - k) for k in range(6))])
    assert found.whose == whose.CLUSTER and "it is that feature of a" in found.words


def test_a_cluster_that_fails_in_several_checks_while_others_pass() -> None:
    found = whose.answer([*runs("a", "dns", "nodes", "service", "dns", ""), *runs("b", *[""] * 6), *runs("c", *[""] * 6)])
    assert (found.whose, found.name) == (whose.CLUSTER, "a")
    assert "a failed in 4 of 5 runs, the others in 0 of 12" in found.words and "3 different checks" in found.words
    assert found.numbers["chance"] < 0.01


def test_a_check_that_fails_on_several_clusters_while_all_others_pass() -> None:
    found = whose.answer([*runs("a", "dns", "", "dns", ""), *runs("b", "dns", "", "", "dns")])
    assert (found.whose, found.name) == (whose.CHECK, "dns")
    assert "dns has 4 of 4 failures (100 %); it failed in 4 of 8 runs" in found.words and "on 2 clusters" in found.words


def test_a_check_that_fails_on_one_cluster_while_it_passes_on_another_is_that_clusters_feature() -> None:
    found = whose.answer([*runs("a", "dns", "dns", "dns", "dns"), *runs("b", *[""] * 6)])
    assert (found.whose, found.name) == (whose.CLUSTER, "a") and "it is that feature of a" in found.words


def test_a_check_on_the_only_cluster_that_was_asked_fits_both() -> None:
    found = whose.answer(runs("a", "dns", "dns", "dns", "dns", ""))
    assert found.whose == whose.OPEN and "a run on another cluster would tell" in found.words


def test_failures_that_wander_are_no_tests_fault() -> None:
    found = whose.answer([*runs("a", "dns", "nodes", "", "storage", "service"), *runs("b", "nodes", "", "storage", "dns", "")])
    assert found.whose == whose.ELSEWHERE and found.numbers["check_repetition"] == 0
    assert "7 of 10 runs on 2 clusters failed, in 4 checks" in found.words and "no check failed in more than 2 of 10 runs" in found.words


def test_where_nothing_stands_out_nothing_is_claimed() -> None:
    found = whose.answer([*runs("a", "dns nodes", "dns nodes", "dns", ""), *runs("b", "dns nodes", "nodes", "nodes", "")])
    three = "dns nodes service"
    again = whose.answer([*runs("a", three, three, "", ""), *runs("b", three, "", "", three)])
    assert again.whose == whose.OPEN and again.numbers["check_repetition"] == 1
    assert (found.whose, found.name) == (whose.OPEN, "") and "Neither a cause, nor a node, nor a cluster, nor a check stands out" in found.words


def test_consequences_and_what_did_not_run_count_for_nothing() -> None:
    dead = (result("nodes", "failed", "node.unreachable"), *(result(c, "failed", "x", consequence_of="node.unreachable") for c in CHECKS[2:]))
    skipped = run("b", results=(result("dns", "inconclusive"), result("nodes", "skipped")))
    found = whose.answer([*(run("a", {"nodes": ""}, hours=9 - n, results=dead) for n in range(3)), *runs("a", "", ""), skipped])
    assert (found.numbers["runs"], found.numbers["failures"], found.name) == (5, 3, "node.unreachable")


def test_the_worst_of_many_clusters_is_not_at_fault_for_being_the_worst() -> None:
    """Of a hundred that fail alike one is always far from the others; one that really is worse is found among them."""
    chosen = random.Random(5)

    def fleet(cluster: str, rate: float) -> list:
        return [run(cluster, {c: f"{cluster}.{n}" for c in CHECKS if chosen.random() < rate}, hours=20 - n) for n in range(20)]

    alike = [r for n in range(100) for r in fleet(f"c{n}", 0.06)]
    assert whose.answer(alike).whose != whose.CLUSTER
    found = whose.answer([*alike, *fleet("bad", 0.4)])
    assert (found.whose, found.name) == (whose.CLUSTER, "bad")


def test_whatever_runs_there_are_an_answer_rests_on_their_numbers() -> None:
    chosen = random.Random(11)
    causes = ("", "unknown.unexplained", "a.b", "harness.x")
    for _n in range(200):
        history = [run(chosen.choice("abc"), {c: chosen.choice(causes) for c in CHECKS if chosen.random() < 0.3}, hours=h)
                   for h in range(chosen.randrange(20), 0, -1)]
        found = whose.answer(history)
        bad = sum(r.bad for r in history)
        assert found.numbers["bad"] == bad and (f"{bad} of" in found.words or not bad)
        assert bool(found.name) == (found.whose in (whose.CAUSE, whose.NODE, whose.CLUSTER, whose.CHECK))
