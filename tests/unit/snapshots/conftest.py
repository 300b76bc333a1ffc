# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modules of machines on a fake platform with a fake clock, so that waiting takes no time."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs import job
from ansible_collections.assay.clusters.plugins.module_utils.machines.choice import registry as machine_platforms
from ansible_collections.assay.clusters.plugins.module_utils.snapshots import (
    guard as snapshot_guard, info as snapshot_info, power as snapshot_power, prune as snapshot_prune, set as snapshot_set)
from tests.fakes.clock import Clock
from tests.fakes.guards import Guards
from tests.fakes.machines import FakeMachines
from tests.integration import machines

NAMES = ["n1", "n2", "n3"]
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (job, snapshot_guard, snapshot_info, snapshot_power, snapshot_prune, snapshot_set):
        monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
def fake(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> FakeMachines:
    made = FakeMachines(clock, *NAMES)
    monkeypatch.setattr(machine_platforms, "PLATFORMS", {"fake": lambda: lambda params, of, marks: made})
    return made


@pytest.fixture
def guards(monkeypatch: pytest.MonkeyPatch) -> Guards:
    made = Guards()
    for module in (snapshot_guard, snapshot_power):
        monkeypatch.setattr(module, "Guardian", made)
    return made


@pytest.fixture
def run(fake: FakeMachines, guards: Guards) -> Run:  # pylint: disable=unused-argument
    """run(module, option=...): the module on the machines of the fake."""
    def made(module: str, check: bool = False, **options: Any) -> dict[str, Any]:
        return machines.run(module, {"platform": "fake", "names": NAMES, **options}, check)

    return made
