# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Alerts of rows, the status of a tab, how flaky it is: each rule of TestGrid, drawn as letters with the newest first."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid import alerts, flips, summary
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid.cells import Cell
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid.status import Status
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid.summary import Summary
from ansible_collections.assay.clusters.tests.unit.testgrid.grids import DAY, HOUR, NOW, drawn

GROUP: dict[str, Any] = {"num_columns_recent": 5}


# ---- alerts ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("row", "opens", "closes", "failures"), [
    ("FFF", 0, 1, 0), ("FFF", 3, 1, 3), ("FF", 3, 1, 0), ("FFFPP", 3, 1, 3), ("FFPF", 2, 1, 2), ("PFFF", 2, 1, 0),
    ("PFFF", 2, 2, 3),
    ("PPFF", 2, 2, 0), ("FPFF", 2, 2, 3), ("FPF", 1, 2, 2), ("FPPF", 1, 2, 1), ("-F-F-", 2, 1, 2), ("RFF", 2, 1, 2),
    ("RRPFF", 2, 1, 0),
    ("FKF", 2, 1, 0), ("FFKF", 2, 1, 2), ("KFF", 2, 1, 2), ("SFF", 2, 1, 0), ("FFS", 2, 1, 2), ("", 1, 1, 0), ("PKFF", 2, 2, 2),
    ("FFPFP", 2, 2, 3), ("UFF", 2, 1, 2), ("FPF", 2, 2, 0), ("PKPFF", 2, 2, 2)])
def test_alerts(row: str, opens: int, closes: int, failures: int) -> None:
    grid = drawn(row or "-")
    found = alerts.alert(grid.rows[0], grid.columns, opens, closes)
    assert (found.failures if found else 0) == failures


@pytest.mark.parametrize(("row", "opens", "closes", "first", "latest", "passed"), [
    ("FFP", 2, 1, "commit-1", "commit-0", "commit-2"), ("-F-F-", 2, 1, "commit-3", "commit-1", None),
    ("FFPFPP", 2, 2, "commit-3", "commit-0", "commit-4"), ("FFK", 2, 1, "commit-1", "commit-0", None)])
def test_an_alert_tells_where_it_began(row: str, opens: int, closes: int, first: str, latest: str, passed: str | None) -> None:
    grid = drawn(row)
    found = alerts.alert(grid.rows[0], grid.columns, opens, closes)
    assert found and (found.first.headers[0], found.latest.headers[0]) == (first, latest) and found.message == "went wrong"
    assert (found.passed.headers[0] if found.passed else None) == passed


@pytest.mark.parametrize(("group", "tab", "wanted"), [
    ({}, {}, (0, 1)), ({"num_failures_to_alert": 2, "num_passes_to_disable_alert": 3}, {}, (2, 3)),
    ({"num_failures_to_alert": 2}, {"alert_options": {"num_failures_to_alert": 4, "num_passes_to_disable_alert": 5}}, (4, 5)),
    ({"num_failures_to_alert": 2}, {"alert_options": {"subject": "x"}}, (2, 1))])
def test_a_tab_says_when_to_alert_before_its_test_group(group: dict[str, Any], tab: dict[str, Any],
                                                        wanted: tuple[int, int]) -> None:
    assert alerts.thresholds(group, tab) == wanted


# ---- the status of a tab -----------------------------------------------------------------------------------------
def of(*rows: str, tab: dict[str, Any] | None = None, changed: float = NOW, started: float = NOW - HOUR, apart: float = HOUR,
       **group: Any) -> Summary:
    return summary.summary(drawn(*rows, started=started, apart=apart), {**GROUP, **group}, tab or {}, NOW, changed)


def custom(**options: Any) -> dict[str, Any]:
    return {"status_customization_options": options}


