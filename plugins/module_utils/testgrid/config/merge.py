# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Puts what is ours into a folder of YAML without touching the rest.

What is ours is a file of its own. Only where a dashboard or a dashboard group of another file is to get more, it is written
there, as a block of lines between two comments.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...jobs.errors import BadOption
from . import blocks
from .generate import Wanted
from .load import Configuration, merged, ordered
from .located import Entry

_HEAD = "# Written by assay.clusters.testgrid_config; what is changed here is lost.\n"
_KINDS = ("test_groups", "dashboards", "dashboard_groups")


def _text(own: Mapping[str, list[Any]]) -> str:
    return _HEAD + blocks.dump({k: own[k] for k in _KINDS if own.get(k)})


def _others(texts: Mapping[str, str], file: str) -> dict[str, str]:
    """All files without anything that belongs to this file of ours, and without it."""
    if texts.get(file, "").strip() and not texts[file].startswith(_HEAD):
        raise BadOption(f"file: {file} is there and was not written by this module; choose another name")
    return {path: blocks.stripped(text, file, path) for path, text in texts.items() if path != file}


def _kept(out: dict[str, str], before: str, file: str) -> None:
    """What other files of ours had put into this one, which is written anew: put into it again, or into their own files."""
    for owner in blocks.owners(before):
        if owner not in out:
            continue
        for (kind, name), items in blocks.held(before, owner, file).items():
            there = {e.get("name") for e in blocks.plain(file, out.get(file, "")).get(kind) or []}
            if name in there:
                out[file] = blocks.inserted(out[file], file, owner, kind, name, items)
            else:
                own = blocks.plain(owner, out[owner])
                own.setdefault(kind, []).append({"name": name, blocks.LISTS[kind]: items})
                out[owner] = _text(own)


def _entries(config: Configuration, kind: str) -> dict[str, Entry]:
    return {e.get("name", ""): e for e in getattr(config, kind)}


def _grouped(config: Configuration, wanted: Wanted) -> dict[str, list[str]]:
    """The dashboards that are not in their dashboard groups yet."""
    of = {n: g for g in config.dashboard_groups for n in g.get("dashboard_names", ())}
    for group, members in wanted.grouped.items():
        for name in members:
            if name in of and of[name].get("name") != group:
                where = f"{of[name].get('name')} of {of[name].file}"
                raise BadOption(f"dashboard_group_name: the dashboard {name} is in the dashboard group {where}, and can be in "
                                "one only")
    return {group: new for group, members in wanted.grouped.items() if (new := [m for m in members if m not in of])}


def apply(texts: Mapping[str, str], file: str, wanted: Wanted) -> dict[str, str]:
    """All files as they are to be. texts: as they are, by their paths; file: the path of ours."""
    out = _others(texts, file)
    config = merged(out)
    own: dict[str, list[Any]] = {"test_groups": wanted.test_groups, "dashboards": [], "dashboard_groups": []}
    for kind, lists in (("dashboards", wanted.tabs), ("dashboard_groups", _grouped(config, wanted))):
        there = _entries(config, kind)
        for name, items in lists.items():
            if name in there:
                path = there[name].file
                out[path] = blocks.inserted(out[path], path, file, kind, name, items)
            else:
                own[kind].append({"name": name, blocks.LISTS[kind]: items})
    out[file] = _text(own)
    _kept(out, texts.get(file, ""), file)
    return {path: out[path] for path in ordered(out)}


def taken_out(texts: Mapping[str, str], file: str) -> dict[str, str]:
    """All files without anything of this file of ours."""
    out = _others(texts, file)
    _kept(out, texts.get(file, ""), file)
    return out
