# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Test groups, tabs, dashboards and dashboard groups for the clusters of an inventory: one test group per cluster and suite."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...jobs.errors import BadOption
from . import names, schema

_PLACE = re.compile(r"\{([A-Za-z_]\w*)\}")
# Of names of hosts, what no name in TestGrid may hold.
_UNUSUAL = re.compile(r"[^a-zA-Z0-9_.~<>()|\[\]\",@/ –-]+")
# Texts that may be said once for all suites, or by a suite for itself.
TEXTS = ("gcs_prefix", "test_group_name", "dashboard_name", "tab_name", "tab_description", "dashboard_group_name")
# What a test group of uploads has, unless test_group says otherwise. There is no Prow job to look at.
_TEST_GROUP = {"days_of_results": 30, "num_columns_recent": 10, "alert_stale_results_hours": 48, "num_failures_to_alert": 1,
               "disable_prowjob_analysis": True, "column_header": [{"configuration_value": "Commit"}]}


@dataclass
class Wanted:
    """What is to be there. tabs: of each dashboard, by its name; grouped: dashboards, by the name of their group."""

    test_groups: list[dict[str, Any]] = field(default_factory=list)
    tabs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    grouped: dict[str, list[str]] = field(default_factory=dict)


def _filled(option: str, text: str, known: Mapping[str, Any]) -> str:
    """A text with its {places} filled."""
    unknown = [p for p in _PLACE.findall(text) if p not in known]
    if unknown:
        raise BadOption(f"{option}: {{{unknown[0]}}} is not known for cluster {known['cluster']}; known are "
                        f"{', '.join(known)}, others come from the option values")
    return _PLACE.sub(lambda m: str(known[m[1]]), text)


def _name(option: str, text: str, known: Mapping[str, Any]) -> str:
    name = _UNUSUAL.sub("-", _filled(option, text, known)).strip()
    if why := names.wrong(name):
        raise BadOption(f"{option}: {name!r} cannot be a name in TestGrid: it {why}")
    return name


def _typed(value: Any, kind: str) -> Any:
    """A field as TestGrid wants it; templates of older ansible-core give texts. kind: as in schema.MESSAGES."""
    if kind in schema.MESSAGES and isinstance(value, Mapping):
        return {k: _typed(v, schema.MESSAGES[kind].get(k, "any")) for k, v in value.items()}
    if kind.startswith("[") and isinstance(value, list):
        return [_typed(v, kind[1:-1]) for v in value]
    if not isinstance(value, str):
        return value
    if kind == "bool" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind == "float" and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value)
    number = kind == "int" or re.fullmatch(r"\d+-\d+", kind)
    return int(value) if number and re.fullmatch(r"-?\d+", value) else value


class _Generating:
    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params, self.wanted = params, Wanted()
        self.of: dict[str, tuple[str, str]] = {}

    def add(self, cluster: str, suite: Mapping[str, Any]) -> None:
        values = self.params["values"].get(cluster) or {}
        if not isinstance(values, Mapping):
            raise BadOption(f"values: must be a mapping for each cluster; that of {cluster} is none")
        known = {"cluster": cluster, "suite": suite["name"], **values}
        texts = {t: suite.get(t) or self.params.get(t) or "" for t in TEXTS}
        name = _name("test_group_name", texts["test_group_name"], known)
        other = self.of.setdefault(names.normal(name), (cluster, suite["name"]))
        if other != (cluster, suite["name"]):
            raise BadOption(f"test_group_name: {cluster} {suite['name']} and {' '.join(other)} would have the same test group "
                            f"{name}, as TestGrid tells names apart by small letters and digits alone")
        prefix = _filled("gcs_prefix", texts["gcs_prefix"], known).strip("/")
        if "://" in prefix:
            scheme = prefix.partition("://")[0]
            raise BadOption(f"gcs_prefix: must be a bucket and a path without {scheme}://, not {prefix!r}")
        own = {**(self.params.get("test_group") or {}), **(suite.get("test_group") or {})}
        self.wanted.test_groups.append({"name": name, "gcs_prefix": prefix, **_TEST_GROUP, **_typed(own, "TestGroup")})
        self.tab(texts, known, name, suite)

    def tab(self, texts: Mapping[str, str], known: Mapping[str, Any], test_group: str, suite: Mapping[str, Any]) -> None:
        dashboard = _name("dashboard_name", texts["dashboard_name"], known)
        described = _filled("tab_description", texts["tab_description"], known)
        own = {**(self.params.get("dashboard_tab") or {}), **(suite.get("dashboard_tab") or {})}
        tab = {"name": _name("tab_name", texts["tab_name"], known), **({"description": described} if described else {}),
               "test_group_name": test_group, **_typed(own, "DashboardTab")}
        self.wanted.tabs.setdefault(dashboard, []).append(tab)
        if texts["dashboard_group_name"]:
            listed = self.wanted.grouped.setdefault(_name("dashboard_group_name", texts["dashboard_group_name"], known), [])
            if dashboard not in listed:
                listed.append(dashboard)


def generate(params: Mapping[str, Any]) -> Wanted:
    """What the options of the module ask for. Raises BadOption."""
    needed = [n for n in ("clusters", "suites", "gcs_prefix", "dashboard_name") if not params.get(n)]
    missing = [n for n in needed if n in ("clusters", "suites") or not all(s.get(n) for s in params["suites"] or [{}])]
    if missing:
        raise BadOption(f"{missing[0]}: is needed with state=present")
    for option in ("clusters", "suites"):
        given = [s["name"] if isinstance(s, Mapping) else s for s in params[option]]
        twice = sorted({n for n in given if given.count(n) > 1})
        if twice:
            raise BadOption(f"{option}: has {twice[0]} twice")
    generating = _Generating(params)
    for suite in params["suites"]:
        for cluster in params["clusters"]:
            generating.add(cluster, suite)
    return generating.wanted
