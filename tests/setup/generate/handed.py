# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check is handed, as a table: the public parts of the context and of a probe, by their own words."""
from __future__ import annotations

import inspect

from ansible_collections.assay.clusters.plugins.module_utils.engine.context import Context
from ansible_collections.assay.clusters.plugins.module_utils.engine.probes import Probe

from .lists import between
from .texts import ROOT, Unwritten
from .words import row

# For the engine, not for checks.
_INNER = {"given_up", "overdue"}


def _said(name: str, part: object) -> str:
    words = (inspect.getdoc(part) or "").split("\n\n", 1)[0]
    if not words:
        raise Unwritten(f"{name}: has no docstring, which the page about checks shows")
    return " ".join(words.split())


def _rows(prefix: str, of: type) -> list[str]:
    out = []
    for name, part in vars(of).items():
        if name.startswith("_") or name in _INNER or not (callable(part) or isinstance(part, property)):
            continue
        given = "" if isinstance(part, property) else f"({', '.join(list(inspect.signature(part).parameters)[1:])})"
        out.append(row(f"`{prefix}.{name}{given}`", _said(f"{of.__name__}.{name}", part)))
    return out


def files() -> dict[str, str]:
    """The page about checks, with rows in the order of the source."""
    path = "docs/writing-a-check.md"
    rows = ["| call | what it does |", "| --- | --- |", *_rows("ctx", Context), *_rows("probe", Probe)]
    return {path: between(path, (ROOT / path).read_text(encoding="utf-8"), "handed", "\n".join(rows) + "\n")}
