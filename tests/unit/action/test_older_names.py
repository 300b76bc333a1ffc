# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that were renamed work as before, and say what they are called now."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.arguments.older import GOES

PLAY = """
- hosts: localhost
  gather_facts: false
  vars: {cluster_host: 'https://127.0.0.1:1'}
  tasks:
    - assay.clusters.check_dns: {%s}
      register: planned
    - ansible.builtin.debug: {msg: "its limit is {{ planned.plan.limits.run | int }} s"}
"""


def _run(folder: Path, *command: str, code: int = 0) -> str:
    """What is said, without the breaks that a terminal's width makes."""
    done = subprocess.run(["ansible-playbook", "--check", *command], cwd=folder, text=True, capture_output=True, check=False,
                          env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_DEPRECATION_WARNINGS": "true"},
                          stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    assert done.returncode == code
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(("given", "older"), [pytest.param("timeout: 77", False, marks=pytest.mark.gauntlet), ("limit: 77", True)])
def test_the_limit_of_a_run_is_called_timeout(tmp_path: Path, given: str, older: bool) -> None:
    (tmp_path / "play.yml").write_text(PLAY % given)
    said = _run(tmp_path, "-i", "localhost,", "-c", "local", "play.yml")
    assert "its limit is 77 s" in said
    assert ("limit: is called timeout now" in said) == older
    assert (f"version {GOES}" in said) == older, "the specs and the screen name the same version"


@pytest.mark.parametrize("name", [pytest.param("validate_timeout", marks=pytest.mark.gauntlet), "validate_limit"])
def test_so_is_its_variable(tmp_path: Path, name: str) -> None:
    (tmp_path / "hosts.json").write_text(json.dumps({"clusters": {"hosts": {"c": {"cluster_host": "https://127.0.0.1:1"}}}}))
    said = _run(tmp_path, "assay.clusters.validate", "-i", "hosts.json", "-e", f"{name}=77", "-e", "validate_checks=dns")
    assert "limit of the run: 77 s" in said
    assert ("validate_limit: is called validate_timeout now" in said) == (name == "validate_limit")


MACHINES = {"platform": "vsphere", "hostname": "127.0.0.1", "username": "u", "password": "p", "names": ["a"]}


@pytest.mark.parametrize(("given", "told"), [
    ("snapshot_verb=take snapshot_within=-5", ["max_spread_seconds: must be 0 or more, not -5", "snapshot_verb: is called snapshot_state now"]),
    ("snapshot_verb=take snapshot_within=-5 snapshot_max_spread_seconds=-6", ["max_spread_seconds: must be 0 or more, not -6"]),
    pytest.param("snapshot_state=present snapshot_max_spread_seconds=-7", ["max_spread_seconds: must be 0 or more, not -7"],
                 marks=pytest.mark.gauntlet)])
def test_so_are_variables_of_roles_and_the_newer_counts(tmp_path: Path, given: str, told: list[str]) -> None:
    (tmp_path / "hosts.json").write_text(json.dumps({"clusters": {"hosts": {"c": {"cluster_machines": MACHINES}}}}))
    said = _run(tmp_path, "assay.clusters.snapshot", "-i", "hosts.json", "-e", f"snapshot_name=x {given}", code=2)
    assert [t for t in told if t not in said] == []
    assert (" is called snapshot_state now" in said) == ("snapshot_verb" in given)
