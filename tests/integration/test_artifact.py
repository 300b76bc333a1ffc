# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The built collection, installed into an empty folder and used without this checkout."""
from __future__ import annotations

import json
import re
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.integration.artefact import run
from tests.links import dead

CHECKOUT = Path(__file__).resolve().parents[2]
NEEDED = {"meta", "plugins", "roles", "playbooks"}
# What the inventory rules of collections and Galaxy want beside them.
WANTED = {"README.md", "LICENSE", "CHANGELOG.rst", "MANIFEST.json", "FILES.json", "requirements.txt", "changelogs", "docs",
          "inventories"}
UNWANTED = {"tests", "molecule", "Makefile", "pytest.ini", ".ci", "galaxy.yml"}


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


def test_no_link_of_its_pages_is_dead(installed: dict[str, str]) -> None:
    pages = sorted(_tree(installed).rglob("*.md"))
    assert len(pages) > 40 and not {str(p): d for p in pages if (d := dead(p, _tree(installed)))}


# What is left where a page of ansible-doc holds markup that it does not know.
_LEFT = re.compile(r"(?<![A-Za-z])(?:[A-Z]|HORIZONTALLINE)\([^)]*\)|<br>|\]\(https?:")


def test_no_markup_stays_in_what_ansible_doc_prints(installed: dict[str, str], tmp_path: Path) -> None:
    """Of every module, role and plugin; code in examples may look like it."""
    left = {}
    for kind in ("module", "role", "inventory", "callback", "lookup", "filter"):
        names = json.loads(run("ansible-doc", "--type", kind, "--list", "--json", "assay.clusters", cwd=tmp_path,
                               environ=installed))
        said = run("ansible-doc", "--type", kind, *names, cwd=tmp_path, environ=installed)
        assert names and all(n in said for n in names)
        prose = re.sub(r"^EXAMPLES:.*?(?=^RETURN VALUES:|^> |\Z)", "", said, flags=re.M | re.S)
        left.update({f"{kind} {m[0]}": m.start() for m in _LEFT.finditer(prose)})
    assert not left


def test_the_playbook_runs_by_its_full_name(installed: dict[str, str], inventory: Path, tmp_path: Path) -> None:
    said = run("ansible-playbook", "assay.clusters.validate", "--check", "-i", str(inventory), cwd=tmp_path,
               environ=installed)
    for check in (_tree(installed) / "plugins/modules").glob("check_*.py"):
        assert f"/{check.stem.removeprefix('check_')}: " in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hosts.json"]


def test_every_module_and_role_is_documented_there(installed: dict[str, str], tmp_path: Path) -> None:
    listed = json.loads(run("ansible-doc", "--list", "--json", "assay.clusters", cwd=tmp_path, environ=installed))
    assert {n.rpartition(".")[2] for n in listed} == {p.stem for p in (CHECKOUT / "plugins/modules").glob("*.py")}
    roles = json.loads(run("ansible-doc", "--type", "role", "--list", "--json", "assay.clusters", cwd=tmp_path,
                           environ=installed))
    assert {n.rpartition(".")[2] for n in roles} == {p.name for p in (CHECKOUT / "roles").iterdir()}


def test_it_works_with_nothing_but_what_ansible_loads(installed: dict[str, str], inventory: Path,
                                                      tmp_path: Path) -> None:
    bare = tmp_path / "bare/ansible_collections/assay/clusters"
    for name in (*NEEDED, "MANIFEST.json"):
        source = _tree(installed) / name
        shutil.copytree(source, bare / name) if source.is_dir() else shutil.copy2(source, bare / name)
    environ = {**installed, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "bare")}
    said = run("ansible-playbook", "assay.clusters.validate", "--check", "-i", str(inventory), cwd=tmp_path,
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
    run("ansible-playbook", "--check", "play.yml", cwd=tmp_path, environ=installed)
