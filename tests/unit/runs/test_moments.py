# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a run began and ended: the cascade, years, New Year, zones."""
from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.runs.read import read
from ansible_collections.assay.clusters.plugins.module_utils.runs.stamps import go_duration
from ansible_collections.assay.clusters.tests.unit.runs.builders import (
    GOOD, codes, folder, ginkgo1, ginkgo2, new_log, old_log, one, summary)

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
NO_YEAR = {"seed": 42}  # somebody chose it
STAMP, KLOG = "first stamp of the log", "first klog line of the log"


def told(run) -> tuple:
    return (str(run.started.at)[:19], run.started.source, run.finished and run.finished.source, run.seconds)


@pytest.mark.parametrize(("files", "wanted"), [
    ({"e2e.log": old_log(), "junit_01.xml": ginkgo2(GOOD, "2024-08-22T22:02:40")},
     ("2024-08-22 22:02:40", "timestamp of the JUnit", "timestamp and time of the JUnit", 61.5)),
    ({"e2e.log": old_log(), "junit_01.xml": ginkgo1(GOOD, 59.5)},
     ("2024-08-22 22:02:33", STAMP, "start and time of the JUnit", 59.5)),
    ({"e2e.log": old_log()}, ("2024-08-22 22:02:33", STAMP, "start and seconds of the log's summary", 61.5)),
    ({"e2e.log": old_log(ending="")}, ("2024-08-22 22:02:33", STAMP, "last stamp of the log", 61.516)),
    ({"e2e.log": new_log()}, ("2024-08-22 22:02:33", KLOG, "start and seconds of the log's summary", 61.5)),
    ({"e2e.log": new_log(ending="SUCCESS! -- 2 Passed | 0 Failed | 0 Pending | 1 Skipped\nGinkgo ran 1 suite in 1h1m9.5s\n")},
     ("2024-08-22 22:02:33", KLOG, "start and Ginkgo's own time", 3669.5)),
    ({"e2e.log": new_log(klog="")}, ("2024-08-22 22:02:32", "random seed of the log",
                                     "start and seconds of the log's summary", 61.5)),
    ({"e2e.log": new_log(klog="",
                         ending="  STEP: Creating a pod @ 08/22/24 22:02:34.5\n  STEP: Gone - f.go:1 @ 08/22/24 22:02:35.001\n"
                         "  STEP: Done @ 08/22/24 22:02:40.001\n", seed=42)},
     ("2024-08-22 22:02:35", "first time of a step of the log", "last time of a step of the log", 5.0))])
def test_the_cascade(tmp_path: Path, files: dict[str, str], wanted: tuple) -> None:
    assert told(one(tmp_path, files)) == wanted


def test_processes_of_a_parallel_run_are_of_one_time(tmp_path: Path) -> None:
    files = {f"junit_0{n}.xml": ginkgo1([(f"t{n}", "passed")], 10.0 * n) for n in (1, 2, 3)}
    assert one(tmp_path, {"e2e.log": old_log(), **files}).seconds == 30.0


def test_nothing_that_tells(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": new_log(klog="", **NO_YEAR)})
    assert run.started is run.finished is run.seconds is None and run.verdict == "passed"


@pytest.mark.parametrize(("year", "begin", "end", "modified", "started", "seconds", "notes"), [
    (0, "Dec 31 23:59:00", "Jan  1 00:01:00", "2026-01-01", "2025-12-31", 120.5, ["year"]),
    (2019, "Dec 31 23:59:00", "Jan  1 00:01:00", "2026-01-01", "2019-12-31", 120.5, []),
    (0, "Aug 22 22:02:33", "Aug 22 22:03:34", "2025-09-01", "2025-08-22", 61.5, ["year"]),
    (0, "Aug 22 22:02:33", "Aug 22 22:03:34", "2025-02-01", "2024-08-22", 61.5, ["year"]),
    (0, "Jan 31 10:00:00", "Feb  5 10:00:00", "2025-02-01", "2024-01-31", 432000.5, ["year"]),
    (0, "Feb 29 10:00:00", "Feb 29 10:01:00", "2026-02-01", "2024-02-29", 60.5, ["year"])])
def test_years_and_new_year(tmp_path: Path, year: int, begin: str, end: str, modified: str, started: str, seconds: float,
                            notes: list[str]) -> None:
    root = folder(tmp_path, {"e2e.log": old_log(begin, end, ending="", **NO_YEAR)})
    at = datetime.fromisoformat(f"{modified}T12:00:00+00:00").timestamp()
    os.utime(root / "e2e.log", (at, at))
    (run,) = read(root, year=year, now=NOW)
    assert str(run.started.at)[:10] == started and run.seconds == pytest.approx(seconds, abs=0.1)
    assert [c for c in codes(run) if c != "log-cut"] == notes


def test_over_new_year_by_the_seed(tmp_path: Path) -> None:
    seed = int(datetime(2019, 12, 31, 23, 58, 59, tzinfo=timezone.utc).timestamp())
    run = one(tmp_path, {"e2e.log": old_log("Dec 31 23:59:00", "Jan  1 00:01:00", seed, ending="")})
    assert told(run)[0] == "2019-12-31 23:59:00" and run.seconds == pytest.approx(120.5, abs=0.1) and codes(run) == ["log-cut"]


def test_a_zone_is_told_by_the_seed(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": old_log(), "junit_01.xml": ginkgo2(GOOD, "2024-08-23T00:02:33")})
    assert codes(run) == ["zone"] and "is 2 h after that by the random seed" in run.findings[0].message


@pytest.mark.parametrize("stamp", ["2024-08-22T22:12:33", "2024-08-22T23:09:33", "2024-08-24T22:02:33"])
def test_what_is_no_zone_is_not_told(tmp_path: Path, stamp: str) -> None:
    """The suite began later than Ginkgo did, or somebody chose the seed."""
    assert codes(one(tmp_path, {"e2e.log": old_log(), "junit_01.xml": ginkgo2(GOOD, stamp)})) == []


def test_a_stamp_after_marks_of_tests_counts(tmp_path: Path) -> None:
    log = old_log(ending="SS•Aug 22 22:10:00.000: INFO: Running AfterSuite\n")
    assert one(tmp_path, {"e2e.log": log}).seconds == pytest.approx(446.7, abs=0.1)


@pytest.mark.parametrize("stamp", ["Foo 22 22:02:33", "Aug 99 22:02:33", "Aug 22 25:02:33", "Feb 30 22:02:33"])
def test_what_only_looks_like_a_stamp(tmp_path: Path, stamp: str) -> None:
    run = one(tmp_path, {"e2e.log": f"{stamp}.123: INFO: x\n" + new_log(klog="")})
    assert run.started.source == "random seed of the log"


@pytest.mark.parametrize("stamp", ["", "yesterday", "0001-01-01T00:00:00", "2024-13-01T00:00:00"])
def test_a_timestamp_that_is_none(tmp_path: Path, stamp: str) -> None:
    run = one(tmp_path, {"junit_01.xml": ginkgo2(GOOD, stamp)})
    assert run.started is None and run.verdict == "passed"


@pytest.mark.parametrize(("text", "seconds"), [("1h40m19.8s", 6019.8), ("59.5s", 59.5), ("250ms", 0.25),
                                               ("1h0m0s", 3600), ("x", 0)])
def test_durations_of_go(text: str, seconds: float) -> None:
    assert go_duration(text) == pytest.approx(seconds)


def test_a_summary_of_seconds_that_no_run_takes(tmp_path: Path) -> None:
    assert one(tmp_path, {"e2e.log": old_log(ending=summary(seconds=9e12))}).finished is None
