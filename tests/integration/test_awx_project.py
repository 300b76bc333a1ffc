# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The project for AWX, put together as docs/awx.md says: every playbook of its job templates runs on what a fake Rancher has."""
from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.documented import CHECKOUT, commands
from tests.fakes.rancher import FakeRancher

[BLOCK] = [c.text for c in commands("docs/awx.md") if c.needs == "tests/integration/test_awx_project.py"]
TEMPLATES = yaml.safe_load((CHECKOUT / "docs/examples/awx/job_templates.yml").read_text(encoding="utf-8"))


@pytest.fixture(name="environ")
def _environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Of a user with the collection in the home folder, and the credential of the fake Rancher."""
    home = tmp_path / "home/.ansible/collections/ansible_collections/assay"
    home.mkdir(parents=True)
    (home / "clusters").symlink_to(CHECKOUT)
    with FakeRancher() as rancher:
        rancher.making = []
        for name in ("payments", "webshop"):
            rancher.add(name)
        yield {**os.environ, "HOME": str(tmp_path / "home"), "RANCHER_URL": rancher.url, "RANCHER_TOKEN": rancher.token,
               "ANSIBLE_NOCOLOR": "1"}


def _run(command: list[str], folder: Path, environ: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environ, text=True, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    return done.stdout


def test_its_playbooks_find_the_clusters_of_rancher_with_the_key(tmp_path: Path, environ: dict[str, str]) -> None:
    _run(["bash", "-euc", BLOCK], tmp_path, environ)
    project, inventory = tmp_path / "clusters", ["-i", "prod.clusters.yml"]
    found = json.loads(_run(["ansible-inventory", *inventory, "--list"], project, environ))["_meta"]["hostvars"]
    assert set(found) == {"payments", "webshop"} and all("RANCHER_TOKEN" in v["cluster_api_key"] for v in found.values())
    for template in TEMPLATES:
        more = {n: v for n, v in template["extra_vars"].items() if n == "pipeline_hook"}
        told = _run(["ansible-playbook", template["playbook"], *inventory, "--check", "-e", json.dumps(more)], project, environ)
        assert "payments" in told and "webshop" in told
    assert (tmp_path / "awx/configure.yml").is_file() and (tmp_path / "awx/execution-environment.yml").is_file()
