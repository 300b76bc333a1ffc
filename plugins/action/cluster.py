# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs cluster, and all other platform modules, in the controller's worker, so that long work shows a line per step;
where the connection is not local (a bastion), the module itself runs there.
"""
from __future__ import annotations

import copy
import json
import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.kube import library
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.plugins.module_utils.task import Task
from ansible_collections.assay.clusters.plugins.plugin_utils import connecting, imports, renamed, spelling, terminal

with imports.shared():
    library.preload()
    spelling.known()
# What is asked of one cluster by hand, so that the user's KUBECONFIG serves; others do without a cluster, or change it.
_KUBECTLS = ("conformance", "image_prepull", "images_info")
_MODULES = "ansible_collections.assay.clusters.plugins.modules"


def _plain(value: Any) -> Any:
    """Without Ansible's tags: PyYAML takes and gives plain types only."""
    return json.loads(json.dumps(value, default=str))


def _listed(value: Any) -> list[str]:
    """As an argument that is a list is taken."""
    return [one.strip() for one in value.split(",")] if isinstance(value, str) else list(value or ())


def _name(task: Any) -> str:
    """The module, as it is written, else as it is resolved: older ansible-core resolves all of them to this plugin."""
    written = task.action.rpartition(".")[2]
    return written if find_spec(f"{_MODULES}.{written}") else task.resolved_action.rpartition(".")[2]


class ActionModule(ActionBase):
    """Thin: the module's own spec and entry, called here."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        name = _name(self._task)
        task: Task = import_module(f"{_MODULES}.{name}").SPEC
        renamed.tell(variables)
        self._task.args = renamed.arguments(task.argument_spec, self._task.args)
        try:
            self._check_names(name, variables)
        except BadInput as e:
            return {**result, "failed": True, "changed": False, "msg": str(e)}
        if task.connects:
            given = {n: v for n, v in self._task.args.items() if v is not None}
            self._task.args = {**self._of_the_host(variables, task.apart), **given}
            for sentence in connecting.mistaken(variables):
                terminal.warn(f"{variables.get('inventory_hostname', 'localhost')}: {sentence}")
        if connecting.elsewhere(self._connection.transport, self._task.delegate_to, variables):
            return {**result, **self._execute_module(task_vars=task_vars)}
        _valid, args = self.validate_argument_spec(copy.deepcopy(task.argument_spec), **task.rules())
        host = variables.get("inventory_hostname", "localhost")
        own = connecting.environment(self._task.environment, self._templar)
        if name in _KUBECTLS:
            own |= connecting.kubectls(connecting.named(args, {}), own, variables, bool(self._task.run_once))
        with connecting.acting_in(own):
            job = Job(say=lambda line: terminal.show(f"{host}: {line}"), check_mode=self._task.check_mode,
                      environ=self._environ(own, task.connects, variables), playbook=os.getppid())
            return {**result, **task.run(_plain({n: args.get(n) for n in task.argument_spec}), job)}

    def _check_names(self, name: str, variables: dict[str, Any]) -> None:
        """Raise BadInput for variables that are misspelt; where something is taken away, for those that are unknown, too."""
        args = self._task.args
        begins = name == "pipeline_state" and args.get("state") == "begun"
        risked = set(_listed(args.get("destructive"))) - set(_listed(args.get("skip"))) if begins else set()
        takes_away = spelling.TAKE_AWAY if risked else ()
        if name == "cluster" and args.get("state") == "absent":
            takes_away = [p for p in spelling.prefixes(name, variables) if p in spelling.TAKE_AWAY]
        spelling.refuse(variables, [*(spelling.FLOW if begins else spelling.prefixes(name, variables)), "cluster"], takes_away)

    def _of_the_host(self, variables: dict[str, Any], apart: tuple[str, ...]) -> dict[str, Any]:
        """Connection options from the host's variables."""
        given = {n: variables[f"cluster_{n}"] for n in CLUSTER if f"cluster_{n}" in variables and n not in apart}
        return _plain(self._templar.template(given))

    def _environ(self, own: dict[str, str], connects: bool, variables: dict[str, Any]) -> dict[str, str]:
        """This process's environment; what names one cluster there is not taken for that of many hosts."""
        name = connects and connecting.shared(self._task.args, own, variables, bool(self._task.run_once))
        if not name:
            return dict(os.environ)
        terminal.warn(f"{connecting.of_all(name, variables)}; it is not taken for any of them, set cluster_kubeconfig, "
                      "cluster_context or cluster_host")
        return connecting.without_cluster(os.environ)
