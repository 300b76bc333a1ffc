# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Regular expressions of Go, told from those that Go refuses.

Python's own parser judges them after what only Go writes is written as Python does; what only Python knows is refused.
"""
from __future__ import annotations

import re
import warnings

# What Go (RE2) does not have: looking around, references to groups, possessive repetition, conditions, comments.
_ONLY_PYTHON = re.compile(r"(?P<around>\(\?<?[=!])|(?P<back>\\[1-9]|\(\?P=)|(?P<atomic>\(\?>)|(?P<condition>\(\?\()"
                          r"|(?P<comment>\(\?#)")
_WORDS = {"around": "looking around", "back": "references to groups", "atomic": "atomic groups", "condition": "conditions",
          "comment": "comments"}
_ESCAPED = re.compile(r"\\(?:[pP](?:\{\^?\w+\}|[A-Z])|Q.*?(?:\\E|$)|z|C|x\{[0-9A-Fa-f]+\}|.)"
                      r"|\[\[:\^?\w+:\]|\[:\^?\w+:\]|\(\?[imsU-]+\)|\(\?[imsU-]+:|\(\?<(?=\w)", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|[^\]])*\]")
_POSSESSIVE = re.compile(r"(?<!\\)(?:[*+?]|\{\d+,?\d*\})(?:[*+]|\?[*+?])")


def _python(match: re.Match[str]) -> str:
    found = match[0]
    if found == "(?<":
        return "(?P<"
    if found.startswith("(?"):
        return "(?:" if found.endswith(":") else ""
    if found.startswith("[["):
        return r"[\w"
    if found.startswith("[:"):
        return r"\w"
    if found[:2] == r"\Q":
        return re.escape(found[2:].removesuffix(r"\E"))
    if found[:2] in (r"\p", r"\P"):
        return r"\w"
    return {r"\z": r"\Z", r"\C": "."}.get(found, "x" if found[:3] == r"\x{" else found)


def _compiled(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(_ESCAPED.sub(_python, pattern))


def wrong(pattern: str) -> str:
    """Why Go does not compile this pattern; empty where it does."""
    plain = _CLASS.sub("x", re.sub(r"\\[^1-9]", "", pattern))
    if found := _ONLY_PYTHON.search(plain):
        return f"Go's regular expressions have no {_WORDS[found.lastgroup or '']} ({found[0]})"
    if found := _POSSESSIVE.search(plain):
        return f"invalid nested repetition ({found[0]})"
    try:
        _compiled(pattern)
    except (re.error, OverflowError, RecursionError) as e:
        return str(e)
    return ""


def groups(pattern: str) -> tuple[int, int]:
    """(groups, groups with a name) of a pattern that compiles."""
    compiled = _compiled(pattern)
    return compiled.groups, len(compiled.groupindex)


def found(pattern: str, text: str) -> bool:
    """Whether a pattern is in a text; one that does not compile is nowhere."""
    return not wrong(pattern) and _compiled(pattern).search(text) is not None
