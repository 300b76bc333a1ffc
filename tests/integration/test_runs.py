# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""results_info as users call it: a playbook that reads what runs left, and stops where they are no pass."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.runs.builders import (
    BAD, GOOD, OTHER, folder, ginkgo1, ginkgo2, new_log, tarball)

pytestmark = pytest.mark.no_cluster
PLAY = [{"name": "Read", "hosts": "localhost", "gather_facts": False, "tasks": [
    {"name": "Read a run", "assay.clusters.results_info": {"paths": "{{ paths }}", "tests": "bad"}, "register": "found"},
    {"name": "Keep what was found", "ansible.builtin.copy": {
        "content": "{{ found | to_json }}", "dest": "{{ kept }}", "mode": "0600"}},
    {"name": "Stop unless it passed", "ansible.builtin.assert": {
        "that": ["found.verdict == 'passed'"], "fail_msg": "{{ found.msg }}"}}]}]


def played(root: Path, paths: list[Path]) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    play, kept = root / "play.json", root / "kept.json"
    play.write_text(json.dumps(PLAY))
    kept.unlink(missing_ok=True)
    given = json.dumps({"paths": [str(p) for p in paths], "kept": str(kept)})
    done = subprocess.run(["ansible-playbook", str(play), "-e", given],
                          env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0"}, text=True, check=False,
                          capture_output=True, stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    return done, json.loads(kept.read_text()) if kept.exists() else {}


def test_a_pass_goes_on_and_a_failure_stops_with_one_sentence(tmp_path: Path) -> None:
    done, found = played(tmp_path, [folder(tmp_path / "good", {"e2e.log": new_log(), "junit_01.xml": ginkgo2(GOOD)})])
    assert done.returncode == 0 and found["msg"] == "passed: 2 passed, 1 skipped" and not found["changed"]
    bad = tarball(tmp_path / "r.tar.gz", {"plugins/e2e/results/global/junit_01.xml": ginkgo1(BAD)})
    done, found = played(tmp_path, [bad])
    assert done.returncode == 2 and "failed: 1 passed, 1 failed, 1 skipped" in done.stdout
    assert [t["name"] for t in found["runs"][0]["tests"]] == [OTHER]


def test_what_is_no_run_is_one_sentence_that_steers_nothing(tmp_path: Path) -> None:
    files = {"junit_01.xml": "<!DOCTYPE x [<!ENTITY a 'b'>]><testsuite/>", "junit\x1b[2J.xml": "<pom/>"}
    odd = folder(tmp_path / "odd\x1b]0;mine\x07", files)
    done, found = played(tmp_path, [odd])
    told = [f["message"] for f in found["runs"][0]["findings"]]
    assert done.returncode == 2 and len(told) == 2 and "document type or entities of its own" in told[1]
    assert "\x1b" not in done.stdout + done.stderr
    done, found = played(tmp_path, [odd / "none"])
    assert done.returncode == 2 and "cannot be read: No such file or directory" in done.stdout and not found
