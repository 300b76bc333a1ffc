# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans in few words, and the module on them."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.assay.clusters.plugins.module_utils.arguments.coverage import COVERAGE
from ansible_collections.assay.clusters.plugins.module_utils.coverage.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job


def case(tcid: str, checks: str = "", **more: Any) -> dict[str, Any]:
    return {"tcid": tcid, "name": f"Test {tcid}", "labels": {"assay/checks": checks} if checks else {}, **more}


def plan(folder: Path, *cases: dict[str, Any], **more: Any) -> Path:
    path = folder / ".master-plan.yml"
    path.write_text(yaml.safe_dump({"kind": "MasterPlan", "apiVersion": "e2e.mayadata.io/v1alpha1", "metadata": {"name": "release 2.1"},
                                    "spec": {"tests": list(cases)}, **more}), encoding="utf-8")
    return path


def coverage(path: Path, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    given = {n: s.get("default") for n, s in COVERAGE.items()}
    return entry({**given, "plan": str(path), **options}, Job(check_mode=check_mode, environ={}))


def states(told: dict[str, Any]) -> dict[str, str]:
    return {t["tcid"]: t["state"] for t in told["tests"]}
