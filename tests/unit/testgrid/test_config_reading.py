# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A folder of YAML: lines, strict types, defaults; and the rules of kubernetes/test-infra."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.testgrid.config import load, validate
from ansible_collections.assay.clusters.tests.unit.testgrid.configs import GROUP, TAB, config, problems, text

BARE = {"name": GROUP["name"], "gcs_prefix": GROUP["gcs_prefix"]}
DEFAULTS = {"default_test_group": {"days_of_results": 15, "num_columns_recent": 10, "tests_name_policy": 2,
                                   "num_failures_to_alert": 3,
                                   "column_header": [{"configuration_value": "Commit"}]},
            "default_dashboard_tab": {"num_columns_recent": 5, "alert_options": {"num_failures_to_alert": 4},
                                      "results_text": "See these results"}}


@pytest.mark.parametrize(("written", "wrong"), [
    ("test_groups:\n- name: a\n  gcs_prefx: b\n", "a.yaml:3: gcs_prefx is not known in a test group, did you mean gcs_prefix?"),
    ("test_group:\n- name: a\n", "a.yaml:1: test_group is not known in a configuration, did you mean test_groups?"),
    ("test_groups:\n- days_of_results: many\n", "a.yaml:2: days_of_results: must be a whole number, not 'many'"),
    ("test_groups:\n- days_of_results: '15'\n", "must be a whole number, not '15'"),
    ("test_groups:\n- days_of_results: 1.5\n", "must be a whole number"),
    ("test_groups:\n- days_of_results: 3000000000\n", "whole number"),
    ("test_groups:\n- ignore_skip: 1\n", "a.yaml:2: ignore_skip: must be true or false, not '1'"),
    ("test_groups:\n- tests_name_policy: 4\n", "must be a number from 0 to 3, not '4'"),
    ("test_groups:\n- tests_name_policy: TESTS_NAME_REPLACE\n", "must be a number from 0 to 3"),
    ("test_groups:\n- name: [a]\n", "a.yaml:2: name: must be a text, not a list"),
    ("test_groups:\n  name: a\n", "a.yaml:1: test_groups: must be a list, not a mapping"),
    ("test_groups: a\n", "must be a list, not 'a'"),
    ("test_groups:\n- a\n", "a.yaml:2: test_groups: must be a mapping, not 'a'"),
    ("dashboards:\n- dashboard_tab:\n  - broken_column_threshold: x\n", "a.yaml:3: broken_column_threshold: must be a number"),
    ("dashboards:\n- dashboard_tab:\n  - alert_options: 5\n", "a.yaml:3: alert_options: must be a mapping, not '5'"),
    ("test_groups:\n- name: abc\n  name: abd\n", "a.yaml:3: name is there twice"),
    ("test_groups: [\n", "a.yaml:2: is not YAML that TestGrid reads"), ("a: b: c\n", "a.yaml:1: is not YAML"),
    ("test_groups: []\n---\ntest_groups: []\n", "a.yaml:2: is not YAML that TestGrid reads: but found another document"),
    ("- a\n", "a.yaml:1: must be a mapping"), ("? [a]\n: b\n", "a.yaml:1: a key must be a plain word"),
    ("test_groups: &a [*a]\n", "its references lead to too many values"),
    ("a: !!python/object:os.system x\n", "a is not known"),
    ("a\x00b", "is not YAML")])
def test_what_strict_parsing_refuses(written: str, wrong: str) -> None:
    assert any(wrong in p for p in problems(written)), problems(written)


def test_references_that_multiply_end() -> None:
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert any("too many values" in p for p in problems("\n".join(layers)))


def test_numbers_are_texts_where_texts_are_wanted() -> None:
    written = text(config({"name": "12345"}, {"test_group_name": "12345", "name": "2026-01-01"})).replace("'", "")
    assert not problems(written)


def test_references_and_merged_keys_are_followed() -> None:
    assert not problems("""
test_groups:
- &one {name: abc, gcs_prefix: b/a, days_of_results: 30, num_columns_recent: 9}
- {<<: *one, name: abd}
dashboards:
- name: conformance
  dashboard_tab: [{name: one, test_group_name: abc}, {name: two, test_group_name: abd}]
""")


def test_files_are_one_configuration() -> None:
    whole = config()
    assert not problems(b={"test_groups": whole["test_groups"]}, sub__c={"dashboards": whole["dashboards"]})


def test_defaults_fill_what_is_unset() -> None:
    folder = {"default.yaml": text(DEFAULTS), "a.yaml": text({**config(), "test_groups": [{**BARE, "days_of_results": 0}]})}
    found = load.merged(folder)
    assert not validate.problems(found)
    group, tab = found.test_groups[0], found.dashboards[0]["dashboard_tab"][0]
    assert (group["days_of_results"], group["tests_name_policy"], group["num_failures_to_alert"]) == (15, 2, 3)
    assert group["column_header"][0]["configuration_value"] == "Commit"
    assert (tab["num_columns_recent"], tab["alert_options"]["num_failures_to_alert"]) == (5, 4)
    assert tab["results_text"] == "See these results"
    assert "description" in tab and "name" in tab


def test_what_is_set_stays() -> None:
    found = load.merged({"default.yaml": text(DEFAULTS), "a.yaml": text(config(tab={"alert_options": {"subject": "x"}}))})
    assert found.test_groups[0]["days_of_results"] == 30 and len(found.test_groups[0]["column_header"]) == 2
    assert found.dashboards[0]["dashboard_tab"][0]["alert_options"] == {"subject": "x"}


