# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module results_coverage: coverage by its definitions, states of tests, gate and page."""
from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.badges.svg import COLOURS
from ansible_collections.assay.clusters.plugins.module_utils.coverage import job as module
from ansible_collections.assay.clusters.plugins.module_utils.coverage.measure import Coverage, Row
from ansible_collections.assay.clusters.plugins.module_utils.coverage.plan import Case, Plan
from ansible_collections.assay.clusters.plugins.module_utils.engine import registry
from ansible_collections.assay.clusters.plugins.module_utils.history.folder import Folder
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.results import store
from tests.unit.coverage.builders import case, coverage, plan, states
from tests.unit.history.histories import NOW, as_results, result, run


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_now", lambda: NOW)


def stored(folder: Path, *runs: Any) -> str:
    for one in runs:
        store.write_cluster_run(folder, as_results(one))
    return str(folder)


def test_coverage_is_what_is_planned_and_implemented(tmp_path: Path) -> None:
    (tmp_path / "ci.yml").write_text("TCID-A:\nTCID-X:\ntcid-old:\n")
    told = coverage(plan(tmp_path, case("TCID-A"), case("TCID-B", "dns"), case("TCID-C"), case("TCID-D")), ci_files=[str(tmp_path / "ci.yml")],
                    checks={"TCID-C": ["nodes", "service"], "TCID-Y": "dns"})
    assert (told["coverage"], told["percent"], told["planned"], told["valid"]) == ("75%", 75.0, 4, 3)
    assert told["invalid"] == ["TCID-X", "TCID-Y"] and told["deprecated"] == ["tcid-old"] and told["changed"] is False
    assert told["notes"] == ["2 tests are implemented and not planned: TCID-X, TCID-Y"]
    assert states(told) == {"TCID-A": "not_known", "TCID-B": "not_run", "TCID-C": "not_run", "TCID-D": "not_implemented"}
    assert told["msg"] == "coverage 75%: 3 of 4 planned tests implemented, 0 passed, 0 failed."


@pytest.mark.parametrize(("valid", "planned", "shown"), [
    (0, 7, "0%"), (1, 3, "33%"), (2, 3, "67%"), (1, 8, "13%"), (3, 8, "38%"), (5, 8, "63%"), (1, 200, "1%"), (1, 201, "0%"), (29, 200, "15%"),
    (7, 7, "100%"), (199, 200, "100%"), (0, 0, "0%")])
def test_percent_are_whole_and_half_a_percent_goes_up(valid: int, planned: int, shown: str) -> None:
    rows = tuple(Row(Case(str(n)), (), n < valid, ()) for n in range(planned))
    assert Coverage(Plan("p", ()), rows, (), (), ()).shown == shown


def test_a_plan_without_tests_is_a_warning_and_nothing(tmp_path: Path) -> None:
    told = coverage(plan(tmp_path))
    assert (told["coverage"], told["notes"]) == ("0%", ["the plan has no tests"])


def test_a_check_that_there_is_not_implements_nothing(tmp_path: Path) -> None:
    told = coverage(plan(tmp_path, case("a", "dns, dsn"), case("b", "mine")), results_dir=stored(tmp_path / "r", run(results=(result("mine"),))))
    assert states(told) == {"a": "not_implemented", "b": "passed"} and told["notes"] == ["a names the check dsn, which there is not"]


def test_names_of_checks_are_those_of_the_catalogue() -> None:
    assert registry.names() == sorted(registry.load())


def test_ids_that_are_given_count_before_the_label(tmp_path: Path) -> None:
    told = coverage(plan(tmp_path, case("a", "dns"), case("1003", "dns")), checks={"a": "service", 1003: "nodes"})
    assert [t["checks"] for t in told["tests"]] == [["service"], ["nodes"]]


@pytest.mark.parametrize(("found", "state"), [
    (("passed",), "passed"), (("passed", "warned"), "warned"), (("passed", "failed"), "failed"), (("failed", "inconclusive"), "failed"),
    (("inconclusive", "warned"), "inconclusive"), (("skipped", "passed"), "passed"), (("skipped",), "skipped")])
def test_a_test_is_as_its_worst_cluster(tmp_path: Path, found: tuple[str, ...], state: str) -> None:
    runs = [run(f"c{n}", results=(result("dns", verdict),)) for n, verdict in enumerate(found)]
    told = coverage(plan(tmp_path, case("a", "dns")), results_dir=stored(tmp_path / "r", *runs))
    assert states(told) == {"a": state} and told["states"][state] == 1
    assert told["tests"][0]["clusters"] == {f"c{n}": verdict for n, verdict in enumerate(found)}


@pytest.mark.parametrize(("verdict", "state"), [("passed", "not_run"), ("warned", "not_run"), ("skipped", "not_run"), ("failed", "failed"),
                                                ("inconclusive", "inconclusive")])
def test_a_test_of_several_checks_ran_when_all_did(tmp_path: Path, verdict: str, state: str) -> None:
    results = stored(tmp_path / "r", run(results=(result("dns", verdict),)))
    assert states(coverage(plan(tmp_path, case("a", "dns,service")), results_dir=results)) == {"a": state}


