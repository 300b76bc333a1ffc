# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much is read of what others wrote: streams that end where they should have ended, texts without their middle."""
from __future__ import annotations

import zlib
from typing import BinaryIO

MIB = 1 << 20
# Of one file, after unpacking; of all of an archive; of a document that is held as a whole.
FILE, ARCHIVE, DOCUMENT = 1024 * MIB, 4096 * MIB, 64 * MIB
# Files of one source that are looked at; cases of one run.
FILES, CASES = 200_000, 500_000
# Characters that are kept: of what failed, of anything else.
TEXT, SHORT = 4000, 200
_CHUNK = 1 << 16


class SourceError(ValueError):
    """A source cannot be read at all; one sentence that names it."""


class TooMuch(ValueError):
    """A file or an archive holds more than is read."""


class Limited:
    """A stream to read from, and no more than so many bytes: TooMuch for the rest."""

    def __init__(self, raw: BinaryIO, limit: int) -> None:
        self._raw, self._limit, self.count = raw, limit, 0

    def read(self, size: int = _CHUNK) -> bytes:
        found = self._raw.read(size)
        self.count += len(found)
        if self.count > self._limit:
            raise TooMuch(f"is larger than {self._limit // MIB} MiB")
        return found


class Unzipped:
    """A gzip stream, unpacked as it is read: never more at once than was asked for, whatever it would become."""

    def __init__(self, raw: BinaryIO, begun: bytes = b"") -> None:
        self._raw, self._packed = raw, begun
        self._zip = zlib.decompressobj(31)

    def read(self, size: int = _CHUNK) -> bytes:
        """EOFError where it is cut, zlib.error where it is none."""
        while True:
            if self._zip.eof:  # another one may follow; what else does is nothing of ours
                self._packed = self._zip.unused_data or self._raw.read(_CHUNK)
                if not self._packed.startswith(b"\x1f"):
                    return b""
                self._zip = zlib.decompressobj(31)
            self._packed = self._packed or self._raw.read(_CHUNK)
            if not self._packed:
                raise EOFError("ends before its end")
            found = self._zip.decompress(self._packed, size)
            self._packed = self._zip.unconsumed_tail
            if found:
                return found


class Opened:
    """A file as it is meant: unpacked where it is gzip, as logs are that come from a bucket."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._begun = raw, b""
        self._unzipped: Unzipped | None = None
        self._known = False

    def read(self, size: int = _CHUNK) -> bytes:
        if not self._known:
            self._begun, self._known = self._raw.read(2), True
            if self._begun == b"\x1f\x8b":
                self._unzipped = Unzipped(self._raw, self._begun)
        if self._unzipped:
            return self._unzipped.read(size)
        if self._begun:
            found, self._begun = self._begun[:size], self._begun[size:]
            return found
        return self._raw.read(size)


def plain(raw: BinaryIO, limit: int = 0) -> Limited:
    """A file, unpacked, of so many bytes at most (0: FILE)."""
    return Limited(Opened(raw), limit or FILE)


def whole(stream: Limited) -> bytes:
    """All of a small file."""
    parts = []
    while found := stream.read():
        parts.append(found)
    return b"".join(parts)


class Text:
    """Text that comes in pieces, its middle left out where it is longer than limit characters."""

    def __init__(self, limit: int = TEXT) -> None:
        self._half = limit // 2
        self._head, self._tail, self._lost = "", "", 0

    def add(self, piece: str) -> None:
        room = self._half - len(self._head)
        if room > 0:
            self._head, piece = self._head + piece[:room], piece[room:]
        self._tail += piece
        if len(self._tail) > 4 * self._half:
            self._cut()

    def _cut(self) -> None:
        over = len(self._tail) - self._half
        if over > 0:
            self._lost, self._tail = self._lost + over, self._tail[over:]

    def __str__(self) -> str:
        self._cut()
        gap = f"\n[{self._lost} characters left out]\n" if self._lost else ""
        return self._head + gap + self._tail


def bounded(text: str, limit: int = TEXT) -> str:
    if len(text) <= limit:
        return text
    held = Text(limit)
    held.add(text)
    return str(held)
