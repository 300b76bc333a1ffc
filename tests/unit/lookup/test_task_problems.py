# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A hook that cannot be included is told before anything is made."""
from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
GOOD = ["- name: Wait\n  ansible.builtin.pause:\n    seconds: 1\n", "- command: echo x\n", "- check_nodes:\n", "[]\n",
        "- include_tasks: more.yml\n- import_role: {name: mine}\n",
        "- assay.clusters.check_dns:\n  register: x\n  when: false\n",
        "- block:\n    - ansible.builtin.debug:\n  rescue:\n    - fail: msg=x\n", "- action: debug msg=x\n",
        "- set_fact: {a: !unsafe '{{ b }}'}\n"]
NONE = "holds nothing where a list of tasks is expected"
WRONG = {"- hosts: all\n  tasks: []\n": "is a playbook; what stands in its tasks belongs into this file, without hosts",
         "- import_playbook: x.yml\n": "is a playbook", "tasks: []\n": "holds a dictionary where a list of tasks is expected",
         "": NONE, "- block:\n": NONE, "- word\n": "holds 'word', which is no task", "- a: [\n": ".yml: ",
         "- debug:\n  command: x\n": "conflicting action statements: debug, command",
         "- name: nothing\n": "no module/action detected in task",
         "- block:\n    - no_such_module_of_anybody:\n": "couldn't resolve module/action 'no_such_module_of_anybody'",
         "- block:\n    - {hosts: all}\n": "is a playbook"}
# With Ansible's own way to plugins, which would change how this process imports.
SCRIPT = """
import json, sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from ansible.parsing.dataloader import DataLoader
from ansible_collections.assay.clusters.plugins.lookup.task_problems import problem
print(json.dumps({path: problem(path, DataLoader()) for path in sys.argv[1:]}))
"""


def _said(*paths: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", SCRIPT, *paths], text=True, check=True, stdout=subprocess.PIPE)
    return [json.loads(done.stdout)[path] for path in paths]


def _written(folder: Path, contents: list[str]) -> list[str]:
    for number, content in enumerate(contents):
        (folder / f"{number}.yml").write_text(content)
    return [str(folder / f"{number}.yml") for number in range(len(contents))]


def test_tasks_are_tasks_and_what_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    said = dict(zip([*GOOD, *WRONG], _said(*_written(tmp_path, [*GOOD, *WRONG]))))
    assert [content for content in GOOD if said[content]] == []
    for content, sentence in WRONG.items():
        assert sentence in said[content] and str(tmp_path) in said[content] and "\n" not in said[content], content


def test_a_file_that_is_not_there_and_one_from_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "there.yml").write_text("- debug:\n")
    assert _said("~/hook.yml", str(tmp_path), "~/there.yml") == [
        f"there is no file {tmp_path}/hook.yml", f"there is no file {tmp_path}", ""]


def test_what_is_shipped_as_hooks_are_tasks() -> None:
    found = [str(path) for path in (ROOT / "docs/examples/infra/hooks").glob("*.yml")]
    assert found and _said(*found) == [""] * len(found)


def test_all_files_of_tasks_of_users_are_looked_at_before_anything_is_made() -> None:
    first = str(yaml.safe_load((ROOT / "roles/pipeline/tasks/main.yml").read_text())[0])
    fixup = str(yaml.safe_load((ROOT / "roles/snapshot/tasks/revert.yml").read_text())[0])
    assert "task_problems" in first and {"pipeline_hook", "snapshot_post_revert_tasks"} <= set(re.findall(r"\w+", first))
    assert "task_problems" in fixup
