# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Old snapshots are pruned, and a prune that removes nothing of what it should says so."""
from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.machines import FakeMachines

NAMES = ["n1", "n2", "n3"]


def prune(run: Any, check: bool = False, **options: Any) -> list[str]:
    done = run("vm_snapshot_prune", check=check, names=["n1"], **options)
    assert not done.get("failed"), done
    return [r["name"] for r in done["removed"]]


@pytest.fixture
def history(fake: FakeMachines) -> FakeMachines:
    """Ours, a day apart, the machine's disks on none of them; and one of somebody else."""
    for days in (5, 4, 3, 2, 1):
        fake.add("n1", f"night-{days}", days=days, description="assay.clusters cluster=prod", current=False)
    fake.add("n1", "backup", days=9, description="by another program", current=False)
    return fake


@pytest.mark.parametrize(("options", "expected"), [
    ({"keep": 2}, {"night-3", "night-4", "night-5"}), ({"keep": 0}, {f"night-{n}" for n in range(1, 6)}), ({"keep": 9}, set()),
    ({"older_than_days": 2.5}, {"night-3", "night-4", "night-5"}), ({"keep": 4, "older_than_days": 2.5}, {"night-5"}),
    ({"pattern": "*-[12]"}, {"night-1", "night-2"}), ({"keep": 0, "cluster": "prod"}, {f"night-{n}" for n in range(1, 6)}),
    ({"keep": 0, "cluster": "pro"}, set()), ({"pattern": "back*"}, set()),
    ({"pattern": "back*", "ours_only": False}, {"backup"}),
])
def test_what_is_pruned(run: Any, history: FakeMachines, options: dict[str, Any], expected: set[str]) -> None:
    before = set(history.names["n1"])
    assert set(prune(run, check=True, **options)) == expected and history.calls == []
    assert set(prune(run, **options)) == expected and set(history.names["n1"]) == before - expected


def test_what_the_disks_stand_on_stays_and_children_go_first(run: Any, fake: FakeMachines) -> None:
    first, second = fake.add("n1", "a", "b", days=1, description="assay.clusters")
    fake.add("n1", "c", days=1, description="assay.clusters", parent=second, current=False)
    fake.add("n1", "d", days=1, description="assay.clusters", parent="s-3", current=False)
    assert prune(run, keep=0, allow_current=False) == ["d", "c"] and fake.names["n1"] == ["a", "b"]
    assert prune(run, keep=0) == ["b", "a"] and first == "s-1"


def test_the_others_are_pruned_though_one_cannot_be(run: Any, fake: FakeMachines) -> None:
    for name in NAMES:
        fake.add(name, "old", days=1, description="assay.clusters", current=False)
        fake.set(name, consolidate=name == "n3")
    fake.fail["remove", "n1"] = "locked"
    failed = run("vm_snapshot_prune", keep=0)
    assert failed["failed"] and failed["changed"] and failed["msg"] == "n1: locked"
    assert fake.names == {"n1": ["old"], "n2": [], "n3": []} and "consolidate n3" in fake.calls


def test_pruning_that_takes_too_long_goes_on_next_time(run: Any, history: FakeMachines) -> None:
    history.seconds["remove"] = 40
    failed = run("vm_snapshot_prune", names=["n1"], keep=0, timeout=60)
    assert failed["changed"] and failed["msg"] == "the time was up while waiting for n1; run it again, it goes on"
    history.seconds.clear()
    assert run("vm_snapshot_prune", names=["n1"], keep=0)["changed"] and history.names["n1"] == ["backup"]


# ---- what the disks stand on --------------------------------------------------------------------------------------
@pytest.fixture
def chained(fake: FakeMachines) -> FakeMachines:
    """A snapshot a day, each on the one before, as they are nearly everywhere."""
    for days in (3, 2, 1):
        fake.add("n1", f"night-{days}", days=days, description="assay.clusters")
    return fake


def test_a_chain_is_pruned(run: Any, chained: FakeMachines) -> None:
    assert prune(run, keep=1) == ["night-2", "night-3"] and chained.names["n1"] == ["night-1"]


@pytest.mark.parametrize("check", [True, False])
def test_a_prune_that_can_remove_nothing_fails(run: Any, chained: FakeMachines, check: bool) -> None:
    failed = run("vm_snapshot_prune", check=check, names=["n1"], keep=1, allow_current=False)
    assert failed["failed"] and not failed["changed"] and chained.calls == []
    assert failed["msg"].startswith("allow_current: nothing can be removed, as the disks stand on all that should go (night-2, night-3 of n1)")


def test_what_stays_of_what_should_go_is_told(run: Any, chained: FakeMachines) -> None:
    chained.add("n2", "old", days=9, description="assay.clusters", current=False)
    done = run("vm_snapshot_prune", names=["n1", "n2"], older_than_days=1.5, allow_current=False)
    assert done["changed"] and done["spared"] == {"n1": ["night-2", "night-3"]} and chained.names["n2"] == []
    assert done["progress"][0] == "n1: night-2, night-3 should go and stay, as its disks stand on them (allow_current)"


@pytest.mark.parametrize("options", [{"keep": 9}, {"older_than_days": 30}, {"pattern": "weekly*"}])
def test_nothing_to_do_is_no_failure(run: Any, chained: FakeMachines, options: dict[str, Any]) -> None:
    done = run("vm_snapshot_prune", names=["n1"], allow_current=False, **options)
    assert not done.get("failed") and not done["changed"] and done["spared"] == {}


def test_a_cluster_with_a_blank_in_its_name(run: Any, fake: FakeMachines) -> None:
    assert run("vm_snapshot", snapshot_name="golden", cluster="prod east")["changed"]
    assert run("vm_snapshot_prune", keep=0, cluster="prod")["removed"] == []
    assert len(run("vm_snapshot_prune", keep=0, cluster="prod east")["removed"]) == 3 and set(map(len, fake.names.values())) == {0}