@pytest.mark.parametrize(("rows", "tab", "group", "status"), [
    (("PPPPP",), {}, {}, "PASS"), (("SPPPP",), {}, {}, "PASS"), (("FPPPP",), {}, {}, "FLAKY"), (("KPPPP",), {}, {}, "FLAKY"),
    (("UPPPP",), {}, {}, "FLAKY"), (("PPPPPF",), {}, {}, "PASS"), (("RPPPPF",), {}, {}, "FLAKY"),
    (("RPPPPPF",), {}, {}, "PASS"),
    (("RPPPF",), {}, {}, "FLAKY"), (("PRRRRRPPPF",), {}, {}, "FLAKY"), (("P-----F",), {}, {}, "FLAKY"),
    (("RRR",), {}, {}, "UNKNOWN"),
    (("-",), {}, {}, "UNKNOWN"), (("FFPPP",), {}, {"num_failures_to_alert": 2}, "FAIL"),
    (("FPPPP",), {}, {"num_failures_to_alert": 2}, "FLAKY"),
    (("FFPPP",), {"alert_options": {"num_failures_to_alert": 3}}, {"num_failures_to_alert": 2}, "FLAKY"),
    (("-----FF", "PPPPPPP"), {}, {"num_failures_to_alert": 2}, "PASS"),
    (("FFPPP", "RPPPP"), {}, {"num_failures_to_alert": 2}, "FAIL"),
    (("FPP", "RPP"), {}, {}, "PASS"), (("FPPPP",), {"num_columns_recent": 1}, {}, "FLAKY"),
    (("PFPPP",), {"num_columns_recent": 1}, {}, "PASS"),
    (("PFPPP",), {}, {"num_columns_recent": 1}, "PASS"), (("PPPPPFP",), {}, {"num_columns_recent": 0}, "PASS"),
    (("FFPPP", "FPPPP"), {"broken_column_threshold": 0.5}, {"num_failures_to_alert": 1}, "BROKEN"),
    (("FFPPP", "PPPPP"), {"broken_column_threshold": 0.5}, {}, "FLAKY"),
    (("FKPPP", "FPPPP", "K----"), {"broken_column_threshold": 0.6}, {}, "BROKEN"),
    (("FKPPP", "FPPPP", "K----"), {"broken_column_threshold": 0.7}, {}, "FLAKY"),
    (("PPPPPF",), {"broken_column_threshold": 0.1}, {}, "PASS"),
    (("PPP",), custom(min_acceptable_runs=4), {}, "PENDING"), (("PPP",), custom(min_acceptable_runs=3), {}, "PASS"),
    (("FPP",), custom(min_acceptable_runs=4), {"num_failures_to_alert": 1}, "FAIL"),
    (("FPPPP",), custom(max_acceptable_flakiness=20), {}, "ACCEPTABLE"),
    (("FPPPP",), custom(max_acceptable_flakiness=19.9), {}, "FLAKY"),
    (("PPPPP",), custom(max_acceptable_flakiness=20), {}, "PASS")])
def test_status(rows: tuple[str, ...], tab: dict[str, Any], group: dict[str, Any], status: str) -> None:
    assert of(*rows, tab=tab, **group).status == status


@pytest.mark.parametrize(("hours", "started", "changed", "why"), [
    (0, NOW - 99 * HOUR, NOW - 99 * HOUR, ""), (48, NOW - 47 * HOUR, NOW, ""), (48, NOW - 48 * HOUR, NOW - 48 * HOUR, ""),
    (48, NOW - 49 * HOUR, NOW, "latest column from 2025-12-30 19:40 UTC, more than 48 hours ago"),
    (48, NOW - 49 * HOUR, NOW - 48.5 * HOUR, "data has not changed since 2025-12-30 20:10 UTC, for more than 48 hours"),
    (48, 0, NOW, "no completed results")])
def test_stale(hours: int, started: float, changed: float, why: str) -> None:
    for where in ({"alert_stale_results_hours": hours}, {"tab": {"alert_options": {"alert_stale_results_hours": hours}},
                                                         "alert_stale_results_hours": 1000 if hours else 0}):
        found = of("PFF", started=started, changed=changed, num_failures_to_alert=1, **where)
        assert found.stale == why and (found.status == "STALE") == bool(why)


def test_a_broken_tab_is_not_called_stale_and_a_stale_one_not_failing() -> None:
    late = {"started": NOW - 3 * HOUR, "changed": NOW, "alert_stale_results_hours": 1, "num_failures_to_alert": 1}
    assert of("F", **late).status == "STALE" and of("F", tab={"broken_column_threshold": 0.5}, **late).status == "BROKEN"


@pytest.mark.parametrize(("rows", "tab", "message"), [
    (("PFPPP", "PPPP-"), {}, "Tab stats: 4 of 5 (80.0%) recent columns passed (8 of 9 or 88.9% cells)"),
    (("PFPPPF", "PPPP-F"), {}, "Tab stats: 4 of 5 (80.0%) recent columns passed (8 of 9 or 88.9% cells)"),
    (("RK",), {}, "Tab stats: 0 of 1 (0.0%) recent columns passed (0 of 1 or 0.0% cells)"),
    (("KS", "PP"), {}, "Tab stats: 2 of 2 (100.0%) recent columns passed (3 of 4 or 75.0% cells)"),
    (("RR",), {}, "no completed results"),
    (("PP",), custom(min_acceptable_runs=3),
     "Tab stats: 2 of 2 (100.0%) recent columns passed (2 of 2 or 100.0% cells)\nStatus info: "
     "Not enough runs"),
    (("FPPPP",), custom(max_acceptable_flakiness=25),
     "Tab stats: 4 of 5 (80.0%) recent columns passed (4 of 5 or 80.0% cells)\nStatus info: "
     "Recent flakiness (20.0%) over valid columns is within configured acceptable level of 25.0%.")])
