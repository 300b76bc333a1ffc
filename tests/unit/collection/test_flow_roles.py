# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Roles of the flow: variables, defaults and guides say the same, and their options are those of the modules."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER
from ansible_collections.assay.clusters.plugins.module_utils.arguments.machines import (
    MACHINES, VM_SNAPSHOT, VM_SNAPSHOT_INFO, VM_SNAPSHOT_PRUNE, VM_SNAPSHOT_REVERT)
from ansible_collections.assay.clusters.plugins.module_utils.arguments.platforms import CLUSTER_PLATFORM, CLUSTER_WANTED
from tests.unit.collection import defaults

ROOT = Path(__file__).resolve().parents[3]
ROLES = ("pipeline", "provision", "snapshot")
# What the role gives itself: from the inventory, or by its state.
OF_STATE = {"present": (VM_SNAPSHOT, {"state", "cluster"}), "absent": (VM_SNAPSHOT, {"state"}),
            "revert": (VM_SNAPSHOT_REVERT, {"disposable"}), "info": (VM_SNAPSHOT_INFO, set()),
            "prune": (VM_SNAPSHOT_PRUNE, set())}
WHICH_MACHINES = {*MACHINES} - {"parallel", "timeout"}
# Of taking only; a removal has no use for them.
TAKING = {"description", "memory_dump", "quiesce", "order", "max_spread_seconds", "free_percent", "growth_percent", "max_depth",
          "max_age_days", "wait", "on_incomplete", "run_id", "creator", "cluster", "state_before", "state_change_timeout",
          "quiesce_timeout", "attached_volumes", "independent_disks", "cluster_api"}


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def _options(role: str) -> dict[str, Any]:
    return _yaml(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_guide_are_those_of_the_spec(role: str) -> None:
    spec = _options(role)
    assert _yaml(f"roles/{role}/defaults/main.yml") == defaults.wanted(spec)
    text = (ROOT / f"roles/{role}/README.md").read_text(encoding="utf-8")
    assert [*re.findall(r"^\| `(\w+)` \| \w+ \|", text, re.MULTILINE)] == [*spec]


def _same(documented: dict[str, Any], spec: dict[str, Any]) -> bool:
    return all(documented.get(n) == spec.get(n) for n in ("type", "elements"))


@pytest.mark.parametrize("state", OF_STATE)
def test_states_of_snapshots_take_all_options_of_their_module(state: str) -> None:
    spec, own = OF_STATE[state]
    [given] = [args for task in _yaml(f"roles/snapshot/tasks/{state}.yml") for name, args in task.items() if ".vm_snapshot" in name]
    names = {"snapshot_name": "snapshot_name", "snapshot_id": "snapshot_id"}
    taken = {n: names.get(n, f"snapshot_{n}") for n in given if n not in own}
    assert [n for n, variable in taken.items() if not re.search(rf"\b{variable} \| default\(", given[n])] == []
    others = WHICH_MACHINES | {*CLUSTER} | own | (TAKING if state == "absent" else {"remove_children"} & {*spec})
    assert set(taken) == set(spec) - others
    documented = _options("snapshot")
    assert [n for n, variable in taken.items() if not _same(documented[variable], spec[n])] == []
    assert state in documented["snapshot_state"]["choices"]


def test_provision_takes_the_options_of_its_module() -> None:
    documented = {n.removeprefix("provision_"): o for n, o in _options("provision").items()}
    # what follows in the play takes the file of the kubeconfig, so the role never has it in a result
    wanted = {n: s for n, s in CLUSTER_WANTED.items() if n not in ("state", "disposable", "wait", "return_kubeconfig")}
    assert set(documented) == {*wanted, "platform"}
    assert [n for n, s in wanted.items() if not _same(documented[n], s)] == []
    of_runs = {"name", "version", "nodes", "run_id"}
    assert {n: o["default"] for n, o in documented.items() if "default" in o and n not in of_runs} == {
        n: s["default"] for n, s in wanted.items() if "default" in s}
    assert documented["platform"]["choices"] == CLUSTER_PLATFORM["platform"]["choices"]
