# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of the collection infra.aap_configuration: its role dispatch hands the fields that the real roles know to modules of
a fake ansible.controller, and drops all others without a word, as they do. No controller is asked.

aap_configuration.json holds the variables and their fields, as the tasks and specs of the real roles name them, with their source.
"""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from . import awx_awx

FACTS: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
VARIABLES: dict[str, dict[str, Any]] = FACTS["variables"]
# Texts for the controller's own templates go through a filter of text, which also takes "{  {" for "{{".
_TEXTS = ("injectors", "messages")


def _value(field: str, item: str) -> str:
    if field in _TEXTS:
        value = f"{item}.{field}"
        return f"{{{{ {value} | string | regex_replace('{{  {{', '{{' ~ '{{') if {value} is defined else omit }}}}"
    return f"{{{{ {item}.{field} | default(omit, true) }}}}"


def _task(variable: str, of: dict[str, Any]) -> dict[str, Any]:
    fields = [f for f in of["fields"] if f in awx_awx.OPTIONS[of["module"]]]
    return {"name": variable, f"ansible.controller.{of['module']}": {f: _value(f, "item") for f in fields},
            "loop": f"{{{{ {variable} }}}}", "when": f"{variable} is defined"}


def _nodes() -> dict[str, Any]:
    fields = {f: _value(f, "item.1") for f in FACTS["nodes"]["fields"] if f != "workflow_job_template"}
    return {"name": "Nodes of workflows", "when": "controller_workflows is defined",
            "ansible.controller.workflow_job_template_node": {**fields, "workflow_job_template": "{{ item.0.name }}",
                                                              "organization": "{{ item.0.organization }}"},
            "loop": "{{ controller_workflows | subelements('simplified_workflow_nodes') }}"}


def make(folder: Path) -> Path:
    """Both collections below this folder; returns the file with a line of JSON, [module, options], for each call."""
    told = awx_awx.make(folder, "ansible.controller")
    tasks = folder / "ansible_collections/infra/aap_configuration/roles/dispatch/tasks"
    tasks.mkdir(parents=True)
    steps = [*(_task(v, of) for v, of in VARIABLES.items()), _nodes()]
    (tasks / "main.yml").write_text(yaml.safe_dump(steps, sort_keys=False), encoding="utf-8")
    return told
