# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text that a person reads in the terminal: live lines, and a summary that fits on a screen."""
from __future__ import annotations

import math
import textwrap
from typing import Any

from ..common.words import plural
from . import causes, notes, text
from .causes import CauseGroup
from .clean import clean_record, clean_run
from .record import FAILED, INCONCLUSIVE, PASSED, SKIPPED, VERDICTS, WARNED, worst

# Verdict -> name of a colour of Ansible's display.
colours = {PASSED: "green", WARNED: "yellow", FAILED: "red", SKIPPED: "cyan", INCONCLUSIVE: "magenta"}
_ANSI = {PASSED: "32", WARNED: "33", FAILED: "1;31", SKIPPED: "36", INCONCLUSIVE: "35"}
_LINES = 40
_CLUSTER_LINES = 20
_NOTE_LINES = 6
# How much of a cause is shown: its head only, with one line of evidence, with three.
_HEAD, _SHORT, _FULL = 0, 1, 3
_LABEL = 13


def line(cluster: str, record: dict[str, Any]) -> str:
    """One finished check, aligned: cluster, verdict, check, seconds, then the cause with its scope or the message."""
    record = clean_record(record, cluster)
    tail = text.first_line(record["message"])
    if record["cause"]:
        scope = text.one_line(record["scope"][0]) if record["scope"] else ""
        more = f" +{len(record['scope']) - 1} more" if len(record["scope"]) > 1 else ""
        confidence = f" ({record['confidence']})" if record["confidence"] else ""
        tail = f"{record['cause']}{confidence}" + (f"  {scope}{more}" if scope else "")
    start = f"{text.one_line(cluster):<14} {record['verdict']:<12} {record['check']:<14} {text.duration(record['seconds']):>10}"
    return f"{start}  {text.shorten(tail, 120)}".rstrip()


class _Pen:
    """Lines of at most width characters, with verdicts in colour if wanted."""

    def __init__(self, width: int, colour: bool):
        self.width, self.colour = max(width, 40), colour

    def verdict(self, verdict: str, word: str) -> str:
        return f"\x1b[{_ANSI[verdict]}m{word}\x1b[0m" if self.colour else word

    def labelled(self, label: str, value: str) -> str:
        return f"   {label:<{_LABEL}}{text.shorten(text.one_line(value), self.width - _LABEL - 3)}"

    def wrapped(self, label: str, value: str, most: int = 2) -> list[str]:
        """Over at most so many lines."""
        room = self.width - _LABEL - 3
        parts = textwrap.wrap(text.one_line(value), room, max_lines=most, placeholder=" …") or [""]
        return [f"   {label if i == 0 else '':<{_LABEL}}{part}" for i, part in enumerate(parts)]

    def height(self, lines: list[str]) -> int:
        """Screen lines: a command is never cut, so the terminal may wrap it."""
        return sum(max(1, math.ceil(len(one) / self.width)) for one in lines)


def counts(of: dict[str, int]) -> str:
    """How many checks have which verdict, in words."""
    return ", ".join(f"{of[v]} {v}" for v in VERDICTS if of.get(v)) or "no checks"


def _headline(runs: list[dict[str, Any]], pen: _Pen) -> str:
    verdict = worst([r["verdict"] for r in runs])
    checks = sum(len(r["records"]) for r in runs)
    others = sum(len(same) - 1 for same in notes.same_clusters(runs))
    which = plural(len(runs) - others, "cluster") + (f" under {len(runs)} names" if others else "")
    what = f"{which}, {plural(checks, 'check')}: {counts(causes.totals(runs))}"
    return f"{pen.verdict(verdict, verdict.upper())}  {text.shorten(what, pen.width - len(verdict) - 2)}"


def _cluster_lines(runs: list[dict[str, Any]], pen: _Pen) -> list[str]:
    """One line per cluster; of more than fit, the worst ones."""
    shown = runs
    if len(runs) > _CLUSTER_LINES:
        shown = sorted(runs, key=lambda r: VERDICTS.index(r["verdict"]))[:_CLUSTER_LINES - 1]
    name = min(max((len(r["cluster"]) for r in shown), default=0), 30)
    lines = []
    for run in shown:
        rest = f"{text.duration(run['seconds']):>11}  {counts(run['counts'])}" + (
            f"  {run['version']}" if run["version"] else "")
        plain = pen.width - name - 14
        lines.append(f"{text.shorten(text.one_line(run['cluster']), name):<{name}}  "
                     f"{pen.verdict(run['verdict'], format(run['verdict'], '<12'))}{text.shorten(rest, plain)}")
    hidden = len(runs) - len(shown)
    if hidden:
        others = sorted((r for r in runs if r not in shown), key=lambda r: VERDICTS.index(r["verdict"]))
        lines.append(f"+{plural(hidden, 'more cluster')}, none worse than {others[0]['verdict']}")
    return lines


