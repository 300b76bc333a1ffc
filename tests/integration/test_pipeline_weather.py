# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pipeline twice in foul weather: it ends green, or says what was in its way, and leaves nothing at any provider."""
from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.integration.conftest import Playbook, command_line, eventually
from tests.integration.foul_world import World, world

SEEDS = range(1, int(os.environ.get("SOAK_ROUNDS", "20")) + 1)
# In a hook what a user does on the way: a set of all machines before an upgrade, which goes when that was well.
HOOK = """---
- name: A set before the change
  assay.clusters.vm_snapshot:
    snapshot_name: before-change
    state: "{{ item }}"
    growth_percent: 0
  loop: [present, absent]
  module_defaults:
    group/assay.clusters.machines: "{{ cluster_machines }}"
  when: cluster_machines is defined
"""


def _flow(there: World, folder: Path, turn: int) -> Playbook:
    (folder / f"turn{turn}").mkdir()
    book = Playbook(folder / f"turn{turn}", there.hosts)
    book.env["XDG_STATE_HOME"] = str(folder / "state")
    (folder / "hook.yml").write_text(HOOK)
    more = {"pipeline_skip": ["health", "prepull", "validate", "revalidate"], "pipeline_hook": str(folder / "hook.yml"),
            "dispose_wait_timeout": 30, "dispose_pause": 1}
    began = time.time()
    done = book.run("-e", json.dumps(more), playbook="pipeline")
    print(f"turn {turn}: {time.time() - began:.0f} s")
    assert done.returncode == 0
    eventually("the end of what outlives the playbook", lambda: not [p for p in book.processes() if command_line(p)])
    return book


def _twice(seed: int, folder: Path, moto: str, *on: str) -> None:
    with world(seed, folder, moto, *([on] if on else [])) as there:
        for turn in (1, 2):
            there.foul()
            _flow(there, folder, turn)
            assert there.spoilt
            there.fair()
            assert there.left() == [], f"turn {turn}"
            assert {p.suffix for p in (folder / "state/assay/leases").iterdir()} == {".lock"}
            assert not list((folder / "state/assay/kubeconfigs").glob("*"))


@pytest.mark.gauntlet
def test_twice_in_foul_weather(tmp_path: Path, moto: str) -> None:
    _twice(0, tmp_path, moto, "rancher")


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", SEEDS)
def test_twice_in_the_weather_of_a_seed(tmp_path: Path, moto: str, seed: int) -> None:
    _twice(seed, tmp_path, moto)
