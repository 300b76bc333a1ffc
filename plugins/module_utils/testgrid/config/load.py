# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A folder of YAML as one configuration: files one after the other, with the defaults of their folder.

As TestGrid's configurator does it (config/yamlcfg/yaml2proto.go): every .yaml and .yml below the folder; a default.yaml
fills what is unset in the files beside it, the folder's own one, or the file named, fills it in all others.
"""
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import located, schema, typed
from .located import Entry, Problem

_DEFAULTS = ("default.yaml", "default.yml")
_YAML = (".yaml", ".yml")


@dataclass
class Configuration:
    """What the files say, in their order; problems: why it is not what TestGrid takes, as far as reading tells.

    files: their texts, by their paths below the folder.
    """

    test_groups: list[Entry] = field(default_factory=list)
    dashboards: list[Entry] = field(default_factory=list)
    dashboard_groups: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def group(self, name: str) -> Entry | None:
        return next((g for g in self.test_groups if g.get("name") == name), None)


def ordered(found: Iterable[str]) -> list[str]:
    """Paths in the order in which files are read."""
    return sorted(found, key=lambda p: p.split(os.sep))


def paths(folder: Path) -> list[str]:
    """The YAML files below the folder, as paths relative to it, in the order in which they are read."""
    found: list[str] = []
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in files:
            if name.endswith(_YAML):
                found.append(os.path.relpath(os.path.join(root, name), folder))
    return ordered(found)


def texts(folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """(the text of each file, which cannot be read)."""
    found, problems = {}, []
    for path in paths(folder):
        text, wrong = located.read(folder / path, path)
        problems += wrong
        if not wrong:
            found[path] = text
    return found, problems


def _entries(entry: Entry, key: str) -> list[Entry]:
    return [e for e in entry.get(key) or () if isinstance(e, Entry)]


class _Loading:
    def __init__(self, config: Configuration, default: str) -> None:
        """default: the path of the file of defaults for folders without one of their own."""
        self.config, self.default = config, default
        self.parsed: dict[str, Entry] = {}

    def parse(self, path: str, text: str) -> None:
        entry, problems = located.parse(text, path)
        kinds = ("Defaults", "Configuration") if self.holds_defaults(path) else ("Configuration",)
        self.config.problems += [*problems, *([] if problems and not entry else typed.check(entry, *kinds))]
        self.parsed[path] = entry

    def holds_defaults(self, path: str) -> bool:
        return path == self.default or os.path.basename(path) in _DEFAULTS

    def defaults(self) -> dict[str, Entry]:
        """The defaults of each folder, and under "*" those of all others."""
        found: dict[str, Entry] = {}
        for path, entry in self.parsed.items():
            folder = os.path.dirname(path)
            if not self.holds_defaults(path):
                continue
            for key in schema.MESSAGES["Defaults"]:
                if key not in entry and entry:
                    self.config.problems.append(entry.problem(f"{key} is missing, without which defaults are not read"))
            if os.path.basename(path) not in _DEFAULTS:
                continue
            if folder in found:
                self.config.problems.append(Problem(path, 0, f"there are two files of defaults in {folder or 'the folder'}"))
            found[folder] = entry
        found["*"] = self.parsed.get(self.default) or found.get("") or Entry()
        return found

    def merge(self, path: str, defaults: Entry) -> None:
        entry = self.parsed[path]
        for group in _entries(entry, "test_groups"):
            _fill(group, defaults.get("default_test_group") or {}, schema.FILLED_TEST_GROUP)
            self.config.test_groups.append(group)
        for dashboard in _entries(entry, "dashboards"):
            for tab in _entries(dashboard, "dashboard_tab"):
                _fill(tab, defaults.get("default_dashboard_tab") or {}, schema.FILLED_TAB)
            self.config.dashboards.append(dashboard)
        self.config.dashboard_groups += _entries(entry, "dashboard_groups")


def _fill(entry: Entry, defaults: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    """An explicit 0, false or empty text is unset, too: it cannot take a default back."""
    for key in keys:
        if not entry.get(key) and defaults.get(key):
            entry[key] = defaults[key]


def merged(found: Mapping[str, str], default: str = "") -> Configuration:
    """The configuration of files, given as texts by their paths.

    default: which of them has the defaults of folders without their own, if it is not default.yaml of the top.
    """
    config = Configuration(files=dict(found))
    loading = _Loading(config, default)
    for path, text in found.items():
        loading.parse(path, text)
    defaults = loading.defaults()
    for path in found:
        loading.merge(path, defaults.get(os.path.dirname(path), defaults["*"]))
    return config


def load(folder: Path, default: Path | None = None) -> Configuration:
    """The configuration of a folder. default: a file of defaults, which may be elsewhere."""
    found, problems = texts(folder)
    name = ""
    if default is not None:
        name = os.path.relpath(default, folder)
        if name not in found:
            text, wrong = located.read(default, name)
            problems += wrong
            found = {**found, **({} if wrong else {name: text})}
    config = merged(found, name)
    config.problems[:0] = problems
    return config
