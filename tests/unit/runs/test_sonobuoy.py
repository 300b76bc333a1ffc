# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sonobuoy's tarballs: layouts of old and new ones, plugins of the cluster and of each node, error files."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.runs.model import (
    ERRORED, FAILED, INCONCLUSIVE, PASSED, SONOBUOY, Run)
from ansible_collections.assay.clusters.plugins.module_utils.runs.read import read
from ansible_collections.assay.clusters.tests.unit.runs.builders import (
    BAD, GOOD, OTHER, PASS, codes, folder, ginkgo1, ginkgo2, item, new_log, old_log, tarball)

GLOBAL = "plugins/e2e/results/global"
SERVER = {"major": "1", "minor": "31", "gitVersion": "v1.31.4+k3s1"}


def results(cases: list[tuple[str, str]], status: str = "passed") -> dict[str, Any]:
    file = item("junit_01.xml", status, [item("Kubernetes e2e suite", status, [item(n, s) for n, s in cases], type="suite")],
                type="file", file="results/global/junit_01.xml")
    return item("e2e", status, [file], type="summary")


def whole(cases: list[tuple[str, str]] | None = None, status: str = "passed", **more: Any) -> dict[str, Any]:
    """With what else is in a tarball, some of which has names like results."""
    cases = GOOD if cases is None else cases
    return {f"{GLOBAL}/e2e.log": new_log(), f"{GLOBAL}/junit_01.xml": ginkgo2(cases),
            "plugins/e2e/sonobuoy_results.yaml": results(cases, status), "plugins/e2e/defintion.json": "{}",
            "serverversion.json": SERVER, "meta/config.json": "{}", "hosts/n1/healthz.json": "{}",
            "podlogs/sonobuoy/sonobuoy-e2e-job/logs/e2e.txt": old_log(ending="FAIL!"),
            "resources/ns/default/core_v1_pods.json": "{}", **more}


def read_one(root: Path, files: dict[str, Any], **wish: Any) -> Run:
    (run,) = read(tarball(root / "202408222202_sonobuoy_c0ffee.tar.gz", files), **wish)
    return run


def test_a_tarball(tmp_path: Path) -> None:
    run = read_one(tmp_path, whole())
    assert (run.kind, run.name, run.place, run.verdict, codes(run)) == (SONOBUOY, "e2e", "plugins/e2e", PASSED, [])
    assert run.verdict_source == "junit, log, sonobuoy" and run.server_version == "v1.31.4+k3s1"
    assert (run.counts.passed, run.counts.skipped, run.counts.setup, run.complete) == (2, 1, 2, True)


def test_the_same_unpacked(tmp_path: Path) -> None:
    (run,) = read(folder(tmp_path, {f"x/{n}": c for n, c in whole().items()}))
    assert (run.place, run.verdict, run.server_version) == ("x/plugins/e2e", PASSED, "v1.31.4+k3s1")


@pytest.mark.parametrize("prefix", ["", "./", "results/"])
def test_the_layout_before_global(tmp_path: Path, prefix: str) -> None:
    run = read_one(tmp_path, {f"{prefix}plugins/e2e/results/e2e.log": old_log(version="v1.31.4"),
                              f"{prefix}plugins/e2e/results/junit_01.xml": ginkgo1(GOOD),
                              f"{prefix}plugins/e2e/results/._e2e.log": "x",
                              f"{prefix}serverversion/serverversion.json": SERVER})
    assert (run.kind, run.name, run.verdict, codes(run), run.cases[0].node) == (SONOBUOY, "e2e", PASSED, [], "")


def test_the_version_that_was_claimed_is_held_against_the_servers(tmp_path: Path) -> None:
    assert codes(read_one(tmp_path, whole(), version="v1.30")) == ["version-claimed"]


def test_a_plugin_by_node(tmp_path: Path) -> None:
    cases = {"n1": "passed", "n2": "failed"}
    tree = item("kubelet", "failed", [item(n, s, [item("out.xml", s, [item("runs", s)], type="file",
                                                       file=f"results/{n}/out.xml")], type="node")
                                      for n, s in cases.items()])
    files = {f"plugins/kubelet/results/{n}/out.xml": ginkgo1([("runs", s)]) for n, s in cases.items()}
    run = read_one(tmp_path, {**files, "plugins/kubelet/sonobuoy_results.yaml": tree})
    assert (run.name, run.verdict) == ("kubelet", FAILED) and [(c.node, c.outcome, c.twin) for c in run.cases] == [
        ("n1", PASSED, 0), ("n2", FAILED, 0)]
    alone = read_one(tmp_path, {"plugins/kubelet/sonobuoy_results.yaml": tree})
    assert [(c.name, c.node, c.outcome, c.file) for c in alone.cases] == [
        ("runs", "n1", PASSED, "results/n1/out.xml"), ("runs", "n2", FAILED, "results/n2/out.xml")]
    assert alone.counts_source == "sonobuoy_results.yaml" and alone.complete


