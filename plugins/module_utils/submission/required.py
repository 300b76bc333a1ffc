# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""conformance.yaml of a release (kubernetes/kubernetes: test/conformance/testdata/conformance.yaml): which tests must pass."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..jobs.errors import BadOption
from ..runs.junit import bare
from . import marked
from .model import WARNING, Finding, number

_LARGEST = 16 * marked.MIB
# What names in JUnit were escaped to, once more than XML asks for, and a name that the list has otherwise than the tests.
_WRITTEN = (("&#39;", "'"), ("&gt;", ">"), ("&lt;", "<"), ("&amp;", "&"), ("'cat /tmp/health'", '"cat /tmp/health"'))


def key(name: str) -> str:
    """A name as it is compared: of JUnit of any generation, or of the list."""
    name = bare(name)
    for written, meant in _WRITTEN:
        name = name.replace(written, meant)
    return " ".join(name.split())


@dataclass
class Required:
    """The tests that a release requires, {name as it is compared: (codename, line)}. newest: release of the newest entry."""

    file: str
    tests: dict[str, tuple[str, int]] = field(default_factory=dict)
    newest: tuple[int, int] = (0, 0)

    def doubts(self, release: str) -> list[Finding]:
        if self.newest >= number(release):
            return []
        newest = f"v{self.newest[0]}.{self.newest[1]}"
        return [Finding("required-old", WARNING,
                        f"its newest test is of {newest}: see that it is the conformance.yaml of {release}", self.file)]


def _bad(path: str, words: str, line: int = 0) -> BadOption:
    return BadOption(f"conformance_yaml: {path}{f':{line}' if line else ''} {words}")


def _entry(node: Any, path: str) -> tuple[str, int, list[tuple[int, int]]]:
    """(codename, its line, the releases that it is told for)."""
    if marked.kind(node) != "mapping":
        raise _bad(path, "must be an entry with codename and release", marked.line(node))
    values = {n: v for n, _k, v in marked.fields(node) if marked.kind(v) not in ("mapping", "list", "null")}
    if "codename" not in values or "release" not in values:
        raise _bad(path, "has an entry without codename or release", marked.line(node))
    releases = [number(r) for r in values["release"].value.split(",")]
    if (0, 0) in releases:
        raise _bad(path, f"has a release that is none: {values['release'].value[:40]!r}", marked.line(values["release"]))
    return values["codename"].value, marked.line(values["codename"]), releases


def parse(text: str, path: str, release: str) -> Required:
    """A test is required where one of its releases is not newer than this one. BadOption for what is no such list."""
    try:
        node = marked.compose(text)
    except marked.BadYaml as e:
        raise _bad(path, f"is no YAML: {e}", e.line) from None
    if node is None or marked.kind(node) != "list":
        raise _bad(path, "must be the list of tests that test/conformance/testdata of Kubernetes has")
    out = Required(path)
    for item in node.value:
        codename, line, releases = _entry(item, path)
        out.newest = max(out.newest, *releases)
        if min(releases) <= number(release):
            out.tests.setdefault(key(codename), (codename, line))
    if not out.tests:
        raise _bad(path, f"has no test that {release} requires")
    return out


def load(path: str, release: str) -> Required:
    try:
        with Path(path).expanduser().open("rb") as file:
            text = file.read(_LARGEST + 1)
    except OSError as e:
        raise _bad(path, f"cannot be read: {e.strerror or e}") from None
    if len(text) > _LARGEST:
        raise _bad(path, f"is larger than {_LARGEST // marked.MIB} MiB, which no such list is")
    return parse(text.decode("utf-8", "replace"), path, release)
