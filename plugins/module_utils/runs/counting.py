# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cases of a run and how many there are: of JUnit, else of what a log says."""
from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from .junit import bare
from .log import Log
from .model import ERRORED, FAILED, PASSED, Case, Counts
from .parts import Parts

_LABEL = re.compile(r"\s\[[^\[\]]*\]$")
_ERRORED = {"panicked", "panic", "interrupted", "aborted"}


def _one_line(name: str) -> str:
    return " ".join(name.split())


def _tried_again(cases: list[Case], logs: list[Log]) -> None:
    """JUnit shows the last try only; how many there were is in the log, by the name, behind which one label may stand."""
    tries = {bare(name): n for log in logs for name, n in log.flaked.items()}
    tries = {**{_LABEL.sub("", name): n for name, n in tries.items()}, **tries}
    if tries:
        for case in cases:
            if case.outcome == PASSED and not case.setup:
                case.attempts = max(case.attempts, tries.get(_one_line(case.name), 1))


def _twins(cases: list[Case]) -> None:
    """Equal names that both ran are kept apart: they are different tests, or one that ran twice."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for case in cases:
        if case.ran and not case.setup:
            key = (case.suite, case.name, case.node)
            case.twin = seen[key]
            seen[key] += 1


def _of_log(log: Log) -> list[Case]:
    failed = [Case(name, ERRORED if status in _ERRORED else FAILED, status=status, file=log.path)
              for name, status in log.failed]
    return failed + [Case(bare(name), PASSED, attempts=tries, file=log.path) for name, tries in log.flaked.items()]


def log_counts(parts: Parts) -> Counts | None:
    """Of all logs together, None where none has a summary."""
    known = [c for log in parts.logs if (c := log.counts)]
    if not known:
        return None
    return Counts(*(sum(getattr(c, n) for c in known) for n in ("passed", "failed", "errored", "skipped", "flaked")))


def counted(parts: Parts) -> tuple[list[Case], Counts, str]:
    """(cases, counts, what told the counts)."""
    cases, told = parts.cases, log_counts(parts)
    if cases:
        _tried_again(cases, parts.logs)
        _twins(cases)
        counts = Counts.of(cases)
        flaked = max(counts.flaked, told.flaked if told else 0)
        source = "JUnit" if any(r.cases for r in parts.reports) else "sonobuoy_results.yaml"
        return cases, replace(counts, flaked=flaked), source
    cases = [c for log in parts.logs for c in _of_log(log)]
    _twins(cases)
    return cases, told or Counts(), "the log's summary" if told else ""
