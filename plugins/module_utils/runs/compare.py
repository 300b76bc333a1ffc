# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the sources of a run disagree, or are not what they seem: findings, one sentence each."""
from __future__ import annotations

import re
from collections.abc import Iterator

from ..common.words import plural
from . import documents, judge, places
from .counting import log_counts
from .junit import Report, Suite
from .log import Log
from .model import ERROR, FAILED, NOTE, PASSED, WARNING, Case, Counts, Finding
from .parts import Parts

Findings = Iterator[Finding]
_MINOR = re.compile(r"v?(\d+)\.(\d+)")
_SAME = re.compile(r"v?(\d+\.\d+\.\d+)$")


def _listed(names: list[str], most: int = 3) -> str:
    short = [n if len(n) <= 120 else f"{n[:119]}…" for n in names[:most]]
    return ", ".join(short) + (f", +{len(names) - most} more" if len(names) > most else "")


# ---- JUnit by itself --------------------------------------------------------------------------------------------
def _attributes(suite: Suite) -> str:
    """What the numbers of a suite say other than its elements, "" where they agree. Ginkgo 1 counts only what ran."""
    told, not_run = suite.numbers, suite.outcomes["skipped"]
    ran = suite.elements - not_run
    wrong = []
    if "tests" in told and told["tests"] not in (suite.elements, ran):
        wrong.append(f"{told['tests']} tests, and has {suite.elements} of which {ran} ran")
    if "failures" in told and suite.told_bad != suite.bad:
        wrong.append(f"{suite.told_bad} failures and errors, and has {suite.bad}")
    if "skipped" in told and not_run not in (told["skipped"], told["skipped"] + told.get("disabled", 0)):
        wrong.append(f"{told['skipped'] + told.get('disabled', 0)} skipped, and has {not_run}")
    return "; ".join(wrong)


def _report(report: Report) -> Findings:
    at = (report.path,)
    if report.broken:
        kept = f"; the {plural(len(report.cases), 'case')} before it count" if report.cases else ""
        yield Finding("junit-unreadable", ERROR, f"{report.path} {report.broken}{kept}", at)
    elif not report.cases:
        yield Finding("junit-empty", ERROR, f"{report.path} has no test case", at)
    if not report.broken:
        wrong = [f"{s.name or 'its suite'} says {w}" for s in report.counting if (w := _attributes(s))]
        if wrong:
            yield Finding("junit-attributes", WARNING, f"{report.path}: {_listed(wrong)}; its elements count", at)
    if report.odd:
        yield Finding("junit-status", WARNING,
                      f"{report.path}: {plural(len(report.odd), 'case')} with a status that is not that of "
                      f"the elements ({_listed(report.odd)}); the worse one counts", at)
    if "false" in report.says("SuiteSucceeded") and not any(c.bad for c in report.cases):
        why = _listed(sorted(report.says("SpecialSuiteFailureReason") - {""}))
        yield Finding("suite-failed", ERROR, f"{report.path}: the suite has failed, though none of its cases has" +
                      (f": {why}" if why else ""), at)
    if report.encoding.lower() not in ("", "utf-8", "utf8"):
        yield Finding("junit-encoding", NOTE, f"{report.path} is {report.encoding}; TestGrid reads UTF-8 only", at)


def _same_names(cases: list[Case]) -> Findings:
    twins = {(c.suite, c.name, c.node) for c in cases if c.twin}
    if not twins:
        return
    outcomes: dict[tuple[str, str, str], set[str]] = {}
    for case in cases:
        if case.ran and (key := (case.suite, case.name, case.node)) in twins:
            outcomes.setdefault(key, set()).add(case.outcome)
    mixed = sorted(k[1] for k, v in outcomes.items() if len(v) > 1)
    names = mixed or sorted(k[1] for k in twins)
    files = tuple(sorted({c.file for c in cases if c.twin}))
    yield Finding("same-name", WARNING if mixed else NOTE, f"{plural(len(names), 'name')} ran more than once" +
                  (", with different outcomes" if mixed else "") + f" ({_listed(names)}); they are kept apart", files)


