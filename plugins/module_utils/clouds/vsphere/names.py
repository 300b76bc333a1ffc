# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names and paths of vSphere, which keeps / \\ and % of a name as %2f, %5c and %25 (Folder.CreateFolder, parameter name)."""
from __future__ import annotations

import re
from collections.abc import Sequence

_ESCAPES = {"%2f": "/", "%5c": "\\", "%25": "%"}


def plain(stored: str) -> str:
    """The name as people know it."""
    return re.sub("%2f|%5c|%25", lambda m: _ESCAPES[m[0].lower()], stored, flags=re.IGNORECASE)


def stored(name: str) -> str:
    """The name as vSphere keeps it."""
    return re.sub(r"[%/\\]", lambda m: next(k for k, v in _ESCAPES.items() if v == m[0]), name)


def path(names: Sequence[str]) -> str:
    """/dc1/vm/prod of plain names, outermost first. A slash in a name is %2f, so that it is not taken for another folder."""
    return "/" + "/".join(n if "/" not in n and plain(n) == n else stored(n) for n in names)


def parts(given: str) -> tuple[str, ...]:
    """The plain names of a path as users write it."""
    return tuple(plain(p) for p in given.strip("/").split("/") if p)


def below(wanted: str, names: Sequence[str]) -> tuple[str, ...]:
    """The folder of `names` (plain, outermost first) that a path names: from the start, or without a slash before it any part.

    () where it names none of them. Of several ends the outermost is taken.
    """
    look, start = parts(wanted), wanted.startswith("/")
    for first in range(1 if start else len(names) - len(look) + 1):
        if tuple(names[first:first + len(look)]) == look:
            return tuple(names[:first + len(look)])
    return ()
