# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module conformance told of its run, beside the results: logs since Kubernetes 1.27 seldom name the API server."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.runs.model import PASSED
from ansible_collections.assay.clusters.plugins.module_utils.runs.read import read
from ansible_collections.assay.clusters.tests.unit.runs.builders import GOOD, codes, folder, ginkgo2, new_log, old_log, one, tarball

TOLD = {"run_id": "r1", "version": "v1.36.1", "verdict": "passed"}


def run_of(**beside: Any) -> dict[str, Any]:
    return {"e2e.log": new_log(), "junit_01.xml": ginkgo2(GOOD), "conformance.json": TOLD, **beside}


def test_the_api_server_is_known_by_it(tmp_path: Path) -> None:
    run = one(tmp_path, run_of())
    assert (run.server_version, run.verdict, codes(run)) == ("v1.36.1", PASSED, [])


def test_each_run_has_its_own(tmp_path: Path) -> None:
    files = {f"{n}/{name}": content for n in ("a", "b") for name, content in run_of().items()}
    runs = list(read(folder(tmp_path, {**files, "b/conformance.json": {"version": "v1.35.0"}, "none/conformance.json": TOLD})))
    assert [(r.place, r.server_version) for r in runs] == [("a", "v1.36.1"), ("b", "v1.35.0")]


def test_in_an_archive_and_by_name(tmp_path: Path) -> None:
    (packed,) = read(tarball(tmp_path / "all.tar.gz", run_of()))
    (named,) = read([folder(tmp_path, run_of()) / name for name in run_of()])
    assert packed.server_version == named.server_version == "v1.36.1"


def test_a_claim_is_held_against_it(tmp_path: Path) -> None:
    assert codes(one(tmp_path, run_of(), version="v1.35")) == ["version-claimed"]


def test_another_one_by_the_log_is_told(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": old_log(version="v1.36.0"), "conformance.json": TOLD})
    assert (run.server_version, codes(run)) == ("v1.36.0", ["version-several"])
    assert run.findings[0].message == "The API server is v1.36.0 by the log and v1.36.1 by conformance.json"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 1}', '{"runs": []}'])
def test_one_that_tells_nothing_changes_nothing(tmp_path: Path, content: str) -> None:
    run = one(tmp_path, run_of(**{"conformance.json": content}))
    assert (run.server_version, run.verdict, codes(run)) == ("", PASSED, [])