def _cases(parts: Parts, cases: list[Case]) -> Findings:
    yield from _same_names(cases)
    setup = [c for c in cases if c.setup and c.bad]
    if setup:
        yield Finding("setup-failed", ERROR,
                      f"Nodes of the suite failed, which are no tests: {_listed([c.name for c in setup])}",
                      tuple({c.file for c in setup}))
    if judge.dry(parts):
        yield Finding("dry-run", ERROR, "It was a dry run: tests that are told as passed did not run",
                      tuple(r.path for r in parts.reports))
    tries = max((int(t) for r in parts.reports for t in r.says("FlakeAttempts") if t.isdigit() and len(t) < 6), default=0)
    if tries > 1 and not parts.logs:
        yield Finding("flakes-hidden", NOTE,
                      f"Tests that failed were tried up to {tries} times; JUnit shows the last try only, and "
                      "there is no log", tuple(r.path for r in parts.reports))


# ---- logs -------------------------------------------------------------------------------------------------------
def _log(log: Log) -> Findings:
    at = (log.path,)
    if log.broken:
        yield Finding("log-unreadable", ERROR, f"{log.path} {log.broken}; what comes after is not known", at)
    if not log.size:
        yield Finding("log-empty", ERROR, f"{log.path} is empty", at)
    elif not log.is_ginkgo and not log.broken:
        yield Finding("log-unknown", WARNING, f"{log.path} has no word of Ginkgo, so it tells nothing of the tests", at)
    elif log.cut:
        yield Finding("log-cut", WARNING, f"{log.path} ends before its summary, so it is cut or the tests were", at)
    if log.closing == FAILED and log.summaries and all(s.verdict == PASSED for s in log.summaries):
        yield Finding("log-closing", WARNING, f'{log.path}: every summary is a success, but it says "Test Suite Failed"', at)
    if reasons := [s.reason for s in log.summaries if s.reason]:
        yield Finding("log-reason", NOTE, f"{log.path}: {_listed(reasons)}", at)


def _log_and_junit(parts: Parts, cases: list[Case]) -> Findings:
    if judge.of_two_runs(parts):
        yield Finding("other-run", ERROR, "Log and JUnit have different random seeds, so they are of different runs",
                      tuple(p.path for p in (*parts.logs, *parts.reports)))
    told, found = log_counts(parts), Counts.of(cases)
    reports = [r for r in parts.reports if not r.broken]
    if told is None or not reports or judge.lost_files(parts):
        return
    files = tuple(p.path for p in (*parts.logs, *reports))
    verdicts = {g.verdict for g in parts.logs} - {""}, {judge.of_report(r) for r in reports} - {""}
    by_log, by_junit = (FAILED if FAILED in v else PASSED if v else "" for v in verdicts)
    if by_log and by_junit and by_log != by_junit:
        yield Finding("log-junit-verdict", ERROR, f"The log says {by_log}, JUnit says {by_junit}", files)
    wrong = [f"{a} {word} by the log and {b} by JUnit" for word, a, b in (
        ("passed", told.passed, found.passed), ("failed", told.bad, found.bad),
        ("skipped", told.skipped, found.skipped)) if a != b]
    if wrong:
        yield Finding("log-junit-counts", WARNING, f"Log and JUnit count otherwise: {_listed(wrong)}", files)


def _lost(parts: Parts) -> Findings:
    if lost := judge.lost_files(parts):
        yield Finding("junit-missing", ERROR,
                      f"The log tells of {max(g.processes for g in parts.logs)} processes, each with a JUnit file; "
                      f"{lost} of them {'is' if lost == 1 else 'are'} missing", tuple(g.path for g in parts.logs))


# ---- versions ---------------------------------------------------------------------------------------------------
def minor(version: str) -> str:
    """"1.31" of "v1.31.4+k3s1"; "" for what is no version."""
    found = _MINOR.match(version)
    return f"{found[1]}.{found[2]}" if found else ""


def _other(claimed: str, version: str) -> bool:
    """Whether a version is not the claimed one, which may name a minor release only."""
    exact = _SAME.match(claimed)
    if exact:
        return not re.match(rf"v?{re.escape(exact[1])}(?!\d)", version)
    return minor(claimed) != minor(version)