def _head(group: CauseGroup, pen: _Pen) -> str:
    if len(group.clusters) == 1:
        reach = f"{plural(len(group.records), 'check')} on {group.clusters[0]}"
    else:
        reach = f"{plural(len(group.records), 'result')} on {plural(len(group.clusters), 'cluster')}"
    parts = [group.confidence, reach]
    if group.verdict == INCONCLUSIVE:
        parts.insert(0, "could not be tested")
    if group.known:
        parts.insert(0, "known")
    head = f"{group.code}  {', '.join(p for p in parts if p)}"
    return pen.verdict(group.verdict, text.shorten(head, pen.width))


def _block(group: CauseGroup, level: int, pen: _Pen) -> list[str]:
    """A cause in as many lines as its level allows."""
    if level == _HEAD:
        where = text.listing(group.scope or group.clusters, max(pen.width - 60, 20))
        return [text.shorten(f"{_plain_head(group)}: {where}", pen.width)]
    room = pen.width - _LABEL - 3
    lines = [_head(group, pen)]
    if len(group.clusters) > 1:
        lines.append(pen.labelled("clusters", text.listing(group.clusters, room)))
    if group.scope:
        lines.append(pen.labelled("where", text.listing(group.scope, room)))
    lines.append(pen.labelled("failed" if group.verdict == FAILED else "not tested", text.listing(group.checks, room)))
    if group.followed:
        lines.append(pen.labelled("also failed", f"because of it: {text.listing(group.followed, room - 15)}"))
    lines += [pen.labelled("known", k) for k in group.known[:1]]
    evidence = group.evidence[:level] or group.messages[:1]
    lines += [pen.labelled("evidence" if i == 0 else "", e) for i, e in enumerate(evidence)]
    if group.remedies:
        lines += pen.wrapped("remedy", group.remedies[0])
    if group.commands:
        more = len(group.commands) - 1
        lines.append(f"   {'next':<{_LABEL}}{text.one_line(group.commands[0][1])}"
                     + (f"   (+{more} more in the report)" if more else ""))
    return lines


def _plain_head(group: CauseGroup) -> str:
    return f"{group.code}  {plural(len(group.records), 'result')}"


def _cause_lines(groups: list[CauseGroup], room: int, pen: _Pen) -> list[str]:
    """The causes within room lines: first each as a head, then from the weightiest on with more, as long as it fits."""
    shown = groups if len(groups) <= room else groups[:max(room - 1, 1)]
    levels = [_HEAD] * len(shown)
    hidden = len(groups) - len(shown)

    def rendered() -> list[str]:
        lines = [one for group, level in zip(shown, levels) for one in _block(group, level, pen)]
        return lines + ([f"+{hidden} more, see the report"] if hidden else [])

    # The first cause is always told in full: what it takes is taken from the least weighty heads.
    levels[0] = _SHORT
    while pen.height(rendered()) > room and len(shown) > 1:
        shown, levels, hidden = shown[:-1], levels[:-1], hidden + 1
    for wanted in (_SHORT, _FULL):
        for index in range(len(shown)):
            before, levels[index] = levels[index], wanted
            if pen.height(rendered()) > room:
                levels[index] = before
                break
    return rendered()


def _note_lines(runs: list[dict[str, Any]], more: list[str], pen: _Pen) -> list[str]:
    """What is about several clusters first, then one line for each cluster; the rest is counted."""
    lines = [*more, *notes.about_all(runs), *(f"{r['cluster']}: {'; '.join(said)}" for r in runs if (said := notes.about(r)))]
    hidden = len(lines) - _NOTE_LINES
    shown = lines if hidden <= 0 else [*lines[:_NOTE_LINES - 1], f"+{plural(hidden + 1, 'more note')}, see the report"]
    return [text.shorten(text.one_line(one), pen.width) for one in shown]


def summary(runs: list[dict[str, Any]], width: int = 100, colour: bool = False, more: list[str] | None = None) -> str:
    """At most 40 lines: the verdict, one line per cluster, then every cause once with what to do, then what was not asked.

    more: sentences about all of them. width in characters; only commands may be longer, to be copied whole. colour adds
    ANSI sequences to verdicts.
    """
    pen, runs = _Pen(width, colour), [clean_run(r) for r in runs]
    if not runs:
        return "\n".join(["no cluster was tested", *_note_lines([], more or [], pen)])
    lines = [_headline(runs, pen)]
    if len(runs) > 1 or runs[0]["cluster"]:
        lines += _cluster_lines(runs, pen)
    left = [(run["cluster"], item) for run in runs for item in causes.leftovers(run)]
    tail = _note_lines(runs, more or [], pen)
    if left:
        named = text.listing([f"{c}: {item}" for c, item in left], pen.width - 30)
        tail += [text.shorten(f"left behind by the clean-up: {named}", pen.width)]
    groups = causes.group_causes(runs)
    gap = [""] if groups and tail else []
    if groups:
        lines += ["", *_cause_lines(groups, _LINES - len(lines) - len(gap + tail) - 1, pen)]
    return "\n".join([*lines, *gap, *tail])
