# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Failures that are known until a day: they stay what they are, say so, and stop nobody until then.

A failure is known by its check and its cause together, so that the same check is red for anything else. pytest's xfail with
raises= is the same idea; a day that must be given keeps it from being for ever.
"""
from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.names import nearest
from ..diagnosis.taxonomy import CAUSES
from ..kube.errors import BadInput
from ..results.record import FAILED, INCONCLUSIVE, SKIPPED, standing, worst

_OPTION = "known_failures"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Known:
    """until: the last day on which it is accepted, in UTC."""

    check: str
    cause: str
    until: datetime.date
    reason: str

    def explains(self, record: Mapping[str, Any]) -> bool:
        """Whether it is the failure of this record, by its own cause or by the one that it follows from."""
        causes = {str(record[n]).partition("(")[0] for n in ("cause", "consequence_of")}
        return record["check"] == self.check and record["verdict"] in (FAILED, INCONCLUSIVE) and self.cause in causes


def _day(text: str, check: str) -> datetime.date:
    try:
        if _DAY.fullmatch(text):
            return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    raise BadInput(f"{_OPTION}: until of {check} must be a day such as 2026-12-31, not {text!r}")


def read(given: Iterable[Mapping[str, Any]], checks: Iterable[str]) -> list[Known]:
    """What an inventory says is known. Raises BadInput for a check or cause that there is not, no day, and no reason."""
    names, found = sorted(checks), []
    for one in given:
        check, cause, reason = (str(one[n]).strip() for n in ("check", "cause", "reason"))
        if check not in names:
            raise BadInput(f"{_OPTION}: there is no check {check!r}; {nearest(check, names)}")
        if cause not in CAUSES:
            close = difflib.get_close_matches(cause, CAUSES, 1)
            raise BadInput(f"{_OPTION}: there is no cause {cause!r}; "
                           + (f"did you mean {close[0]}?" if close else "the page of causes has all of them"))
        if not reason:
            raise BadInput(f"{_OPTION}: reason of {check} must say why the failure is accepted")
        found.append(Known(check, cause, _day(str(one["until"]), check), reason))
    return found


def _note(one: Known, records: list[dict[str, Any]], today: datetime.date) -> str:
    """What is to be said of an entry that accepts nothing; "" where its check did not run."""
    if any(one.explains(r) for r in records):
        return f"{one.check}: {one.cause} was known until {one.until} and counts again: {one.reason}"
    ran = [r for r in records if r["check"] == one.check and r["verdict"] not in (SKIPPED, FAILED, INCONCLUSIVE)]
    ends = "is" if today <= one.until else "was"
    gone = f"{one.check}: {one.cause}, which {ends} known until {one.until}, was not there: take it out of {_OPTION}"
    return gone if ran else ""


def mark(run: dict[str, Any], known: Iterable[Known], today: datetime.date) -> None:
    """Say of each record of a run that is accepted today until when and why, and of the run what its reader has to know."""
    for one in known:
        accepted = [r for r in run["records"] if today <= one.until and one.explains(r)]
        for record in accepted:
            record["known"] = f"until {one.until}: {one.reason}"
        if not accepted and (note := _note(one, run["records"], today)):
            run["notes"].append(note)
    run["verdict"] = worst([standing(r) for r in run["records"]])


def today() -> datetime.date:
    return datetime.datetime.now(datetime.timezone.utc).date()
