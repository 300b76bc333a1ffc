# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML as plain data that knows its lines, so that what is wrong is told with its place."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

from ...kube.shallow import shallow

# Values of one file; more than that are references that multiply each other.
_MOST = 500000
_TAG = "tag:yaml.org,2002:"
LOADER: Any = getattr(yaml, "CSafeLoader", None) or getattr(yaml, "SafeLoader", None)


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong, and where. file: below the folder, "" of all files; line: from 1, 0 of the file as a whole."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}" if where else self.message


class Entry(dict[str, Any]):
    """A mapping; where() tells the line of a key, or its own."""

    file = ""
    line = 0

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}

    def where(self, key: str = "") -> int:
        return self.lines.get(key, self.line)

    def problem(self, message: str, key: str = "") -> Problem:
        return Problem(self.file, self.where(key), message)


class Items(list[Any]):
    """A list that knows the line of each of its values."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


class Written(str):
    """A number, truth or date as it is written: where a text is wanted, it is one."""

    value: Any = None


def _word(key: Any) -> str:
    return str(key.value) if isinstance(key, yaml.ScalarNode) else ""


class _Builder:
    """From nodes to data. Keys that are there twice, and what is no plain data, become problems."""

    def __init__(self, file: str) -> None:
        self.file, self.problems, self.count = file, list[Problem](), 0
        self.construct = yaml.SafeLoader("")
        self.above: list[int] = []
        self.seen: set[int] = set()

    def add(self, node: Any, message: str) -> None:
        self.problems.append(Problem(self.file, node.start_mark.line + 1, message))

    def value(self, node: Any) -> Any:
        self.count += 1
        if self.count > _MOST or id(node) in self.above:
            raise yaml.YAMLError("its references lead to too many values")
        self.above.append(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node)
            return self.items(node) if isinstance(node, yaml.SequenceNode) else self.scalar(node)
        finally:
            self.above.pop()

    def mapping(self, node: Any) -> Entry:
        out = Entry()
        out.file, out.line = self.file, node.start_mark.line + 1
        if id(node) not in self.seen:
            self.seen.add(id(node))
            self.twice(node)
            self.construct.flatten_mapping(node)  # what is merged comes first, so that a key of its own wins
        for key, value in node.value:
            if name := _word(key):
                out[name], out.lines[name] = self.value(value), key.start_mark.line + 1
        return out

    def twice(self, node: Any) -> None:
        own: set[str] = set()
        for key, _value in node.value:
            name = _word(key)
            if not name or name in own:
                self.add(key, f"{name} is there twice" if name else "a key must be a plain word")
            own.add(name)

    def items(self, node: Any) -> Items:
        out = Items()
        for item in node.value:
            out.append(self.value(item))
            out.lines.append(item.start_mark.line + 1)
        return out

    def scalar(self, node: Any) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind == "str":
            return node.value
        if kind == "null":
            return None
        out = Written(node.value)
        try:
            out.value = self.construct.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError):
            self.add(node, f"{node.value} is not understood")
        return out


def parse(text: str, file: str) -> tuple[Entry, list[Problem]]:
    """(the mapping in a file, what is wrong with it). An empty file is an empty mapping."""
    builder = _Builder(file)
    empty = Entry()
    empty.file, empty.line = file, 1
    loader = None
    try:
        loader = LOADER(shallow(text))
        node = loader.get_single_node()
        found = builder.value(node) if node is not None else empty
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        words = f"{e.problem or e.context}"
        return empty, [Problem(file, mark.line + 1 if mark else 0, f"is not YAML that TestGrid reads: {words}")]
    except (yaml.YAMLError, RecursionError) as e:
        return empty, [Problem(file, 0, f"is not YAML that TestGrid reads: {str(e).splitlines()[0]}")]
    finally:
        if loader is not None:
            loader.dispose()
    if found is None:
        return empty, builder.problems
    if not isinstance(found, Entry):
        return empty, [*builder.problems, Problem(file, 1, "must be a mapping with test_groups, dashboards, dashboard_groups")]
    return found, builder.problems


def read(path: Path, file: str) -> tuple[str, list[Problem]]:
    """(the text of a file, why it cannot be read)."""
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            return handle.read(), []
    except UnicodeDecodeError:
        return "", [Problem(file, 0, "is not UTF-8")]
    except OSError as e:
        return "", [Problem(file, 0, f"cannot be read: {e.strerror or e}")]
