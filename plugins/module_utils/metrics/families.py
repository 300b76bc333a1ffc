# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs tell as numbers: metrics by Prometheus' rules of names, as plain data.

https://prometheus.io/docs/practices/naming/: one prefix, base units as suffix, what differs in labels. A state is a series
for each of its values, 1 for the one that it has, as of kube-state-metrics. No label holds what differs with each run, such
as its id.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..results import causes
from ..results.record import VERDICTS

Samples = Iterator[tuple[tuple[str, ...], float]]
_CHECK = ("cluster", "domain", "check")


@dataclass(frozen=True)
class Family:
    """A gauge. samples: values of its labels and the number, of each run as `clean_run` gives it."""

    name: str
    about: str
    labels: tuple[str, ...]
    samples: Callable[[Mapping[str, Any]], Samples]


def _records(run: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Each check once, as series may be; of one that ran twice its worst record, of equal ones the last."""
    found: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for record in run["records"]:
        key = (run["cluster"], record["domain"], record["check"])
        other = found.get(key)
        if other is None or VERDICTS.index(record["verdict"]) <= VERDICTS.index(other["verdict"]):
            found[key] = record
    yield from found.items()


def _verdicts(labels: tuple[str, ...], verdict: str) -> Samples:
    return (((*labels, v), float(v == verdict)) for v in VERDICTS)


def _check_verdict(run: Mapping[str, Any]) -> Samples:
    for labels, record in _records(run):
        yield from _verdicts(labels, record["verdict"])


def _check_cause(run: Mapping[str, Any]) -> Samples:
    for labels, r in _records(run):
        if r["cause"]:
            layer = "" if r["layer"] is None else str(r["layer"])
            yield (*labels, r["cause"], layer, r["confidence"], r["consequence_of"]), 1.0


def _check_duration(run: Mapping[str, Any]) -> Samples:
    return ((labels, float(r["seconds"])) for labels, r in _records(run))


def _run_verdict(run: Mapping[str, Any]) -> Samples:
    return _verdicts((run["cluster"],), run["verdict"])


def _run_start(run: Mapping[str, Any]) -> Samples:
    try:
        began = datetime.fromisoformat(run["started"])
    except ValueError:  # it never began
        return
    yield (run["cluster"],), (began if began.tzinfo else began.replace(tzinfo=timezone.utc)).timestamp()


def _run_duration(run: Mapping[str, Any]) -> Samples:
    yield (run["cluster"],), float(run["seconds"])


def _run_leftovers(run: Mapping[str, Any]) -> Samples:
    yield (run["cluster"],), float(len(causes.leftovers(run)))  # type: ignore[arg-type]


def _cluster_info(run: Mapping[str, Any]) -> Samples:
    yield (run["cluster"], run["version"]), 1.0


FAMILIES = (
    Family("assay_check_verdict", "How a check ended: 1 for its verdict, 0 for the others.", (*_CHECK, "verdict"),
           _check_verdict),
    Family("assay_check_cause_info", "The cause of what a check found; consequence_of is empty for a root.",
           (*_CHECK, "cause", "layer", "confidence", "consequence_of"), _check_cause),
    Family("assay_check_duration_seconds", "How long a check took.", _CHECK, _check_duration),
    Family("assay_run_verdict", "How a cluster is: 1 for the worst verdict of its checks, 0 for the others.",
           ("cluster", "verdict"), _run_verdict),
    Family("assay_run_start_timestamp_seconds", "When the run began, since 1970.", ("cluster",), _run_start),
    Family("assay_run_duration_seconds", "How long the run took.", ("cluster",), _run_duration),
    Family("assay_run_leftover_objects", "Objects of ours that the clean-up could not remove.", ("cluster",), _run_leftovers),
    Family("assay_cluster_info", "The version of the cluster's API server.", ("cluster", "version"), _cluster_info),
)
LABELS = frozenset(label for family in FAMILIES for label in family.labels)


def samples(family: Family, runs: Iterable[Mapping[str, Any]]) -> Samples:
    """In the order of the clusters' names, so that a file of the same runs is the same."""
    for run in sorted(runs, key=lambda r: r["cluster"]):
        yield from family.samples(run)
