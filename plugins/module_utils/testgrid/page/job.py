# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module testgrid_page: from its options to its result."""
from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...common.words import plural
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from .. import files
from ..config import load, validate
from ..config.load import Configuration
from ..grid import builds, columns, grid, summary
from ..grid.columns import Column
from ..grid.flips import Flakiness
from . import render
from .template import GENERATOR
from .view import Tab

_INDEX = "index.html"
# A page says within so many characters whose it is.
_BEGIN = 2000
# Characters of a page's name that are of the dashboard's.
_LONGEST = 120


class _Groups:
    """The columns of test groups, each read once."""

    def __init__(self, config: Configuration, root: Path, now: float) -> None:
        self.config, self.root, self.now = config, root, now
        self.read: dict[str, tuple[list[Column], float]] = {}
        self.names: dict[str, str] = {}

    def columns(self, group: Mapping[str, Any]) -> tuple[list[Column], float]:
        """(columns, when anything of their builds changed)."""
        name = group["name"]
        if name not in self.read:
            several = len(builds.prefixes(group)) > 1
            found, changed = [], 0.0
            for build in builds.builds(group, self.root, self.now, self.names):
                found.append(columns.column(build, group, self.now, several))
                changed = max(changed, build.changed)
            if several:
                found.sort(key=lambda c: c.started, reverse=True)
            self.read[name] = found, changed
        return self.read[name]

    def tab(self, fields: Mapping[str, Any]) -> Tab:
        group = self.config.group(fields["test_group_name"]) or {}
        found, changed = self.columns(group)
        shown = grid.grid(found, group, self.now, fields)
        return Tab(fields, shown, summary.summary(shown, group, fields, self.now, changed))


def _file(name: str) -> str:
    """Names of dashboards differ by their small letters and digits, so these files do, too."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if len(words) > _LONGEST:
        words = f"{words[:_LONGEST]}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"
    return f"{words}.html" if f"{words}.html" != _INDEX else f"dashboard-{_INDEX}"  # no dashboard's own name may begin so


def _chosen(config: Configuration, wanted: list[str]) -> list[Mapping[str, Any]]:
    known = {d["name"]: d for d in config.dashboards}
    gone = [n for n in wanted if n not in known]
    if gone:
        raise BadOption(f"dashboards: there is no {gone[0]!r} in the configuration; there are {', '.join(map(repr, known))}")
    return [d for n, d in known.items() if not wanted or n in wanted]


def _there(dest: Path) -> dict[str, str]:
    """The pages of ours in the folder."""
    found = {}
    for path in sorted(dest.glob("*.html")) if dest.is_dir() else ():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if GENERATOR in text[:_BEGIN]:
            found[path.name] = text
    return found


def _pages(chosen: list[Mapping[str, Any]], groups: _Groups, listed: bool) -> tuple[dict[str, str], dict[str, dict[str, Tab]]]:
    """(the pages by their files, the tabs of each dashboard). listed: there is a list of all."""
    pages, shown = {}, {}
    for fields in chosen:
        tabs = [groups.tab(t) for t in fields["dashboard_tab"]]
        pages[_file(fields["name"])] = render.dashboard(fields, tabs, listed)
        shown[fields["name"]] = {t.fields["name"]: t for t in tabs}
    return pages, shown


def _flaky(found: Flakiness) -> dict[str, Any]:
    return {"average": round(found.average, 1), "before": None if found.before is None else round(found.before, 1),
            "trend": found.trend,
            "rows": {n: round(v, 1) for n, v in found.rows.items() if v}}


def _told(tab: Tab) -> dict[str, Any]:
    found = tab.summary
    return {"status": found.status, "message": found.message, "latest_green": found.latest_green, "stale": found.stale,
            "alerts": [{"test": a.row, "failures": a.failures, "message": a.message,
                        "since": a.first.build} for a in found.alerts],
            "columns": len(tab.grid.columns), "rows": len(tab.grid.rows), "flakiness": _flaky(found.flakiness)}


def _clash(dest: Path, pages: Mapping[str, str], ours: Mapping[str, str]) -> None:
    for name in pages:
        if (dest / name).exists() and name not in ours:
            raise BadOption(f"dest: {dest / name} is there and was not written by this module; choose another folder")


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    folder, root, dest = (files.folder(params, n, n != "dest") for n in ("config_dir", "builds_dir", "dest"))
    default = Path(params["default_file"]).expanduser().absolute() if params.get("default_file") else None
    config = load.load(folder, default)
    problems = validate.problems(config)
    if problems:
        count = plural(len(problems), "error")
        raise PlatformError(f"config_dir: TestGrid would refuse the configuration for {count}, of which the first is "
                            f"{problems[0]}; testgrid_config with state=validated tells all")
    chosen = _chosen(config, params["dashboards"])
    before = _there(dest)
    pages, shown = _pages(chosen, _Groups(config, root, time.time()), not params["dashboards"] or _INDEX in before)
    after = {**(before if params["dashboards"] else {}), **pages}
    if not params["dashboards"]:
        listed = [(n, _file(n), [t.summary.status for t in tabs.values()]) for n, tabs in shown.items()]
        after[_INDEX] = render.index(listed, {g["name"]: list(g.get("dashboard_names", ())) for g in config.dashboard_groups})
    _clash(dest, after, before)
    changed = files.changed(before, after)
    if changed and not job.check_mode:
        files.write(dest, "dest", before, after)
    return {"changed": bool(changed), "files": changed, "paths": {n: str(dest / _file(n)) for n in shown},
            "dashboards": {n: {t: _told(tab) for t, tab in tabs.items()} for n, tabs in shown.items()}}
