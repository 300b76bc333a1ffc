# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module results_info: from its options to its results."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..common.words import plural
from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from .model import ERROR, FAILED, INCONCLUSIVE, PASSED, Case, Run
from .read import SourceError, read

_WORST = (FAILED, INCONCLUSIVE, PASSED)
_FIELDS = ("name", "outcome", "suite", "seconds", "message", "text", "status", "attempts", "flaked", "twin", "setup",
           "node", "file")
_VERSION = re.compile(r"v?\d+\.\d+(\.\d+)?([+-]\S*)?")


def _check(params: Mapping[str, Any]) -> None:
    if params["version"] and not _VERSION.fullmatch(params["version"]):
        raise BadOption(f"version: must be a version of Kubernetes, such as v1.31 or v1.31.4, not {params['version']!r}")
    if params["year"] and not 2014 <= params["year"] <= 2100:
        raise BadOption(f"year: must be that of a run of Kubernetes, not {params['year']}")
    if params["limit"] < 0:
        raise BadOption(f"limit: must be at least 0, not {params['limit']}")


def _chosen(case: Case, tests: str) -> bool:
    if tests == "bad":
        return case.bad or case.flaked
    return tests == "all" or (tests == "ran" and case.ran)


def _test(case: Case) -> dict[str, Any]:
    found = case.to_dict()
    return {n: found[n] for n in _FIELDS}


def _run(run: Run, tests: str, limit: int) -> dict[str, Any]:
    chosen = [c for c in run.cases if _chosen(c, tests)]
    chosen.sort(key=lambda c: not c.bad)  # what failed is not among those that a limit leaves out
    return {**run.to_dict(), "tests": [_test(c) for c in chosen[:limit]], "tests_left_out": max(0, len(chosen) - limit)}


def _numbers(run: dict[str, Any]) -> str:
    counts = run["counts"]
    told = [f"{counts[n]} {n}" for n in ("passed", "failed", "errored", "skipped", "flaked") if counts[n] or n == "passed"]
    return ", ".join(told)


def _sentence(runs: list[dict[str, Any]], verdict: str) -> str:
    errors = [f["message"] for r in runs for f in r["findings"] if f["severity"] == ERROR]
    others = sum(len(r["findings"]) for r in runs) - len(errors)
    if len(runs) == 1:
        why = f" ({runs[0]['verdict_source']})" if verdict == INCONCLUSIVE else ""
        head = f"{verdict}{why}: {_numbers(runs[0])}"
    else:
        head = f"{plural(len(runs), 'run')}: " + ", ".join(f"{n} {v}" for v in _WORST
                                                           if (n := sum(r["verdict"] == v for r in runs)))
    more = [f"+{len(errors) - 1} more like this" if len(errors) > 1 else "",
            plural(others, "finding") + " of less weight" if others else ""]
    return "; ".join([head, *errors[:1], *(m for m in more if m)])


def info(params: Mapping[str, Any], _job: Job) -> dict[str, Any]:
    """What the module returns. PlatformError where nothing can be read; what is wrong in a run is a finding of it."""
    _check(params)
    try:
        runs = [_run(r, params["tests"], params["limit"]) for r in read(params["paths"], params["year"], params["version"])]
    except SourceError as e:
        raise PlatformError(str(e)) from None
    verdict = next(v for v in _WORST if any(r["verdict"] == v for r in runs))
    return {"verdict": verdict, "runs": runs, "msg": _sentence(runs, verdict)}
