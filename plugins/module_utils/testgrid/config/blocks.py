# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blocks of lines between two comments, in files that are not ours alone: put in, found again, taken out.

All else in such a file stays as it is, byte by byte.
"""
from __future__ import annotations

import re
from typing import Any

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

from ...jobs.errors import PlatformError
from ...kube.shallow import shallow
from . import located

# Where more may be put: kind of entry, key of its list.
LISTS = {"dashboards": "dashboard_tab", "dashboard_groups": "dashboard_names"}
_MARK = "# assay.clusters.testgrid_config,"
_BEGIN, _END = re.compile(rf"^[ ]*{_MARK} (.+): begin\r?$", re.MULTILINE), re.compile(rf"{_MARK} .+: end")


class _Dumper(yaml.SafeDumper if yaml else object):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=120)


def plain(path: str, text: str) -> Any:
    try:
        return yaml.load(shallow(text), Loader=located.LOADER) or {}
    except yaml.YAMLError as e:
        raise PlatformError(f"{path}: is not YAML that TestGrid reads: {str(e).splitlines()[0]}") from None


def owners(text: str) -> list[str]:
    """The files of ours that have a block in a text."""
    return list(dict.fromkeys(_BEGIN.findall(text)))


def stripped(text: str, file: str, path: str) -> str:
    """A text without the blocks that belong to this file of ours."""
    begin, end = (re.escape(f"{_MARK} {file}: {word}") for word in ("begin", "end"))
    found = re.sub(rf"^[ ]*{begin}\r?\n(?:(?![ ]*{begin}).*\n)*?[ ]*{end}(?:\r?\n|$)", "", text, flags=re.MULTILINE)
    left = re.search(rf"{begin}|{end}", found)
    if left:
        line = found.count("\n", 0, left.start()) + 1
        raise PlatformError(f"{path}:{line}: one of the two comments around a block of assay.clusters is gone; put it back, or "
                            "take the block out")
    return found


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


def _inserted(text: str, path: str, file: str, kind: str, name: str, items: list[Any]) -> str:
    """The text with items behind the last one of the list of the entry of this name."""
    listed = _child(_named(yaml.compose(text, Loader=located.LOADER), kind, name), LISTS[kind])
    if not isinstance(listed, yaml.SequenceNode) or listed.flow_style or not listed.value:
        raise PlatformError(f"{path}: {LISTS[kind]} of {name!r} must be a list with an item on each line, so that nothing else "
                            "is touched when more is added")
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    at = min(_last_line(listed), len(lines))
    while at < len(lines) and _END.fullmatch(lines[at].strip()):
        at += 1  # behind the block of another file of ours
    if at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += end
    indent = " " * listed.start_mark.column
    block = [f"{_MARK} {file}: begin", *dump(items).splitlines(), f"{_MARK} {file}: end"]
    return "".join([*lines[:at], *(indent + line + end for line in block), *lines[at:]])


def inserted(text: str, path: str, file: str, kind: str, name: str, items: list[Any]) -> str:
    """The same, sure to say what it said and the items, and nothing else. file: of ours, whose they are; kind: of LISTS."""
    out = _inserted(text, path, file, kind, name, items)
    wanted = plain(path, text)
    entry = next(e for e in wanted[kind] if e.get("name") == name)
    entry[LISTS[kind]] = [*entry[LISTS[kind]], *items]
    if plain(path, out) != wanted:
        raise PlatformError(f"{path}: {LISTS[kind]} of {name!r} cannot get more without touching the rest; write it without "
                            "references")
    return out


def held(text: str, file: str, path: str) -> dict[tuple[str, str], list[Any]]:
    """The items in a text that belong to this file of ours, by kind and name of the entries that they were put into."""
    whole, without = plain(path, text), plain(path, stripped(text, file, path))
    found = {}
    for kind, key in LISTS.items():
        before = {e.get("name"): e.get(key) or [] for e in without.get(kind) or []}
        for entry in whole.get(kind) or []:
            items = [i for i in entry.get(key) or [] if i not in before.get(entry.get("name"), [])]
            if items:
                found[kind, entry.get("name", "")] = items
    return found
