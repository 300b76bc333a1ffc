# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file that others may read at any moment: it appears whole or not at all."""
from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write_whole(path: Path, text: str, mode: int = 0o600, durable: bool = False, exact: bool = False) -> None:
    """In place of what was there, in one step; its folder must be there. OSError where that fails: nothing changed then, and
    nothing of the attempt stays.

    mode: less what the umask takes, unless it is exact; durable: on the disk before the name is given, for what must survive a
    loss of power.
    """
    work = path.with_name(f".{path.name[:200]}.{secrets.token_hex(6)}")
    try:
        with open(os.open(work, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "w", encoding="utf-8") as file:
            file.write(text)
            if exact:
                os.fchmod(file.fileno(), mode)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(work, path)
    except BaseException:
        with contextlib.suppress(OSError):
            work.unlink()
        raise


def write_shown(path: Path, text: str, mode: int) -> None:
    """As write_whole(), what others are to read: with this mode whatever the umask, and what is no Unicode, as half a pair of
    UTF-16, escaped."""
    write_whole(path, text.encode("utf-8", "backslashreplace").decode("utf-8"), mode, exact=True)