def test_defaults_beside_a_file_come_before_those_of_the_top() -> None:
    near = {**DEFAULTS, "default_test_group": {**DEFAULTS["default_test_group"], "days_of_results": 7}}
    bare = {**config(), "test_groups": [BARE]}
    folder = {"default.yaml": text(DEFAULTS), "sub/default.yaml": text(near), "sub/a.yaml": text(bare)}
    assert load.merged(folder).test_groups[0]["days_of_results"] == 7
    assert load.merged({**folder, "other/a.yaml": folder["sub/a.yaml"]}).test_groups[1]["days_of_results"] == 15


def test_defaults_may_be_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/a.yaml").write_text(text({**config(), "test_groups": [BARE]}))
    (tmp_path / "all.yaml").write_text(text(DEFAULTS))
    assert validate.problems(load.load(tmp_path / "config"))
    found = load.load(tmp_path / "config", tmp_path / "all.yaml")
    assert found.test_groups[0]["days_of_results"] == 15


def test_a_file_of_defaults_of_another_name_is_for_folders_without_their_own() -> None:
    other = {**DEFAULTS, "default_test_group": {**DEFAULTS["default_test_group"], "days_of_results": 3}}
    bare = {"test_groups": [BARE], "dashboards": []}
    folder = {"all.yaml": other, "default.yaml": DEFAULTS, "a.yaml": bare, "sub/a.yaml": bare}
    found = load.merged({path: text(value) for path, value in folder.items()}, "all.yaml")
    assert [g["days_of_results"] for g in found.test_groups] == [15, 3] and not found.problems


@pytest.mark.parametrize(("files", "wrong"), [
    ({"default": {"default_test_group": {"days_of_results": 1}}}, "default.yaml:1: default_dashboard_tab is missing"),
    ({"default": {"default_dashboard_tab": {"results_text": "x"}}}, "default_test_group is missing"),
    ({"default": {**DEFAULTS, "default_test_group": {"days_of_result": 1}}}, "default.yaml:2: days_of_result is not known")])
def test_bad_defaults(files: dict[str, Any], wrong: str) -> None:
    assert any(wrong in p for p in problems(config(), **files))


def test_two_files_of_defaults_in_a_folder() -> None:
    found = load.merged({"default.yaml": text(DEFAULTS), "default.yml": text(DEFAULTS), "a.yaml": text(config())})
    assert [str(p) for p in validate.problems(found)] == ["default.yml: there are two files of defaults in the folder"]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text(config()))
    (tmp_path / "b.yml").write_bytes(b"a: \xff\n")
    (tmp_path / "c.txt").write_text("not: [ours")
    (tmp_path / "d.yaml").symlink_to("nowhere")
    assert [str(p) for p in load.load(tmp_path).problems] == ["b.yml: is not UTF-8",
                                                              "d.yaml: cannot be read: No such file or directory"]


@pytest.mark.parametrize(("bad", "wrong"), [
    (config({"gcs_prefix": None, "result_source": {"resultstore_config": {"project": "p"}}}), "needs gcs_prefix, whatever"),
    (config({"column_header": [{"label": "a"}]}), "a column header has no configuration_value"),
    ({**config(), "dashboards": [{"name": "example", "dashboard_tab": [TAB]}]},
     "the dashboard 'example' must begin with one of: conformance"),
    (config(dashboard_groups=[{"name": "example", "dashboard_names": []}]),
     "the dashboard group 'example' must begin with one of"),
    ({**config(), "dashboards": [{"name": "sig-a", "dashboard_tab": [TAB, {**TAB, "name": "other"}]}]},
     "is in two of its tabs"),
    (config(dashboard_groups=[{"name": "sig", "dashboard_names": ["conformance-example"]}]), "must begin with 'sig'"),
    (config(dashboard_groups=[{"name": "conformance", "dashboard_names": []}]), "must be in the dashboard group 'conformance'"),
    ({**config(), "dashboards": [{"name": "sig-a", "dashboard_tab": [TAB], "notifications": [{}]}]},
     "a notification has no summary"),
    ({**config(), "dashboards": [{"name": "sig-release-master-blocking", "dashboard_tab": [TAB]}]}, "needs alert_options with"),
    ({**config(), "dashboards": [{"name": "sig-release-1.31-blocking", "dashboard_tab": [{**TAB, "description": ""}]}]},
     "which blocks releases: needs a description"),
    (config({"gcs_prefix": "kubernetes-jenkins/pr-logs/directory/kon-c1-e2e-v1.31"}), "num_columns_recent of 20 or more"),
    (config({"gcs_prefix": "kubernetes-jenkins/logs/other"}), "gcs_prefix must end in /kon-c1-e2e-v1.31")])
def test_rules_of_the_kubernetes_repository(bad: dict[str, Any], wrong: str) -> None:
    assert any(wrong in p for p in problems(bad, kubernetes=True)), problems(bad, kubernetes=True)
    assert not any(wrong in p for p in problems(bad))


@pytest.mark.parametrize("good", [
    config({"gcs_prefix": "kubernetes-jenkins/pr-logs/directory/kon-c1-e2e-v1.31", "num_columns_recent": 20}),
    config(dashboard_groups=[{"name": "conformance", "dashboard_names": ["conformance-example"]}]),
    {**config(), "dashboards": [{"name": "sig-release-master-blocking", "dashboard_tab": [
        {**TAB, "alert_options": {"alert_mail_to_addresses": "a@b.c"}}]}]}])
def test_what_the_kubernetes_repository_takes(good: dict[str, Any]) -> None:
    assert not problems(good, kubernetes=True)
