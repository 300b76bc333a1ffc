# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Molecule calls a scenario a success when no host matched or a step was not run, so its files are looked at."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.engine import registry

ROOT = Path(__file__).resolve().parents[3]
SCENARIOS = sorted(p.parent for p in (ROOT / "molecule").glob("*/molecule.yml"))
# Roles that prove and change nothing at all, which is more than that the second time changes nothing.
DOMAINS = {c.domain for c in registry.load().values()} - {"machines"}
ONCE = DOMAINS | {"default", "pipeline"}


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
    idempotence = [] if folder.name in ONCE else ["idempotence"]
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


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_the_role_of_a_domain_is_seen_to_change_nothing_to_fail_and_to_be_limited(domain: str) -> None:
    """A role that hands nothing on, or a module that does nothing, is noticed: some variable of it must make it fail."""
    folder = ROOT / "molecule" / domain
    [play] = yaml.safe_load((folder / "converge.yml").read_text(encoding="utf-8"))
    assert play["tasks"][0]["notify"] == play["handlers"][0]["name"] and "ansible.builtin.fail" in play["handlers"][0]
    tasks = yaml.safe_load((folder / "verify.yml").read_text(encoding="utf-8"))[1]["tasks"]
    used = {t["ansible.builtin.include_tasks"]: t["vars"] for t in tasks if "ansible.builtin.include_tasks" in t}
    assert f"{domain}_results_dir" in used["../shared/tasks/refused.yml"]
    assert used["../shared/tasks/unproved.yml"][f"{domain}_allow_inconclusive"] is True
    assert f"{domain}_exclude" in used["../shared/tasks/use.yml"]


def test_every_check_has_something_to_see() -> None:
    """What verify looks for in a record that is good."""
    variables = yaml.safe_load((ROOT / "molecule/inventory/group_vars/clusters.yml").read_text(encoding="utf-8"))
    assert {name for name, seen in variables["proofs"].items() if seen} == set(registry.load())
