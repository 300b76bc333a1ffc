# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modules of machines, run as their action plugin runs them."""
from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from tests.fakes.weather import SKY
from tests.lab.vcsim import Vcsim, vcsim

PAIR = ["DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1"]


def run(module: str, options: dict[str, Any], check: bool = False) -> dict[str, Any]:
    """The module's result; what is not given has its default."""
    task = importlib.import_module(f"ansible_collections.assay.clusters.plugins.modules.{module}").SPEC
    unknown = set(options) - set(task.argument_spec)
    assert not unknown, unknown
    params = {n: options.get(n, s.get("default")) for n, s in task.argument_spec.items()}
    with SKY.product():
        return task.run(params, Job(check_mode=check, environ={"PATH": "/usr/bin:/bin"}))


def names(result: dict[str, Any]) -> dict[str, list[str]]:
    """Names of snapshots by machine, of a result of vm_snapshot_info."""
    assert not result.get("failed"), result
    return {m["name"]: [s["name"] for s in m["snapshots"]] for m in result["machines"]}


@contextmanager
def golden() -> Iterator[Vcsim]:
    """A vCenter with a pair of machines, and a set of both that is called golden."""
    with vcsim(machines=len(PAIR)) as made:
        taken = run("vm_snapshot", {**made.options, "names": PAIR, "snapshot_name": "golden", "growth_percent": 0})
        assert taken["changed"], taken
        yield made
