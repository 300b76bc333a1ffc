# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What single test groups and tabs must say (config/config.go); defaults are filled in before."""
from __future__ import annotations

import re
from collections.abc import Iterator

from . import regexes, schema
from .load import Configuration
from .located import Entry, Problem

_MAIL = re.compile(r"[^@]+@[^@]+")
_LONGEST_ANNOTATION = 5
_GROUP_REGEXES = ("test_method_match_regex", "test_method_unmatch_regex", "commit_override_label_pattern")
_HEADERS = ("configuration_value", "property", "label")
# How many values a format of Go takes: each % with flags, width and a letter; %% is a percent sign for the format, but is
# counted all the same.
_VERB = re.compile(r"%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z]")


def _mails(entry: Entry, key: str, what: str) -> Iterator[Problem]:
    bad = [m for m in entry.get(key, "").split(",") if not _MAIL.fullmatch(m)] if entry.get(key) else []
    if bad:
        yield entry.problem(f"{what}: {key} has {', '.join(map(repr, bad))}, which is no address", key)


def _regex(entry: Entry, key: str, what: str) -> Iterator[Problem]:
    if entry.get(key) and (why := regexes.wrong(entry[key])):
        yield entry.problem(f"{what}: {key} does not compile: {why}", key)


def _notes(entry: Entry, what: str) -> Iterator[Problem]:
    for note in entry.get("notifications", ()):
        if not note.get("summary"):
            yield note.problem(f"{what}: a notification has no summary")


def _source(group: Entry, what: str) -> Iterator[Problem]:
    source = group.get("result_source") or {}
    prefix, gcs = group.get("gcs_prefix", ""), source.get("gcs_config")
    if not prefix and not source:
        yield group.problem(f"{what}: needs gcs_prefix or result_source", "name")
    if gcs is not None:
        if not prefix and not gcs.get("gcs_prefix"):
            yield gcs.problem(f"{what}: gcs_config has no gcs_prefix")
        if bool(gcs.get("pubsub_project")) != bool(gcs.get("pubsub_subscription")):
            yield gcs.problem(f"{what}: pubsub_project and pubsub_subscription need each other")
    for entry in (group, *([gcs] if gcs is not None else [])):
        if "://" in entry.get("gcs_prefix", ""):
            yield entry.problem(f"{what}: gcs_prefix is a bucket and a path, without {entry['gcs_prefix'].split('://')[0]}://",
                                "gcs_prefix")


def _name_config(group: Entry, what: str) -> Iterator[Problem]:
    config = group.get("test_name_config")
    if config is None:
        return
    elements, form = len(config.get("name_elements", ())), config.get("name_format", "")
    if not elements:
        yield config.problem(f"{what}: test_name_config has no name_elements", "name_elements")
    if not form:
        yield config.problem(f"{what}: test_name_config has no name_format", "name_format")
    elif elements and form.count("%") != elements:
        wants = f"name_format {form!r} takes {form.count('%')} values"
        yield config.problem(f"{what}: {wants}, and there are {elements} name_elements", "name_format")
    elif elements and len(_VERB.findall(form)) != elements:
        yield config.problem(f"{what}: name_format {form!r} has a % that stands for no value", "name_format")


def _annotations(group: Entry, what: str) -> Iterator[Problem]:
    for note in group.get("test_annotations", ()):
        if not note.get("property_name"):
            yield note.problem(f"{what}: a test annotation has no property_name")
        if not 1 <= len(note.get("short_text", "")) <= _LONGEST_ANNOTATION:
            yield note.problem(f"{what}: short_text of a test annotation must have 1 to {_LONGEST_ANNOTATION} characters",
                               "short_text")


def _headers(group: Entry, what: str) -> Iterator[Problem]:
    for header in group.get("column_header") or ():
        given = [k for k in _HEADERS if header.get(k)]
        if len(given) != 1:
            got = f"not {' and '.join(given)}" if given else "not none"
            yield header.problem(f"{what}: a column header needs one of {', '.join(_HEADERS)}, {got}")


def _metadata(group: Entry, what: str) -> Iterator[Problem]:
    for option in group.get("test_metadata_options", ()):
        if not option.get("message_regex") and not option.get("test_name_regex"):
            yield option.problem(f"{what}: test_metadata_options need message_regex or test_name_regex")
        for key in ("message_regex", "test_name_regex"):
            yield from _regex(option, key, what)


def test_groups(config: Configuration) -> Iterator[Problem]:
    for group in config.test_groups:
        what = f"test group {group.get('name', '')!r}"
        yield from _source(group, what)
        for key in ("days_of_results", "num_columns_recent"):
            if group.get(key, 0) <= 0:
                yield group.problem(f"{what}: {key} must be more than 0", key)
        for key in _GROUP_REGEXES:
            yield from _regex(group, key, what)
        yield from _mails(group, "alert_mail_to_addresses", what)
        for part in (_metadata, _notes, _annotations, _headers, _name_config):
            yield from part(group, what)
        by_value = group.get("fallback_grouping") == schema.BY_CONFIGURATION_VALUE
        if by_value != bool(group.get("fallback_grouping_configuration_value")):
            yield group.problem(f"{what}: fallback_grouping_configuration_value and fallback_grouping: "
                                f"{schema.BY_CONFIGURATION_VALUE} need each other", "fallback_grouping")


def _tabular(tab: Entry, what: str) -> Iterator[Problem]:
    pattern = tab.get("tabular_names_regex", "")
    if not pattern:
        return
    if why := regexes.wrong(pattern):
        yield tab.problem(f"{what}: tabular_names_regex does not compile: {why}", "tabular_names_regex")
        return
    groups, named = regexes.groups(pattern)
    if not groups:
        yield tab.problem(f"{what}: tabular_names_regex needs at least one group, (?P<name>...)", "tabular_names_regex")
    elif groups != named:
        yield tab.problem(f"{what}: all groups of tabular_names_regex need names, (?P<name>...)", "tabular_names_regex")


def tabs(config: Configuration) -> Iterator[Problem]:
    for dashboard in config.dashboards:
        if not dashboard.get("dashboard_tab"):
            yield dashboard.problem(f"the dashboard {dashboard.get('name', '')!r} has no tab; tabs from annotations of Prow "
                                    "jobs are not known here", "name")
        for tab in dashboard.get("dashboard_tab", ()):
            what = f"tab {tab.get('name', '')!r}"
            if not tab.get("test_group_name"):
                yield tab.problem(f"{what}: test_group_name is missing")
            if tab.get("name") == "Summary":
                yield tab.problem(f"{what}: this is the name of a tab of TestGrid's own", "name")
            yield from _tabular(tab, what)
            for options in ("alert_options", "flakiness_alert_options"):
                yield from _mails(tab.get(options) or Entry(), "alert_mail_to_addresses", what)
            custom = tab.get("status_customization_options") or Entry()
            if not 0 <= custom.get("max_acceptable_flakiness", 0) <= 100:
                yield custom.problem(f"{what}: max_acceptable_flakiness is a percentage, from 0 to 100",
                                     "max_acceptable_flakiness")
