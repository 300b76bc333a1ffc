# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is published is what TestGrid shows: by the local grid, from the folder that was published to."""
from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.arguments.testgrid import CONFIG, PAGE
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.publish.job import entry as publish
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.config.job import entry as configure
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.page.job import entry as draw
from tests.unit.publish.builders import checks, e2e, options
from tests.unit.runs.builders import BAD, OTHER


def given(spec: dict[str, dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {**{n: s.get("default") for n, s in spec.items()}, **more}


def shown(tmp_path: Path, suite: str) -> dict[str, Any]:
    """The tab of cluster c1."""
    for folder in ("config", "pages"):
        (tmp_path / folder).mkdir()
    configure(given(CONFIG, config_dir=str(tmp_path / "config"), clusters=["c1"], suites=[{"name": suite}], dashboard_name="conformance-example",
                    gcs_prefix="example-conf/{cluster}/{suite}"), Job())
    told = draw(given(PAGE, config_dir=str(tmp_path / "config"), builds_dir=str(tmp_path / "builds"), dest=str(tmp_path / "pages")), Job())
    return told["dashboards"]["conformance-example"][f"c1, {suite}"]


def test_a_test_that_fails_now_is_an_alert_and_the_run_before_is_green(tmp_path: Path) -> None:
    dest, hour = str(tmp_path / "builds/example-conf/c1/conformance"), int(time.time()) - 7200
    publish(options(e2e(tmp_path / "good"), dest, started=str(hour), job_version="v1.31.4+0f1e2d3c4"), Job())
    publish(options(e2e(tmp_path / "bad", day=1, cases=BAD), dest, started=str(hour + 3600)), Job())
    tab = shown(tmp_path, "conformance")
    assert (tab["status"], tab["columns"], tab["latest_green"]) == ("FAIL", 2, "0f1e2d3c4")
    assert {OTHER in a["test"] for a in tab["alerts"]} == {True, False}, "the test, and the run as a whole"
    assert all(a["since"] == str(hour + 3600) for a in tab["alerts"])


def test_our_own_checks_have_a_tab_beside_it(tmp_path: Path) -> None:
    publish(options(checks(tmp_path / "results", c1="passed"), str(tmp_path / "builds/example-conf/{cluster}/validate"),
                    started=str(int(time.time()) - 3600)), Job())
    tab = shown(tmp_path, "validate")
    assert (tab["status"], tab["columns"], tab["alerts"]) == ("PASS", 1, []) and tab["rows"] == 3  # the check, its clean-up, the run
