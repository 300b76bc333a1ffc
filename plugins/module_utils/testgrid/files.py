# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A folder as it is and as it is to be: what differs, as a diff, and written."""
from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..common.files import write_shown
from ..jobs.errors import BadOption

_MODE = 0o644


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The paths whose text differs; a text that is missing is a file that is not there."""
    return sorted(p for p in {*before, *after} if before.get(p) != after.get(p))


def diff(before: Mapping[str, str], after: Mapping[str, str]) -> list[dict[str, str]]:
    """What --diff shows of each file."""
    return [{"before": before.get(p, ""), "after": after.get(p, ""), "before_header": p, "after_header": p}
            for p in changed(before, after)]


def _write(path: Path, text: str) -> None:
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o7777 if path.exists() else _MODE
    write_shown(path, text, mode)


def write(folder: Path, option: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Write, each file whole or not at all, and remove what is not to be. option: which names the folder."""
    for path in changed(before, after):
        try:
            if path in after:
                _write(folder / path, after[path])
            else:
                (folder / path).unlink(missing_ok=True)
        except OSError as e:
            raise BadOption(f"{option}: {folder / path} cannot be written: {e.strerror or e}") from None


def folder(params: Mapping[str, object], option: str, there: bool = True) -> Path:
    """The folder that an option names. there: it must be."""
    path = Path(os.path.abspath(os.path.expanduser(str(params[option]))))
    if path.exists() and not path.is_dir():
        raise BadOption(f"{option}: {path} is no folder")
    if there and not path.exists():
        raise BadOption(f"{option}: there is no folder {path}")
    return path