def _versions(parts: Parts, e2e: str, server: str) -> Findings:
    logs = tuple(g.path for g in parts.logs)
    for what, found in (("API server", [v for g in parts.logs for v in g.server_versions]),
                        ("tests", [v for g in parts.logs for v in g.e2e_versions])):
        if len(several := list(dict.fromkeys(found))) > 1:
            yield Finding("version-several", WARNING, f"The log names several versions of the {what}: {_listed(several)}", logs)
    if parts.server and server and parts.server.partition("+")[0] != server.partition("+")[0]:
        told = f"The API server is {server} by the log and {parts.server} by "
        yield (Finding("version-sonobuoy", WARNING, f"{told}Sonobuoy", logs) if places.SERVER in parts.documents else
               Finding("version-several", WARNING, f"{told}{places.CONFORMANCE}", logs))
    if e2e and server and minor(e2e) != minor(server):
        yield Finding("version-skew", WARNING, f"The tests are of {e2e}, the API server is {server}", logs)
    claimed, whose = parts.claimed
    known = server or parts.server or e2e
    if claimed and known and _other(claimed, known):
        what = "the API server is" if server or parts.server else "the tests are of"
        yield Finding("version-claimed", ERROR if parts.wish.version else WARNING,
                      f"Version {claimed} {whose}, but {what} {known}", logs)


# ---- Prow, Sonobuoy ---------------------------------------------------------------------------------------------
def _build(parts: Parts, tests: str) -> Findings:
    build = parts.build
    if build is None:
        return
    if build.finished is None:
        yield Finding("prow-unfinished", WARNING,
                      "There is no finished.json that can be read: the build runs still, or its end was lost")
        return
    if build.started is None:
        yield Finding("prow-started", WARNING, "There is no started.json that can be read")
    said, by_result = documents.passed(build.finished), documents.succeeded(build.finished)
    if by_result is not None and said != by_result:
        yield Finding("prow-verdict", WARNING,
                      f"finished.json says passed: {str(said).lower()} and result: {build.finished.get('result')}; "
                      "TestGrid believes the one, Kettle the other")
    if said is None:
        yield Finding("prow-verdict", WARNING, "finished.json says neither passed nor result")
    elif said and tests == FAILED:
        yield Finding("prow-tests", ERROR, "finished.json says that the build passed, but tests failed")
    elif not said and tests == PASSED:
        yield Finding("prow-tests", WARNING,
                      "finished.json says that the build failed, though all tests passed: it failed outside of them")


def _sonobuoy(parts: Parts, tests: str) -> Findings:
    for error in parts.errors:
        from_file = documents.mapping(error.data).get("error") or error.broken or "it does not say which"
        yield Finding("sonobuoy-error", ERROR,
                      f"{error.path}: Sonobuoy has an error: {' '.join(str(from_file).split())[:500]}", (error.path,))
    results = parts.results
    if results is None:
        return
    at = (results.path,)
    if results.broken:
        yield Finding("sonobuoy-unreadable", ERROR, f"{results.path} {results.broken}", at)
    elif results.verdict in (PASSED, FAILED):
        if tests and tests != results.verdict and not parts.errors:
            yield Finding("sonobuoy-junit", ERROR, f"Sonobuoy says {results.status}, its JUnit says {tests}", at)
    else:
        yield Finding("sonobuoy-status", WARNING,
                      f"{results.path}: the status {results.status or 'that is missing'} does not say whether it "
                      "passed", at)


# ---- all --------------------------------------------------------------------------------------------------------
def findings(parts: Parts, cases: list[Case], counts: Counts, e2e: str, server: str) -> list[Finding]:
    """In the order in which they matter to a reader."""
    by_tests = {judge.of_report(r) for r in parts.reports} - {""}
    tests = FAILED if FAILED in by_tests else PASSED if by_tests else ""
    out = [f for r in parts.reports for f in _report(r)]
    out += [f for g in parts.logs for f in _log(g)]
    out += [Finding("unreadable", ERROR, f"{d.path} {d.broken}", (d.path,)) for d in parts.documents.values() if d.broken]
    out += [*_lost(parts), *_cases(parts, cases), *_log_and_junit(parts, cases), *_sonobuoy(parts, tests),
            *_build(parts, tests), *_versions(parts, e2e, server)]
    if not counts.ran and counts.skipped:
        out.append(Finding("nothing-ran", ERROR, f"No test ran: {counts.skipped} were skipped"))
    weight = (ERROR, WARNING, NOTE)
    return sorted(out, key=lambda f: weight.index(f.severity))
