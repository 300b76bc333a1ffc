# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""external_dns: what recursive name servers may still answer and for how long, what is gone, and whose a name is."""
from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._external_dns import records, resolvers
from ansible_collections.assay.clusters.plugins.module_utils.checks.external_dns import ExternalDns
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.edns_world import PRIMARY, RESOLVER, SECONDARY, World
from ansible_collections.assay.clusters.tests.unit.checks.fakes import Now


@pytest.fixture(autouse=True)
def _time(monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    for module in (records, resolvers):
        monkeypatch.setattr(module, "time", Now.clock)


# ---- recursive name servers ---------------------------------------------------------------------------------------
NAMED = {"external_dns_resolvers": [RESOLVER]}


def test_recursive_ones_that_are_named_may_keep_an_answer_for_the_time_of_its_record() -> None:
    world = World(**NAMED)
    ctx = world.run()
    assert not ctx.warnings and not [o for o in ctx.observations if not o["ok"]]
    seen = {(o["variant"], o["target"].partition(" at ")[2]) for o in ctx.observations if o["variant"].startswith("resolved")}
    assert seen == {("resolved", "the name server of pods"), ("resolved", RESOLVER), ("resolved followed", RESOLVER),
                    ("resolved gone", RESOLVER)}


@pytest.mark.parametrize("holds", [90.0, 10_000.0])
def test_a_recursive_one_that_keeps_an_answer_for_longer_is_named(holds: float) -> None:
    world = World(**NAMED)
    world.holds = holds
    words = f"do not follow the zone within 75 s, and a record may be kept for 60 s: {RESOLVER} says of"
    with pytest.raises(StepFailed, match=re.escape(words)):
        world.run()
    assert world.ctx.steps[-1].startswith("recursive name servers that are named follow")
    assert {o["target"].partition(" at ")[2] for o in world.ctx.observations if not o["ok"]} == {RESOLVER}
    assert {o["error"] for o in world.ctx.observations if not o["ok"]} == {"leads to 192.0.2.10 instead of 198.51.100.20"}


def test_a_recursive_one_that_still_has_what_is_gone_is_named() -> None:
    world = World(**NAMED)
    gone = world.ctx.delete

    def delete(*told: Any, **more: Any) -> None:
        world.holds = 10_000.0
        gone(*told, **more)

    world.ctx.delete = delete
    with pytest.raises(StepFailed, match=re.escape(f"{RESOLVER} says of ")) as caught:
        world.run()
    assert "is still there: NOERROR A 198.51.100.20" in str(caught.value)
    assert world.ctx.steps[-1].startswith("recursive name servers that are named have no record left")


def test_records_that_may_be_kept_for_longer_than_is_waited_are_told_and_are_no_fault() -> None:
    world = World(**NAMED)
    world.ttl, world.holds = 3600, 3600.0
    ctx = world.run()
    assert not [o for o in ctx.observations if not o["ok"]]
    assert re.search(r"3600 s, longer than dns_check_external_dns_limit \(300 s\).*leads to 192.0.2.10", ctx.warnings[0]), ctx.warnings


def test_where_no_server_of_the_zone_is_reached_the_recursive_one_says_for_how_long_it_may_keep_a_record() -> None:
    world = World(**NAMED)
    world.mute, world.ttl, world.holds = {PRIMARY, SECONDARY}, 200, 200.0
    assert "only what pods ask was looked at" in "".join(world.run().warnings) and len(world.ctx.warnings) == 1


def test_a_wildcard_is_what_a_recursive_one_answers_at_the_end() -> None:
    world = World(**NAMED)
    world.wild = "198.51.100.9"
    assert len(world.run().warnings) == 1


def test_a_server_that_fails_says_not_that_nothing_is_left() -> None:
    world = World()
    gone = world.ctx.delete

    def delete(*told: Any, **more: Any) -> None:
        world.failing = {SECONDARY}
        gone(*told, **more)

    world.ctx.delete = delete
    with pytest.raises(StepFailed, match=re.escape(f"ns2.example.com ({SECONDARY}): SERVFAIL")):
        world.run()


@pytest.mark.parametrize(("named", "times"), [([], 4), ([RESOLVER], 6)])
def test_there_is_time_for_those_that_are_named(named: list[str], times: int) -> None:
    check = ExternalDns()
    check.bounds({"external_dns_limit": 100, "external_dns_resolvers": named})
    assert (check.limit, check.expected) == (times * 100 + 120.0, 240.0 + (150.0 if named else 0.0))


# ---- whose it is --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("owner", ["another", "prod2", "test-prod"])
@pytest.mark.parametrize("elsewhere", [set(), {PRIMARY, SECONDARY}])
def test_a_name_that_another_owns_is_told_wherever_it_leads(owner: str, elsewhere: set[str]) -> None:
    world = World()
    world.owner, world.elsewhere = owner, elsewhere
    with pytest.raises(StepFailed, match="belongs to another.*" + owner) as caught:
        world.run()
    before = "leads to 203.0.113.99 instead of 192.0.2.10, and " if elsewhere else ""
    assert f"({PRIMARY}): {before}belongs to another" in str(caught.value)


def test_a_name_that_another_owns_and_that_has_no_address_is_told() -> None:
    world = World()
    world.foreign = True
    with pytest.raises(StepFailed, match="no record .*belongs to another.*owner=another"):
        world.run()
