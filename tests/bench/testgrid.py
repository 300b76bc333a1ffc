# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make bench`: a configuration of TestGrid of 250 kB validated, the pages of many conformance runs written. Also on its own,
`python -m tests.bench.testgrid`.

Goal: the configuration in a second. Absolute seconds belong to the machine.
"""
from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.config import load, validate
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.page import job

_GROUP = """- name: kon-c{n}-e2e
  gcs_prefix: example/kon-c{n}
  days_of_results: 30
  num_columns_recent: 10
  alert_stale_results_hours: 48
  num_failures_to_alert: 2
  disable_prowjob_analysis: true
  column_header:
  - configuration_value: Commit
"""
_TAB = "  - name: Konvoy {n}\n    description: Nightly conformance on the lab cluster\n    test_group_name: kon-c{n}-e2e\n"
# Of a conformance run: tests that run, and those that are skipped.
_TESTS, _SKIPPED = 441, 6000


def _config(tabs: int) -> str:
    groups = "".join(_GROUP.format(n=n) for n in range(tabs))
    shown = "".join(_TAB.format(n=n) for n in range(tabs))
    return f"test_groups:\n{groups}dashboards:\n- name: conformance-bench\n  dashboard_tab:\n{shown}"


def _junit(number: int) -> str:
    bad = '<failure message="" type="failed">no address after 30s</failure>'
    ran = (f'<testcase name="[It] [sig-network] case {n} should do what its long name says [Conformance]" classname="s" '
           f'status="passed" time="3.2">{bad if (n + number) % 97 == 0 else ""}</testcase>' for n in range(_TESTS))
    left = (f'<testcase name="[It] [sig-storage] case {n} that was not chosen, with a name as long as those of volumes are" '
            'status="skipped" time="0"><skipped message="skipped"/></testcase>' for n in range(_SKIPPED))
    return f'<testsuites><testsuite name="Kubernetes e2e suite">{"".join(ran)}{"".join(left)}</testsuite></testsuites>'


def _builds(root: Path, tabs: int, builds: int) -> int:
    now, size = int(time.time()), 0
    for tab in range(tabs):
        for number in range(builds):
            folder = root / f"example/kon-c{tab}/{now - number * 43200}"
            (folder / "artifacts").mkdir(parents=True)
            (folder / "started.json").write_text(json.dumps({"timestamp": now - number * 43200}))
            (folder / "finished.json").write_text(json.dumps({"timestamp": now - number * 43200 + 6000, "passed": False}))
            size += (folder / "artifacts/junit_01.xml").write_text(_junit(number))
    return size


def _timed(what: Callable[[], Any]) -> tuple[str, Any]:
    begun, used = time.monotonic(), time.process_time()
    result = what()
    return f"{time.monotonic() - begun:.2f} s, {time.process_time() - used:.2f} s of CPU", result


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "large").mkdir()
        text = _config(770)
        (root / "large/a.yaml").write_text(text)
        seconds, problems = _timed(lambda: validate.problems(load.load(root / "large"), of_kubernetes=True))
        print(f"configuration: {len(text) / 1000:.0f} kB, {len(problems)} errors: {seconds} (goal 1 s)", flush=True)
        (root / "config").mkdir()
        (root / "config/a.yaml").write_text(_config(3))
        size = _builds(root / "builds", 3, 20)
        params = {"config_dir": str(root / "config"), "builds_dir": str(root / "builds"), "dest": str(root / "grid"),
                  "dashboards": [], "default_file": None}
        seconds, result = _timed(lambda: job.entry(params, Job()))
        page = Path(result["paths"]["conformance-bench"]).stat().st_size
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"page: 3 tabs of 20 builds, {size / 1e6:.0f} MB of JUnit, {page / 1e6:.1f} MB of HTML: {seconds}, "
              f"{memory:.0f} MiB at the peak")


if __name__ == "__main__":
    main()
