# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run against its baseline: what is new, fixed, other, slower."""
from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.history import against
from ansible_collections.assay.clusters.plugins.module_utils.history.against import chosen, difference
from ansible_collections.assay.clusters.plugins.module_utils.history.entry import Entry
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from ansible_collections.assay.clusters.tests.unit.history.histories import result, run


def test_new_fixed_same_and_other() -> None:
    before = run("a", {"dns": "dns.x", "nodes": "n.x", "service": "s.x"}, 2)
    after = run("a", {"dns": "dns.x", "nodes": "n.y", "storage": "st.x"}, 1)
    found = difference([before, after], after, before)
    assert (found.new_failures, found.fixed, found.same_failures, found.other_cause) == (["storage"], ["service"], ["dns"], ["nodes"])
    assert found.worse == ["nodes", "storage"] and found.baseline == before.run_id


def test_without_a_run_before_all_that_failed_is_new() -> None:
    first = run("a", "dns")
    found = difference([first], first, chosen([first], first, "previous"))
    assert found.new_failures == ["dns"] and found.baseline == "" and found.added == found.gone == []


def test_what_did_not_run_is_neither_fixed_nor_broken() -> None:
    """What could not be tested any more stops a gate, what does not apply or was not chosen does not."""
    before = run("a", results=(result("dns", "failed"), result("nodes"), result("old")), hours=2)
    after = run("a", results=(result("dns", "skipped"), result("nodes", "inconclusive"), result("new"), result("x", "inconclusive")), hours=1)
    found = difference([before, after], after, before)
    assert found.fixed == found.new_failures == [] and (found.added, found.gone) == (["new"], ["dns", "nodes", "old"])
    assert found.not_proved == found.worse == ["nodes"]


def test_a_run_that_told_nothing_proved_nothing_of_what_was_proved_before() -> None:
    before, after = run("a", hours=2), run("a", results=(result("dns", "skipped"),), hours=1)
    assert difference([before, after], after, before).worse == ["dns", "nodes", "service", "storage"]
    assert difference([after], after, None).worse == []


def test_the_previous_run_is_of_the_same_cluster_and_told_something() -> None:
    old, other, empty = run("a", hours=5), run("b", hours=4), run("a", results=(result("dns", "skipped"),), hours=3)
    now, later = run("a", hours=2), run("a", hours=1)
    assert chosen([old, other, empty, now, later], now, "previous") is old
    assert chosen([old, other, now], now, other.run_id) is other
    mine = replace(run("a", hours=6), run_id=other.run_id)
    assert chosen([other, mine, now], now, other.run_id) is mine, "a run of the whole fleet has one id"
    with pytest.raises(BadOption, match="^baseline: must be 'previous', 'fleet' or the run_id of a run in the history, not 'nope'$"):
        chosen([old], now, "nope")


def _timed(*seconds: float, verdict: str = "passed") -> list[Entry]:
    return [run("a", results=(result("dns", verdict, seconds=s),), hours=len(seconds) - n) for n, s in enumerate(seconds)]


@pytest.mark.parametrize(("seconds", "slower"), [
    ((10, 10, 10, 10, 10, 12.1), True), ((10, 10, 10, 10, 10, 11.9), False),  # a fifth
    ((1, 1, 1, 1, 1, 2.9), False), ((1, 1, 1, 1, 1, 3.1), True),  # two seconds
    ((10, 14, 6, 12, 8, 18.8), False), ((10, 14, 6, 12, 8, 19), True),  # median 10, of the distances 2: 3 sigmas are 8.9
    ((10, 10, 10, 10, 99), False)])  # too few before it
def test_slower_is_more_than_its_own_noise(seconds: tuple[float, ...], slower: bool) -> None:
    history = _timed(*seconds)
    found = difference(history, history[-1], history[-2])
    assert [s.check for s in found.slower] == (["dns"] if slower else []) and found.worse == []


def test_what_failed_has_no_usual_time() -> None:
    history = [*_timed(1, 1, 1, 1, 1, verdict="failed"), run("a", results=(result("dns", seconds=50),), hours=0)]
    assert difference(history, history[-1], None).slower == []
    history = [*_timed(1, 1, 1, 1, 1), run("a", results=(result("dns", "failed", seconds=50),), hours=0)]
    assert difference(history, history[-1], None).slower == []


def test_a_result_can_be_written() -> None:
    one = run("a", "dns")
    assert difference([one], one, None).to_dict()["worse"] == ["dns"] and against.PREVIOUS == "previous"
