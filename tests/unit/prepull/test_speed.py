# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slow here and fast there, the 1/k pattern, errors said once with their scope; all from made-up pulls."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.prepull import findings, pace, speed
from ansible_collections.assay.clusters.plugins.module_utils.prepull.references import parse
from ansible_collections.assay.clusters.plugins.module_utils.prepull.result import FAILED, PRESENT, PULLED, Result

SIZE = 40_000_000


def pull(node: str, begin: float, seconds: float, image: str = "r.io/a:1", size: int = SIZE) -> Result:
    return Result(node, parse(image), PULLED, seconds, seconds, size, begin=begin, end=begin + seconds)


def failed(node: str, cause: str = "image.auth", image: str = "r.io/a:1", sure: str = "confirmed") -> Result:
    return Result(node, parse(image), FAILED, error=f"words of {cause}", cause=cause, confidence=sure)


def in_turn(rates: dict[str, list[float]]) -> list[Result]:
    """Pulls one after the other, MB/s by node."""
    out, now = [], 0.0
    for node, all_rates in rates.items():
        for rate in all_rates:
            out.append(pull(node, now, SIZE / 1e6 / rate))
            now = out[-1].end
    return out


def shared(total: float) -> list[Result]:
    """One alone, then two at once, then four, of a limit (MB/s) that all share."""
    out, now = [], 0.0
    for k in (1, 2, 4):
        seconds = SIZE / 1e6 / (total / k)
        out += [pull(f"n{i}", now, seconds) for i in range(k)]
        now += seconds
    return out


def test_fast_pulls_are_no_finding() -> None:
    assert findings.of_speed(in_turn({"n1": [80, 90], "n2": [100, 70], "n3": [60, 95]}), 5) == []


def test_slow_here_and_fast_there() -> None:
    found = findings.of_speed(in_turn({"n1": [60, 61], "n2": [4, 4], "n3": [58, 70]}), 5)
    assert [(f.cause, f.scope, f.confidence, f.fails) for f in found] == [("image.slow", ("node/n2",), "confirmed", False)]
    assert "4.0 MB/s here" in found[0].message and found[0].to_dict()["next_command"] == "ssh n2 crictl pull r.io/a:1"


def test_slow_everywhere_is_the_registry() -> None:
    found = findings.of_speed(in_turn({"n1": [2, 2.1], "n2": [1.9, 2], "n3": [2, 2]}), 5)
    assert [(f.cause, f.scope) for f in found] == [("image.slow", ("registry/r.io",))]


def test_very_fast_pulls_elsewhere_count_too() -> None:
    results = [pull("n1", 0, 0.05), pull("n2", 0, 20.0), pull("n3", 0, 0.05)]
    assert [f.scope for f in findings.of_speed(results, 5)] == [("node/n2",)]


def test_from_one_node_alone_it_may_be_the_node_or_the_registry() -> None:
    assert findings.of_speed([pull("n1", 0, 20.0)], 5)[0].scope == ("registry/r.io", "node/n1")


def test_each_gets_a_kth_of_a_shared_limit() -> None:
    results = shared(8.0)
    (registry,) = speed.of_registries(results)
    assert registry.shared and registry.exponent == pytest.approx(-1.0) and registry.together == pytest.approx(8.0)
    found = findings.of_speed(results, 5)
    assert [(f.cause, f.confidence, f.scope) for f in found] == [("image.throttled", "probable", ("registry/r.io",))]
    assert "8.0 MB/s alone, 2.0 MB/s each with 4 at once" in found[0].message


def test_a_shared_limit_that_is_high_enough_is_no_finding() -> None:
    results = shared(400.0)
    (registry,) = speed.of_registries(results)
    assert registry.shared and registry.together == pytest.approx(400.0) and findings.of_speed(results, 5) == []


def test_a_limit_that_each_has_is_not_shared() -> None:
    results = [pull("n0", 0, 10), *(pull(f"n{i}", 20, 10) for i in range(4))]
    (registry,) = speed.of_registries(results)
    assert not registry.shared and registry.exponent == pytest.approx(0.0, abs=0.01)
    assert "however many are pulled at once" in findings.of_speed(results, 5)[0].message


