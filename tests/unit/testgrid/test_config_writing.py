# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module testgrid_config: what it writes, what it leaves alone, what it refuses."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.modules.testgrid_config import SPEC

# A configuration of others, with everything that a tool likes to lose.
THEIRS = """\
# Test groups of the storage team.
test_groups:

- gcs_prefix: theirs/nightly   # moved in May
  name: theirs-nightly
  days_of_results: 15
  num_columns_recent: 10

dashboards:
# Everything that is conformance.
- name: conformance-all
  dashboard_tab:
  - name:   "Theirs, nightly"
    test_group_name: theirs-nightly
    description: >
      Nightly, on bare
      metal.

# The end of dashboards.
dashboard_groups:
  - name: conformance
    dashboard_names:
      - conformance-all  # first
"""
WANTED = {"clusters": ["c1", "c2"], "suites": [{"name": "conformance"}, {"name": "validate", "tab_name": "{cluster} checks"}],
          "gcs_prefix": "example-conf/{cluster}/{suite}", "dashboard_name": "conformance-example"}


def run(folder: Path, check: bool = False, **params: Any) -> dict[str, Any]:
    defaults = {n: s.get("default") for n, s in SPEC.argument_spec.items()}
    suites = [{**dict.fromkeys(SPEC.argument_spec["suites"]["options"]), **s} for s in params.pop("suites", [])] or None
    return SPEC.run({**defaults, "config_dir": str(folder), "suites": suites, **params}, Job(check_mode=check))


def wanted(folder: Path, **params: Any) -> dict[str, Any]:
    return run(folder, **{**WANTED, **params})


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_one_test_group_for_each_cluster_and_suite(tmp_path: Path) -> None:
    result = wanted(tmp_path / "new", dashboard_group_name="conformance")
    assert result["changed"] and result["files"] == ["assay.yaml"] and not result["errors"]
    names = ["c1-conformance", "c2-conformance", "c1-validate", "c2-validate"]
    assert result["test_groups"] == names
    assert result["dashboards"] == {"conformance-example": ["c1, conformance", "c2, conformance", "c1 checks", "c2 checks"]}
    assert result["dashboard_groups"] == {"conformance": ["conformance-example"]}
    group = read(tmp_path / "new/assay.yaml")["test_groups"][0]
    assert group == {"name": "c1-conformance", "gcs_prefix": "example-conf/c1/conformance", "days_of_results": 30,
                     "num_columns_recent": 10,
                     "alert_stale_results_hours": 48, "num_failures_to_alert": 1, "disable_prowjob_analysis": True,
                     "column_header": [{"configuration_value": "Commit"}]}
    assert "&id" not in (tmp_path / "new/assay.yaml").read_text()


def test_the_second_time_changes_nothing(tmp_path: Path) -> None:
    wanted(tmp_path)
    stamp = (tmp_path / "assay.yaml").stat().st_mtime_ns
    assert not wanted(tmp_path)["changed"] and (tmp_path / "assay.yaml").stat().st_mtime_ns == stamp


def test_check_mode_writes_nothing_and_shows_what_it_would(tmp_path: Path) -> None:
    result = wanted(tmp_path / "new", check=True)
    assert result["changed"] and not (tmp_path / "new").exists()
    assert result["diff"][0]["before"] == "" and "c1-conformance" in result["diff"][0]["after"]
    assert result["diff"][0]["after_header"] == "assay.yaml"


def test_texts_are_filled_and_fields_added(tmp_path: Path) -> None:
    suites = [{"name": "conformance", "test_group": {"days_of_results": 60}, "dashboard_tab": {"base_options": "width=20"},
               "tab_description": "{suite} on {platform}"}, {"name": "validate"}]
    wanted(tmp_path, clusters=["c1"], suites=suites, values={"c1": {"platform": "Konvoy"}}, tab_name="{platform}, {suite}",
           test_group={"days_of_results": 7, "ignore_skip": True},
           dashboard_tab={"alert_options": {"alert_mail_to_addresses": "a@b.c"}})
    found = read(tmp_path / "assay.yaml")
    assert [g["days_of_results"] for g in found["test_groups"]] == [60, 7] and found["test_groups"][1]["ignore_skip"]
    tabs = found["dashboards"][0]["dashboard_tab"]
    assert tabs[0] == {"name": "Konvoy, conformance", "description": "conformance on Konvoy",
                       "test_group_name": "c1-conformance",
                       "alert_options": {"alert_mail_to_addresses": "a@b.c"}, "base_options": "width=20"}


def test_fields_from_templates_may_be_texts(tmp_path: Path) -> None:
    wanted(tmp_path,
           test_group={"days_of_results": "7", "ignore_skip": "True", "tests_name_policy": "2", "code_search_path": "12"},
           dashboard_tab={"alert_options": {"num_failures_to_alert": "4", "subject": "5"}, "broken_column_threshold": "0.5"})
    found = read(tmp_path / "assay.yaml")
    group, tab = found["test_groups"][0], found["dashboards"][0]["dashboard_tab"][0]
    assert group["days_of_results"] == 7 and group["ignore_skip"] is True
    assert group["tests_name_policy"] == 2 and group["code_search_path"] == "12"
    assert tab["alert_options"] == {"num_failures_to_alert": 4, "subject": "5"} and tab["broken_column_threshold"] == 0.5


