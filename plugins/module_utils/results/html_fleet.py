# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The view of the fleet: clusters by checks."""
from __future__ import annotations

from itertools import groupby
from typing import Any

from . import text
from .html_parts import anchor, words
from .record import FAILED, INCONCLUSIVE, PASSED, SKIPPED

# Above this many checks the columns of the matrix are too narrow for words.
WIDE_CHECKS = 9
# Letters of a domain's name that are surely as narrow as a column of signs.
_LETTERS = 2.5


def columns(runs: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(domain, check) of all clusters, grouped by domain in the order first met."""
    found = list(dict.fromkeys((r["domain"], r["check"]) for run in runs for r in run["records"]))
    domains = text.unique(d for d, _c in found)
    return sorted(found, key=lambda column: domains.index(column[0]) if column[0] else -1)


def matrix(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows of clusters, columns of checks, and how many of each did not pass."""
    order = columns(runs)
    rows = []
    for run in runs:
        by_check = {(r["domain"], r["check"]): r for r in run["records"]}
        cells = [_cell(run, by_check.get(column)) for column in order]
        rows.append({"cluster": run["cluster"], "id": anchor(run["cluster"]), "verdict": run["verdict"], "cells": cells,
                     "unmet": sum(_unmet(c) for c in cells), "seconds": text.duration(run["seconds"])})
    domains = [_domain(d, len(list(c))) for d, c in groupby(order, key=lambda c: c[0])]
    starts = [i for i, c in enumerate(order) if i == 0 or order[i - 1][0] != c[0]]
    checks = [{"name": words(c), "domain": d, "start": i in starts, "unmet": sum(_unmet(row["cells"][i]) for row in rows)}
              for i, (d, c) in enumerate(order)]
    cells = [c for row in rows for c in row["cells"]]
    return {"domains": domains, "checks": checks, "rows": rows, "followed": any(c and c["followed"] for c in cells),
            "wide": len(order) <= WIDE_CHECKS, "partial": None in cells}


def _domain(name: str, span: int) -> dict[str, Any]:
    """narrow: its name has no room above so many columns of signs, and is written upwards."""
    return {"name": words(name), "key": name, "span": span, "narrow": len(words(name)) > span * _LETTERS}


def _unmet(cell: dict[str, Any] | None) -> bool:
    return cell is not None and cell["verdict"] in (FAILED, INCONCLUSIVE)


def _cell(run: dict[str, Any], record: dict[str, Any] | None) -> dict[str, Any] | None:
    if record is None:
        return None
    why = record["cause"] or text.first_line(record["message"])
    title = f"{words(record['check'])} on {run['cluster']}: {record['verdict']}" + (f", {why}" if why else "")
    return {"href": "#" + anchor(run["cluster"], record["check"]), "verdict": record["verdict"],
            "title": text.shorten(title, 160), "followed": bool(record["consequence_of"]),
            "good": record["verdict"] in (PASSED, SKIPPED)}
