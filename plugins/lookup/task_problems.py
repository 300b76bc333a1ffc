# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether files hold tasks that can be included: an include that cannot be read ends ansible-playbook, past any rescue."""
from __future__ import annotations

DOCUMENTATION = r"""
name: task_problems
short_description: What keeps files from being included as tasks
version_added: 1.1.0
description:
  - Reads files of tasks as C(include_tasks) would, and tells what is wrong with them, so that a role refuses them before it
    makes anything. Where C(include_tasks) itself finds it out, the whole of ansible-playbook ends, and neither C(rescue) nor
    C(always) runs.
  - Nothing is run. Files that these files include are not looked at.
options:
  _terms:
    description:
      - Paths, seen from the current folder.
    type: list
    elements: str
    required: true
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: The hook is a file of tasks
  vars:
    wrong: "{{ query('assay.clusters.task_problems', 'hooks/upgrade.yml') }}"
  ansible.builtin.assert:
    that: wrong | length == 0
    fail_msg: "{{ wrong | join('; ') }}"
"""

RETURN = r"""
_raw:
  description: A sentence for each file with which something is wrong.
  type: list
  elements: str
"""

import os
from collections.abc import Iterator
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.mod_args import ModuleArgsParser
from ansible.plugins.lookup import LookupBase

_KINDS = ((dict, "a dictionary"), (str, "text"), (type(None), "nothing"))
_BLOCKS = ("block", "rescue", "always")
_OF_PLAYS = ("hosts", "import_playbook", "ansible.builtin.import_playbook")
# As a role of this collection includes them.
_COLLECTIONS = ["assay.clusters", "ansible.builtin", "ansible.legacy"]


def _tasks(content: Any) -> Iterator[dict[str, Any]]:
    """The tasks of a list, those in blocks too; ValueError with what is none."""
    if not isinstance(content, list):
        what = next((word for kind, word in _KINDS if isinstance(content, kind)), "a value")
        raise ValueError(f"holds {what} where a list of tasks is expected")
    for item in content:
        if not isinstance(item, dict):
            raise ValueError(f"holds {item!r}, which is no task")
        if any(word in item for word in _OF_PLAYS):
            raise ValueError("is a playbook; what stands in its tasks belongs into this file, without hosts")
        parts = [p for p in _BLOCKS if p in item]
        for part in parts:
            yield from _tasks(item[part])
        if not parts:
            yield item


def problem(path: str, loader: Any) -> str:
    """What keeps this file from being included, "" where nothing does. loader: Ansible's, which has the secrets of vaults."""
    path = os.path.realpath(os.path.expanduser(path))
    if not os.path.isfile(path):
        return f"there is no file {path}"
    try:
        for task in _tasks(loader.load_from_file(path)):
            ModuleArgsParser(task_ds=task, collection_list=_COLLECTIONS).parse()
    except ValueError as e:
        return f"{path} {e}"
    except AnsibleError as e:
        return f"{path}: {' '.join(str(e.message).split())}"
    return ""


class LookupModule(LookupBase):
    """Thin: a sentence for each file."""

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        return [said for said in (problem(str(term), self._loader) for term in terms) if said]
