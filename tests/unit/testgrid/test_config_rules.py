# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every rule of TestGrid's own library, each broken once, and told in one sentence."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.testgrid.configs import GROUP, TAB, config, problems


def test_the_example_is_good() -> None:
    assert not problems(config()) and not problems(config(), kubernetes=True)


@pytest.mark.parametrize(("group", "wrong"), [
    ({"gcs_prefix": None}, "needs gcs_prefix or result_source"),
    ({"gcs_prefix": "gs://bucket/a"}, "without gs://"),
    ({"days_of_results": None}, "days_of_results must be more than 0"),
    ({"days_of_results": -1}, "days_of_results must be more than 0"),
    ({"num_columns_recent": 0}, "num_columns_recent must be more than 0"),
    ({"test_method_match_regex": "[.*"}, "test_method_match_regex does not compile"),
    ({"test_method_unmatch_regex": "(?!a)"}, "no looking around"),
    ({"alert_mail_to_addresses": "a@b.c,@d"}, "alert_mail_to_addresses has '@d', which is no address"),
    ({"alert_mail_to_addresses": "a@b@c"}, "'a@b@c', which is no address"),
    ({"alert_mail_to_addresses": ","}, "'', ''"),
    ({"notifications": [{"context_link": "https://x"}]}, "a notification has no summary"),
    ({"test_annotations": [{"short_text": "a"}]}, "has no property_name"),
    ({"test_annotations": [{"property_name": "p"}]}, "must have 1 to 5 characters"),
    ({"test_annotations": [{"property_name": "p", "short_text": "abcdef"}]}, "must have 1 to 5 characters"),
    ({"column_header": [{}]}, "a column header needs one of configuration_value, property, label, not none"),
    ({"column_header": [{"label": "a", "configuration_value": "b"}]}, "not configuration_value and label"),
    ({"column_header": [{"label": "a", "property": "b"}]}, "not property and label"),
    ({"column_header": [{"property": "a", "configuration_value": "b"}]}, "not configuration_value and property"),
    ({"fallback_grouping": 5}, "need each other"),
    ({"fallback_grouping_configuration_value": "x"}, "need each other"),
    ({"test_name_config": {"name_format": "hello %s"}}, "has no name_elements"),
    ({"test_name_config": {"name_elements": [{"labels": "a"}]}}, "has no name_format"),
    ({"test_name_config": {"name_elements": [{"labels": "a"}], "name_format": "%s and %s"}}, "takes 2 values, and there are 1"),
    ({"test_name_config": {"name_elements": [{"labels": "a"}, {"labels": "b"}], "name_format": "100%% %s"}}, "takes 3 values"),
    ({"test_name_config": {"name_elements": [{"labels": "a"}], "name_format": "100%"}}, "a % that stands for no value"),
    ({"test_metadata_options": [{"bug_component": 1}]}, "need message_regex or test_name_regex"),
    ({"test_metadata_options": [{"bug_component": 1, "test_name_regex": "?bad"}]}, "test_name_regex does not compile"),
    ({"test_metadata_options": [{"bug_component": 1, "message_regex": "?bad"}]}, "message_regex does not compile"),
    ({"result_source": {"gcs_config": {"gcs_prefix": "b/a", "pubsub_project": "p"}}}, "need each other"),
    ({"gcs_prefix": None, "result_source": {"gcs_config": {}}}, "gcs_config has no gcs_prefix")])
def test_a_test_group(group: dict[str, Any], wrong: str) -> None:
    found = problems(config(group))
    assert len(found) == 1 and found[0].startswith("a.yaml:") and wrong in found[0], found


