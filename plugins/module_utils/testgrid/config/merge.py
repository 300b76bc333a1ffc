# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Puts what is ours into a folder of YAML without touching the rest.

What is ours is a file of its own. Only where a dashboard or a dashboard group of the users' own files is to get more, it is
written there, between two comments, as lines: everything else in these files stays as it is, byte by byte.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from ...jobs.errors import BadOption, PlatformError
from . import located
from .generate import Wanted
from .load import Configuration, merged, ordered

_HEAD = "# Written by assay.clusters.testgrid_config; what is changed here is lost."

_END = re.compile(r"# assay\.clusters\.testgrid_config, .*: end")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=120)


def _marks(file: str) -> tuple[str, str]:
    what = f"# assay.clusters.testgrid_config, {file}:"
    return f"{what} begin", f"{what} end"


def stripped(text: str, file: str, path: str) -> str:
    """A text without the blocks that belong to this file of ours."""
    begin, end = _marks(file)
    found = re.sub(rf"^[ ]*{re.escape(begin)}\r?\n(?:(?![ ]*{re.escape(begin)}).*\n)*?[ ]*{re.escape(end)}(?:\r?\n|$)", "",
                   text,
                   flags=re.MULTILINE)
    if begin in found or end in found:
        line = next(n for n, s in enumerate(found.split("\n"), 1) if begin in s or end in s)
        raise PlatformError(f"{path}:{line}: one of the two comments around a block of assay.clusters is gone; put it back, or "
                            "take the block out")
    return found


def is_ours(text: str) -> bool:
    return text.startswith(_HEAD)


def others(texts: Mapping[str, str], file: str) -> dict[str, str]:
    """All files without anything that is ours."""
    if file in texts and texts[file].strip() and not is_ours(texts[file]):
        raise BadOption(f"file: {file} is there and was not written by this module; choose another name")
    return {path: stripped(text, file, path) for path, text in texts.items() if path != file}


# ---- lines in files of others ------------------------------------------------------------------------------------
def _last_line(node: Any) -> int:
    """The number of lines up to the end of a node."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.line + (1 if node.end_mark.column else 0)


def _child(node: Any, key: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((v for k, v in node.value if getattr(k, "value", None) == key), None)


def _named(root: Any, kind: str, name: str) -> Any:
    listed = _child(root, kind)
    items = listed.value if isinstance(listed, yaml.SequenceNode) else []
    return next((i for i in items if getattr(_child(i, "name"), "value", None) == name), None)


def _inserted(text: str, path: str, file: str, kind: str, name: str, key: str, items: list[Any]) -> str:
    """The text with items behind the last one of the list `key` of the entry of this name."""
    root = yaml.compose(text, Loader=located.LOADER)
    listed = _child(_named(root, kind, name), key)
    if not isinstance(listed, yaml.SequenceNode) or listed.flow_style or not listed.value:
        raise PlatformError(f"{path}: {key} of {name!r} must be a list with an item on each line, so that nothing else is "
                            "touched when more is added")
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    at = min(_last_line(listed), len(lines))
    while at < len(lines) and _END.fullmatch(lines[at].strip()):
        at += 1  # behind the block of another file of ours
    if at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += end
    begin, close = _marks(file)
    indent = " " * listed.start_mark.column
    block = [indent + line + end for line in (begin, *_dump(items).splitlines(), close)]
    return "".join(lines[:at] + block + lines[at:])


def _plain(path: str, text: str) -> Any:
    try:
        return yaml.load(text, Loader=located.LOADER)
    except yaml.YAMLError as e:
        raise PlatformError(f"{path}: is not YAML that TestGrid reads: {str(e).splitlines()[0]}") from None


def _added(texts: dict[str, str], where: str, file: str, kind: str, name: str, key: str, items: list[Any]) -> None:
    """Insert, and look that the file now says what it said and the items, and nothing else."""
    wanted = _plain(where, texts[where]) or {}
    entry = next(e for e in wanted[kind] if e["name"] == name)
    entry[key] = [*entry[key], *items]
    text = _inserted(texts[where], where, file, kind, name, key, items)
    if _plain(where, text) != wanted:
        raise PlatformError(f"{where}: {key} of {name!r} cannot get more without touching the rest; write it without "
                            "references")
    texts[where] = text


def _where(config: Configuration, kind: str) -> dict[str, str]:
    """The file of each entry, by its name."""
    return {e.get("name", ""): e.file for e in getattr(config, kind)}


def apply(texts: Mapping[str, str], file: str, wanted: Wanted) -> dict[str, str]:
    """All files as they are to be. texts: as they are, by their paths; file: the path of ours."""
    out = others(texts, file)
    config = merged(out)
    dashboards, groups = _where(config, "dashboards"), _where(config, "dashboard_groups")
    own: dict[str, Any] = {"test_groups": wanted.test_groups, "dashboards": [], "dashboard_groups": []}
    for name, tabs in wanted.tabs.items():
        if name in dashboards:
            _added(out, dashboards[name], file, "dashboards", name, "dashboard_tab", tabs)
        else:
            own["dashboards"].append({"name": name, "dashboard_tab": tabs})
    there = {n for g in config.dashboard_groups for n in g.get("dashboard_names", ())}
    for name, members in wanted.grouped.items():
        new = [m for m in members if m not in there]
        if name in groups and new:
            _added(out, groups[name], file, "dashboard_groups", name, "dashboard_names", new)
        elif new:
            own["dashboard_groups"].append({"name": name, "dashboard_names": new})
    out[file] = _HEAD + "\n" + _dump({k: v for k, v in own.items() if v})
    return {path: out[path] for path in ordered(out)}
