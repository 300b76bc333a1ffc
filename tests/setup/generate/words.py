# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How values and sentences are written down: as YAML that linters accept, and as Markdown."""
from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import Any

import yaml

WIDTH = 120


def scalar(value: Any) -> str:
    """A value as YAML on one line; a string that would be taken for something else is in double quotes."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False).removesuffix("...\n").strip()
    if isinstance(value, str) and text.startswith("'") and '"' not in value and "\\" not in value:
        return f'"{value}"'
    return text


def _flow(values: Iterable[Any]) -> str:
    return f"[{', '.join(map(scalar, values))}]"


def entry(key: str, value: Any, indent: int) -> list[str]:
    """The lines of `key: value`, a list below the key where it does not fit beside it."""
    pad = " " * indent
    if not isinstance(value, (list, tuple)) or not value:
        return [f"{pad}{key}: {scalar(list(value) if isinstance(value, tuple) else value)}"]
    line = f"{pad}{key}: {_flow(value)}"
    if len(line) <= WIDTH and not any(isinstance(v, (list, dict)) for v in value):
        return [line]
    block = yaml.safe_dump(list(value), sort_keys=False, width=WIDTH - indent - 4).splitlines()
    return [f"{pad}{key}:", *(f"{pad}  {s}" for s in block)]


def _plain(text: str) -> bool:
    """Whether a sentence means itself without quotes."""
    try:
        return yaml.safe_load(f"- {text}") == [text]
    except yaml.YAMLError:
        return False


def bullets(sentences: Iterable[str], indent: int) -> list[str]:
    """A YAML list of sentences, folded."""
    out: list[str] = []
    for sentence in sentences:
        text = " ".join(sentence.split())
        quoted = text if _plain(text) else "'" + text.replace("'", "''") + "'"
        out += textwrap.wrap(quoted, WIDTH, initial_indent=f"{' ' * indent}- ", subsequent_indent=" " * (indent + 2),
                             break_long_words=False, break_on_hyphens=False)
    return out


def markdown(text: str, prefix: str = "") -> str:
    """A sentence with the marks of module documentation as Markdown; options get the prefix of their variables."""
    text = re.sub(r"\bO\((\w+)\)", rf"`{prefix}\1`", text)
    return re.sub(r"\b[CVEM]\(([^()]*(?:\([^()]*\)[^()]*)*)\)", r"`\1`", text)


def cell(text: str) -> str:
    """A text for a table of Markdown."""
    return " ".join(text.split()).replace("|", "\\|")


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def fold(text: str, width: int = WIDTH) -> str:
    """A paragraph of Markdown."""
    return textwrap.fill(" ".join(text.split()), width, break_long_words=False, break_on_hyphens=False)


def unfolded(notes: str) -> str:
    """Markdown whose tables may have rows over several lines: a line that begins with blanks goes on with its row."""
    return re.sub(r"(?m)^(\|.*(?:\n[ ]+.*)+)", lambda m: re.sub(r"\n[ ]+", " ", m[0]), notes.strip())
