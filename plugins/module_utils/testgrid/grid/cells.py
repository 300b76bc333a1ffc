# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From cases of a build to cells: status, icon, message, and what becomes of cases with one name.

Source: GoogleCloudPlatform/testgrid, pkg/updater/gcs.go.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...results import redact
from ...runs.model import SKIPPED, Case
from .status import Status, failing, passing, severest

DURATION = "test-duration-minutes"
# Characters of a message.
_LONGEST = 140
# Rows that cases of one name get at most, where they are not merged.
_MOST = 20
# What Ginkgo says of a test that was not chosen, which is no result.
_NOT_CHOSEN = ("", "skipped")


@dataclass(frozen=True)
class Cell:
    """metrics: numbers by their names, the duration among them, in minutes."""

    status: Status
    icon: str = ""
    message: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)


_OVERFLOW = Cell(Status.FAIL, "...", "Too many duplicately named rows")


def shortened(text: str) -> str:
    """At most so many characters, without the middle."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}...{text[-half:]}"


def message(case: Case) -> str:
    """The first that says anything: message and text of the outcome, output. Secrets go before a cut would hide them."""
    outcome = "\n".join(t for t in (case.message, case.text) if t) or case.output
    return shortened(redact.redact(outcome)) if outcome else ""


def _numbers(properties: Mapping[str, str]) -> dict[str, float]:
    found = {}
    for name, value in properties.items():
        try:
            found[name] = float(value)
        except ValueError:
            continue
    return found


def cell(case: Case, group: Mapping[str, Any]) -> Cell | None:
    """The cell of a case; None for what TestGrid shows none. group: the test group's fields."""
    if case.outcome == SKIPPED and (group.get("ignore_skip") or not case.text and case.message in _NOT_CHOSEN):
        return None
    metrics = {**_numbers(case.properties), **({DURATION: case.seconds / 60} if case.seconds > 0 else {})}
    said = message(case)
    if case.bad:
        status, icon = Status.FAIL, "F" if said else ""
    elif case.outcome == SKIPPED:
        status, icon = Status.PASS_WITH_SKIPS, "S"
    else:
        status, icon = Status.PASS, ""
    for note in group.get("test_annotations", ()):
        if note.get("property_name") in case.properties:
            icon = note.get("short_text", "")
            break
    metric = group.get("short_text_metric", "")
    if metric in metrics:
        icon = f"{metrics[metric]:.4g}"
    return Cell(status, icon, said, metrics)


def _mean(cells: list[Cell]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for one in cells:
        for name, value in one.metrics.items():
            values.setdefault(name, []).append(value)
    return {name: sum(v) / len(v) for name, v in values.items()}


def merged(cells: list[Cell]) -> Cell:
    """Of cells for one row and column: FLAKY where some passed and some failed, else the severest."""
    if len(cells) == 1:
        return cells[0]
    passed = [c for c in cells if passing(c.status)]
    failed = [c for c in cells if failing(c.status)]
    status = Status.FLAKY if passed and failed else severest(*(c.status for c in cells))
    said = next((c.message for c in [*failed, *passed, *cells] if c.message), "")
    count = f"{len(passed)}/{len(cells)}"
    return Cell(status, count, f"{count} runs passed" + (f": {said}" if said else ""), _mean(cells))


def _apart(found: Iterable[tuple[str, Cell]]) -> dict[str, Cell]:
    """Each with a row of its own: name, "name [1]" and so on, and "name [overflow]" for all beyond."""
    out: dict[str, Cell] = {}
    for name, one in found:
        names = [name, *(f"{name} [{n}]" for n in range(1, _MOST))]
        free = next((n for n in names if n not in out), "")
        if free:
            out[free] = one
        else:
            out.setdefault(f"{name} [overflow]", _OVERFLOW)
    return out


def rows(found: Iterable[tuple[str, Cell]], apart: bool) -> dict[str, Cell]:
    """Cells by the names of their rows. apart: equal names are not merged."""
    if apart:
        return _apart(found)
    by_name: dict[str, list[Cell]] = {}
    for name, one in found:
        by_name.setdefault(name, []).append(one)
    return {name: merged(cells) for name, cells in by_name.items()}


def told(one: Cell, icon: str, said: str) -> Cell:
    return replace(one, icon=icon, message=said)
