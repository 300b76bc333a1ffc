# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of rows: of a case, its suites, its file, its build (test_name_config), and what a JUnit file's own name tells."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...runs.model import Case

# The object's name, with all of its path (testgrid: util/gcs/read.go).
_JUNIT = re.compile(r".+/(?:junit((_[^_]+)?(_\d+-\d+)?(_\d+)?|.+)?\.xml|test.xml)$")
_VERB = re.compile(r"%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z]")
TESTS_NAME, JOB_NAME = "Tests name", "Job name"


def natural(text: str) -> list[tuple[int, int, str]]:
    """A key that sorts numbers in texts by their value."""
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in re.findall(r"[0-9]+|[^0-9]+", text)]


def of_file(path: str) -> dict[str, str] | None:
    """Context, Timestamp and Thread of a JUnit file, by its path below the build; None where TestGrid does not read it."""
    match = _JUNIT.match(f"build/{path}")
    if not match:
        return None
    whole, *parts = (g or "" for g in match.groups())
    context, stamp, thread = (p.removeprefix("_") for p in parts)
    return {"Context": context if any(parts) else whole, "Timestamp": stamp, "Thread": thread}


class Naming:
    """Names as a test group wants them. several: of several jobs, whose names come before."""

    def __init__(self, group: Mapping[str, Any], several: bool = False) -> None:
        config = group.get("test_name_config") or {}
        elements = config.get("name_elements") or [{"target_config": TESTS_NAME}]
        self.parts = [e.get("target_config") or e.get("test_property") or e.get("labels") or "" for e in elements]
        self.form = config.get("name_format") or "%s"
        if several and JOB_NAME not in self.parts:
            self.parts, self.form = [JOB_NAME, *self.parts], f"%s.{self.form}"

    def name(self, case: Case, job: str, *known: Mapping[str, str]) -> str:
        """known: of the case's file, of its build; the case's own properties come first."""
        values = []
        for part in self.parts:
            if part in (TESTS_NAME, JOB_NAME):
                values.append(case.full_name if part == TESTS_NAME else job)
            else:
                values.append(next((k[part] for k in (case.properties, *known) if part in k), ""))
        left = iter(values)
        return _VERB.sub(lambda m: next(left, ""), self.form)
