# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML as nodes that know their lines, without making anything of them that a document could abuse."""
from __future__ import annotations

from typing import Any

from ..jobs.errors import PlatformError
from ..kube.shallow import shallow

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

MIB = 1 << 20
_DEPTH = 20
_TAG = "tag:yaml.org,2002:"


class BadYaml(ValueError):
    """What is wrong, as words behind "is no YAML: ", and in which line (0: not told)."""

    def __init__(self, words: str, line: int = 0) -> None:
        super().__init__(words)
        self.line = line


def compose(text: str) -> Any:
    """The root node of the one document in a text, None of an empty one. References are nodes that are there twice."""
    if yaml is None:
        raise PlatformError("PyYAML is missing in this Python, which ansible-core brings on a controller: run the task there")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.compose(shallow(text, _DEPTH), Loader=loader)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        raise BadYaml(str(e.problem or e.context), mark.line + 1 if mark else 0) from None
    except yaml.YAMLError as e:
        raise BadYaml(str(e).splitlines()[0]) from None


def line(node: Any) -> int:
    return node.start_mark.line + 1


def kind(node: Any) -> str:
    """What a node is: "mapping", "list", or the last word of a scalar's tag: str, int, float, bool, null, timestamp."""
    if isinstance(node, yaml.MappingNode):
        return "mapping"
    return "list" if isinstance(node, yaml.SequenceNode) else node.tag.removeprefix(_TAG)


def fields(node: Any) -> list[tuple[str, Any, Any]]:
    """[(name, node of the name, node of the value)] of a mapping, as written; a name that is no word is ""."""
    return [(str(k.value) if isinstance(k, yaml.ScalarNode) else "", k, v) for k, v in node.value]


def dump(values: dict[str, str]) -> str:
    """Texts by their names, in their order; what YAML would take for a number stands in quotes."""
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=10_000)