def test_message(rows: tuple[str, ...], tab: dict[str, Any], message: str) -> None:
    assert of(*rows, tab=tab).message == message


@pytest.mark.parametrize(("rows", "green"), [
    (("FPP", "PPP"), "commit-1"), (("KPP",), "commit-1"), (("UPP",), "commit-1"), (("FFF",), "no recent greens"),
    (("R-P",), "commit-2"),
    (("PPP", "RPP"), "commit-0"), (("SPP",), "commit-0")])
def test_the_latest_green_column(rows: tuple[str, ...], green: str) -> None:
    assert of(*rows).latest_green == green


def test_without_headers_the_latest_green_column_is_a_build() -> None:
    grid = drawn("FP")
    for column in grid.columns:
        column.headers = []
    assert summary.summary(grid, GROUP, {}, NOW, NOW).latest_green == "99"


def test_rows_of_methods_are_not_counted() -> None:
    grid = drawn("PP", "FF")
    grid.rows[1].name = "a@TESTGRID@b"
    assert summary.summary(grid, {**GROUP, "num_failures_to_alert": 1}, {}, NOW, NOW).status == "PASS"


# ---- flakiness ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("statuses", "score"), [
    ("PFPP", 25), ("FFFPP", 0), ("PFFP", 25), ("KP", 50), ("", 0), ("PPP", 0), ("F", 100), ("FF", 50), ("FFF", 0), ("KK", 100),
    ("FPF", 200 / 3), ("PFFFFP", 0), ("FFPFF", 40), ("FPFFFPF", 50), ("KFFFK", 100), ("FKF", 100)])
def test_flips(statuses: str, score: float) -> None:
    assert flips.score(list(statuses)) == pytest.approx(score)


@pytest.mark.parametrize(("statuses", "score"), [("PFPP", 25), ("FFFPP", 60), ("KK", 0), ("", 0)])
def test_the_share_of_failures(statuses: str, score: float) -> None:
    assert flips.naive(list(statuses)) == pytest.approx(score)


def test_flakiness_of_rows_and_their_average() -> None:
    found = flips.flakiness(drawn("PFPP", "KPPP", "RR--"), NOW)
    assert found.rows == {"row 0": 25, "row 1": 25} and found.average == 25
    assert found.before is None and found.trend == "unknown" and found.trends == {"row 0": "unknown", "row 1": "unknown"}


def test_failures_of_the_infrastructure_do_not_count() -> None:
    grid = drawn("PFPP", "PPPP", message="InfraError")
    assert flips.flakiness(grid, NOW).rows == {"row 0": 0, "row 1": 0}
    grid.rows[0].cells[2] = Cell(Status.FAIL, message="")
    assert flips.flakiness(grid, NOW).rows["row 0"] == pytest.approx(100 / 3)


def test_failures_of_all_rows_at_once_do_not_count_but_the_row_does() -> None:
    assert flips.flakiness(drawn("PFP", "PFP"), NOW).rows == {"row 0": 0, "row 1": 0}
    assert flips.flakiness(drawn("PFP"), NOW).rows["row 0"] == pytest.approx(100 / 3)
    assert flips.flakiness(drawn("FP", "F-"), NOW).rows == {"row 0": 0, "row 1": 0}
    assert flips.flakiness(drawn("FP", "KP"), NOW).rows["row 0"] == 50


@pytest.mark.parametrize(("row", "trend", "now", "before"), [
    ("PFPPP", "up", 100 / 3, 0), ("PPPFP", "down", 0, 50), ("PFPFP", "down", 100 / 3, 50)])
def test_the_trend_is_against_the_interval_before(row: str, trend: str, now: float, before: float) -> None:
    found = flips.flakiness(drawn(row, started=NOW - DAY / 2, apart=3 * DAY),
                            NOW)  # three columns in a week, two in the one before
    assert (found.average, found.before) == pytest.approx((now, before)) and found.trend == trend == found.trends["row 0"]


def test_the_same_in_both_intervals_is_no_change() -> None:
    assert flips.flakiness(drawn("FPFP", started=NOW - DAY, apart=3.5 * DAY), NOW).trend == "no change"


def test_a_tab_says_how_long_an_interval_is() -> None:
    found = of("FPPP", started=NOW - DAY, apart=DAY, tab={"health_analysis_options": {"days_of_analysis": 2}})
    assert found.flakiness.days == 2 and found.flakiness.rows == {"row 0": 50} and found.flakiness.before == 0
