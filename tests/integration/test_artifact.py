# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The built collection, installed into an empty folder and used without this checkout."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
NEEDED = {"meta", "plugins", "roles", "playbooks"}
# What the inventory rules of collections and Galaxy want beside them.
WANTED = {"README.md", "LICENSE", "CHANGELOG.rst", "MANIFEST.json", "FILES.json", "requirements.txt", "changelogs", "docs"}
UNWANTED = {"tests", "molecule", "inventories", "Makefile", "pytest.ini", ".ci", "galaxy.yml"}


def _run(*command: str, cwd: Path, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=environ, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    return done.stdout


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git tracks, so that nothing lying about gets in."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("build")
    for name in filter(None, _run("git", "ls-files", "-z", cwd=CHECKOUT).split("\0")):
        if (CHECKOUT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, source / name)
    _run("ansible-galaxy", "collection", "build", "--output-path", str(out), cwd=source)
    return next(out.glob("assay-clusters-*.tar.gz"))


@pytest.fixture(scope="module")
def installed(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a user who has the artefact only; ANSIBLE_COLLECTIONS_PATH is the folder with it."""
    folder = tmp_path_factory.mktemp("installed")
    dropped = ("PYTHONPATH", "KUBECONFIG", "ANSIBLE_CONFIG")
    environ = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith("K8S_AUTH_")}
    environ |= {"ANSIBLE_COLLECTIONS_PATH": str(folder), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
    _run("ansible-galaxy", "collection", "install", "--offline", "-p", str(folder), str(artifact), cwd=folder,
         environ=environ)
    return environ


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.json"
    path.write_text(json.dumps({"all": {"hosts": {"far": {"cluster_host": "https://127.0.0.1:1"}}}}))
    return path


def _tree(environ: dict[str, str]) -> Path:
    return Path(environ["ANSIBLE_COLLECTIONS_PATH"]) / "ansible_collections/assay/clusters"


def test_the_artefact_holds_what_users_need_and_nothing_else(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        top = {n.split("/")[0] for n in archive.getnames()}
    assert top >= NEEDED | WANTED
    assert not top & UNWANTED
    assert artifact.stat().st_size < 20_000_000


def test_the_playbook_runs_by_its_full_name(installed: dict[str, str], inventory: Path, tmp_path: Path) -> None:
    said = _run("ansible-playbook", "assay.clusters.validate", "--check", "-i", str(inventory), cwd=tmp_path,
                environ=installed)
    for check in (_tree(installed) / "plugins/modules").glob("check_*.py"):
        assert f"/{check.stem.removeprefix('check_')}: " in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hosts.json"]


def test_every_module_and_role_is_documented_there(installed: dict[str, str], tmp_path: Path) -> None:
    listed = json.loads(_run("ansible-doc", "--list", "--json", "assay.clusters", cwd=tmp_path, environ=installed))
    assert {n.rpartition(".")[2] for n in listed} == {p.stem for p in (CHECKOUT / "plugins/modules").glob("*.py")}
    roles = json.loads(_run("ansible-doc", "--type", "role", "--list", "--json", "assay.clusters", cwd=tmp_path,
                            environ=installed))
    assert {n.rpartition(".")[2] for n in roles} == {p.name for p in (CHECKOUT / "roles").iterdir()}


def test_it_works_with_nothing_but_what_ansible_loads(installed: dict[str, str], inventory: Path,
                                                      tmp_path: Path) -> None:
    bare = tmp_path / "bare/ansible_collections/assay/clusters"
    for name in (*NEEDED, "MANIFEST.json"):
        source = _tree(installed) / name
        shutil.copytree(source, bare / name) if source.is_dir() else shutil.copy2(source, bare / name)
    environ = {**installed, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "bare")}
    said = _run("ansible-playbook", "assay.clusters.validate", "--check", "-i", str(inventory), cwd=tmp_path,
                environ=environ)
    assert "dns/dns" in said


def test_defaults_of_the_action_group_reach_the_modules(installed: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text("""
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/assay.clusters.cluster:
      host: https://127.0.0.1:1
    assay.clusters.check_dns:
      queries: 7
  tasks:
    - assay.clusters.check_dns:
      register: dns
    - assay.clusters.validate:
        domains: [nodes]
      register: nodes
    - ansible.builtin.assert:
        that:
          - dns.plan.checks[0].options.queries == 7
          - nodes.plan.checks | map(attribute='name') == ['nodes']
""")
    _run("ansible-playbook", "--check", "play.yml", cwd=tmp_path, environ=installed)
