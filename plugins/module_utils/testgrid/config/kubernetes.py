# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests of kubernetes/test-infra ask besides, of configurations in its instance of TestGrid.

Source: the config_test.go of its testgrids.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

from .load import Configuration
from .located import Entry, Problem

PREFIXES = ("conformance", "minikube", "cluster-api", "kops", "presubmits", "sig", "wg", "provider", "kubernetes-clients",
            "amazon", "cos", "containerd", "istio", "google", "redhat", "ibm", "vmware", "gardener", "jetstack", "kubevirt",
            "lambda", "nvidia")
# Where the instance's own jobs are: the last part of the path is the job, which the test group is called after.
_OWN = ("kubernetes-jenkins/logs/", "kubernetes-ci-logs/logs/")
_PRESUBMITS = ("kubernetes-jenkins/pr-logs/directory/", "kubernetes-ci-logs/pr-logs/directory/")
_PRESUBMIT_COLUMNS = 20
_BLOCKING = re.compile(r"sig-release-.*-blocking")


def _groups(config: Configuration) -> Iterator[Problem]:
    for group in config.test_groups:
        name, prefix = group.get("name", ""), group.get("gcs_prefix", "")
        what = f"test group {name!r}"
        if not prefix:
            yield group.problem(f"{what}: needs gcs_prefix, whatever its result_source", "name")
        if any(own in prefix for own in _OWN + _PRESUBMITS) and prefix.rpartition("/")[2] != name:
            yield group.problem(f"{what}: is of a job of the instance, so gcs_prefix must end in /{name}", "gcs_prefix")
        if prefix.startswith(_PRESUBMITS) and group.get("num_columns_recent", 0) < _PRESUBMIT_COLUMNS:
            yield group.problem(f"{what}: presubmits need num_columns_recent of {_PRESUBMIT_COLUMNS} or more",
                                "num_columns_recent")
        for header in group.get("column_header") or ():
            if not header.get("configuration_value"):
                yield header.problem(f"{what}: a column header has no configuration_value")


def _prefixed(entry: Entry, what: str) -> Iterator[Problem]:
    if entry.get("name") and not entry["name"].startswith(PREFIXES):
        yield entry.problem(f"the {what} {entry['name']!r} must begin with one of: {', '.join(PREFIXES)}", "name")


def _dashboards(config: Configuration) -> Iterator[Problem]:
    for dashboard in config.dashboards:
        name = dashboard.get("name", "")
        yield from _prefixed(dashboard, "dashboard")
        for note in dashboard.get("notifications", ()):
            if not note.get("summary"):
                yield note.problem(f"dashboard {name!r}: a notification has no summary")
        seen: set[str] = set()
        for tab in dashboard.get("dashboard_tab", ()):
            group = tab.get("test_group_name", "")
            if group and group in seen:
                yield tab.problem(f"dashboard {name!r}: the test group {group!r} is in two of its tabs", "test_group_name")
            seen.add(group)
            if _BLOCKING.fullmatch(name):
                yield from _blocking(tab, name)


def _blocking(tab: Entry, dashboard: str) -> Iterator[Problem]:
    what = f"tab {tab.get('name', '')!r} of {dashboard}, which blocks releases"
    if not tab.get("description"):
        yield tab.problem(f"{what}: needs a description")
    if not (tab.get("alert_options") or {}).get("alert_mail_to_addresses"):
        yield tab.problem(f"{what}: needs alert_options with alert_mail_to_addresses")


def _dashboard_groups(config: Configuration) -> Iterator[Problem]:
    of = {n: g.get("name", "") for g in config.dashboard_groups for n in g.get("dashboard_names", ())}
    for group in config.dashboard_groups:
        name = group.get("name", "")
        yield from _prefixed(group, "dashboard group")
        listed = group.get("dashboard_names", [])
        for dashboard, line in zip(listed, getattr(listed, "lines", [group.line] * len(listed))):
            if not dashboard.startswith(name):
                yield Problem(group.file, line,
                              f"the dashboard {dashboard!r} in the dashboard group {name!r} must begin with {name!r}")
        for entry in config.dashboards:
            dashboard = entry.get("name", "")
            if name and dashboard.startswith(f"{name}-") and of.get(dashboard) != name:
                yield entry.problem(f"the dashboard {dashboard!r} must be in the dashboard group {name!r}", "name")


def rules(config: Configuration) -> Iterator[Problem]:
    for rule in (_groups, _dashboards, _dashboard_groups):
        yield from rule(config)
