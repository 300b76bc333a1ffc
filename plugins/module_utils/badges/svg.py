# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A badge: a label and what is said of it, as one SVG in the flat style that people know, without references."""
from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from ..jobs.errors import BadOption
from ..results import text
from ..results.record import FAILED, INCONCLUSIVE, PASSED, SKIPPED, WARNED
from .widths import width

# Those of the report's page by day: white letters on each have a contrast of 4.5 and more.
COLOURS = {PASSED: "#1a7a49", WARNED: "#8a5800", FAILED: "#bd2130", INCONCLUSIVE: "#6940b8", SKIPPED: "#5a6574"}
_LABEL = "#4a4a4a"
_PAD, _HEIGHT, _LONGEST = 6, 20, 60
# What says that a file is ours, so that no other is written over.
MARK = "<!-- assay.clusters badge -->"

_SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="{all}" height="{height}" role="img" aria-label={name}>{mark}
<title>{title}</title>
<rect width="{all}" height="{height}" rx="3" fill="{label_colour}"/>
<path d="M{left} 0h{flat}a3 3 0 0 1 3 3v{side}a3 3 0 0 1-3 3h-{flat}z" fill="{colour}"/>
<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{label_at:g}" y="14" textLength="{label_width}">{label}</text>
<text x="{said_at:g}" y="14" textLength="{said_width}">{said}</text>
</g>
</svg>
"""


def _plain(words: str) -> str:
    return text.shorten(text.one_line(text.printable(words)), _LONGEST) or "-"


def badge(label: str, said: str, verdict: str, more: str = "") -> str:
    """verdict: whose colour it has. more: is in the title only, which readers hear and a mouse shows."""
    label, said = _plain(label), _plain(said)
    label_width, said_width = width(label), width(said)
    left, right = label_width + 2 * _PAD, said_width + 2 * _PAD
    name = f"{label}: {said}"
    title = escape(name + (f", {more}" if more else ""))
    return _SVG.format(all=left + right, height=_HEIGHT, left=left, flat=right - 3, side=_HEIGHT - 6, mark=MARK, title=title,
                       name=quoteattr(name), label_colour=_LABEL, colour=COLOURS[verdict],
                       label=escape(label), said=escape(said), label_width=label_width, said_width=said_width, label_at=left / 2, said_at=left + right / 2)


def there(path: Path, option: str) -> str | None:
    """The badge that is there. BadOption for a file that is not ours."""
    try:
        found = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as e:
        raise BadOption(f"{option}: {path} cannot be read: {getattr(e, 'strerror', None) or e}") from None
    if MARK not in found:
        raise BadOption(f"{option}: {path} is there and is no badge of this module; choose another place")
    return found