def test_what_a_name_may_not_hold_becomes_a_dash(tmp_path: Path) -> None:
    assert wanted(tmp_path, clusters=["k8s:prod#1"], suites=[{"name": "validate"}])["test_groups"] == ["k8s-prod-1-validate"]


def test_the_rest_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(THEIRS)
    stamp = (tmp_path / "theirs.yaml").stat().st_mtime_ns
    assert wanted(tmp_path)["files"] == ["assay.yaml"]
    assert (tmp_path / "theirs.yaml").read_text() == THEIRS and (tmp_path / "theirs.yaml").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("theirs", [
    THEIRS, THEIRS.replace("\n", "\r\n"), THEIRS.removesuffix("\n"), THEIRS.partition("# The end")[0],
    THEIRS.partition("\n    description")[0]],
    ids=["plain", "windows", "no end of line", "a block of text at the end", "no end of the line before"])
def test_a_dashboard_of_others_gets_tabs_between_comments(tmp_path: Path, theirs: str) -> None:
    path = tmp_path / "theirs.yaml"
    path.write_bytes(theirs.encode())
    groups = "dashboard_groups" in theirs
    result = wanted(tmp_path, dashboard_name="conformance-all", **({"dashboard_group_name": "conformance"} if groups else {}))
    assert result["files"] == ["assay.yaml", "theirs.yaml"], result
    assert result["dashboards"]["conformance-all"] == ["Theirs, nightly", "c1, conformance", "c2, conformance", "c1 checks",
                                                       "c2 checks"]
    now = path.read_bytes().decode()
    added = [line for line in now.splitlines() if line not in theirs.splitlines()]
    assert [line for line in now.splitlines() if line not in added] == theirs.splitlines()
    assert added[0].strip() == "# assay.clusters.testgrid_config, assay.yaml: begin" and ("\r\n" in theirs) == ("\r\n" in now)
    assert now.count("\r\n") in (0, now.count("\n"))
    assert not wanted(tmp_path, dashboard_name="conformance-all",
                      **({"dashboard_group_name": "conformance"} if groups else {}))["changed"]
    assert run(tmp_path, state="absent")["changed"] and path.read_bytes().decode() in (theirs, theirs + "\n")
    assert not (tmp_path / "assay.yaml").exists() and not run(tmp_path, state="absent")["changed"]


