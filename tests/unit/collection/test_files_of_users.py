# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that a user names are where the user is: Ansible's own modules see a path from the folder of the playbook, which is the
installed collection."""
from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FILES = {"copy": ("src", "dest"), "template": ("dest",), "file": ("path",), "stat": ("path",), "fetch": ("dest",),
         "get_url": ("dest",), "slurp": ("src",), "find": ("paths",), "unarchive": ("src", "dest"), "lineinfile": ("path",)}


def _tasks(content: Any) -> Iterator[dict[str, Any]]:
    for task in content or ():
        for part in ("tasks", "block", "rescue", "always"):
            yield from _tasks(task.get(part))
        yield task


def _named() -> Iterator[tuple[str, str]]:
    """(where, path) of what Ansible's own modules read or write, in all that is shipped."""
    for path in [*(ROOT / "playbooks").glob("*.yml"), *(ROOT / "roles").glob("*/tasks/**/*.yml")]:
        for task in _tasks(yaml.safe_load(path.read_text(encoding="utf-8"))):
            for name, options in FILES.items():
                given = task.get(f"ansible.builtin.{name}") or {}
                yield from ((f"{path.relative_to(ROOT)}: {task['name']}", given[o]) for o in options if o in given)


def test_no_task_leaves_it_to_ansible_from_where_a_path_is_seen() -> None:
    found = list(_named())
    assert len(found) > 5
    assert [where for where, path in found if "realpath" not in path] == []


@pytest.mark.parametrize("given", [pytest.param("role.yml", id="named", marks=pytest.mark.gauntlet), pytest.param("", id="default")])
def test_what_is_written_is_in_the_current_folder(tmp_path: Path, given: str) -> None:
    done = subprocess.run(["ansible-playbook", "assay.clusters.rbac", "-e", "validate_checks=dns", "-e", f"rbac_file={given}"],
                          cwd=tmp_path, text=True, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    [written] = tmp_path.iterdir()
    assert written.name == (given or "assay-clusters-rbac.yml") and "kind: Role" in written.read_text()
    text = written.read_text()
    role = next(d for d in yaml.safe_load_all(text) if d["kind"] == "Role")
    assert [r["resources"] for r in role["rules"] if "daemonsets" in r["resources"]] and "# Wanted by dns.\n- apiGroups:\n  - apps\n" in text
    assert text.count("# Wanted by ") == text.count("- apiGroups:") + text.count("- nonResourceURLs:")
    assert str(written.resolve()) in "".join(done.stdout.split())
