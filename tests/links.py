# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links of pages in Markdown, and which of them lead nowhere."""
from __future__ import annotations

import re
from pathlib import Path

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^ *```.*?^ *```", re.M | re.S)


def links(page: Path) -> list[str]:
    """As they are written, those in blocks of code left out."""
    return _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """What headings can be linked by, as GitHub and Galaxy make it of their words."""
    headings = re.findall(r"^#+ +(.+?) *$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", h).lower()).replace(" ", "-") for h in headings}


def dead(page: Path, root: Path) -> list[str]:
    """Links of a page to files that are not below root, or to headings that are not there."""
    found = []
    for link in links(page):
        path, _hash, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or not target.is_relative_to(root.resolve()):
            found.append(link)
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            found.append(link)
    return found