def test_under_a_shared_limit_nodes_are_compared_as_if_alone() -> None:
    """n2 got a quarter of it four times over, the others all of it, one after the other: that is no fault of n2."""
    others = in_turn({"n0": [8.0], "n1": [8.0]})
    crowded = [pull("n2", 100, SIZE / 2e6, f"r.io/x{i}:1") for i in range(4)]
    assert [(f.cause, f.scope) for f in findings.of_speed([*others, *crowded], 5)] == [("image.throttled", ("registry/r.io",))]
    worse = [pull("n3", 500, SIZE / 0.5e6, f"r.io/x{i}:1") for i in range(4)]
    assert [(f.cause, f.scope) for f in findings.of_speed([*others, *crowded, *worse], 5)] == [
        ("image.slow", ("node/n3",)), ("image.throttled", ("registry/r.io",))]


@pytest.mark.parametrize(("falls_by", "is_shared"), [(-1.0, True), (-0.7, True), (-0.5, False), (-0.2, False), (0.0, False)])
def test_a_limit_is_shared_where_the_rate_falls_with_the_pulls(falls_by: float, is_shared: bool) -> None:
    """Some of that comes from the node's own disk and unpacking."""
    out, now = [], 0.0
    for k in (1, 2, 4):
        seconds = SIZE / 1e6 / (4.0 * k ** falls_by)
        out += [pull(f"n{i}", now, seconds) for i in range(k)]
        now += seconds
    (registry,) = speed.of_registries(out)
    assert registry.exponent == pytest.approx(falls_by) and registry.shared is is_shared
    assert [f.cause for f in findings.of_speed(out, 5)] == ["image.throttled" if is_shared else "image.slow"]


@pytest.mark.parametrize("results", [
    [pull("n1", 0, 10), pull("n2", 4, 1)], [pull("n1", 10 * i, 5) for i in range(4)],
    [*(pull(f"n{i}", 0, 5) for i in range(3)), pull("n9", 3, 5)],
], ids=["two pulls", "one after the other", "as many all the time"])
def test_too_little_tells_nothing_of_a_shared_limit(results: list[Result]) -> None:
    (registry,) = speed.of_registries(results)
    assert registry.exponent is None and not registry.shared


def test_only_pulls_of_one_registry_are_beside_each_other() -> None:
    mine = [pull("n0", 0, 10), pull("n1", 10, 10)]
    others = [pull(f"n{i}", 0, 20, "other.io/b:1") for i in range(5)]
    all_of_them, late, no_time = speed.Crowd([*mine, *others]), pull("n0", 5, 10), pull("n0", 0, 0)
    assert [all_of_them.at_once(r) for r in mine] == [1.0, 1.0]
    assert all_of_them.at_once(others[0]) == 5.0 and speed.Crowd([*mine, late]).at_once(late) == 2.0
    assert speed.Crowd([*mine, no_time]).at_once(no_time) == 1.0


@pytest.mark.parametrize(("seconds", "scopes"), [(1.9, []), (2.1, [("node/n2",)])])
def test_a_node_is_slow_where_it_costs_seconds(seconds: float, scopes: list[tuple[str, ...]]) -> None:
    assert [f.scope for f in findings.of_speed([pull("n1", 0, 0.1), pull("n2", 0, seconds), pull("n3", 0, 0.1)], 5)] == scopes


@pytest.mark.parametrize(("rates", "causes"), [
    ([60, 60, 4], []), ([60, 60, 60, 4], []), ([60, 4], ["image.slow"]), ([4, 4, 60], ["image.slow"]), ([5, 5, 5], [])])
def test_a_registry_is_slow_where_half_of_its_pulls_are_below_the_floor(rates: list[float], causes: list[str]) -> None:
    """One that was slow once, on every node, is a moment and no registry."""
    assert [f.cause for f in findings.of_speed(in_turn({"n1": rates, "n2": rates, "n3": rates}), 5)] == causes


def test_small_images_say_nothing_of_speed() -> None:
    assert findings.of_speed([pull("n1", 0, 3, size=100_000), pull("n2", 3, 0.1, size=100_000)], 5) == []


# ---- errors -------------------------------------------------------------------------------------------------------
def test_one_cause_is_said_once_with_its_scope() -> None:
    found = findings.of_errors([failed(f"n{i}") for i in range(3)] + [pull("n1", 0, 1, "r.io/b:1")])
    assert len(found) == 1 and found[0].scope == ("image/r.io/a:1",) and found[0].fails
    assert found[0].message.startswith("r.io/a:1 not on 3 nodes: ") and len(found[0].evidence) == 3


