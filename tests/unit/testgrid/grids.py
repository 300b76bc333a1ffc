# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Builds in folders, and grids without any."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid import builds, columns, grid
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid.cells import Cell
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid.columns import Column
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid.grid import Grid, Row
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid.status import Status

NOW = 1767300000.0
HOUR, DAY = 3600, 86400
GROUP: dict[str, Any] = {"name": "job", "gcs_prefix": "bucket/job", "days_of_results": 30, "disable_prowjob_analysis": True}
# P passes, F fails, K is flaky, S has skips, R runs, U is unknown, - is nothing.
LETTERS = {"P": Status.PASS, "F": Status.FAIL, "K": Status.FLAKY, "S": Status.PASS_WITH_SKIPS, "R": Status.RUNNING,
           "U": Status.UNKNOWN}


def case(name: str, inside: str = "", time: float = 0) -> str:
    return f'<testcase name="{name}" time="{time}">{inside}</testcase>'


def failed(name: str, text: str = "boom") -> str:
    return case(name, f"<failure>{text}</failure>")


def junit(*cases: str, suite: str = "") -> str:
    return f'<testsuite name="{suite}">{"".join(cases)}</testsuite>'


def make(root: Path, number: int | str, *cases: str, job: str = "bucket/job", started: Any = NOW - HOUR, finished: Any = None,
         files: dict[str, str] | None = None) -> Path:
    """A build's folder. started: a stamp, an object, None for no file; finished: None for one that passed, {} for no file."""
    folder = root / job / str(number)
    artifacts = folder / "artifacts"
    artifacts.mkdir(parents=True)
    if started is not None:
        (folder / "started.json").write_text(json.dumps(started if isinstance(started, dict) else {"timestamp": int(started)}))
    if finished != {}:
        end = {"timestamp": int(NOW - HOUR / 2), "passed": True}
        (folder / "finished.json").write_text(json.dumps(end if finished is None else finished))
    if cases:
        (artifacts / "junit_01.xml").write_text(junit(*cases))
    for name, text in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def column(root: Path, number: int | str = 1, several: bool = False, **group: Any) -> Column:
    """The column of a build that `make` made."""
    build = builds.read(root / "bucket/job" / str(number), "job")
    return columns.column(build, {**GROUP, **group}, NOW, several)


def of(root: Path, tab: dict[str, Any] | None = None, **group: Any) -> Grid:
    """The grid of all builds below root."""
    whole = {**GROUP, **group}
    several = len(builds.prefixes(whole)) > 1
    return grid.grid([columns.column(b, whole, NOW, several) for b in builds.builds(whole, root, NOW)], whole, NOW, tab)


def drawn(*rows: str, started: float = NOW - HOUR, apart: float = HOUR, message: str = "went wrong") -> Grid:
    """A grid from letters, the newest first; the first column began at `started`, each other one `apart` seconds before."""
    columns_ = [Column(str(100 - i), started - i * apart, [f"commit-{i}"],
                       [("job", str(100 - i))]) for i in range(len(rows[0]))]
    found = [Row(f"row {n}", [None if c == "-" else Cell(LETTERS[c], message=message if c in "FK" else "") for c in text])
             for n, text in enumerate(rows)]
    return Grid(columns_, found, ["Commit"])


def shown(cell: Cell | None) -> tuple[str, str, str]:
    return (cell.status.name, cell.icon, cell.message) if cell else ("", "", "")
