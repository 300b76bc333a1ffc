# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a run ended: the worst that any of its sources says. Passed only where all is there that could have said otherwise."""
from __future__ import annotations

from dataclasses import dataclass

from . import documents
from .junit import Report
from .model import FAILED, INCONCLUSIVE, PASSED, Counts, Source
from .parts import Parts


@dataclass(frozen=True)
class Judgement:
    """verdict; source: the kinds of files that say so, or why it cannot be told. complete: every test that ran is a case."""

    verdict: str
    source: str
    complete: bool


def dry(parts: Parts) -> bool:
    return any("true" in r.says("DryRun") for r in parts.reports)


def of_report(report: Report) -> str:
    """What a JUnit file says; "" where it ran nothing, or is not whole without a failure in what is there."""
    if any(c.bad for c in report.cases) or report.hides_failures or "false" in report.says("SuiteSucceeded"):
        return FAILED
    return PASSED if report.counts.ran and not report.broken else ""


def sources(parts: Parts) -> list[Source]:
    """Each file that says something about how it ended, by itself."""
    out = [Source(r.path, "junit", of_report(r), r.counts, r.ginkgo, r.size) for r in parts.reports]
    out += [Source(g.path, "log", g.verdict, g.counts, size=g.size) for g in parts.logs]
    if parts.results:
        out.append(Source(parts.results.path, "sonobuoy", parts.results.verdict, Counts.of(parts.results.cases),
                          size=parts.results.size))
    out += [Source(e.path, "sonobuoy-error", FAILED, size=e.size) for e in parts.errors]
    finished = parts.build.finished if parts.build else None
    if finished is not None:
        said = documents.passed(finished)
        out.append(Source(f"{parts.unit.place}/finished.json".lstrip("/"), "finished",
                          "" if said is None else PASSED if said else FAILED))
    return out


def lost_files(parts: Parts) -> int:
    """JUnit files of a parallel run of Ginkgo 1, one for each process, that are not there."""
    old = [r for r in parts.reports if r.ginkgo == 1 and r.cases]
    processes = max((g.processes for g in parts.logs), default=1)
    return max(0, processes - len(old)) if old and len(old) == len(parts.reports) else 0


def of_two_runs(parts: Parts) -> bool:
    """Whether log and JUnit have other seeds: they are of different runs."""
    logs, reports = ({s for p in kind for s in p.seeds} for kind in (parts.logs, parts.reports))
    return bool(logs and reports) and not logs & reports


def _doubt(parts: Parts, counts: Counts) -> str:
    """Why a run that nobody calls failed is not called passed, "" where it is."""
    broken = next((p.path for p in (*parts.reports, *parts.documents.values()) if p.broken), "")
    unwhole = next((g.path for g in parts.logs if g.broken or g.cut or not g.is_ginkgo), "")
    if parts.broken:
        return parts.broken
    if broken:
        return f"{broken} cannot be read"
    if parts.results and parts.results.broken:
        return f"{parts.results.path} cannot be read"
    if unwhole and not parts.reports:
        return f"{unwhole} is not whole"
    if not counts.ran:
        return "no test ran"
    if dry(parts):
        return "it was a dry run"
    if lacking := next((r.path for r in parts.reports if r.lacks_cases), ""):
        return f"{lacking} tells of more tests than it has"
    if of_two_runs(parts):
        return "log and JUnit are of different runs"
    if lost := lost_files(parts):
        return f"{lost} JUnit files are missing"
    if parts.build and (parts.build.finished is None or documents.passed(parts.build.finished) is None):
        return "the build has not finished"
    return ""


def judged(parts: Parts, said: list[Source], counts: Counts) -> Judgement:
    reports = [r for r in parts.reports if r.cases]
    complete = bool(reports) and not (parts.broken or lost_files(parts) or any(r.broken for r in parts.reports))
    complete = complete or bool(parts.results and not parts.results.broken and parts.results.cases and not parts.reports)
    failed = [s.kind for s in said if s.verdict == FAILED]
    if failed:
        return Judgement(FAILED, ", ".join(dict.fromkeys(failed)), complete)
    passed = [s.kind for s in said if s.verdict == PASSED]
    untold = [s.path for s in said if s.verdict == INCONCLUSIVE]
    why = _doubt(parts, counts) or (f"{untold[0]} does not tell" if untold else "") or ("" if passed else "nothing tells")
    if why:
        return Judgement(INCONCLUSIVE, why, complete)
    return Judgement(PASSED, ", ".join(dict.fromkeys(passed)), complete)
