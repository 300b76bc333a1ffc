# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same one-second work in two forms: check files for the engine, and tasks of kubernetes.core."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_CHECK = '''# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Synthetic check {number}: makes a ConfigMap, waits one second, reads it back."""
from __future__ import annotations

import time

from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.engine.declared import Permission


class Synthetic{number:02d}(Check):
    name = "synthetic_{number:02d}"
    domain = "bench"
    proves = "a ConfigMap is there one second after it was made"
    permissions = (Permission(("create", "get"), ("configmaps",)),)
    objects = ("ConfigMap",)

    def run(self, ctx):
        name = f"{{self.name.replace('_', '-')}}-{{ctx.nonce}}"
        with ctx.step("a ConfigMap is made"):
            ctx.create({{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": name}},
                        "data": {{"nonce": ctx.nonce}}}})
        time.sleep(1)
        with ctx.step("it reads back"):
            found = ctx.client.get(f"/api/v1/namespaces/{{ctx.namespace}}/configmaps/{{name}}")
            ctx.expect(found["data"]["nonce"] == ctx.nonce, "another ConfigMap answered")
'''


def write_checks(folder: Path, number: int) -> Path:
    """A folder with this many check files."""
    folder.mkdir(parents=True)
    for index in range(number):
        (folder / f"synthetic_{index:02d}.py").write_text(_CHECK.format(number=index), encoding="utf-8")
    return folder


def _module_tasks(number: int) -> list[dict[str, Any]]:
    """What a playbook of kubernetes.core tasks does for the same claims; pause costs it the least for the second."""
    tasks: list[dict[str, Any]] = []
    for index in range(number):
        name = f"synthetic-{index:02d}"
        tasks += [
            {"name": f"Make {name}", "kubernetes.core.k8s": {"definition": {
                "apiVersion": "v1", "kind": "ConfigMap", "data": {"nonce": name},
                "metadata": {"name": name, "namespace": "{{ bench_namespace }}"}}}},
            {"name": f"Wait for {name}", "ansible.builtin.pause": {"seconds": 1}},
            {"name": f"Read {name}", "kubernetes.core.k8s_info": {
                "kind": "ConfigMap", "name": name, "namespace": "{{ bench_namespace }}"},
             "register": "bench_found", "failed_when": "bench_found.resources | length != 1"},
        ]
    return tasks


def modules_play(number: int) -> list[dict[str, Any]]:
    namespace = {"api_version": "v1", "kind": "Namespace", "name": "{{ bench_namespace }}"}
    return [{"name": "The same work as tasks", "hosts": "all", "gather_facts": False, "tasks": [
        {"name": "Namespace", "kubernetes.core.k8s": namespace}, *_module_tasks(number),
        {"name": "Clean up", "kubernetes.core.k8s": {**namespace, "state": "absent"}}]}]


def assay_play(checks: Path, number: int, results: Path, wait: bool) -> list[dict[str, Any]]:
    return [{"name": "Synthetic checks", "hosts": "all", "gather_facts": False, "tasks": [
        {"name": "Validate", "assay.clusters.validate": {
            "checks": [f"synthetic_{index:02d}" for index in range(number)], "check_paths": [str(checks)],
            "results_dir": str(results), "wait_cleanup": wait}}]}]


def empty_play() -> list[dict[str, Any]]:
    """The floor: what ansible-playbook costs before it does anything."""
    return [{"name": "Nothing", "hosts": "all", "gather_facts": False, "tasks": [
        {"name": "Nothing", "ansible.builtin.debug": {"msg": "nothing"}}]}]


def inventory(clusters: int, kubeconfig: str, play: int) -> dict[str, Any]:
    """This many hosts, all of them the same cluster. Names are new in every play: the last one's may still be going."""
    hosts = {f"bench{index:02d}": {"bench_namespace": f"bench-{play}-{index:02d}"} for index in range(clusters)}
    return {"all": {"hosts": hosts, "vars": {
        "ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "cluster_kubeconfig": kubeconfig}}}


def write_json(path: Path, data: Any) -> Path:
    """Playbooks and inventories are YAML, and JSON is YAML."""
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    return path
