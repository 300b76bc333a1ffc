# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Molecule calls a scenario a success when no host matched or a step was not run, so its files are looked at."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
SCENARIOS = sorted(p.parent for p in (ROOT / "molecule").glob("*/molecule.yml"))


def _scenario(folder: Path) -> dict[str, Any]:
    return yaml.safe_load((folder / "molecule.yml").read_text(encoding="utf-8"))


def test_every_role_has_a_scenario() -> None:
    assert {p.name for p in SCENARIOS} == {p.name for p in (ROOT / "roles").iterdir()} | {"default"}


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda p: p.name)
def test_a_scenario_names_its_inventory_and_runs_every_step(folder: Path) -> None:
    scenario = _scenario(folder)
    assert scenario["ansible"]["executor"]["args"]["ansible_playbook"] == [
        "--inventory=${MOLECULE_PROJECT_DIRECTORY}/molecule/inventory"]
    steps = scenario["scenario"]["test_sequence"]
    playbooks = scenario["ansible"]["playbooks"]
    idempotence = [] if folder.name == "default" else ["idempotence"]
    prepare = ["prepare"] if (folder / "prepare.yml").is_file() else []
    assert steps == ["destroy", "create", *prepare, "converge", *idempotence, "verify", "destroy"]
    assert [n for n in steps if n != "idempotence" and not (folder / playbooks[n]).is_file()] == []


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda p: p.name)
def test_a_scenario_takes_nothing_from_an_earlier_run(folder: Path) -> None:
    """Molecule's folder outlives a run; `work` in it is what destroy removes. State that is shared is never pruned."""
    assert "shared_state" not in _scenario(folder)
    assert _scenario(folder)["ansible"]["playbooks"]["destroy"] == "../shared/destroy.yml"
    assert [p.name for p in folder.glob("*.yml") if "MOLECULE_EPHEMERAL_DIRECTORY" in p.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda p: p.name)
def test_verify_begins_where_a_host_always_is(folder: Path) -> None:
    plays = yaml.safe_load((folder / "verify.yml").read_text(encoding="utf-8"))
    assert plays[0]["hosts"] == "localhost"
    assert "groups['clusters']" in plays[0]["tasks"][0]["ansible.builtin.assert"]["that"]
