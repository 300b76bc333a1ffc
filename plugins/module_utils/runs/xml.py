# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""XML of strangers, read as it comes by expat: no document type, so no entity of its own; no depth, no tag without end."""
from __future__ import annotations

from typing import Protocol
from xml.parsers import expat

from .limits import MIB, Limited

# Expat looks at an unfinished tag again with each piece that comes, so pieces are large and tags bounded.
_DEPTH, _TAG, _PIECE = 100, 4 * MIB, 1 << 18


class XmlError(ValueError):
    """Not XML, or none that is read; what stands before it was handed on."""


class Handler(Protocol):
    """What is told of a document, in its order."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        ...

    def end(self, tag: str) -> None:
        ...

    def text(self, piece: str) -> None:
        ...


class _Reader:
    def __init__(self, handler: Handler) -> None:
        self.handler, self.depth, self.encoding = handler, 0, ""
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = handler.text
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = self._refused
        parser.ExternalEntityRefHandler = self._refused
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.encoding = encoding or ""

    def _refused(self, *_args: object) -> None:
        raise XmlError("has a document type or entities of its own, which no results have and which could harm who reads them")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > _DEPTH:
            raise XmlError(f"has elements more than {_DEPTH} deep")
        self.handler.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self.depth -= 1
        self.handler.end(tag)

    def feed(self, piece: bytes, fed: int) -> None:
        self.parser.Parse(piece, False)
        if fed - self.parser.CurrentByteIndex > _TAG:
            raise XmlError(f"has a tag of more than {_TAG // MIB} MiB")


def parse(stream: Limited, handler: Handler) -> str:
    """Tell the handler of all of it; the declared encoding is returned. XmlError, and whatever the stream or handler raises."""
    reader, fed = _Reader(handler), 0
    try:
        while piece := stream.read(_PIECE):
            fed += len(piece)
            reader.feed(piece, fed)
        if not fed:
            raise XmlError("is empty")
        reader.parser.Parse(b"", True)
    except expat.ExpatError as e:
        raise XmlError(f"is no whole XML: {expat.ErrorString(e.code)} in line {e.lineno}") from None
    except (LookupError, UnicodeError) as e:
        raise XmlError(f"has characters that cannot be read: {e}") from None
    return reader.encoding
