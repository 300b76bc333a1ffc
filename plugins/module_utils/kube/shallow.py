# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML that is not nested deeper than any document of people: who makes nodes of 50,000 brackets in C ends the process."""
from __future__ import annotations

import re

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

# Deepest that Kubernetes itself has is its definitions of definitions, at about 40.
MOST = 100
# What opens a level: a bracket, or a column of indentation, with a dash or a question mark there, and a list that stands below its
# key without one.
_BRACKET = re.compile(r"[\[{]")
_INDENT = re.compile(r"^[ \t?:-]+", re.MULTILINE)


def _cannot_be_deep(text: str, most: int) -> bool:
    """Whether so few levels are opened that reading it once more is not needed."""
    widest = max((len(found[0]) for found in _INDENT.finditer(text)), default=0)
    return len(_BRACKET.findall(text)) + 2 * (widest + 1) <= most


def shallow(text: str, most: int = MOST) -> str:
    """The text again. yaml.MarkedYAMLError with the place for one that is nested deeper, and for one that is no YAML."""
    if _cannot_be_deep(text, most):
        return text
    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > most:
            raise yaml.MarkedYAMLError(problem="it is nested too deep", problem_mark=event.start_mark)
    return text