def test_a_dashboard_group_of_others_gets_dashboards(tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(THEIRS)
    result = wanted(tmp_path, dashboard_group_name="conformance")
    assert result["dashboard_groups"] == {"conformance": ["conformance-all", "conformance-example"]}
    lines = (tmp_path / "theirs.yaml").read_text().splitlines()
    assert lines[-4:-1] == ["      - conformance-all  # first", "      # assay.clusters.testgrid_config, assay.yaml: begin",
                            "      - conformance-example"]


def test_what_is_not_asked_for_any_more_goes(tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(THEIRS)
    wanted(tmp_path, dashboard_name="conformance-all")
    assert wanted(tmp_path, dashboard_name="conformance-all", clusters=["c2"])["test_groups"] == [
        "c2-conformance", "c2-validate", "theirs-nightly"]
    wanted(tmp_path, dashboard_name="conformance-other")
    assert (tmp_path / "theirs.yaml").read_text() == THEIRS


@pytest.mark.parametrize(("theirs", "wrong"), [
    (THEIRS.replace("""
      - conformance-all  # first
""", " [conformance-all]\n"), "dashboard_names of 'conformance' must be a list with an item on each line"),
    (THEIRS.partition("  dashboard_tab:")[0], "dashboard_tab of 'conformance-all' must be a list with an item on each line"),
    (THEIRS.replace("dashboard_tab:\n", "dashboard_tab: &tabs\n").replace("# The end",
                                                                          "- {name: copy, dashboard_tab: *tabs}\n# The end"),
     "cannot get more without touching the rest")])
def test_where_lines_cannot_be_added(tmp_path: Path, theirs: str, wrong: str) -> None:
    (tmp_path / "theirs.yaml").write_text(theirs)
    result = wanted(tmp_path, dashboard_name="conformance-x" if "dashboard_names" in wrong else "conformance-all",
                    dashboard_group_name="conformance")
    assert result["failed"] and wrong in result["msg"] and (tmp_path / "theirs.yaml").read_text() == theirs


def test_a_comment_of_a_block_that_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(THEIRS)
    wanted(tmp_path, dashboard_name="conformance-all")
    broken = (tmp_path / "theirs.yaml").read_text().replace("  # assay.clusters.testgrid_config, assay.yaml: end\n", "")
    (tmp_path / "theirs.yaml").write_text(broken)
    assert "theirs.yaml:19: one of the two comments around a block of assay.clusters is gone" in wanted(tmp_path)["msg"]


@pytest.mark.parametrize(("params", "wrong"), [
    ({"clusters": None}, "clusters: is needed with state=present"), ({"clusters": []}, "clusters: is needed"),
    ({"suites": []}, "suites: is needed"), ({"gcs_prefix": None}, "gcs_prefix: is needed"),
    ({"dashboard_name": None}, "dashboard_name: is needed"),
    ({"clusters": ["c1", "c1"]}, "clusters: has c1 twice"), ({"suites": [{"name": "a"}, {"name": "a"}]}, "suites: has a twice"),
    ({"gcs_prefix": "gs://example/{cluster}"}, "gcs_prefix: must be a bucket and a path without gs://"),
    ({"gcs_prefix": "example/{clustr}"}, "gcs_prefix: {clustr} is not known for cluster c1; known are cluster, suite,"),
    ({"values": {"c1": "x"}}, "values: must be a mapping for each cluster; that of c1 is none"),
    ({"tab_name": "Summary {cluster}"}, "tab_name: 'Summary c1' cannot be a name in TestGrid: it may not begin with summary"),
    ({"clusters": ["c-1", "c1"]}, "test_group_name: c1 conformance and c-1 conformance would have the same test group"),
    ({"file": "../x.yaml"}, "file: must be a name below config_dir"),
    ({"file": "/etc/x.yaml"}, "file: must be a name below config_dir"),
    ({"file": "x.txt"}, "file: must be a name below config_dir"),
    ({"file": "theirs.yaml"}, "file: theirs.yaml is there and was not written"),
    ({"default_file": "/nowhere/default.yaml"}, "default_file: /nowhere/default.yaml: cannot be read: No such file"),
    ({"test_group": {"days_of_result": 1}}, "days_of_result is not known in a test group, did you mean days_of_results?"),
    ({"test_group": {"days_of_results": 0}}, "days_of_results must be more than 0"),
    ({"tab_name": "same"}, "tab 'same' is there already"),
    ({"clusters": ["theirs"], "suites": [{"name": "nightly"}]}, "theirs-nightly' is there"),
    ({"kubernetes_rules": True, "dashboard_name": "example"}, "the dashboard 'example' must begin with one of")])
def test_bad_options(tmp_path: Path, params: dict[str, Any], wrong: str) -> None:
    (tmp_path / "theirs.yaml").write_text(THEIRS.replace("# The end of dashboards.", ""))
    result = wanted(tmp_path, **params)
    assert result["failed"] and wrong in result["msg"], result["msg"]
    assert [p.name for p in tmp_path.iterdir()] == ["theirs.yaml"]


def test_the_folder_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "config_dir: there is no folder" in run(tmp_path / "gone", state="validated")["msg"]
    assert f"config_dir: {tmp_path}/file is no folder" in wanted(tmp_path / "file")["msg"]


def test_what_is_wrong_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/theirs.yaml").write_text(THEIRS.replace("days_of_results: 15", "days_of_results: 0").replace("(", ""))
    result = run(tmp_path, state="validated")
    assert result["failed"] and result["msg"] == (
        "1 error in the configuration: sub/theirs.yaml:6: test group 'theirs-nightly': days_of_results must be more than 0")
    assert result["errors"] == [{"file": "sub/theirs.yaml", "line": 6,
                                 "message": "test group 'theirs-nightly': days_of_results must be more than 0"}]
    wrong = wanted(tmp_path)
    assert "1 error in the configuration, so nothing was written" in wrong["msg"] and not (tmp_path / "assay.yaml").exists()


def test_many_errors_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("test_groups:\n" + "".join(f"- name: group-{i}\n" for i in range(9)))
    result = run(tmp_path, state="validated")
    assert result["msg"].startswith("37 errors") and result["msg"].endswith("; and 32 more") and len(result["errors"]) == 37


def test_a_good_configuration_is_told(tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(THEIRS)
    result = run(tmp_path, state="validated", kubernetes_rules=True)
    assert not result["changed"] and not result["errors"] and result["test_groups"] == ["theirs-nightly"]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").mkdir()
    assert wanted(tmp_path)["msg"] == f"config_dir: {tmp_path}/assay.yaml cannot be written: Is a directory"
    assert [p.name for p in tmp_path.iterdir()] == ["assay.yaml"]


def test_links_and_modes_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "real/theirs.yaml").write_text(THEIRS)
    (tmp_path / "real/theirs.yaml").chmod(0o640)
    (tmp_path / "config/theirs.yaml").symlink_to("../real/theirs.yaml")
    wanted(tmp_path / "config", dashboard_name="conformance-all")
    assert (tmp_path / "config/theirs.yaml").is_symlink() and (tmp_path / "real/theirs.yaml").stat().st_mode & 0o777 == 0o640
    assert "begin" in (tmp_path / "real/theirs.yaml").read_text()
