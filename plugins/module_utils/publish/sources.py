# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The bytes of a source that runs were read from: a folder, a tarball, or files named one by one. Nothing is unpacked."""
from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..runs import archive, limits, tree
from ..runs.limits import Limited


def _entries(paths: Sequence[Path], wanted: set[str]) -> list[tree.Entry]:
    if len(paths) == 1 and paths[0].is_dir():
        return [tree.Entry(p, 0, 0.0, str(paths[0] / p)) for p in sorted(wanted)]
    return tree.together(paths)


def files(paths: Sequence[str | os.PathLike[str]], wanted: set[str]) -> Iterator[tuple[str, Limited]]:
    """(path within the source, its bytes, unpacked) of those wanted, each to be read before the next. OSError, and what
    Limited raises.
    """
    entries = _entries([Path(p) for p in paths], wanted)
    if len(entries) == 1 and entries[0].path not in wanted:
        with entries[0].open() as raw:
            for member, stream in archive.Archive(entries[0].path, raw, wanted.__contains__):
                yield member.path, limits.plain(stream)
        return
    for entry in entries:
        if entry.path in wanted:
            with entry.open() as raw:
                yield entry.path, limits.plain(raw)