def test_an_image_that_came_elsewhere_is_the_node_s_fault() -> None:
    assert findings.of_errors([failed("n1"), pull("n2", 0, 1)])[0].scope == ("node/n1",)


def test_what_is_there_already_does_not_prove_that_it_can_be_pulled() -> None:
    there = Result("n2", parse("r.io/a:1"), PRESENT)
    assert findings.of_errors([failed("n1"), there])[0].scope == ("image/r.io/a:1",)


def test_a_registry_of_which_nothing_came() -> None:
    cause = "image.registry-unreachable"
    results = [failed("n1", cause), failed("n1", cause, "r.io/b:1"), pull("n1", 0, 1, "other.io/x:1")]
    assert findings.of_errors(results)[0].scope == ("registry/r.io",)


def test_images_of_which_one_came_elsewhere_are_not_all_the_nodes_fault() -> None:
    results = [failed("n1"), failed("n1", image="r.io/b:1"), pull("n2", 0, 1)]
    assert findings.of_errors(results)[0].scope == ("image/r.io/a:1", "image/r.io/b:1")
    assert findings.of_errors([*results, pull("n2", 0, 1, "r.io/b:1")])[0].scope == ("node/n1",)


@pytest.mark.parametrize("other", [Result("n1", parse("r.io/c:1"), PRESENT), Result("n2", parse("r.io/c:1"), PULLED),
                                   failed("n1", "image.not-found", "r.io/c:1")], ids=["there", "came", "failed otherwise"])
def test_a_registry_of_which_something_else_is_known_is_not_to_blame(other: Result) -> None:
    results = [failed("n1"), failed("n1", image="r.io/b:1"), other]
    assert [f.scope for f in findings.of_errors(results) if f.cause == "image.auth"] == [("image/r.io/a:1", "image/r.io/b:1")]


def test_one_image_is_no_registry_and_each_registry_is_judged_alone() -> None:
    results = [failed("n1"), failed("n2"), failed("n1", image="x.io/a:1"), failed("n1", image="x.io/b:1")]
    assert findings.of_errors(results)[0].scope == ("image/r.io/a:1", "registry/x.io")


@pytest.mark.parametrize("cause", ["node.pressure", "sched.insufficient"])
def test_a_cause_of_nodes_names_nodes_whatever_came_elsewhere(cause: str) -> None:
    (found,) = findings.of_errors([failed("n1", cause), failed("n2", cause), pull("n3", 0, 1, "r.io/z:1")])
    assert found.scope == ("node/n1", "node/n2")


def test_the_lowest_layer_comes_first_and_the_least_sure_counts() -> None:
    found = findings.of_errors([failed("n1", "image.auth", sure="probable"), failed("n2", "image.auth"),
                                failed("n3", "node.pressure", "r.io/b:1")])
    assert [(f.cause, f.confidence) for f in found] == [("node.pressure", "confirmed"), ("image.auth", "probable")]
    assert found[0].scope == ("node/n3",)


# ---- pace ---------------------------------------------------------------------------------------------------------
def test_pulls_begin_with_one_and_grow_up_to_the_bound() -> None:
    p = pace.Pace(3, 10)
    assert p.take("r", "n1") and not p.take("r", "n2") and p.take("other", "n2")
    for expected in (2, 3, 3):
        p.lane("r").went_well()
        assert p.lane("r").now == expected


def test_a_throttled_registry_gets_half_and_a_pause() -> None:
    p = pace.Pace(8, 10)
    p.lane("r").now = 8
    p.lane("r").throttled(60)
    assert p.lane("r").now == 4 and not p.take("r", "n1") and p.take("other", "n1")


@pytest.mark.parametrize("now", [1, 2, 3])
def test_a_registry_is_never_left_without_a_lane(now: int) -> None:
    p = pace.Pace(8, 10)
    p.lane("r").now = now
    for _throttled in range(5):
        p.lane("r").throttled(0)
    assert p.lane("r").now == 1 and p.take("r", "n1")


def test_a_node_takes_only_so_many() -> None:
    p = pace.Pace(10, 1)
    assert p.take("r", "n1") and not p.take("other", "n1")
    p.give("r", "n1")
    assert p.take("other", "n1")
