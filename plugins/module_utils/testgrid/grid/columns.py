# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a build to a column: its headers, and the rows that are of the build itself.

Source: GoogleCloudPlatform/testgrid, pkg/updater/gcs.go and metadata/job.go.
"""
from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import cells
from .builds import Build
from .cells import DURATION, Cell
from .rows import Naming
from .status import Status

OVERALL, POD = "Overall", "Pod"
MISSING = "missing"
_COMMIT = "Commit"
_DAY, _HOUR = 86400, 3600
_NO_POD = "podinfo.json not found, please install prow's GCS reporter"
_COMMIT_LENGTH = 9


@dataclass
class Column:
    """started: epoch seconds, 0 where not known. headers: their values, in the order of the test group's.

    builds: of which it is made, as (job, build id), mostly one. cells: by the names of their rows.
    """

    build: str
    started: float
    headers: list[str]
    builds: list[tuple[str, str]]
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        return any(c.status == Status.RUNNING for n, c in self.cells.items() if n.rpartition(".")[2] == OVERALL)


def version(build: Build) -> str:
    """What the header Commit shows."""
    started, finished, metadata = build.started or {}, build.finished or {}, build.metadata
    found = next((str(v) for v in (
        finished.get("job-version"), started.get("job-version"), started.get("repo-version"), finished.get("repo-version"),
        metadata.get("revision"), metadata.get("repo-commit"), metadata.get("job-version"), started.get("repo-commit")) if v),
        "")
    return found.partition("+")[2][:_COMMIT_LENGTH] if "+" in found else found[:_COMMIT_LENGTH]


def overall(build: Build, now: float) -> Cell:
    """Whether the build passed, as it says itself."""
    if build.malformed:
        return Cell(Status.FAIL, "E", cells.shortened(f"Malformed metadata: {'; '.join(build.malformed)}"))
    finished = build.finished or {}
    if build.ended > 0:
        took = {DURATION: (build.ended - build.began) / 60} if build.began else {}
        passed = finished.get("passed")
        if isinstance(passed, bool):
            return Cell(Status.PASS if passed else Status.FAIL, metrics=took)
        good = finished.get("result") == "SUCCESS"
        return Cell(Status.PASS if good else Status.FAIL, "E", f'finished.json missing "passed": {str(good).lower()}', took)
    if not build.began:
        return Cell(Status.RUNNING, "R", "no start")
    if build.began < now - _DAY:
        return Cell(Status.FAIL, "T", "Build did not complete within 24 hours")
    return Cell(Status.RUNNING, "R", "Build still running...")


def pod(build: Build, now: float) -> Cell:
    """Whether Prow told of its pod."""
    if build.pod:
        return Cell(Status.PASS)
    waited = build.ended <= now - _HOUR if build.ended else build.began <= now - _DAY
    return Cell(Status.PASS_WITH_SKIPS if waited else Status.RUNNING, "!", _NO_POD)


def _header(header: Mapping[str, Any], build: Build, running: bool) -> str:
    key = header.get("configuration_value")
    if key:
        value = build.metadata.get(key)
        if isinstance(value, str):
            return value
        return (version(build) if key == _COMMIT else "") or ("" if running else MISSING)
    name = header.get("property")
    values = list(dict.fromkeys(c.properties[name] for c in build.cases if name in c.properties)) if name else []
    return joined(values, header)


def joined(values: list[str], header: Mapping[str, Any]) -> str:
    """One value for several."""
    different = list(dict.fromkeys(values))
    if len(different) < 2:
        return "".join(different)
    return "||".join(different) if header.get("list_all_values") else "*"


def _id(group: Mapping[str, Any], build: Build) -> str:
    """The build, or what the test group wants columns to be told apart by."""
    if key := group.get("build_override_configuration_value"):
        value = build.metadata.get(key)
        return value if isinstance(value, str) else ""
    if form := group.get("build_override_strftime"):
        return datetime.datetime.fromtimestamp(build.began, datetime.timezone.utc).strftime(form)
    return build.id


def column(build: Build, group: Mapping[str, Any], now: float, several: bool = False) -> Column:
    """several: of several jobs in one test group, whose rows begin with their names."""
    naming = Naming(group, several)
    strings = {k: v for k, v in build.metadata.items() if isinstance(v, str)}
    found = [(naming.name(c, build.job, build.files[c.file], strings), one) for c in build.cases
             if (one := cells.cell(c, group)) is not None]
    shown = cells.rows(found, bool(group.get("disable_merged_status")))
    whole = overall(build, now)
    if whole.status == Status.FAIL and not whole.message and not any(c.status == Status.FAIL for c in shown.values()):
        whole = cells.told(whole, "F", "Build failed outside of test results")
    own = {OVERALL: whole}
    if not group.get("disable_prowjob_analysis"):
        of_pod = pod(build, now)
        if build.pod or whole.status != Status.RUNNING:
            own[POD] = of_pod
    for name, one in own.items():
        for row in (f"{build.job}.{name}", *([name] if several else ())):
            shown[row] = cells.merged([one, shown[row]]) if row in shown else one
    headers = [_header(h, build, whole.status == Status.RUNNING) for h in group.get("column_header") or ()]
    return Column(_id(group, build), build.began, headers, [(build.job, build.id)], shown)
