# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pages for people, in place of an API's answer: of balancers, firewalls, portals."""
from __future__ import annotations

import html
import re

from .json_text import json_of

_TITLE = re.compile(r"<title[^>]*>([^<]{1,400})", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SHOWN = 160


def is_page(text: str) -> bool:
    """Whether it is HTML, which no API server says; what a pod's own server says may begin so, too."""
    return text.lstrip()[:1] == "<"


def words(text: str) -> str:
    """What a person would read of an answer: the message of an API, the title of a page, else its text."""
    try:
        data = json_of(text)
        text = str(data.get("message") or data.get("error") or text) if isinstance(data, dict) else text
    except ValueError:
        title = _TITLE.search(text[:20000])
        text = html.unescape(title[1] if title else _TAG.sub(" ", text[:2000]))
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"
