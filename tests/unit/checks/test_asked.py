# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked of all probes, and what a check can do without: a moment of trouble loses neither a node nor a check."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.asked import AGAIN, Asked
from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.optional import optional_get
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import SlowAnswer, TransportError
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe, api_error

AWAY = TransportError("pod n/p: no way")
PAGE = ApiError("http", 503, "NotTheProbe", "something before the probe answered: 502", "GET", "/shell")


def _probes(count):
    return [FakeProbe(f"n{i}", "") for i in range(count)]


def _fails(*errors):
    """A question that fails with these errors, one after the other, and is answered then."""
    todo = list(errors)

    def ask(*_probe):
        if todo:
            raise todo.pop(0)
        return "answer"

    return ask


def test_a_probe_that_was_away_for_a_moment_is_not_lost(clock):
    ctx = FakeContext()
    asked, start = Asked(ctx), clock.monotonic()
    assert asked.all(_probes(1), _fails(AWAY)) == {"n0": "answer"}
    assert clock.monotonic() - start == AGAIN and ctx.observations == []
    asked.settle()


@pytest.mark.parametrize(("errors", "words"), [((AWAY, AWAY), "pod n/p: no way"), ((SlowAnswer("late"),), "late"),
                                               ((PAGE,), PAGE.message), ((AWAY, PAGE), PAGE.message)])
def test_one_that_cannot_be_asked_is_left_alone_and_the_others_are_told(errors, words):
    ctx = FakeContext()
    asked, (probe, other) = Asked(ctx), _probes(2)
    assert asked.one(probe, _fails(*errors), "nothing") == "nothing" == asked.one(probe, _fails(), "nothing")
    assert asked.all([probe, other], _fails()) == {"n1": "answer"}
    assert ctx.seen(kind="probe", to_node="n0", target="probe-n0", ok=False, error=words) and ctx.path == [("Node", "", "n0")]
    with pytest.raises(Inconclusive, match=f"^the probe could not be asked on n0 .{words}"):
        asked.settle()
    assert ctx.observed == {"not_asked": {"n0": words}}


@pytest.mark.parametrize("error", [api_error(403, "no"), ApiError("unreachable", None, "", "away", "GET", "/")])
def test_what_is_no_matter_of_the_probe_is_raised(error):
    asked = Asked(FakeContext())
    with pytest.raises(ApiError) as e:
        asked.one(_probes(1)[0], _fails(error))
    assert e.value is error and asked.lost == {}


@pytest.mark.parametrize(("probes", "seconds", "waited"), [(30, 600.0, 8 * AGAIN), (3, 9.0, 0.0)])
def test_where_many_are_away_or_little_time_is_left_nobody_waits_for_each(clock, probes, seconds, waited):
    ctx = FakeContext(seconds=seconds)
    asked, start = Asked(ctx), clock.monotonic()

    def away(_probe):
        raise AWAY

    assert asked.all(_probes(probes), away, workers=1) == {}
    assert clock.monotonic() - start == waited and len(asked.lost) == probes


# ---- what a check can do without ------------------------------------------------------------------------------
@pytest.mark.parametrize("error", [api_error(500, "etcd"), ApiError("timeout", None, "Timeout", "late", "GET", "/"),
                                   ApiError("unreachable", None, "", "away", "GET", "/"), api_error(429, "busy")])
def test_what_is_not_told_now_is_said_and_ends_nothing(error):
    ctx = FakeContext({"/x": error})
    assert optional_get(ctx, "/x") is None and ctx.observed == {"not_read /x": error.message}


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_we_may_not_see_is_not_there(status):
    ctx = FakeContext({"/x": api_error(status)})
    assert optional_get(ctx, "/x") is None and ctx.observed == {}


def test_what_is_told_is_the_object():
    assert optional_get(FakeContext({"/x": {"items": [{"a": 1}]}}), "/x") == {"items": [{"a": 1}]}
