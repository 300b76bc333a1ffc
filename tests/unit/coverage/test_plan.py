# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan and files of pipelines say: ids, labels, and what is no plan."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.coverage import plan as module
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from tests.unit.coverage.builders import case, plan

# As github.com/mayadata-io/oep-e2e has it.
_TEXT = '''kind: MasterPlan
apiVersion: e2e.mayadata.io/v1alpha1
metadata:
  name: masterTestplan
spec:
  tests:
  ### Installation
  - tcid: iuoi01
    name: "Install on one cluster"
    description: "Components are installed: all of them."
    labels:
      test/feature: "Install and Upgrade"
      test/tags: "P0"

  # - tcid: iuoi02
  - tcid: 1003
    labels: {assay/checks: "dns, service,dns"}
'''


def test_a_plan_as_teams_write_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "plan.yml").write_text(_TEXT)
    found = module.load(str(tmp_path / "plan.yml"))
    first, second = found.tests
    assert found.name == "masterTestplan" and found.warnings == ()
    assert (first.tcid, first.name, first.feature, first.checks) == ("iuoi01", "Install on one cluster", "Install and Upgrade", ())
    assert (second.tcid, second.name, second.checks) == ("1003", "", ("dns", "service"))


def test_a_test_that_is_there_twice_counts_once_and_is_told(tmp_path: Path) -> None:
    found = module.load(str(plan(tmp_path, case("a", "dns"), case("b"), case("a", "service"), case("a"))))
    assert [(t.tcid, t.checks) for t in found.tests] == [("a", ("dns",)), ("b", ())]
    assert found.warnings == ("a is in the plan more than once, and counts once",)


@pytest.mark.parametrize(("text", "sentence"), [
    ("kind: Pod", "plan: {} must be of the kind MasterPlan, not 'Pod'"), ("[]", "plan: {} must be of the kind MasterPlan, not 'None'"),
    ("", "plan: {} must be of the kind MasterPlan, not 'None'"), ("a: [", "plan: {} is no YAML: "),
    ("kind: MasterPlan\nspec: [1]", "plan: spec.tests of {} must be a list of tests"),
    ("kind: MasterPlan\nspec: {tests: {a: b}}", "plan: spec.tests of {} must be a list of tests"),
    ("kind: MasterPlan\nspec: {tests: [{name: x}]}", "plan: test 1 of {} has no tcid"),
    ("kind: MasterPlan\nspec: {tests: [{tcid: a}, {tcid: ' '}]}", "plan: test 2 of {} has no tcid"),
    ("kind: MasterPlan\nspec: {tests: [{tcid: true}]}", "plan: test 1 of {} has no tcid"),
    ("kind: MasterPlan\nspec: {tests: [{tcid: a, labels: [b]}]}", "plan: labels of a in {} must be names with values"),
    ("!!python/object/apply:os.getcwd []", "plan: {} is no YAML: ")])
def test_what_is_no_plan_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "plan.yml"
    path.write_text(text)
    with pytest.raises(BadOption) as told:
        module.load(str(path))
    assert str(told.value).startswith(sentence.format(path)) and "\n" not in str(told.value)


def test_a_file_that_is_not_there_is_named_by_its_option(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="^plan: /nowhere/plan.yml cannot be read: No such file or directory"):
        module.load("/nowhere/plan.yml")
    with pytest.raises(BadOption, match="^ci_files: /nowhere/ci.yml cannot be read"):
        module.of_pipelines(["/nowhere/ci.yml"])
    (tmp_path / "latin").write_bytes(b"\xe9")
    with pytest.raises(BadOption, match="^plan: .*latin is no text in UTF-8"):
        module.load(str(tmp_path / "latin"))


def test_without_yaml_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "yaml", None)
    with pytest.raises(PlatformError, match="^the Python package PyYAML is missing for "):
        module.load("x")


@pytest.mark.parametrize(("line", "found"), [
    ("TCID-DIR-01:", (["TCID-DIR-01"], [])), ("  TCID-DIR-01  ", (["TCID-DIR-01"], [])), ("tcid-old:", ([], ["tcid-old"])),
    ("# TCID-DIR-01:", ([], [])), ("  - TCID-DIR-01", ([], [])), ("needs: [TCID-DIR-01]", ([], [])), ("Tcid-x:", ([], []))])
def test_jobs_are_found_by_the_beginning_of_their_lines(tmp_path: Path, line: str, found: Any) -> None:
    (tmp_path / "ci.yml").write_text(f"stages:\n{line}\n  stage: x\n{line}\n")
    assert module.of_pipelines([str(tmp_path / "ci.yml")]) == found
