# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands of pages, with what they need, which a comment above each block says: `<!-- needs: plan, cluster -->`.

A word for the whole block, or one for each of its commands. nothing: an empty folder; plan: kubeconfigs, of clusters that
need not be there; cluster: a real one; +cluster: a block that goes on with what all of the block before it has done; output: it
shows what is printed; the path of a test: that one runs it. Others are of things that are not to be had here: galaxy, rancher, awx;
checkout: a target of the Makefile or a program of the tests, of which is looked that they are there.
"""
from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
RUN = ("nothing", "plan", "cluster")
NOT_HERE = ("galaxy", "checkout", "rancher", "awx")
_BLOCK = re.compile(r"(?:<!-- needs: (?P<needs>[^>]*) -->\n)?^(?P<fence>```+)(?:console|bash|sh|shell)\n(?P<text>.*?)^(?P=fence)$",
                    re.M | re.S)
_FILE = re.compile(r"^```+(?:yaml|python)\n# (?P<name>[\w./-]+\.(?:ya?ml|py))\n(?P<text>.*?)^```+$", re.M | re.S)


@dataclass(frozen=True)
class Command:
    """page is a path from the checkout; needs is "" where the page does not say it; before: what it goes on with, as what stands
    before it in its block and needs nothing."""

    page: str
    number: int
    needs: str
    text: str
    before: tuple[str, ...] = ()


def _complete(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return False
    return not line.endswith("\\")


def _commands(text: str) -> list[str]:
    """One for each line but where quotes, or a backslash, go over several."""
    found: list[str] = []
    whole = True
    for line in text.splitlines():
        if whole:
            found.append(line)
        else:
            found[-1] += "\n" + line
        whole = _complete(found[-1])
    return found


def commands(page: str) -> list[Command]:
    """All commands of a page."""
    text, last = (CHECKOUT / page).read_text(encoding="utf-8"), ""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for block in _BLOCK.finditer(text):
        needs = [n.strip() for n in (block["needs"] or "").split(",")]
        parts = [block["text"]] if len(needs) == 1 else _commands(block["text"])
        if len(needs) not in (1, len(parts)):
            raise ValueError(f"{page}: {len(needs)} needs of {len(parts)} commands: {block['text']}")
        if needs == ["+cluster"]:
            found.append(("cluster", block["text"], (last,)))
            continue
        last = block["text"]
        block_of = [(n, p.removeprefix("$ ")) for n, p in zip(needs, parts)]
        found += [(n, p, tuple(q for m, q in block_of[:i] if m == "nothing")) for i, (n, p) in enumerate(block_of)]
    return [Command(page, i, *one) for i, one in enumerate(found, 1)]


def files(page: str) -> dict[str, str]:
    """Files that a page shows: blocks of YAML or Python that begin with a comment of their path."""
    return {m["name"]: m["text"] for m in _FILE.finditer((CHECKOUT / page).read_text(encoding="utf-8"))}
