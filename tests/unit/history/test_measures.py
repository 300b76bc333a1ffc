# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How steady checks are: each formula with its worked examples."""
from __future__ import annotations

import random
from datetime import timedelta
from math import comb

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.history import measures
from ansible_collections.assay.clusters.plugins.module_utils.history.measures import Consistency, Rates
from ansible_collections.assay.clusters.tests.unit.history.histories import NOW, result, run


def test_rates_count_what_told_something() -> None:
    rates = Rates.of([result("a"), result("a", "warned"), result("a", "failed"), result("a", "skipped"), result("a", "inconclusive")])
    assert (rates.runs, rates.passed, rates.failed) == (3, 2, 1) and rates.pass_rate == pytest.approx(200 / 3)
    assert Rates().pass_rate is None


def test_a_change_flaked_where_it_both_passed_and_failed() -> None:
    """Two changes of three runs each and one of four: PPP, PFP, FFFF; and runs that name none."""
    found = Consistency.of([*(("a", p) for p in (True, True, True)), *(("b", p) for p in (True, False, True)),
                            *(("c", False) for _n in range(4)), ("", False), ("", True)])
    assert (found.changes, found.flaked, found.runs) == (3, 1, 10)
    assert found.commits == pytest.approx(1 - 1 / 3) and found.builds == pytest.approx((3 + 2 + 4) / 10)
    assert Consistency.of([]).commits is None and Consistency.of([("", True)]).builds is None


@pytest.mark.parametrize(("newest_first", "score"), [("PFPP", 25), ("FFFPP", 0), ("PFFP", 25), ("PPPP", 0)])
def test_flips_are_scored_as_test_grid_does(newest_first: str, score: float) -> None:
    told = [(e, e.results[0]) for e in (run(failed="dns" if s == "F" else "", hours=n) for n, s in enumerate(newest_first))][::-1]
    found = measures.flakiness(told, NOW)
    assert found and found.score == pytest.approx(score) and found.before is None


def test_flips_are_of_an_interval_and_against_the_one_before() -> None:
    def told(*hours: float) -> list:
        return [(e, e.results[0]) for e in (run(failed="dns" if n % 2 else "", hours=h) for n, h in enumerate(hours))]

    week = 7 * 24
    found = measures.flakiness(told(2 * week - 1, 2 * week - 2, 3, 2), NOW)
    assert found and (found.score, found.before, found.trend) == (50, 50, "no change")
    found = measures.flakiness(told(3, 2, 1), NOW)
    assert found and found.before is None
    assert measures.flakiness(told(week + 1, week + 2), NOW) is None, "nothing was run in these days"


def test_a_consequence_is_no_flip_of_the_check() -> None:
    follows = run(results=(result("dns", "failed", "x", consequence_of="node.unreachable"),), hours=1)
    told = [(e, e.result("dns")) for e in (run(hours=2), follows, run(hours=0))]
    found = measures.flakiness(told, NOW)
    assert found and found.score == 0


@pytest.mark.parametrize(("table", "chance"), [
    ((3, 1, 1, 3), 17 / 70),  # Fisher's lady tasting tea
    ((0, 5, 5, 5), 1.0), ((5, 0, 0, 5), 1 / 252), ((0, 0, 3, 3), 1.0)])
def test_fishers_exact_test(table: tuple[int, int, int, int], chance: float) -> None:
    assert measures.fisher(*table) == pytest.approx(chance)


def test_fishers_test_against_all_ways_to_deal() -> None:
    chosen = random.Random(7)
    for _n in range(30):
        failed, passed, before_failed, before_passed = (chosen.randrange(6) for _i in range(4))
        whole, fails, size = failed + passed + before_failed + before_passed, failed + before_failed, failed + passed
        ways = sum(comb(fails, k) * comb(whole - fails, size - k) for k in range(size + 1) if failed <= k <= fails)
        assert measures.fisher(failed, passed, before_failed, before_passed) == pytest.approx(ways / comb(whole, size))


@pytest.mark.parametrize(("now", "before", "significant"), [
    (Rates(10, 10), Rates(20, 0), True),
    (Rates(18, 2), Rates(20, 0), False),  # two failures are too few
    (Rates(4, 3), Rates(4, 2), False),  # by chance
    (Rates(970, 30), Rates(1000, 0), False),  # sure, and 3 points only
    (Rates(20, 0), Rates(10, 10), False)])
def test_a_regression_is_sure_large_and_frequent(now: Rates, before: Rates, significant: bool) -> None:
    found = measures.regression(now, before)
    assert found and found.significant is significant
    assert found.worse == pytest.approx((before.pass_rate or 0) - (now.pass_rate or 0))
    assert measures.regression(Rates(), before) is None and measures.regression(now, Rates()) is None


@pytest.mark.parametrize(("rates", "often"), [(Rates(5, 1), True), (Rates(4, 1), False), (Rates(54, 6), False), (Rates(53, 7), True)])
def test_what_is_new_and_fails_often_needs_six_runs_and_less_than_nine_in_ten(rates: Rates, often: bool) -> None:
    assert measures.extreme(rates) is often


def test_pairs_are_of_one_cluster_and_of_bad_runs() -> None:
    a1, a2, a3 = run("a", "dns", 5), run("a", "", 4), run("a", "nodes", 3)
    b1 = run("b", "dns", 4.5)
    assert list(measures.pairs([a1, b1, a2, a3])) == [(a1, a3)]


def test_a_median() -> None:
    assert [measures.median(v) for v in ([], [3], [3, 1], [9, 1, 2])] == [0.0, 3, 2, 2]


def test_how_long_ago_is_of_the_clock_that_is_given() -> None:
    told = [(e, e.results[0]) for e in (run(hours=30), run(failed="dns", hours=20))]
    assert measures.flakiness(told, NOW - timedelta(days=8)) is None
