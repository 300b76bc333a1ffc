# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster against the rest of the fleet: what it has alone is new, what all have is not."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.history.against import Difference
from ansible_collections.assay.clusters.plugins.module_utils.history.entry import Entry
from ansible_collections.assay.clusters.plugins.module_utils.history.told import differences, worse
from ansible_collections.assay.clusters.tests.unit.history.histories import result, run


def of(mine: Entry, *rest: Entry) -> Difference:
    (found,) = differences(sorted([mine, *rest], key=lambda r: r.started), [mine], "fleet")
    return found


def test_what_a_cluster_has_alone_is_new_and_what_most_have_is_not() -> None:
    rest = [run(c, {"nodes": "n.x", "service": "s.x"}) for c in ("b", "c")] + [run("d", {"storage": "st.x"})]
    found = of(run("a", {"dns": "dns.x", "nodes": "n.x", "service": "s.y", "storage": "st.x"}), *rest)
    assert (found.new_failures, found.same_failures, found.other_cause) == (["dns", "storage"], ["nodes"], ["service"])
    assert of(run("a"), *rest).fixed == ["nodes", "service"] and found.baseline == "fleet"
    assert worse([found]) == "a: new against the rest of the fleet: dns, service, storage"


def test_clusters_of_which_the_same_is_new_are_one_sentence() -> None:
    befores = [run(c, hours=2) for c in "abc"]
    afters = [run("a", "dns"), run("b", "dns"), run("c", "nodes"), run("d", "dns"), run("e", "dns")]
    found = differences([*befores, *afters], afters, "previous")
    assert worse(found) == (f"a, b: new against the run before each: dns; c: new against {befores[2].run_id}: nodes; "
                            "d, e: new against nothing before it: dns")
    crowd = [run(f"c{n}", "dns") for n in range(40)]
    assert len(worse(differences(crowd, crowd, "previous"))) < 200


def test_the_cause_is_that_of_most() -> None:
    rest = [run(c, {"nodes": cause}) for c, cause in (("b", "n.a"), ("c", "n.x"), ("d", "n.x"))]
    assert of(run("a", {"nodes": "n.x"}), *rest).same_failures == ["nodes"]


def test_half_of_them_are_not_most() -> None:
    assert of(run("a", "dns"), run("b", "dns"), run("c")).new_failures == ["dns"]


def test_the_newest_run_of_each_other_cluster_counts() -> None:
    told_nothing = run("b", results=(result("dns", "skipped"),), hours=1)
    found = of(run("a", "dns", hours=9), run("a", "nodes"), run("b", hours=3), run("b", "dns", hours=2), told_nothing)
    assert (found.new_failures, found.same_failures) == ([], ["dns"])


def test_a_cluster_under_another_name_is_none_of_the_others() -> None:
    twin, other = run("a2", "dns", uid="u1"), run("b", uid="u2")
    assert of(run("a", "dns", uid="u1"), twin, other).new_failures == ["dns"]
    alone = of(run("a", "dns", uid="u1"), twin)
    assert (alone.baseline, alone.new_failures) == ("", ["dns"])


def test_clusters_whose_uid_is_not_known_are_each_their_own() -> None:
    assert of(run("a", "dns"), run("b", "dns")).new_failures == []


@pytest.mark.parametrize(("have", "gone"), [(1, []), (2, ["gpu"])])
def test_what_few_of_them_have_is_not_missed(have: int, gone: list[str]) -> None:
    rest = [run(c, results=(result("dns"), result("gpu", "passed" if n < have else "skipped"))) for n, c in enumerate("bcd")]
    assert of(run("a", results=(result("dns"), result("gpu", "inconclusive"))), *rest).not_proved == gone


@pytest.mark.parametrize(("seconds", "slower"), [(12.0, False), (40.0, True)])
def test_slower_is_than_the_others_are(seconds: float, slower: bool) -> None:
    rest = [run(c, results=(result("dns", seconds=10.0 + n),)) for n, c in enumerate("bcdef")]
    own = [run("a", results=(result("dns", seconds=90.0),), hours=9 - n) for n in range(6)]
    found = of(run("a", results=(result("dns", seconds=seconds),)), *own, *rest)
    assert [s.usual for s in found.slower] == ([12.0] if slower else [])
