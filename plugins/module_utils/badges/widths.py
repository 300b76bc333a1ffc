# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How wide a text is in Verdana, without the font: the advance widths of its table hmtx, in 2048ths of the font's size."""
from __future__ import annotations

import math
import unicodedata

_EM = 2048
_ASCII = (
    720, 806, 940, 1676, 1302, 2204, 1488, 550, 930, 930, 1302, 1676, 745, 930, 745, 930,  # space to /
    1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 930, 930, 1676, 1676, 1676, 1117,  # 0 to ?
    2048, 1400, 1404, 1430, 1578, 1295, 1177, 1588, 1539, 862, 931, 1419, 1140, 1726, 1532, 1612,  # @ to O
    1235, 1612, 1424, 1400, 1262, 1499, 1400, 2025, 1403, 1260, 1403, 930, 930, 930, 1676, 1302,  # P to _
    1302, 1230, 1276, 1067, 1276, 1220, 720, 1276, 1296, 562, 705, 1212, 562, 1992, 1296, 1243,  # ` to o
    1276, 1276, 874, 1067, 807, 1296, 1212, 1676, 1212, 1212, 1076, 1300, 930, 1300, 1676)  # p to ~
_WIDEST = 1992


def _advance(char: str) -> int:
    """Of one character. What the table lacks is as wide as its base letter, a full square in East Asian scripts, else an m."""
    if " " <= char <= "~":
        return _ASCII[ord(char) - 32]
    if unicodedata.combining(char):
        return 0
    if unicodedata.east_asian_width(char) in "WF":
        return _EM
    base = unicodedata.normalize("NFD", char)[0]
    return _ASCII[ord(base) - 32] if " " <= base <= "~" else _WIDEST


def width(text: str, size: float = 11) -> int:
    """Whole pixels, rounded up."""
    return math.ceil(sum(map(_advance, text)) * size / _EM)
