# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what files say to runs."""
from __future__ import annotations

from dataclasses import replace

from . import compare, counting, documents, judge, moments, places
from .documents import Checked, Document
from .model import ERROR, FAILED, INCONCLUSIVE, NOTE, PROW, VALIDATE, WARNING, Counts, Finding, Moment, Run, Source
from .parts import Parts


def _versions(parts: Parts) -> tuple[str, str]:
    """(of the tests, of the API server)."""
    e2e = next((v for g in parts.logs for v in g.e2e_versions), "")
    server = next((v for g in parts.logs for v in g.server_versions), "")
    return e2e, server


def tests(parts: Parts) -> Run:
    """The run of a unit of tests, of a plugin, of a build."""
    unit = parts.unit
    if unit.of == PROW:
        log = next((p for p in unit.paths if p == f"{unit.place}/{places.BUILD_LOG}".lstrip("/")), "")
        parts.build = documents.build(parts.wish.where(unit.place), parts.documents, log)
    cases, counts, told = counting.counted(parts)
    times = moments.times(parts)
    said = judge.sources(parts)
    verdict = judge.judged(parts, said, counts)
    e2e, server = _versions(parts)
    found = compare.findings(parts, cases, counts, e2e, server)
    return Run(kind=unit.of, place=unit.place, name=parts.build.job if parts.build else unit.name, started=times.started,
               finished=times.finished, verdict=verdict.verdict, verdict_source=verdict.source, counts=counts,
               counts_source=told,
               e2e_version=e2e, server_version=server or parts.server, complete=verdict.complete, cases=cases,
               findings=found + times.findings, sources=said, build=parts.build, ours=parts.ours)


# ---- our own checks ---------------------------------------------------------------------------------------------
def _stored_otherwise(checked: Checked, counts: Counts, verdict: str) -> list[Finding]:
    """Where a stored run's own verdict and counts are not those of its records."""
    stored, at = documents.string(checked.data.get("verdict")), (checked.path,)
    numbers = documents.mapping(checked.data.get("counts"))
    records = len(checked.data["records"])
    wrong = []
    if stored and (stored == FAILED) != (verdict == FAILED):
        wrong.append(f"its verdict is {stored} and a record {'has' if verdict == FAILED else 'has not'} failed")
    known = [n for n in numbers.values() if isinstance(n, int)]
    if known and (sum(known) != records or numbers.get("failed", counts.failed) != counts.failed):
        wrong.append(f"it counts {sum(known)} records of which {numbers.get('failed', 0)} failed, and has {records} of which "
                     f"{counts.failed} failed")
    return [Finding("records-counts", WARNING,
                    f"{checked.cluster or 'A run'} in {checked.path}: {w}; the records count", at) for w in wrong]


def _checked(checked: Checked, parts: Parts) -> Run:
    cases = checked.cases()
    counts = Counts.of(cases)
    verdict = checked.verdict(cases)
    begun, ended = checked.started, checked.finished
    version = documents.string(checked.data.get("version"))
    found = _stored_otherwise(checked, counts, verdict)
    claimed, whose = parts.claimed
    if claimed and version and compare.minor(claimed) != compare.minor(version):
        found.append(Finding("version-claimed", ERROR if parts.wish.version else WARNING,
                             f"Version {claimed} {whose}, but the API server is {version}", (checked.path,)))
    if not counts.ran:
        found.append(Finding("nothing-ran", ERROR, "No check ran", (checked.path,)))
    source = Source(checked.path, "records", verdict, counts)
    return Run(VALIDATE, parts.unit.place, cluster=checked.cluster, started=Moment(begun, "record") if begun else None,
               finished=Moment(ended, "record") if ended else None, verdict=verdict, verdict_source="records",
               counts=counts, counts_source="records", server_version=version, complete=True, cases=cases, findings=found,
               sources=[source])


def checks(parts: Parts, files: list[Document]) -> list[Run]:
    """A run for each cluster: of records.json, and where that is missing of the files in clusters/."""
    files = sorted(files, key=lambda d: not d.path.endswith(places.RECORDS))
    broken = [Finding("unreadable", ERROR, f"{d.path} {d.broken}", (d.path,)) for d in files if d.broken]
    found: dict[str, Checked] = {}
    later: list[Finding] = []
    for document in files:
        for one in documents.checked(document):
            if one.cluster not in found:
                if any(d.path.endswith(places.RECORDS) and not d.broken for d in files) and document.path != files[0].path:
                    later.append(Finding("not-reported", NOTE,
                                         f"{document.path} is not in {places.RECORDS}: it may be of another time",
                                         (document.path,)))
                found[one.cluster] = one
    runs = [_checked(c, parts) for c in found.values()]
    for run in runs:
        run.findings += [f for f in later if f.files[0] == run.sources[0].path] + broken
    if not runs and broken:
        runs = [Run(VALIDATE, parts.unit.place, findings=broken)]
    why = parts.broken or (f"{broken[0].files[0]} cannot be read" if broken else "")
    return [replace(r, verdict=INCONCLUSIVE, verdict_source=why) if why and r.verdict != FAILED else r for r in runs]
