# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An option that is needed and empty, as a variable is that nobody gave a value, is told: as a path it would be the folder in
which the playbook was started."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

MODULES = Path(__file__).resolve().parents[3] / "plugins/modules"


def _tasks() -> Iterator[tuple[str, Task]]:
    for path in sorted(MODULES.glob("*.py")):
        spec = getattr(import_module(f"ansible_collections.assay.clusters.plugins.modules.{path.stem}"), "SPEC", None)
        if isinstance(spec, Task):
            yield path.stem, spec


def _needed() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(module, option, what the others are where it is needed)."""
    for name, task in _tasks():
        yield from ((name, n, {}) for n, o in task.argument_spec.items() if o.get("required"))
        yield from ((name, n, {key: value}) for key, value, names in task.required_if for n in names
                    if task.argument_spec[n]["type"] in ("path", "str"))


NEEDED = list(_needed())


def _run(module: str, option: str, value: Any, given: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """(the result, what the job was given)."""
    asked: list[Any] = []
    task = dict(_tasks())[module]
    params = {n: o.get("default") for n, o in task.argument_spec.items()}
    params |= {n: ["x"] if o["type"] == "list" else "x" for n, o in task.argument_spec.items() if o.get("required")}
    made = replace(task, entry=lambda p, _job: asked.append(p) or {})
    return made.run({**params, **given, option: value}, Job()), asked


@pytest.mark.parametrize("value", ["", " "])
@pytest.mark.parametrize(("module", "option", "given"), NEEDED, ids=[f"{m}-{n}" for m, n, _g in NEEDED])
def test_what_is_needed_and_empty_is_told(module: str, option: str, given: dict[str, Any], value: str) -> None:
    several = dict(_tasks())[module].argument_spec[option]["type"] == "list"
    for empty in ([[value], ["x", value]] if several else [value]):
        told, asked = _run(module, option, empty, given)
        assert (told.get("failed"), told.get("msg"), asked) == (True, f"{option}: is needed, and is empty", [])
    assert _run(module, option, ["x"] if several else "x", given)[1]


def test_what_is_not_needed_may_be_empty() -> None:
    assert len(NEEDED) > 20
    assert _run("conformance_submission", "dest", "", {"state": "validated"})[1]
    assert _run("results_publish", "cluster", "", {})[1]
