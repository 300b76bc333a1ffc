# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""sonobuoy_results.yaml: a tree of plugin, node, file, suite and test, read event by event, without tags and aliases."""
from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import Any

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

from . import limits
from .junit import bare
from .limits import Limited, TooMuch
from .model import ERRORED, FAILED, INCONCLUSIVE, PASSED, SKIPPED, Case

_OUTCOMES = {"passed": PASSED, "failed": FAILED, "timeout": FAILED, "skipped": SKIPPED}
_DEPTH = 40
_BY_NODE = re.compile(r"(?:^|/)results/([^/]+)/")


@dataclass
class Results:
    """status: of the plugin as a whole, as it is written. cases: the leaves. broken: why the file is not whole."""

    path: str
    status: str = ""
    cases: list[Case] = field(default_factory=list)
    broken: str = ""
    size: int = 0

    @property
    def verdict(self) -> str:
        """By Sonobuoy's own rule; a status that a plugin made up means nothing that is known."""
        statuses = {c.status for c in self.cases} | {self.status}
        if statuses & {"failed", "timeout"} or "failed" in self.status:
            return FAILED
        return PASSED if self.status == "passed" and statuses <= {"passed", "skipped"} else INCONCLUSIVE


class _Node:
    """A mapping or a list on the way down. key: of a mapping, the one whose value comes next."""

    def __init__(self, mapping: bool) -> None:
        self.mapping, self.key = mapping, ""
        self.fields: dict[str, Any] = {}


class _Reading:
    def __init__(self, results: Results, names: dict[str, str]) -> None:
        self.results, self.names = results, names
        self.stack: list[_Node] = []

    def event(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("has aliases, which no results have")
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event.value)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if len(self.stack) >= _DEPTH:
                raise ValueError(f"is more than {_DEPTH} deep")
            self.stack.append(_Node(isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._ended(self.stack.pop())

    def _scalar(self, value: str) -> None:
        at = self.stack[-1] if self.stack else None
        if at is None or not at.mapping:
            return
        if not at.key:
            at.key = value[:limits.SHORT] or " "
        else:
            if len(at.fields) < 50:
                at.fields[at.key] = limits.bounded(value)
            at.key = ""

    def _ended(self, node: _Node) -> None:
        above = self.stack[-1] if self.stack else None
        if above is not None and above.mapping:
            if above.key in ("meta", "details") and node.mapping:
                above.fields[above.key] = node.fields
            elif above.key == "items":
                above.fields["items"] = True
            above.key = ""
        elif node.mapping and (above is None or self._in_items()):
            self._item(node.fields)

    def _in_items(self) -> bool:
        """Whether the list on top is one of items."""
        return len(self.stack) > 1 and self.stack[-2].key == "items"

    def _item(self, item: dict[str, Any]) -> None:
        if not self.stack:
            self.results.status = str(item.get("status", ""))[:limits.SHORT]
            if "items" in item:
                return
        if "items" not in item and self.stack:
            self.results.cases.append(self._case(item))
            if len(self.results.cases) > limits.CASES:
                raise TooMuch(f"has more than {limits.CASES} items")

    def _case(self, item: dict[str, Any]) -> Case:
        around = [n.fields for n in self.stack if n.mapping]
        kinds = {_meta(f, "type"): str(f.get("name", "")) for f in around}
        file = next((_meta(f, "file") for f in [item, *reversed(around)] if _meta(f, "file")), "")
        status, details = str(item.get("status", "")).lower()[:limits.SHORT], item.get("details")
        details = details if isinstance(details, dict) else {}
        written = self._same(str(item.get("name", "")))
        message = next((str(details[k]) for k in ("failure", "error") if details.get(k)), "") or _meta(item, "error")
        found = _BY_NODE.search(file)  # older ones do not mark nodes
        node = kinds.get("node") or (found[1] if found else "")
        return Case(self._same(bare(written)), _OUTCOMES.get(status, ERRORED), self._same(kinds.get("suite", "")),
                    message=message,
                    output=str(details.get("system-out") or details.get("system-err") or "")[:limits.SHORT], status=status,
                    node=self._same("" if node == "global" else node), file=self._same(file))

    def _same(self, text: str) -> str:
        return self.names.setdefault(text, text)


def _meta(item: dict[str, Any], name: str) -> str:
    meta = item.get("meta")
    return str(meta.get(name, "")) if isinstance(meta, dict) else ""


def parse(path: str, stream: Limited, names: dict[str, str] | None = None) -> Results:
    results = Results(path)
    if yaml is None:
        results.broken = "needs the Python package PyYAML"
        return results
    reading = _Reading(results, {} if names is None else names)
    try:
        for event in yaml.parse(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            reading.event(event)
    except (yaml.YAMLError, ValueError, EOFError, OSError, zlib.error, RecursionError) as e:
        results.broken = " ".join(str(e).split())[:limits.SHORT] or type(e).__name__
    results.size = stream.count
    return results
