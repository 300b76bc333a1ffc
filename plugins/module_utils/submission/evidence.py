# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run proves: its tests one by one, the versions, and what its files disagree on."""
from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ..common.words import plural
from ..runs.model import PASSED, SKIPPED, Case, Run
from . import lines
from .layout import Place
from .model import ERROR, JUNIT, LOG, MARK, NOTE, WARNING, Finding, number
from .required import Required, key

# Said here with more weight, or about tests that are named one by one.
_OURS = {"version-skew", "version-claimed", "nothing-ran"}
_SHOWN = 300
_BEFORE_RELEASE = re.compile(r"-(?:alpha|beta|rc)\.\d+")


# ---- tests ------------------------------------------------------------------------------------------------------
def _names(run: Run) -> dict[str, list[Case]]:
    out: dict[str, list[Case]] = {}
    for case in run.tests():
        out.setdefault(key(case.name), []).append(case)
    return out


def _of(cases: list[Case], wanted: bool) -> tuple[str, str]:
    """(code, why) of what is wrong with the cases of one name. wanted: it must have run."""
    bad = [c for c in cases if c.bad]
    if bad:
        how = {"timedout": "timed out", "": bad[0].outcome}.get(bad[0].status, bad[0].status)
        return "test-failed", f"{how}, and a submission has no failed test"
    flaked = [c for c in cases if c.flaked]
    if flaked:
        return "test-flaked", f"passed only at try {flaked[0].attempts}, and must pass at the first"
    if wanted and all(c.outcome == SKIPPED for c in cases):
        return "test-skipped", "was skipped, and a run for certification skips no conformance test"
    return "", ""


def _bounded(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"


def _hidden(run: Run, place: Place) -> list[Finding]:
    """Tests that passed at a later try, as many as the log counts and does not name."""
    count = run.counts.flaked - sum(c.flaked for c in run.tests())
    if count <= 0:
        return []
    return [Finding("test-flaked", ERROR, f"{plural(count, 'test')} passed only at a later try, which the log counts and does "
                                          "not name", place.of(LOG), lines.first(place.folder / LOG, " Flaked | "))]


def tests(run: Run, required: Required | None, place: Place) -> list[Finding]:
    """One finding for each test that is in the way, named, with its line in JUnit or, where it is not there, in the list."""
    if not run.complete:
        return [Finding("tests-unknown", ERROR, "Which tests ran is not known: a whole JUnit file tells it", place.of(JUNIT))]
    known = _names(run)
    must = set(required.tests) if required else {n for n in known if MARK in n}
    wrong = {n: (*said, cases[0].name) for n, cases in known.items() if (said := _of(cases, n in must))[0]}
    at = lines.of_tests(place.folder / JUNIT, set(wrong))
    out = [Finding(code, ERROR, f"{_bounded(name)} {why}", place.of(JUNIT), at.get(n, 0), name)
           for n, (code, why, name) in wrong.items()]
    out += _hidden(run, place)
    if required:
        out += [Finding("test-missing", ERROR, f"{_bounded(name)} did not run, and {place.release} requires it", required.file,
                        line, name) for n, (name, line) in required.tests.items() if n not in known]
        out += required.doubts(place.release)
    return out


def passed(run: Run, required: Required) -> int:
    """How many of the required tests ran and passed."""
    return sum(any(c.outcome == PASSED for c in cases) and not any(c.bad for c in cases)
               for n, cases in _names(run).items() if n in required.tests)


# ---- versions ---------------------------------------------------------------------------------------------------
def versions(run: Run, place: Place, server: str) -> Iterator[Finding]:
    """server: the version of the API server that somebody else told, "" for none."""
    told, log = run.server_version or server, place.folder / LOG

    def at(words: str) -> int:
        return lines.first(log, words)

    if told and number(told) != number(place.release):
        yield Finding("version-server", ERROR, f"The API server was {told}, and the folder is {place.release}", place.of(LOG),
                      at("kube-apiserver version: "))
    if run.e2e_version and number(run.e2e_version) != number(told or place.release):
        against = f"the API server is {told}" if told else f"the folder is {place.release}"
        yield Finding("version-tests", ERROR, f"The tests are of {run.e2e_version}, and {against}", place.of(LOG),
                      at("e2e test version: "))
    if told and _BEFORE_RELEASE.search(told):
        yield Finding("version-early", WARNING, f"The API server was {told}, which is no official release", place.of(LOG))
    if not told:
        yield Finding("version-unknown", NOTE, "The version of the API server is not in the log, as since Kubernetes 1.27: "
                                               "server_version can tell it", place.of(LOG))


# ---- sources ----------------------------------------------------------------------------------------------------
def disagreements(run: Run, place: Place, server: str) -> Iterator[Finding]:
    """What the reading of the run found."""
    for finding in run.findings:
        name = os.path.basename(finding.files[0]) if finding.files else ""
        if finding.code in _OURS and not (finding.code == "version-claimed" and server):
            continue
        yield Finding(finding.code, finding.severity, finding.message, place.of(name) if name else "")


def verdict(run: Run, found: list[Finding]) -> list[Finding]:
    """A run that has not passed is refused, if nothing else says why."""
    if run.verdict == PASSED or any(f.severity == ERROR for f in found):
        return []
    return [Finding("not-passed", ERROR, f"The run is {run.verdict}: {run.verdict_source}")]


def of_source(run: Run, found: list[Finding]) -> list[Finding]:
    """What a source says of the run beside the two files, such as an error of Sonobuoy or a failed build. found: of them."""
    codes = {f.code for f in found} | _OURS
    out = [Finding(f.code, f.severity, f.message) for f in run.findings
           if f.code not in codes and not f.code.startswith(("junit-", "log-"))]
    return out + verdict(run, [*found, *out])