@pytest.mark.parametrize("group", [
    {"gcs_prefix": None, "result_source": {"resultstore_config": {"project": "p"}}},
    {"gcs_prefix": None,
     "result_source": {"gcs_config": {"gcs_prefix": "b/a", "pubsub_project": "p", "pubsub_subscription": "s"}}},
    {"test_annotations": [{"property_name": "p", "short_text": "äöüäö"}]},
    {"test_method_match_regex": r"(?i)a\z|\pL+|x{2,3}?"},
    {"fallback_grouping": 5, "fallback_grouping_configuration_value": "x"}, {"alert_mail_to_addresses": "a@b.c,d@e"},
    {"test_name_config": {"name_elements": [{"labels": "a"}, {"target_config": "Tests name"}], "name_format": "%s and %-5.1s"}},
    {"test_metadata_options": [{"bug_component": 0, "test_name_regex": ".*"}]},
    {"column_header": [{"label": "a"}, {"property": "b"}]}])
def test_a_good_test_group(group: dict[str, Any]) -> None:
    assert not problems(config(group))


@pytest.mark.parametrize(("tab", "wrong"), [
    ({"test_group_name": None}, "test_group_name is missing"),
    ({"name": "Summary"}, "a tab of TestGrid's own"),
    ({"tabular_names_regex": "([1!]"}, "does not compile"),
    ({"tabular_names_regex": ".*"}, "needs at least one group"),
    ({"tabular_names_regex": r"(\d+).*(?P<b>\d+)"}, "all groups of tabular_names_regex need names"),
    ({"alert_options": {"alert_mail_to_addresses": "nobody"}}, "'nobody', which is no address"),
    ({"flakiness_alert_options": {"alert_mail_to_addresses": "nobody"}}, "'nobody', which is no address"),
    ({"status_customization_options": {"max_acceptable_flakiness": 101.5}}, "from 0 to 100"),
    ({"status_customization_options": {"max_acceptable_flakiness": -0.5}}, "from 0 to 100")])
def test_a_tab(tab: dict[str, Any], wrong: str) -> None:
    found = [p for p in problems(config(tab=tab)) if "is in no tab" not in p and "may not begin with summary" not in p]
    assert len(found) == 1 and wrong in found[0], found


@pytest.mark.parametrize("tab", [
    {"tabular_names_regex": r"(?P<hello>\d+).*(?P<hi>\d+)"}, {"tabular_names_regex": r"(?<hello>\d+)"},
    {"status_customization_options": {"max_acceptable_flakiness": 0}},
    {"status_customization_options": {"max_acceptable_flakiness": 100}}])
def test_a_good_tab(tab: dict[str, Any]) -> None:
    assert not problems(config(tab=tab))


@pytest.mark.parametrize("name", ["Konvoy <1.31> (a|b) [c], \"d\"@e/f~g.h_i", "c1 – nightly", "abc", "a" * 2048])
def test_good_names(name: str) -> None:
    assert not problems(config(tab={"name": name}))


@pytest.mark.parametrize(("name", "wrong"), [
    ("a:bc", "it may not hold :"), ("ab", "3 to 2048"), ("a-b-", "3 to 2048"), ("a" * 2049, "3 to 2048"),
    ("ä-tab", "may not hold ä"),
    ("Dash-board one", "may not begin with dashboard"), ("Alerters", "begin with alerter"), ("bugs-1", "begin with bugs"),
    ("Summary of it", "begin with summary")])
def test_bad_names(name: str, wrong: str) -> None:
    for bad in (config({"name": name}, {"test_group_name": name}), config(tab={"name": name}),
                {**config(), "dashboards": [{"name": name, "dashboard_tab": [TAB]}]},
                config(dashboard_groups=[{"name": name, "dashboard_names": ["conformance-example"]}])):
        found = problems(bad)
        assert len(found) == 1 and wrong in found[0] and "cannot be called" in found[0], found


def test_names_are_there() -> None:
    assert problems(config({"name": None}, {"test_group_name": None}))[0] == "a.yaml:2: a test group has no name"
    assert "a.yaml:15: a tab has no name" in problems(config(tab={"name": None}))


