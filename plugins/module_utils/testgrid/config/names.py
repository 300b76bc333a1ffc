# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names: which there may be, which are taken for the same, and what refers to what (config/config.go)."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .load import Configuration
from .located import Entry, Problem

# The character before the last is an en dash.
_NAME = re.compile(r"""[a-zA-Z0-9_.~<>()|\[\]",@/ –-]+""")
_SHORTEST, _LONGEST = 3, 2048
# What TestGrid's own files begin with.
_TAKEN = ("dashboard", "alerter", "summary", "bugs")


def normal(name: str) -> str:
    """What names are told apart by: small letters and digits."""
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def wrong(name: str) -> str:
    """Why nothing may be called so; empty where it may."""
    if not _NAME.fullmatch(name):
        bad = sorted({c for c in name if not _NAME.fullmatch(c)})
        return f"may not hold {' '.join(bad)}" if bad else "is empty"
    short = normal(name)
    if not _SHORTEST <= len(short) <= _LONGEST:
        return f"must have {_SHORTEST} to {_LONGEST} letters and digits"
    taken = next((t for t in _TAKEN if short.startswith(t)), "")
    return f"may not begin with {taken}, which TestGrid uses itself" if taken else ""


def names(config: Configuration) -> Iterator[Problem]:
    """Every name is there, and may be used."""
    entries = [*(("a test group", g) for g in config.test_groups), *(("a dashboard", d) for d in config.dashboards),
               *(("a dashboard group", g) for g in config.dashboard_groups),
               *(("a tab", t) for d in config.dashboards for t in d.get("dashboard_tab", ()))]
    for what, entry in entries:
        name = entry.get("name", "")
        if not name:
            yield entry.problem(f"{what} has no name")
        elif why := wrong(name):
            yield entry.problem(f"{what} cannot be called {name!r}: it {why}", "name")


def _twice(entries: Iterable[tuple[str, Entry]]) -> Iterator[Problem]:
    first: dict[str, tuple[str, Entry]] = {}
    for what, entry in entries:
        name = entry.get("name", "")
        if not name:
            continue
        before, other = first.setdefault(normal(name), (what, entry))
        if other is not entry:
            called = "is there" if other["name"] == name else f"is the same to TestGrid as {other['name']!r}, which is there"
            yield entry.problem(f"{what} {name!r} {called} already, as a {before} in {other.file}:{other.where('name')}",
                                "name")


def unique(config: Configuration) -> Iterator[Problem]:
    """Names differ by more than case and punctuation: test groups, dashboards with their groups, tabs of a dashboard."""
    yield from _twice(("test group", g) for g in config.test_groups)
    yield from _twice([*(("dashboard", d) for d in config.dashboards),
                       *(("dashboard group", g) for g in config.dashboard_groups)])
    for dashboard in config.dashboards:
        yield from _twice(("tab", t) for t in dashboard.get("dashboard_tab", ()))


def references(config: Configuration) -> Iterator[Problem]:
    """What is referred to exists, what exists is shown, and a dashboard is in one dashboard group."""
    groups = {g.get("name") for g in config.test_groups}
    shown: set[str] = set()
    for dashboard in config.dashboards:
        for tab in dashboard.get("dashboard_tab", ()):
            wanted = tab.get("test_group_name", "")
            shown.add(wanted)
            if wanted and wanted not in groups:
                yield tab.problem(f"the tab {tab.get('name', '')!r} shows the test group {wanted!r}, which is not there",
                                  "test_group_name")
    for group in config.test_groups:
        if group.get("name") and group["name"] not in shown:
            yield group.problem(f"the test group {group['name']!r} is in no tab", "name")
    yield from _grouped(config)


def _grouped(config: Configuration) -> Iterator[Problem]:
    dashboards = {d.get("name") for d in config.dashboards}
    of: dict[str, str] = {}
    for group in config.dashboard_groups:
        listed = group.get("dashboard_names", [])
        for name, line in zip(listed, getattr(listed, "lines", [group.line] * len(listed))):
            if name not in dashboards:
                yield Problem(group.file, line, f"the dashboard group {group.get('name', '')!r} has the dashboard {name!r}, "
                                                "which is not there")
            elif name in of:
                where = f"in {of[name]!r}, too" if of[name] != group.get("name") else "there twice"
                yield Problem(group.file, line,
                              f"the dashboard {name!r} of the dashboard group {group.get('name', '')!r} is {where}")
            else:
                of[name] = group.get("name", "")