def test_the_newest_of_results_and_history_counts(tmp_path: Path) -> None:
    history = Folder(tmp_path / "h")
    for one in (run("a", "dns", 5), run("a", "nodes", 3), run("b", "storage", 4), run("b", "service", 24 * 15), run("c", "dns", 6),
                run("c", "", 2)):
        history.add(one)
    results = stored(tmp_path / "r", run("a", "service", 1))
    cases = plan(tmp_path, *(case(n, n) for n in ("dns", "nodes", "service", "storage")))
    told = coverage(cases, results_dir=results, history=str(tmp_path / "h"))
    assert states(told) == {"dns": "passed", "nodes": "passed", "service": "failed", "storage": "failed"}
    assert states(coverage(cases, history=str(tmp_path / "h"), clusters=["a"]))["storage"] == "passed"
    assert states(coverage(cases, results_dir=results, since=(NOW + timedelta(hours=1)).isoformat()))["dns"] == "not_run"


def test_the_gate_is_about_the_exact_share(tmp_path: Path) -> None:
    path = plan(tmp_path, *(case(str(n), "dns" if n < 9 else "") for n in range(26)))  # 34.6 percent
    assert coverage(path, gate_percent=34.6)["coverage"] == "35%"
    with pytest.raises(PlatformError, match=r"^coverage of release 2.1 is 34.6 percent \(9 of 26 tests\), and gate_percent wants 35$") as told:
        coverage(path, gate_percent=35, dest=str(tmp_path / "state.html"))
    assert told.value.details["valid"] == 9 and (tmp_path / "state.html").exists(), "the page is written before"
    with pytest.raises(PlatformError, match="0 of 0 tests"):
        coverage(plan(tmp_path), gate_percent=1)
    assert coverage(plan(tmp_path), gate_percent=0)["coverage"] == "0%"


@pytest.mark.parametrize(("options", "sentence"), [
    ({"gate_percent": 101}, "gate_percent: must be from 0 to 100, not 101"), ({"days": 0}, "days: must be 1 or more days, not 0"),
    ({"dest": "/tmp/x.txt"}, "dest: must be a file that ends in .html, not '/tmp/x.txt'"),
    ({"badge": "/tmp/x.png"}, "badge: must be a file that ends in .svg, not '/tmp/x.png'"),
    ({"badge": "/nowhere/x.svg"}, "badge: there is no folder /nowhere"),
    ({"dest": "/nowhere/x.html"}, "dest: there is no folder /nowhere"), ({"history": "azure://x"}, "history: must be a folder, s3://")])
def test_bad_options_are_one_sentence(tmp_path: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadOption) as told:
        coverage(plan(tmp_path, case("a")), **options)
    assert str(told.value).startswith(sentence)


def test_a_page_of_others_is_left(tmp_path: Path) -> None:
    (tmp_path / "state.html").write_text("<p>mine</p>")
    with pytest.raises(BadOption, match="state.html is there and was not written by this module"):
        coverage(plan(tmp_path, case("a")), dest=str(tmp_path / "state.html"))
    assert (tmp_path / "state.html").read_text() == "<p>mine</p>"


class Page(HTMLParser):
    """What it refers to, and its rows as texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.refers: list[str] = []
        self.rows: list[list[str]] = []
        self._in = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.refers += [str(v) for n, v in attrs if n in ("href", "src", "action", "srcset")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._in = True

    def handle_endtag(self, tag: str) -> None:
        self._in = self._in and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._in:
            self.rows[-1][-1] += data.strip()


def test_the_page_shows_the_plan_and_asks_for_nothing(tmp_path: Path) -> None:
    dest = tmp_path / "state.html"
    path = plan(tmp_path, case("TCID-A", "dns", name="<b>DNS</b> & more", labels={"assay/checks": "dns", "test/feature": "Names"}),
                case("TCID-B", "service,nodes"), case("TCID-C"))
    results = stored(tmp_path / "r", run("c1", results=(result("dns", "failed", "dns.server-down"), result("service"))))
    told = coverage(path, results_dir=results, dest=str(dest), gate_percent=50)
    text = dest.read_text()
    shown = Page(text)
    assert [r for r in shown.rows if r[1].startswith("TCID")] == [
        ["<b>DNS</b> & more", "TCID-A", "dns", "failed", "c1 (dns.server-down)last 2026-11-20 12:00 UTC"],
        ["Test TCID-B", "TCID-B", "service, nodes", "not run", "nodeslast 2026-11-20 12:00 UTC"],
        ["Test TCID-C", "TCID-C", "", "not implemented", ""]]
    assert all(r.startswith(("#", "data:,")) for r in shown.refers) and "http" not in text.replace("http-equiv", "") and "<script" not in text
    assert told["path"] == str(dest) and told["changed"] and "coverage 67%, 50% wanted" in text
    assert not coverage(path, results_dir=results, dest=str(dest), gate_percent=50)["changed"], "the same results are the same page"


@pytest.mark.parametrize(("gate", "failed", "colour"), [(None, "", "passed"), (50, "", "passed"), (51, "", "failed"), (None, "dns", "failed")])
def test_the_badge_of_a_plan_tells_the_coverage(tmp_path: Path, gate: float | None, failed: str, colour: str) -> None:
    badge = tmp_path / "plan.svg"
    path, results = plan(tmp_path, case("a", "dns"), case("b")), stored(tmp_path / "r", run("c1", failed))
    try:
        coverage(path, results_dir=results, badge=str(badge), gate_percent=gate)
    except PlatformError:
        pass
    text = badge.read_text()
    assert "<title>release 2.1: 50% covered, 1 of 2 planned tests implemented, " in text and COLOURS[colour] in text
    badge.write_text("<svg/>")
    with pytest.raises(BadOption, match="^badge: .*plan.svg is there and is no badge"):
        coverage(path, badge=str(badge))


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    dest = tmp_path / "state.html"
    assert coverage(plan(tmp_path, case("a")), True, dest=str(dest))["changed"] and not dest.exists()
