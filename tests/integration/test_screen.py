# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is on the screen of ansible-playbook where one cluster of many does not answer: little, each thing once, the summary last."""
from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.fakes.api_server import FakeApiServer

CHECKOUT = Path(__file__).resolve().parents[2]
NOBODY = "https://127.0.0.1:1"
GREETS = '''
from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check


class Greets(Check):
    name, domain, proves = "greets", "network", "The API server lists nodes."
    expected, limit, probes = 60.0, 120.0, 0

    def run(self, ctx):
        with ctx.step("nodes are listed"):
            ctx.expect(ctx.client.get("/api/v1/nodes")["items"], "there are none")
'''


def _validate(folder: Path, clusters: dict[str, str], *more: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The shipped playbook on clusters that have one check of the user's."""
    (folder / "checks").mkdir()
    (folder / "checks/greets.py").write_text(GREETS)
    (folder / "hosts.json").write_text(json.dumps(
        {"clusters": {"hosts": {name: {"cluster_host": at, "cluster_api_key": "k"} for name, at in clusters.items()}}}))
    done = subprocess.run(
        ["ansible-playbook", "assay.clusters.validate", "-i", "hosts.json", "-e", "validate_results_dir=results", "-e",
         "validate_check_paths=checks", *more], cwd=folder, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "XDG_STATE_HOME": str(folder / "state"), **environ})
    print(done.stdout, done.stderr)
    return done


def _counted(junit: Path) -> dict[str, tuple[int, ...]]:
    """(all, skipped, not tested, failed) of each cluster's checks as JUnit's readers count them."""
    suites = [s for s in ET.fromstring(junit.read_text()) if s.get("package") == "assay.clusters"]
    return {s.get("name", ""): tuple(int(s.get(n, "")) for n in ("tests", "skipped", "errors", "failures")) for s in suites}


def test_one_of_seventeen_clusters_does_not_answer(tmp_path: Path) -> None:
    names = [f"c{n:02d}" for n in range(1, 17)]
    with contextlib.ExitStack() as fakes:
        clusters = {name: fakes.enter_context(FakeApiServer()).url for name in names}
        done = _validate(tmp_path, {**clusters, "c17": NOBODY}, "--forks", "17", "-e", "validate_checks=greets,licenses,machines",
                         ANSIBLE_CONFIG=str(CHECKOUT / "docs/examples/infra/ansible.cfg"))
    assert done.returncode == 2 and len((done.stdout + done.stderr).splitlines()) <= 60
    assert done.stdout.rstrip().splitlines()[-1] == f"report: {tmp_path}/results/report.html"
    live, _blank, summed = done.stdout.partition("\n\n")
    assert sorted(line.split()[0] for line in live.splitlines()) == [*names, "c17"]
    [silent] = [line for line in live.splitlines() if line.startswith("c17 ")]
    assert f"{NOBODY}: Connection refused" in silent and summed.count("Connection refused") == 1
    assert "17 clusters, 51 checks: 1 inconclusive, 16 passed, 34 skipped" in summed
    assert _counted(tmp_path / "results/junit.xml") == {**dict.fromkeys(names, (3, 2, 0, 0)), "c17": (3, 2, 1, 0)}


def test_the_summary_comes_after_what_failed_and_each_failure_once(tmp_path: Path) -> None:
    with FakeApiServer() as api:
        done = _validate(tmp_path, {"good": api.url, "silent": NOBODY, "wrong": "not an address"}, "-e", "validate_checks=greets")
    fatal = re.findall(r"^fatal: \[(\w+)\].*$", done.stdout, re.M)
    assert done.returncode == 2 and sorted(fatal) == ["silent", "wrong"]
    before, _line, after = done.stdout.partition("\nINCONCLUSIVE  2 clusters, 2 checks: 1 inconclusive, 1 passed\n")
    assert before.count("fatal: ") == 2 and "fatal: " not in after
    assert "silent: 1 of 1 check inconclusive; cause: api.unreachable" in before and "wrong: no result" in after
    rest = after.partition("\nreport: ")[2].split("\n")
    assert [line.split()[0] for line in rest[1:] if line.strip()] == ["ok:", "PLAY", "good", "localhost", "silent", "wrong"]
