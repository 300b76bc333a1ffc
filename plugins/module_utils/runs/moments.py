# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a run began and ended: a cascade of sources, of which the first that tells is named.

JUnit's time stamps and those of logs have no zone; they are taken for UTC, which the tests' pod has unless somebody changed it.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from . import documents, stamps
from .junit import Report
from .log import Log
from .model import ERROR, NOTE, WARNING, Finding, Moment
from .parts import Parts

_FIRST = datetime(2014, 6, 1, tzinfo=timezone.utc)  # there was no Kubernetes before
_MOST = timedelta(days=30)


@dataclass
class Times:
    """started, finished: of the run as a whole; begun: of its tests."""

    started: Moment | None = None
    finished: Moment | None = None
    begun: Moment | None = None
    findings: list[Finding] = field(default_factory=list)


def _plus(moment: Moment, seconds: float, source: str) -> Moment | None:
    return Moment(moment.at + timedelta(seconds=seconds), source) if 0 <= seconds <= _MOST.total_seconds() else None


# ---- start ------------------------------------------------------------------------------------------------------
def _suite_times(report: Report) -> list[tuple[datetime, float]]:
    found = [(documents.moment(s.timestamp), s.seconds or 0.0) for s in report.suites if s.timestamp]
    return [(at, seconds) for at, seconds in found if at and at > _FIRST]


def _of_junit(parts: Parts) -> Moment | None:
    found = [at for r in parts.reports for at, _seconds in _suite_times(r)]
    return Moment(min(found), "timestamp of the JUnit") if found else None


def seed(said: Log | Report, now: datetime) -> datetime | None:
    """The start by the seed of the random order, which is its epoch second unless somebody chose another."""
    first = min(said.seeds, default=0)
    at = datetime.fromtimestamp(first, timezone.utc) if first < 1 << 34 else now + _MOST
    return at if _FIRST < at < now + timedelta(days=1) else None


def _known(parts: Parts, log: Log) -> datetime | None:
    """A time that the stamps of a log must be near to, for their year."""
    at = _of_junit(parts)
    return at.at if at else seed(log, parts.wish.now)


def _of_log(parts: Parts, log: Log, findings: list[Finding]) -> Moment | None:
    kind = log.stamps.kind
    if not kind:
        at = seed(log, parts.wish.now)
        return Moment(at, "random seed of the log") if at else None
    first, last = log.stamps.first[kind], log.stamps.last[kind]
    known = _known(parts, log)
    written = datetime.fromtimestamp(log.modified, timezone.utc) if log.modified > _FIRST.timestamp() else parts.wish.now
    at = stamps.dated(first, parts.wish.year, known, min(written, parts.wish.now))
    if at and not (known or parts.wish.year or first.year):
        end = stamps.after(last, at)
        if end and end > written + timedelta(days=1) and (earlier := first.in_year(at.year - 1)):
            at = earlier
        findings.append(Finding("year", NOTE,
                                f"The times in {log.path} have no year, and nothing else tells it: {at.year} was taken by "
                                "the date of the file, unless year says another", (log.path,)))
    return Moment(at, f"first {stamps.SAID[kind]} of the log") if at else None


# ---- finish -----------------------------------------------------------------------------------------------------
def _seconds_of(report: Report) -> float | None:
    """Of the suites of a file that has no time stamps, one after the other."""
    known = [s.seconds for s in report.suites if s.elements and s.seconds is not None]
    return sum(known) if known else None


def _finish(parts: Parts, begun: Moment) -> Moment | None:
    ends = [at + timedelta(seconds=seconds) for r in parts.reports for at, seconds in _suite_times(r) if seconds]
    if ends:
        return Moment(max(ends), "timestamp and time of the JUnit")
    took = [s for r in parts.reports if (s := _seconds_of(r))]
    if took:  # files of a parallel run are of one time
        return _plus(begun, max(took), "start and time of the JUnit")
    told = [g.seconds for g in parts.logs if g.seconds]
    if told:
        return _plus(begun, sum(told), "start and seconds of the log's summary")
    for log in parts.logs:
        if log.stamps.kind and (at := stamps.after(log.stamps.last[log.stamps.kind], begun.at)) and at > begun.at:
            return Moment(at, f"last {stamps.SAID[log.stamps.kind]} of the log")
    whole = [g.whole_seconds for g in parts.logs if g.whole_seconds]
    return _plus(begun, sum(whole), "start and Ginkgo's own time") if whole else None


def _zone(parts: Parts, begun: Moment, findings: list[Finding]) -> None:
    """Half hours between the seed and the start are those of a zone."""
    for said in (*parts.logs, *parts.reports):
        at = seed(said, parts.wish.now)
        away = (begun.at - at).total_seconds() if at else 0.0
        steps = round(away / 900)
        if steps and abs(steps) <= 56 and abs(away - steps * 900) <= 120 and "seed" not in begun.source:
            side = "after" if steps > 0 else "before"
            findings.append(Finding("zone", WARNING,
                                    f"The start by the {begun.source} is {abs(steps) / 4:g} h {side} that by the random seed, "
                                    "so it is not of UTC, as which it was taken", (said.path,)))
            return


def times(parts: Parts) -> Times:
    """Of started.json and finished.json where there are, else of what the tests left."""
    out = Times()
    out.begun = _of_junit(parts)
    for log in parts.logs:
        out.begun = out.begun or _of_log(parts, log, out.findings)
    if out.begun:
        _zone(parts, out.begun, out.findings)
        out.finished = _finish(parts, out.begun)
    out.started = out.begun
    if parts.build:
        _of_build(parts, out)
    if out.started and out.finished and out.finished.at < out.started.at:
        out.findings.append(Finding("times", ERROR, f"The end by the {out.finished.source} is before the start by the "
                                    f"{out.started.source}"))
        out.finished = None
    return out


def _of_build(parts: Parts, out: Times) -> None:
    for name, place in (("started.json", "started"), ("finished.json", "finished")):
        data = getattr(parts.build, place) or {}
        at = documents.moment(data.get("timestamp"))
        if at:
            setattr(out, place, Moment(at, name))
    if parts.build.finished is None:
        out.finished = None  # its tests may have ended, the build has not
