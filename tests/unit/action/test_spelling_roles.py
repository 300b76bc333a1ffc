# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every role and every playbook refuses a variable of its own that is misspelt, as users start them."""
from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.plugin_utils import spelling

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(p.parent.name for p in (ROOT / "roles").glob("*/meta"))
BOOKS = {p.stem: p.read_text(encoding="utf-8") for p in sorted((ROOT / "playbooks").glob("*.yml"))}
# Without these a role refuses all else before it reads the rest.
NEEDED = {"report_results_dir": "{{ there }}", "publish_src": "{{ there }}", "publish_dest": "{{ there }}/published",
          "cluster_machines": {"platform": "vsphere"}, "provision_platform": "konvoy", "cluster_konvoy": {}, "cluster_host": "https://127.0.0.1:1"}


def _slip(name: str) -> str:
    """Its last two letters that differ, changed over: report_gaet for report_gate."""
    at = max(i for i in range(1, len(name)) if name[i] != name[i - 1])
    return name[:at - 1] + name[at] + name[at - 1] + name[at + 1:]


def _one_of(role: str) -> str:
    """A variable of the role that is long enough that its slip is taken for nothing else."""
    known = spelling.known()[role]
    return max((n for n in sorted(known.offered) if "_check_" not in n and _slip(n) not in known.all), key=len)


def test_every_role_refuses_a_misspelt_variable_of_its_own(tmp_path: Path) -> None:
    """One host for each role, so that one start of Ansible serves all."""
    hosts = {role: {_slip(_one_of(role)): "x"} for role in ROLES}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": {**NEEDED, "there": str(tmp_path)}}}))
    (tmp_path / "play.json").write_text(json.dumps([{
        "hosts": "all", "gather_facts": False, "connection": "local", "strategy": "free",
        "tasks": [{"ansible.builtin.include_role": {"name": "assay.clusters.{{ inventory_hostname }}"}}]}]))
    done = subprocess.run(["ansible-playbook", "-i", str(tmp_path / "hosts.json"), str(tmp_path / "play.json"), "--forks", "2"],
                          cwd=tmp_path, text=True, check=False, capture_output=True, env={**os.environ, "ANSIBLE_NOCOLOR": "1"})
    silent = [role for role in ROLES if f"did you mean {_one_of(role)}?" not in done.stdout]
    assert not silent and len(ROLES) > 15, done.stdout[-6000:]


def _read(book: str) -> set[str]:
    """Whose variables a playbook reads by itself."""
    text = re.sub(r"(?m)^\s*#.*$", "", BOOKS[book])
    return {prefix for prefix, names in spelling.known().items() if prefix != "cluster"
            for name in names.offered if re.search(rf"\b{name}\s*\|\s*default\b|\b{name} is (not )?defined", text)}


def _judged(book: str) -> set[str]:
    """Whose are judged in one of its tasks."""
    words = re.findall(r"assay\.clusters\.(\w+)", str(yaml.safe_load(BOOKS[book])))
    return {p for word in words for p in [*spelling.prefixes(word, {}), *([word] if word in ROLES else [])]}


@pytest.mark.parametrize("book", BOOKS)
def test_what_a_playbook_reads_is_judged_in_it(book: str) -> None:
    assert _read(book) - _judged(book) == set()


@pytest.mark.parametrize(("slip", "meant"), [
    ("preflight_timeot", "preflight_timeout"), ("rbac_optinal", "rbac_optional"), ("provision_platfrom", "provision_platform")])
def test_a_preflight_refuses_what_it_would_not_read(tmp_path: Path, slip: str, meant: str) -> None:
    done = subprocess.run(["ansible-playbook", "assay.clusters.preflight", "-i", "c1,", "-e", f"{slip}=3", "-e",
                           "cluster_host=https://127.0.0.1:1"], cwd=tmp_path, text=True, check=False, capture_output=True)
    assert done.returncode == 2 and f"{slip}: is no variable of " in done.stdout and f"did you mean {meant}?" in done.stdout
