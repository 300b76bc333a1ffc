# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs cluster, and all other platform modules, in the controller's worker, so that long work shows a line per step; where the connection is not
local (a bastion), the module itself runs there.
"""
from __future__ import annotations

import copy
from importlib import import_module
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.assay.clusters.plugins.module_utils.platforms.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.results import redact
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

display = Display()


class ActionModule(ActionBase):
    """Thin: the module's own spec and entry, called here."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        if self._connection.transport not in ("local", "ansible.builtin.local"):
            return {**result, **self._execute_module(task_vars=task_vars)}
        name = (self._task.resolved_action or self._task.action).rpartition(".")[2]
        task: Task = import_module(f"ansible_collections.assay.clusters.plugins.modules.{name}").SPEC
        _valid, args = self.validate_argument_spec(copy.deepcopy(task.argument_spec), **task.rules())
        host = (task_vars or {}).get("inventory_hostname", "localhost")
        job = Job(say=lambda line: display.display(f"{host}: {redact.redact(line)}"), check_mode=self._task.check_mode)
        return {**result, **task.run({n: args.get(n) for n in task.argument_spec}, job)}
