# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a change may go on: one sentence per cluster."""
from __future__ import annotations

from typing import Any

from ..common.words import plural
from . import causes, text
from .clean import clean_run
from .record import FAILED, INCONCLUSIVE, SKIPPED, WARNED


def _counts(counts: dict[str, int], total: int) -> str:
    """As many checks as the summary and JUnit count, those that do not apply among them."""
    skipped = f", {counts[SKIPPED]} {SKIPPED}" if counts[SKIPPED] else ""
    if counts[SKIPPED] == total:
        return f"no check applies ({counts[SKIPPED]} skipped)"
    what = plural(total, "check")
    bad = [(counts[v], v) for v in (FAILED, INCONCLUSIVE, WARNED) if counts[v]]
    if not bad:
        return f"{total - counts[SKIPPED]} of {what} passed{skipped}" if skipped else f"{what} passed"
    (first, verdict), *rest = bad
    return f"{first} of {what} {verdict}" + "".join(f", {n} {v}" for n, v in rest) + skipped


def _root(group: causes.CauseGroup) -> str:
    checks = text.listing(group.checks, 60)
    where = f" on {text.listing(group.scope, 60)}" if group.scope else ""
    return f"{group.code}{where} ({checks})"


def gate(run: dict[str, Any], allow_inconclusive: bool = False, allow_skipped: bool = False) -> tuple[bool, str]:
    """(may go on, one sentence with counts and root causes) for one cluster run.

    Failed checks stop, inconclusive ones too unless allowed, but none that is known until a day to come. A run in which nothing
    was proved stops as well: one without any record, and one in which no check applies, or none but those whose failure is known,
    unless that is allowed.
    """
    run = clean_run(run)
    name = run["cluster"]
    if not run["records"]:
        return False, f"{name}: no check was run"
    counts = run["counts"]
    if counts[SKIPPED] == len(run["records"]):
        why = text.shorten(text.one_line(run["records"][0]["message"]), 200)
        return allow_skipped, f"{name}: nothing was proved: {_counts(counts, counts[SKIPPED])}" + (f", {why}" if why else "")
    unknown = {r["verdict"] for r in run["records"] if not r["known"]}
    good = FAILED not in unknown and (allow_inconclusive or INCONCLUSIVE not in unknown)
    proved = any(r["verdict"] != SKIPPED and not r["known"] for r in run["records"])
    good = good and (proved or allow_skipped)
    sentence = f"{name}: {'' if proved else 'nothing was proved: '}{_counts(counts, len(run['records']))}"
    roots = causes.group_causes([run])
    if roots:
        named = ", ".join(_root(g) for g in roots[:3]) + (f", +{len(roots) - 3} more" if len(roots) > 3 else "")
        sentence += f"; {'cause' if len(roots) == 1 else 'causes'}: {named}"
    if known := [f"{r['check']} {r['known']}" for r in run["records"] if r["known"]]:
        sentence += f"; known: {text.listing(known, 200)}"
    left = causes.leftovers(run)
    if left:
        sentence += f"; {plural(len(left), 'object')} of ours left behind"
    return good, sentence
