# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots of one name are of one moment or they are no set: told by their mark, and without one by their dates."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Snapshot
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.moment import BY_HAND, mark
from tests.fakes.machines import FakeMachines

MINUTE = 60 / 86400


def of(key: str) -> dict[str, Any]:
    return {"description": f"x | assay.clusters cluster=prod set={key}"}


@pytest.fixture(params=["sets", "set and none", "dates"])
def different(request: pytest.FixtureRequest, fake: FakeMachines) -> FakeMachines:
    """All machines have the snapshot, n3 one of another moment."""
    others = {} if request.param == "dates" else of("a")
    third = of("b") if request.param == "sets" else {"days": (BY_HAND + 1) / 86400} if request.param == "dates" else {}
    for name, about in (("n1", others), ("n2", others), ("n3", third)):
        fake.add(name, "golden", **about)
    return fake


@pytest.mark.parametrize(("description", "expected"), [
    ("x | assay.clusters cluster=prod set=abc", "abc"), ("assay.clusters set=abc", "abc"), ("set=mine", ""), ("", ""),
    ("assay.clusters cluster=prod", ""), ("set=mine assay.clusters x | assay.clusters owner=me set=abc", "abc")])
def test_the_mark_is_read_behind_our_name_only(description: str, expected: str) -> None:
    assert mark(Snapshot("s", "golden", "", description=description)) == expected


def test_snapshots_of_several_moments_are_no_set(run: Any, different: FakeMachines) -> None:
    refused = run("vm_snapshot", snapshot_name="golden")
    assert refused["failed"] and not refused["changed"] and different.calls == []
    assert refused["msg"].startswith("snapshot_name: 'golden' is on all machines, but not of one set: n1, n2: ")
    assert "; n3: " in refused["msg"] and refused["msg"].endswith("replace it (on_incomplete: replace), or choose another name")
    assert run("vm_snapshot", snapshot_name="golden", on_incomplete="replace")["changed"]
    assert not run("vm_snapshot", snapshot_name="golden")["changed"]


def test_snapshots_of_several_moments_are_not_reverted_to(run: Any, different: FakeMachines) -> None:
    options = {"snapshot_name": "golden", "disposable": True, "boot_delay": 0}
    refused = run("vm_snapshot_revert", **options)
    assert refused["msg"].startswith("allow_mixed: the snapshots 'golden' are not of one set (n1, n2: ") and different.calls == []
    assert run("vm_snapshot_revert", check=True, **options)["failed"], "the plan says it, too"
    assert run("vm_snapshot_revert", allow_mixed=True, **options)["changed"]


@pytest.mark.parametrize(("first", "third"), [
    (of("a"), of("a")), ({}, {}), ({}, {"days": (BY_HAND - 1) / 86400}), (of("a"), {**of("a"), "days": 30 * MINUTE})])
def test_one_set_is_one_moment_however_it_was_made(run: Any, fake: FakeMachines, first: dict[str, Any], third: dict[str, Any]) -> None:
    """The mark counts more than dates: how far apart a set of ours may be was judged when it was taken."""
    for name, about in (("n1", first), ("n2", first), ("n3", third)):
        fake.add(name, "golden", **about)
    done = run("vm_snapshot", snapshot_name="golden")
    assert not done["changed"] and not done.get("failed")
    assert run("vm_snapshot_revert", snapshot_name="golden", disposable=True, boot_delay=0)["changed"]


def test_a_set_that_all_have_is_there_whatever_else_bears_its_name(run: Any, fake: FakeMachines) -> None:
    for name in ("n1", "n2", "n3"):
        fake.add(name, "golden", **of("a"))
    fake.add("n2", "golden", **of("b"))
    assert not run("vm_snapshot", snapshot_name="golden")["changed"] and fake.calls == []


def test_the_sets_are_listed_with_who_lacks_them(run: Any, fake: FakeMachines) -> None:
    for name, days in (("n1", 1.0), ("n3", 1.0 + MINUTE)):
        fake.add(name, "golden", days=days, **of("a"))
    fake.add("n2", "later", **of("b"))
    fake.add("n2", "by hand")
    done = run("vm_snapshot_info")
    assert [(s["name"], s["set"], s["machines"], s["missing"], s["spread_seconds"]) for s in done["sets"]] == [
        ("golden", "a", ["n1", "n3"], ["n2"], 60.0), ("later", "b", ["n2"], ["n1", "n3"], 0.0)]
    assert [s["set"] for m in done["machines"] for s in m["snapshots"]] == ["a", "b", "", "a"]
    assert [s["name"] for s in run("vm_snapshot_info", snapshot_name="later")["sets"]] == ["later"]
