# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In which lines of e2e.log and of JUnit something stands. Bounded: a line of a MiB is read as several."""
from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from .required import key

_PIECE = 1 << 20
_CASE = re.compile(rb"<testcase\b[^>]*?\sname=(?:\"([^\"]*)\"|'([^']*)')")


def _pieces(path: Path) -> Iterator[tuple[int, bytes]]:
    """(line, text), nothing of a file that cannot be read."""
    number = 1
    try:
        with path.open("rb") as file:
            while piece := file.readline(_PIECE):
                yield number, piece
                number += piece.endswith(b"\n")
    except OSError:
        return


def of_tests(path: Path, names: set[str]) -> dict[str, int]:
    """Where the first case of each name is, by its name as it is compared."""
    found: dict[str, int] = {}
    if not names:
        return found
    for number, piece in _pieces(path):
        for case in _CASE.finditer(piece):
            name = key(html.unescape((case[1] or case[2] or b"").decode("utf-8", "replace")))
            if name in names:
                found.setdefault(name, number)
    return found


def first(path: Path, words: str) -> int:
    """The first line that has these words, 0 where none does."""
    wanted = words.encode()
    return next((number for number, piece in _pieces(path) if wanted in piece), 0)
