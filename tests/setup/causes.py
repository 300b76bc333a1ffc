# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes docs/causes.md, the page of all causes, from the taxonomy, for make generate and make docs; --check only compares."""
from __future__ import annotations

import functools
import re
import sys
from pathlib import Path

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.taxonomy import CAUSES, EDGES, GENERIC

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/causes.md"
_LISTS = ("taxonomy.py", "causes_within.py", "causes_beyond.py")

LAYERS = {0: "The test itself", 1: "API server, etcd, controllers", 2: "Nodes", 3: "Admission and access",
          4: "Scheduling", 5: "Images", 6: "Pods and storage", 7: "Network", 8: "Cloud", 9: "Add-ons and operations",
          None: "Nothing known"}
HEAD = """# Causes

Every failed or inconclusive record names a cause. The page is generated from `plugins/module_utils/diagnosis/taxonomy.py`.

How a cause is chosen: evidence is collected for everything that failed, as soon as the first check has failed and once
more at the end, and is then read offline. Layers are walked from the bottom up, and the lowest one with evidence on the
failing path (the same node, pod, claim, registry) is the root; what stands above it is its consequence. Evidence off the
path is not blamed, nor what began after the failure. Within a layer special words win over a reason, a reason over a
condition. A time-out alone names no cause: it gives `unknown.timeout` with the unmet step. What could not be read, or was
cut because there is so much of it, never counts as absence, and the last line of the evidence says so. A cause marked
with * is kept for checks that are to come: nothing names it yet.

| confidence | means |
| --- | --- |
| confirmed | a component said so in words, or answers that differ in one thing only show it |
| probable | a condition or reason says so |
| suspected | what is left after everything else was ruled out |
"""


@functools.cache
def _named() -> frozenset[str]:
    """What looks like a cause in all of the product but the taxonomy itself."""
    code = "\n".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "plugins").rglob("*.py")) if p.name not in _LISTS)
    return frozenset(re.findall(r"(?<![\w.])[a-z0-9]+\.[a-z0-9-]+(?![\w-])", code))


def is_named(code: str) -> bool:
    """Whether anything of the product says this cause."""
    return code in _named()


def _row(code: str) -> str:
    cause = CAUSES[code]
    commands = list(cause.on.values()) or [cause.command or (GENERIC["node"] if cause.layer == 2 else cause.otherwise)]
    mark = "" if is_named(code) else " *"
    return f"| `{code}`{mark} | {cause.meaning} | {cause.remedy} | `{commands[0].replace('|', chr(92) + '|')}` |"


def page() -> str:
    """The whole page as Markdown."""
    out = [HEAD]
    for number, title in LAYERS.items():
        codes = [c for c, cause in CAUSES.items() if cause.layer == number]
        out += [f"## {title}" if number is None else f"## Layer {number}: {title}", "",
                "| code | it means | what helps | look further, for example |", "| --- | --- | --- | --- |",
                *map(_row, codes), ""]
    out += ["## Known consequences", "", "| cause | what follows from it |", "| --- | --- |"]
    for left, right, words in EDGES:
        only = f" (with \"{words}\")" if words else ""
        out.append(f"| `{left}` | {', '.join(f'`{r}`' for r in right)}{only} |")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == page() else "docs/causes.md is old: run make generate")
    PAGE.write_text(page(), encoding="utf-8")
