# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Disks that could not be merged when a snapshot was removed: consolidated where the platform can, told where not."""
from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.machines import FakeMachines
from tests.unit.snapshots.conftest import NAMES


@pytest.fixture
def split(fake: FakeMachines) -> FakeMachines:
    """All have a snapshot, and the disks of n2 want a consolidation when theirs is removed."""
    for name in NAMES:
        fake.add(name, "golden", days=1, description="assay.clusters")
    fake.on = lambda verb, name: fake.set("n2", consolidate=True) if (verb, name) == ("remove", "n2") else None
    return fake


def gone(run: Any, module: str) -> dict[str, Any]:
    more = {"snapshot_name": "golden", "state": "absent"} if module == "vm_snapshot" else {"keep": 0}
    return run(module, **more)


BOTH = pytest.mark.parametrize("module", ["vm_snapshot", "vm_snapshot_prune"])


@BOTH
def test_what_a_removal_leaves_is_consolidated(run: Any, split: FakeMachines, module: str) -> None:
    done = gone(run, module)
    assert done["changed"] and (done["consolidated"], done["consolidation_needed"]) == (["n2"], [])
    assert [c for c in split.calls if c.startswith("consolidate")] == ["consolidate n2"] and split.calls.index("remove n2 golden") < \
        split.calls.index("consolidate n2")


@BOTH
def test_a_platform_that_cannot_is_told(run: Any, split: FakeMachines, module: str) -> None:
    split.consolidates = False
    done = gone(run, module)
    assert done["changed"] and (done["consolidated"], done["consolidation_needed"]) == ([], ["n2"])
    assert "n2: its disks want a consolidation, for which fake has no command: consolidate them in its client" in done["progress"]
    assert "consolidate n2" not in split.calls


@BOTH
def test_one_that_fails_is_a_failure_with_what_is_gone(run: Any, split: FakeMachines, module: str) -> None:
    split.fail["consolidate", "n2"] = "no room"
    failed = gone(run, module)
    assert failed["failed"] and failed["changed"] and failed["consolidation_needed"] == ["n2"] and split.names["n2"] == []
    assert failed["msg"].startswith("n2: no room; the snapshots are gone, and the disks want a consolidation still: ")


def test_what_wants_it_already_is_told_where_nothing_is_removed(run: Any, fake: FakeMachines) -> None:
    fake.set("n3", consolidate=True)
    done = run("vm_snapshot", snapshot_name="golden", state="absent")
    assert not done["changed"] and done["consolidation_needed"] == ["n3"] and fake.calls == []


def test_prune_leaves_disks_alone_where_it_is_told_to(run: Any, split: FakeMachines) -> None:
    done = run("vm_snapshot_prune", keep=0, consolidate=False)
    assert done["changed"] and done["consolidated"] == [] and "consolidate n2" not in split.calls
