# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of versions: of the file that runs write, and of no version that was not run."""
from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.lab.base import OWN_KUBERNETES
from tests.runner import counts, keep
from tests.setup import older_kubernetes, tried, versions

ROOT = Path(__file__).resolve().parents[3]
KEPT = tried.read()
RUNS: dict[str, dict[str, Any]] = {tried.series(r["ansible_core"]): r for r in KEPT["runs"] if r["what"] != "kubernetes"}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _pinned() -> str:
    text = (ROOT / "tests/constraints.txt").read_text(encoding="utf-8")
    [found] = re.findall(r"(?m)^ansible-core==(\S+) ; python_full_version < '3.12'", text)
    return found


def test_the_table_is_that_of_the_file() -> None:
    assert f"<!-- generated: versions -->\n{tried.table()}<!-- end -->" in README


def test_everything_ran_on_the_versions_that_the_tests_have() -> None:
    run = RUNS[tried.series(_pinned())]
    assert run["what"] == "test" and tried.series(run["kubernetes"]) == tried.series(OWN_KUBERNETES)


def test_the_kubernetes_before_it_was_run_with_all_checks() -> None:
    ran = {tried.series(r["kubernetes"]): r for r in KEPT["runs"] if r["what"] == "kubernetes"}
    own = int(tried.series(OWN_KUBERNETES).split(".")[1])
    assert {*ran} == {tried.series(v) for v in older_kubernetes.VERSIONS} and f"1.{own - 1}" in ran
    assert [r for r in ran.values() if r["passed"] < r["tests"]] == []


def test_every_older_version_that_is_allowed_was_run() -> None:
    least = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["requires_ansible"].removeprefix(">=")
    first, last = (int(tried.series(v).split(".")[1]) for v in (least, _pinned()))
    assert {tried.series(v) for v in versions.VERSIONS} == {f"2.{n}" for n in range(first, last)}
    assert [s for s in (f"2.{n}" for n in range(first, last + 1)) if s not in RUNS] == []
    assert f"ansible-core {tried.series(least)} or newer with Python 3.11 or newer" in README


@pytest.mark.parametrize("path", ["ci/github-actions.yml", "ci/gitlab-ci.yml", "ci/Jenkinsfile",
                                  "awx/execution-environment.yml"])
def test_examples_take_a_version_on_which_everything_was_run(path: str) -> None:
    text = (ROOT / "docs/examples" / path).read_text(encoding="utf-8")
    taken = re.findall(r"ansible-core(?:~=|>=)(\d+\.\d+)", text)
    assert taken and {RUNS[v]["what"] for v in taken} == {"test"}
    pythons = re.findall(r"[Pp]ython(?:-version: \"|:|)(3\.\d+)", text)
    assert pythons and set(pythons) == {tried.series(RUNS[v]["python"]) for v in taken}


def test_a_run_takes_the_place_of_the_one_before_it_and_the_newest_is_first(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tried, "KEPT", tmp_path / "versions.json")
    for version, passed, failed in (("2.9.9", 3, 0), ("2.18.1", 7, 1), ("2.18.2", 8, 0)):
        tried.note(version, "versions", passed, failed)
    tried.note("2.19.4", "test", 1000, 2, "v1.36.1")
    for version, passed in (("v1.34.2", 40), ("v1.35.1", 41), ("v1.35.4", 50)):
        tried.note("2.19.4", "kubernetes", passed, 0, version)
    _head, _rule, *rows, _empty, beyond = tried.table().splitlines()
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in rows]
    assert [(c[0], c[2], c[4]) for c in cells] == [
        ("2.19.4", "1.36.1", "1,000 of 1,002"), ("2.19.4", "1.35.4", "50 of 50"), ("2.19.4", "1.34.2", "40 of 40"),
        ("2.18.2", "none", "8 of 8"), ("2.9.9", "none", "3 of 3")]
    assert "ansible-core 2.20 and newer" in beyond and "Kubernetes 1.33 and older" in beyond


def test_what_ran_besides_stands_in_the_row_of_its_series() -> None:
    for of, what in KEPT["besides"].items():
        [row] = [line for line in tried.table().splitlines() if line.startswith(f"| {of}.")]
        assert what in row


def test_versions_counts_what_its_tests_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tried, "KEPT", tmp_path / "versions.json")
    monkeypatch.setattr(versions, "environment", lambda version: tmp_path)
    cases = '<testcase classname="tests.unit.a" name="{}">{}</testcase>'
    text = cases.format("a", "") + cases.format("b", "<failure/>") + cases.format("c", "<skipped/>")

    def run(command: list[Any], **_more: Any) -> Any:
        for junit in [a.partition("=")[2] for a in map(str, command) if a.startswith("--junitxml=")]:
            Path(junit).write_text(f"<testsuites><testsuite>{text}</testsuite></testsuites>", encoding="utf-8")
        return type("Done", (), {"stdout": "2.18.19\n", "returncode": 1})()

    monkeypatch.setattr(versions.subprocess, "run", run)
    assert versions.prove("2.18.19", tmp_path) == 1
    [noted] = tried.read()["runs"]
    assert (noted["ansible_core"], noted["what"], noted["passed"], noted["tests"]) == ("2.18.19", "versions", 1, 2)


@pytest.mark.parametrize(("missing", "told"), [("", counts.Counts(3, 1, 1)), ("unit", None)])
def test_only_a_run_of_all_stages_is_one_of_everything(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, told: Any) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)

    class Stage:
        in_all, counted, least = True, True, 1

        def __init__(self, name: str, text: str) -> None:
            self.name, self.junit, self.log, self.rooms = name, tmp_path / name, tmp_path / f"{name}.log", {"unit": 1}
            self.junit.mkdir()
            if text and name != missing:
                (self.junit / "pytest.xml").write_text(f"<testsuites>{text}</testsuites>", encoding="utf-8")

    case = '<testcase classname="tests.unit.a" name="a">{}</testcase>'
    stages = [Stage("unit", case.format("") * 2 + case.format("<error/>")),
              Stage("clusters", case.format("") + case.format("<skipped/>"))]
    assert keep._of_all(stages) == told


def test_no_program_of_the_tests_stands_before_a_package_that_is_imported() -> None:
    """Their folder is the first in which a program that is called by its path looks."""
    programs = {p.stem for p in (ROOT / "tests/setup").glob("*.py")} | {p.name for p in (ROOT / "tests/setup").iterdir() if p.is_dir()}
    packages = {*importlib.metadata.packages_distributions()}
    assert programs & (packages | sys.stdlib_module_names) - {"__pycache__"} == set()