def test_a_server_that_is_another_by_the_log(tmp_path: Path) -> None:
    run = read_one(tmp_path, whole(**{f"{GLOBAL}/e2e.log": old_log(version="v1.31.5")}))
    assert codes(run) == ["version-sonobuoy"] and run.server_version == "v1.31.5"


def test_each_plugin_is_a_run(tmp_path: Path) -> None:
    raw = item("systemd-logs", "passed", [item("n1", "passed",
                                               [item("systemd_logs", "passed", type="file", file="results/n1/systemd_logs")],
                                               type="node")])
    files = whole(**{"plugins/systemd-logs/sonobuoy_results.yaml": raw, "plugins/systemd-logs/results/n1/systemd_logs": "x"})
    path = tarball(tmp_path / "r.tgz", files)
    assert [(r.name, r.verdict, r.counts.passed, r.server_version) for r in read(path)] == [
        ("e2e", PASSED, 2, "v1.31.4+k3s1"), ("systemd-logs", PASSED, 1, "v1.31.4+k3s1")]


@pytest.mark.parametrize("place", ["errors/error.json", "errors/global/error.json", "errors/n1/errors.json"])
def test_an_error_file_is_a_failure_whatever_else_there_is(tmp_path: Path, place: str) -> None:
    run = read_one(tmp_path, whole(**{f"plugins/e2e/{place}": {"error": "timeout\nwaiting for results", "pod": {}}}))
    assert run.verdict == FAILED and codes(run) == ["sonobuoy-error"]
    assert run.findings[0].message.endswith("Sonobuoy has an error: timeout waiting for results")


@pytest.mark.parametrize("content", ["", "[", '"text"', "{}"])
def test_an_error_file_that_cannot_be_read_is_one_all_the_same(tmp_path: Path, content: str) -> None:
    assert read_one(tmp_path, whole(**{"plugins/e2e/errors/error.json": content})).verdict == FAILED


@pytest.mark.parametrize(("cases", "status", "code"), [(BAD, "passed", "sonobuoy-junit"), (GOOD, "failed", "sonobuoy-junit"),
                                                       (GOOD, "unknown", "sonobuoy-status"),
                                                       (GOOD, "complete: 2", "sonobuoy-status")])
def test_a_summary_that_is_not_that_of_junit(tmp_path: Path, cases: list, status: str, code: str) -> None:
    files = whole(cases, status)
    files["plugins/e2e/sonobuoy_results.yaml"] = item("e2e", status, [item("x", status)])
    run = read_one(tmp_path, files)
    assert code in codes(run) and run.verdict == (INCONCLUSIVE if code == "sonobuoy-status" else FAILED)


@pytest.mark.parametrize(("status", "outcome", "verdict"), [
    ("passed", PASSED, PASSED), ("failed", FAILED, FAILED), ("timeout", FAILED, FAILED), ("unknown", ERRORED, INCONCLUSIVE),
    ("complete", ERRORED, INCONCLUSIVE)])
def test_words_of_sonobuoy(tmp_path: Path, status: str, outcome: str, verdict: str) -> None:
    leaf = item("one", status, details={"failure": "why"})
    run = read_one(tmp_path, {"plugins/p/sonobuoy_results.yaml": item("p", "failed" if status == "timeout" else status,
                                                                      [leaf])})
    assert (run.cases[0].outcome, run.cases[0].status, run.cases[0].message, run.verdict) == (outcome, status, "why", verdict)


@pytest.mark.parametrize(("text", "told"), [
    ("a: &a [x, x]\nb: *a\n", "aliases"), ("name: [", "expected|did not find"),
    ("\x00", "special characters|control characters"),
    ("items:\n" + "".join("  " * n + "- items:\n" for n in range(1, 60)), "deep")])
def test_a_summary_that_harms_or_is_none(tmp_path: Path, text: str, told: str) -> None:
    run = read_one(tmp_path, whole(**{"plugins/e2e/sonobuoy_results.yaml": text}))
    assert (run.verdict, run.verdict_source) == (INCONCLUSIVE, "plugins/e2e/sonobuoy_results.yaml cannot be read")
    assert codes(run) == ["sonobuoy-unreadable"]
    assert any(t in run.findings[0].message for t in told.split("|")), run.findings[0].message


def test_yaml_as_sonobuoy_writes_it(tmp_path: Path) -> None:
    text = f"""name: e2e
status: failed
meta:
  type: summary
items:
- name: junit_01.xml
  status: failed
  meta:
    file: results/global/junit_01.xml
    type: file
  items:
  - name: Kubernetes e2e suite
    status: failed
    items:
    - name: '{PASS}'
      status: passed
    - name: '{OTHER}'
      status: failed
      details:
        failure: |-
          nothing
          came
        nested:
          a: [1, 2]
"""
    run = read_one(tmp_path, {"plugins/e2e/sonobuoy_results.yaml": text})
    assert [(c.name, c.outcome, c.message) for c in run.cases] == [(PASS, PASSED, ""), (OTHER, FAILED, "nothing\ncame")]
    assert run.verdict == FAILED and codes(run) == []
