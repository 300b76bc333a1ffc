# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What others wrote, without its secrets: logs and other text as they come, XML by its elements. Memory is bounded."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TextIO
from xml.sax.saxutils import escape, quoteattr

from ..results import redact
from ..runs import xml
from ..runs.limits import Limited

# Characters that are looked at together; more where a key or a line is longer.
_PIECE, _MOST = 1 << 16, 1 << 20
_BEGIN, _END = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"), re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY")
_KUBECONFIG = "[redacted kubeconfig]"


class NoText(ValueError):
    """A file is binary: secrets cannot be looked for in it."""


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int = ...) -> bytes:
        ...


def _lines(stream: Readable) -> Iterator[bytes]:
    """Pieces that end where a line does, or where it is too long to wait for that."""
    rest = b""
    while found := stream.read(_PIECE):
        rest += found
        cut = rest.rfind(b"\n") + 1
        if not cut and len(rest) >= _MOST:
            cut = rest.rfind(b" ") + 1 or len(rest)
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


def _open_key(text: str) -> int:
    """Where a private key begins whose end is not there, -1 where none does."""
    last = -1
    for last_begin in _BEGIN.finditer(text):
        last = last_begin.start()
    return last if last >= 0 and not _END.search(text, last) else -1


def _clean(text: str) -> str:
    """Lines that look like a whole kubeconfig together are not left out with all that stands around them."""
    found = redact.redact(text)
    return found if found != _KUBECONFIG else "\n".join(redact.redact(text.split("\n")))


def text(stream: Readable, write: Callable[[str], object], binary: bool = True) -> None:
    """The text of a stream without secrets. binary: NoText where it is none; else what is no UTF-8 is replaced."""
    rest = ""
    for piece in _lines(stream):
        if not binary and b"\0" in piece:
            raise NoText("is no text")
        rest += piece.decode("utf-8", "replace")
        begun = _open_key(rest)
        if 0 <= begun and len(rest) - begun < _MOST:
            now, rest = rest[:begun], rest[begun:]
        else:
            now, rest = rest, ""
        if now:
            write(_clean(now))
    if rest:
        write(_clean(rest))


class _Writer:
    """Elements as they come, their text and attributes without secrets; comments and instructions are left out."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._text, self._open = out, [], False
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n')

    def _flush(self) -> None:
        found = "".join(self._text)
        self._text = []
        if found:
            self._tag_end()
            self._out.write(escape(found if found.isspace() else _clean(found)))

    def _tag_end(self) -> None:
        if self._open:
            self._out.write(">")
            self._open = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._flush()
        self._tag_end()
        clean = redact.redact(attributes)
        self._out.write(f"<{tag}" + "".join(f" {k}={quoteattr(v)}" for k, v in zip(attributes, clean.values(), strict=True)))
        self._open = True

    def end(self, tag: str) -> None:
        self._flush()
        if self._open:
            self._out.write("/>")
            self._open = False
        else:
            self._out.write(f"</{tag}>")

    def text(self, piece: str) -> None:
        self._text.append(piece)


def document(stream: Limited, path: Path) -> None:
    """XML without secrets, in UTF-8, which is all that TestGrid reads. xml.XmlError where it is none."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
        xml.parse(stream, _Writer(out))
        out.write("\n")