def test_what_has_no_name_is_told_once_each() -> None:
    nameless = {k: v for k, v in GROUP.items() if k != "name"}
    found = problems({**config(), "test_groups": [GROUP, nameless, nameless]})
    assert [p.partition(": ")[2] for p in found] == ["a test group has no name"] * 2


@pytest.mark.parametrize(("changed", "wrong"), [
    ({"test_groups": [GROUP, {**GROUP, "name": "Kon_C1-e2e v131"}]}, "is the same to TestGrid as 'kon-c1-e2e-v1.31'"),
    ({"test_groups": [GROUP, GROUP]}, "is there already, as a test group in a.yaml:2"),
    ({"dashboards": [{"name": "conformance-example", "dashboard_tab": [TAB, TAB]}]},
     "tab 'Example Konvoy, v1.31' is there already"),
    ({"dashboards": [{"name": n, "dashboard_tab": [TAB]} for n in ("one-a", "one.A")]}, "dashboard 'one.A' is the same"),
    ({"dashboard_groups": [{"name": n, "dashboard_names": []} for n in ("two-a", "two.A")]},
     "dashboard group 'two.A' is the same"),
    ({"dashboard_groups": [{"name": "Conformance Example", "dashboard_names": []}]},
     "dashboard group 'Conformance Example' is the same to TestGrid as 'conformance-example', which is there already, as a ")])
def test_names_are_unique(changed: dict[str, Any], wrong: str) -> None:
    found = [p for p in problems({**config(), **changed}) if "no tab" not in p]
    assert len(found) == 1 and wrong in found[0], found


def test_tabs_of_different_dashboards_may_share_a_name() -> None:
    assert not problems({**config(), "dashboards": [{"name": n, "dashboard_tab": [TAB]} for n in ("one", "two")]})


@pytest.mark.parametrize(("changed", "wrong"), [
    ({"test_groups": []}, "the configuration has no test_groups"),
    ({"dashboards": []}, "the configuration has no dashboards"),
    ({"dashboards": [{"name": "conformance-example"}]}, "the dashboard 'conformance-example' has no tab"),
    ({"dashboards": [{"name": "one", "dashboard_tab": [TAB, {"name": "two", "test_group_name": "gone"}]}]},
     "the tab 'two' shows the test group 'gone', which is not there"),
    ({"test_groups": [GROUP, {**GROUP, "name": "other"}]}, "the test group 'other' is in no tab"),
    ({"dashboard_groups": [{"name": "all", "dashboard_names": ["conformance-example", "gone"]}]},
     "a.yaml:22: the dashboard group 'all' has the dashboard 'gone', which is not there"),
    ({"dashboard_groups": [{"name": n, "dashboard_names": ["conformance-example"]} for n in ("all", "more")]},
     "is in 'all', too"),
    ({"dashboard_groups": [{"name": "all", "dashboard_names": ["conformance-example"] * 2}]}, "is there twice")])
def test_references(changed: dict[str, Any], wrong: str) -> None:
    assert any(wrong in p for p in problems({**config(), **changed})), problems({**config(), **changed})


@pytest.mark.parametrize("pattern", [
    r"a(?=b)", r"a(?<!b)", r"(a)\1", r"(?P<a>b)(?P=a)", "(?>a)", "(a)(?(1)b)", "(?#a)", "a*+", "a**", r"a{2}{3}", "+*", "(", "[a",
    r"\8", "(?P<a>b)(?P<a>c)"])
def test_a_pattern_that_go_refuses(pattern: str) -> None:
    assert len(problems(config({"test_method_match_regex": pattern}))) == 1


@pytest.mark.parametrize("pattern", [
    r"\(?=", r"a\\b", r"[[:alpha:]_]+", r"\Qa(b\E", r"x(?i)y", r"(?i:x)", r"\x{10FFFF}", "[*+]+", "a*?b+?", r"\p{Greek}", "[(?=]",
    r"\*+"])
def test_a_pattern_that_go_takes(pattern: str) -> None:
    assert not problems(config({"test_method_match_regex": pattern}))
