# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""started.json and finished.json, as TestGrid, Kettle, Gubernator and Spyglass read them, and what tells one run from another.

TestGrid reads passed and, where that is missing, result; Kettle reads them the other way round. So both are written, and say
the same.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..jobs.errors import BadOption
from ..kube.json_text import json_of
from ..results import redact
from ..runs.model import PASSED, Run

UPLOADER = "assay.clusters"
# Characters of a commit that TestGrid shows, and that infra-commit has.
_COMMIT = 9
# Keys of metadata whose values are lists.
_LISTS = ("EmailAddresses", "links")


def fingerprint(run: Run) -> str:
    """The same for the same run, however and from wherever it is read: when it began, and how each case went. Nothing that is
    concluded from these, as the rules for that get better.
    """
    counts = run.counts
    told = [run.cluster, run.started.epoch if run.started else 0, [counts.ran, counts.bad, counts.skipped],
            [[c.full_name, c.outcome, c.seconds, c.twin] for c in run.cases]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def passed(run: Run) -> bool:
    return run.verdict == PASSED


def result(run: Run) -> str:
    """SUCCESS, FAILURE, or ABORTED where nothing failed and it is not known to be good."""
    return "SUCCESS" if passed(run) else "FAILURE" if run.counts.bad or run.verdict != "inconclusive" else "ABORTED"


def _texts(option: str, given: Any) -> dict[str, str]:
    for key, value in given.items():
        if not isinstance(value, str) or not value:
            raise BadOption(f"{option}: {key} must be a text, not {value!r}")
    return dict(given)


def _repos(given: Any) -> dict[str, str]:
    for name, refs in _texts("repos", given).items():
        if ":" not in refs:
            raise BadOption(f"repos: {name} must be a branch and a commit, such as main:0f1e2d3c4, not {refs!r}")
    return dict(given)


def _metadata(given: Any) -> dict[str, Any]:
    """Only texts become columns in TestGrid, so numbers and yes or no are texts."""
    out: dict[str, Any] = {}
    for key, value in given.items():
        if value is None or not str(key).strip():
            raise BadOption(f"metadata: {key or 'a value without a name'} has no value" if key else "metadata: a key is empty")
        if key in _LISTS and not isinstance(value, (list, dict)):
            raise BadOption(f"metadata: {key} must be a list, not {value!r}")
        if isinstance(value, bool):
            value = str(value).lower()
        elif isinstance(value, (int, float)):
            value = str(value)
        elif key == "infra-commit" and isinstance(value, str):
            value = value[:_COMMIT]
        out[str(key)] = value
    return out


def started(run: Run, at: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """params: node, pull, repos, repo_commit. What a build folder says of itself stays where no option says otherwise."""
    before = (run.build.started if run.build else None) or {}
    of_build = {k: before[k] for k in ("node", "pull", "repos", "repo-commit") if before.get(k)}
    given = {"node": params.get("node"), "pull": params.get("pull"), "repos": _repos(params.get("repos") or {}),
             "repo-commit": params.get("repo_commit")}
    told = {**of_build, **{k: v for k, v in given.items() if v}}
    return redact.redact({"timestamp": at, **told, "metadata": {"uploader": UPLOADER, "run": fingerprint(run)}})


def finished(run: Run, at: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """params: job_version, metadata. The version of the API server is the job's, unless another is given."""
    before = (run.build.finished if run.build else None) or {}
    version = params.get("job_version") or before.get("job-version") or run.server_version
    told = {"job-version": version} if version else {}
    of_build = run.build.metadata if run.build else {}
    return redact.redact({"timestamp": at, "passed": passed(run), "result": result(run), **told,
                          "metadata": {**of_build, **_metadata(params.get("metadata") or {})}})


def whose(content: bytes) -> str:
    """The run that a started.json is of; "" where something else wrote it."""
    try:
        found = json_of(content)
        told = found["metadata"]
        return str(told["run"]) if told["uploader"] == UPLOADER else ""
    except (ValueError, TypeError, KeyError):
        return ""


def as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
