# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The body of an answer, unpacked and within bounds: what stands before an API server may send what it likes."""
from __future__ import annotations

import zlib
from typing import Any

# Bytes of one answer, unpacked: 500 of the largest objects that etcd takes by its defaults are hardly more.
MOST = 512 << 20
_PIECE = 1 << 16
PACKED = "gzip"


class TooMuch(Exception):
    """The answer is longer than any of an API server, or cannot be unpacked; in words."""


def whole(response: Any, most: int = MOST) -> bytes:
    """The body of an open answer of urllib3, whose connection is free again then. TooMuch, and what reading raises."""
    encoding = (response.headers.get("Content-Encoding") or "").lower()
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if encoding in (PACKED, "x-gzip") else None
    pieces, size = [], 0
    while data := response.read(_PIECE, decode_content=False):
        if unpack:
            data = _unpacked(unpack, data, most + 1 - size)
        pieces.append(data)
        size += len(data)
        if size > most:
            response.close()
            raise TooMuch(f"the answer is longer than {most // (1 << 20)} MiB")
    response.release_conn()
    if unpack and not unpack.eof:
        raise TooMuch("the answer ends within its compressed text")
    return b"".join(pieces)


def _unpacked(unpack: Any, data: bytes, most: int) -> bytes:
    try:
        return unpack.decompress(data, most)
    except zlib.error as e:
        raise TooMuch(f"the answer is not the gzip that it says to be: {e}") from None
