# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The release state as a page: what is planned, implemented, ran, and how it ended. One file, without any network."""
from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ..common.words import plural
from ..results import text
from ..results.html import collection_version
from ..results.record import FAILED, PASSED
from .measure import NOT_IMPLEMENTED, NOT_KNOWN, NOT_RUN, STATES, Coverage, Row, Seen
from .template import PAGE, STYLE

WORDS = {s: s.replace("_", " ") for s in STATES} | {NOT_KNOWN: "of a pipeline"}
_ICONS = {s: s for s in STATES} | {NOT_RUN: "warned", NOT_KNOWN: "skipped", NOT_IMPLEMENTED: "skipped"}
_WIDTH, _DESCRIBED = 120, 300


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined  # comes with ansible-core

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(plural=plural, words=WORDS, icons=_ICONS)
    return environment.from_string(PAGE)


def _line(words: str, width: int = _DESCRIBED) -> str:
    return text.shorten(text.one_line(text.printable(words)), width)


def _where(row: Row) -> str:
    """Where its state is from: the clusters of that verdict, with what failed there."""
    these = [s for s in row.seen if s.verdict == row.state]
    if row.state == FAILED:
        return text.listing((f"{s.cluster} ({s.cause or s.check})" for s in these), _WIDTH)
    if row.state == NOT_RUN:
        return text.listing(sorted(set(row.checks) - {s.check for s in row.seen}), _WIDTH)
    return text.listing(sorted({s.cluster for s in these}), _WIDTH)


def _when(seen: Sequence[Seen]) -> str:
    last = max((s.started for s in seen), default="")
    return f"last {last[:16].replace('T', ' ')} UTC" if last else ""


def _shown(row: Row) -> dict[str, str]:
    by = [*row.checks, *(["a job of a pipeline"] if row.elsewhere else [])]
    return {"tcid": _line(row.case.tcid), "name": _line(row.case.name or row.case.tcid),
            "description": _line(row.case.description), "by": text.listing(by, _WIDTH), "state": row.state,
            "where": _line(_where(row)), "when": _when(row.seen)}


def _features(rows: Sequence[Row]) -> list[tuple[str, list[dict[str, str]]]]:
    """In the order of the plan."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(_line(row.case.feature, _WIDTH), []).append(_shown(row))
    return list(found.items())


def sentence(found: Coverage) -> str:
    of, states = plural(len(found.rows), "planned test"), found.states
    return f"{found.valid} of {of} implemented, {states[PASSED]} passed, {states[FAILED]} failed."


def verdict(found: Coverage, gate: float | None) -> str:
    """Of the plan as a whole: failed where a test is, or where less is implemented than is wanted."""
    return FAILED if found.states[FAILED] or gate is not None and not found.reaches(gate) else PASSED


def page(found: Coverage, gate: float | None, made: str) -> str:
    """gate: percent that are wanted, None for none. made: when, as it is to be read."""
    kind = verdict(found, gate)
    meter = f"coverage {found.shown}" + (f", {gate:g}% wanted" if gate is not None else "")
    said = [*found.warnings, *([f"deprecated: {', '.join(found.deprecated)}"] if found.deprecated else [])]
    shown = {"name": _line(found.plan.name), "shown": found.shown, "made": made, "kind": kind, "sentence": sentence(found),
             "meter": meter, "width": round(found.percent, 2), "gate": gate,
             "states": [(s, n) for s, n in found.states.items() if n],
             "said": [_line(s) for s in said], "rows": found.rows, "features": _features(found.rows)}
    from markupsafe import Markup

    return _template().render(p=shown, style=Markup(STYLE), footer=f"assay.clusters {collection_version()}".strip())
