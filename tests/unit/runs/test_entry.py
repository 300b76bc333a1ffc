# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""results_info from its options to its result."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.modules.results_info import SPEC
from ansible_collections.assay.clusters.tests.unit.runs.builders import (
    BAD, GOOD, OTHER, PASS, SKIP, folder, ginkgo1, ginkgo2, new_log)


def info(*paths: Path, **options: Any) -> dict[str, Any]:
    defaults = {n: o["default"] for n, o in SPEC.argument_spec.items() if "default" in o}
    return SPEC.run({**defaults, "paths": [str(p) for p in paths], **options}, Job())


def test_one_run(tmp_path: Path) -> None:
    found = info(folder(tmp_path, {"e2e.log": new_log(), "junit_01.xml": ginkgo2(GOOD)}))
    assert (found["verdict"], found["changed"], found["msg"]) == ("passed", False, "passed: 2 passed, 1 skipped")
    (run,) = found["runs"]
    assert run["started"] == {"at": "2024-08-22T22:02:33+00:00", "epoch": 1724364153, "source": "timestamp of the JUnit"}
    assert run["tests"] == [] and run["findings"] == [] and [s["kind"] for s in run["sources"]] == ["junit", "log"]
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(("tests", "names"), [("none", []), ("bad", [OTHER]), ("ran", [OTHER, PASS]),
                                              ("all", [OTHER, PASS, SKIP])])
def test_the_tests_that_are_wanted_failed_ones_first(tmp_path: Path, tests: str, names: list[str]) -> None:
    root = folder(tmp_path, {"junit_01.xml": ginkgo1(BAD)})
    (run,) = info(root, tests=tests)["runs"]
    assert [t["name"] for t in run["tests"]] == names and run["tests_left_out"] == 0
    (run,) = info(root, tests=tests, limit=1)["runs"]
    assert [t["name"] for t in run["tests"]] == names[:1] and run["tests_left_out"] == max(0, len(names) - 1)


def test_several_runs_and_the_worst_of_them(tmp_path: Path) -> None:
    found = info(folder(tmp_path, {"a/junit_01.xml": ginkgo1(GOOD), "b/junit_01.xml": ginkgo1(BAD), "c/junit_01.xml": ""}))
    assert found["verdict"] == "failed"
    assert found["msg"].startswith("3 runs: 1 failed, 1 inconclusive, 1 passed; c/junit_01.xml is empty")


def test_why_it_cannot_be_told(tmp_path: Path) -> None:
    found = info(folder(tmp_path, {"e2e.log": new_log(ending="")}))
    assert found["msg"] == "inconclusive (e2e.log is not whole): 0 passed; 1 finding of less weight"
    assert [f["code"] for f in found["runs"][0]["findings"]] == ["log-cut"]


@pytest.mark.parametrize(("options", "told"), [
    ({"version": "latest"}, "version: must be a version of Kubernetes"), ({"year": 12}, "year: must be that of a run"),
    ({"limit": -1}, "limit: must be at least 0"), ({}, "cannot be read: No such file")])
def test_what_is_wrong_is_one_sentence(tmp_path: Path, options: dict[str, Any], told: str) -> None:
    found = info(tmp_path / "none", **options)
    assert found["failed"] and told in found["msg"] and not found["changed"]


def test_what_files_say_does_not_steer_terminals_nor_tell_secrets(tmp_path: Path) -> None:
    text = ginkgo1(BAD).replace("Expected", "token: eyJhbGciOiJIUzI1NiIs.eyJzdWIiOiIxMjM0.abcdefghijk \u202e\u0085\u200b", 1)
    odd = tmp_path / "in\x1b]0;x\x07\n"
    told = json.dumps(info(folder(odd, {"junit_01.xml": text, "e2e\x1b[31m.log": ""})), ensure_ascii=False)
    assert "redacted" in told and "eyJzdWIi" not in told and not set("\x1b\x07\u202e\u0085\u200b") & set(told)


def test_findings_have_codes_that_the_guide_knows(tmp_path: Path) -> None:
    import re

    root = Path(__file__).resolve().parents[3]
    made = set()
    for path in (root / "plugins/module_utils/runs").glob("*.py"):
        made |= set(re.findall(r'Finding\("([a-z0-9-]+)"', path.read_text()))
    made |= set(re.findall(r'_end\("([a-z-]+)"', (root / "plugins/module_utils/runs/archive.py").read_text()))
    guide = (root / "docs/runs.md").read_text()
    rows = "".join(re.findall(r"^\| (`.*?) \| (?:error|warning|note)", guide, re.MULTILINE))
    assert made == set(re.findall(r"`([a-z0-9-]+)`", rows))
