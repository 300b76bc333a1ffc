# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table at the end of the gauntlet, and what is kept of runs that have only some of the tests."""
from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.runner import counts, gauntlet, keep, stages

DNS = {"check": "dns", "verdict": "failed", "cause": "dns.server-down", "scope": ["deployment/x"], "confidence": "confirmed",
       "consequence_of": "", "seconds": 12.4}


def record(**other: Any) -> Any:
    return SimpleNamespace(**{**DNS, **other})


@pytest.fixture
def claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_CLAIMS", str(tmp_path / "claims.jsonl"))
    monkeypatch.setattr(gauntlet, "current_test", lambda: "tests.faults.test_dns::test_no_server[a b]")
    return tmp_path / "claims.jsonl"


def row(claims: Path) -> tuple[str, ...]:
    case = counts.Case("tests.faults.test_dns::test_no_server[a b]", 30.0, counts.Counts(passed=1))
    [found] = gauntlet.rows([json.loads(line) for line in claims.read_text().splitlines()], [case])
    return found.cells()


def test_a_row_has_what_was_right_and_how_long_it_took(claims: Path) -> None:
    gauntlet.note_run([record(), record(check="service", cause="svc.x", consequence_of="dns.server-down"), record(check="nodes", verdict="passed")])
    gauntlet.note_claim(record(), "dns.server-down", ["deployment/x"])
    assert row(claims) == ("faults.test_dns::test_no_server[a b]", "passed", "1/1", "1/1", "12", "", "")


@pytest.mark.parametrize(("said", "cells"), [
    ({"cause": "dns.upstream"}, ("0/1", "1/1", "12", "dns: dns.upstream", "")),
    ({"cause": "dns.upstream", "confidence": "probable"}, ("0/1", "1/1", "12", "", "")),
    ({"scope": ["node/n1"]}, ("1/1", "0/1", "12", "dns: dns.server-down", ""))])
def test_what_is_wrong_and_what_is_wrong_and_sure(claims: Path, said: dict[str, Any], cells: tuple[str, ...]) -> None:
    gauntlet.note_claim(record(**said), "dns.server-down", ["deployment/x"])
    assert row(claims)[2:] == cells


def test_a_check_that_fails_of_something_else_is_told(claims: Path) -> None:
    gauntlet.note_run([record(), record(check="service", cause="svc.no-endpoints"), record(check="storage", cause="")])
    gauntlet.note_claim(record(), "dns.server-down", ["deployment/x"])
    assert row(claims)[-1] == "service: svc.no-endpoints, storage: "


def test_the_table_has_every_test_and_sums(claims: Path, tmp_path: Path) -> None:
    gauntlet.note_claim(record(), "dns.server-down", ["deployment/x"])
    cases = [counts.Case("tests.faults.test_dns::test_no_server[a b]", 30.0, counts.Counts(passed=1)),
             counts.Case("tests.faults.test_pipeline::test_hook", 60.0, counts.Counts(failed=1))]
    plain = [stages.Stage("clusters")]
    assert gauntlet.told(plain, cases, claims, tmp_path / "matrix.md") == ""
    told = gauntlet.told([stages.Stage("gauntlet", environ={"ASSAY_CLAIMS": "x"})], cases, claims, tmp_path / "matrix.md")
    assert (tmp_path / "matrix.md").read_text() == f"{told}\n" and told.count("\n") == 5
    assert f"| {'faults.test_pipeline::test_hook':36} | failed  | -  " in told
    assert told.endswith("2 tests, 1 claims: 1 right codes, 1 right scopes, 0 confirmed and wrong, 0 false red elsewhere")


def test_a_test_is_named_as_its_results_are() -> None:
    assert gauntlet.current_test() == "tests.unit.runner.test_gauntlet::test_a_test_is_named_as_its_results_are"


def test_nothing_is_noted_without_the_gauntlet(claims: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSAY_CLAIMS")
    gauntlet.note_run([record()])
    gauntlet.note_claim(record(), "", [])
    assert not claims.exists()


def _case(name: str, seconds: float) -> str:
    file, _sep, test = name.partition("::")
    return f'<testcase classname="{file}" name="{test}" time="{seconds}"/>'


def test_a_run_keeps_what_it_had_and_leaves_the_rest_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "tests/runner/kept.json"
    (tmp_path / "tests/faults").mkdir(parents=True)
    (tmp_path / "tests/faults/test_a.py").touch()
    kept.parent.mkdir()
    kept.write_text(json.dumps({"cases": {"clusters": {"faults": 3}, "gauntlet": {"faults": 5}}, "seconds": {
        "tests.faults.test_a::marked": 90, "tests.faults.test_a::short": 20, "tests.faults.test_gone::x": 50}}))
    monkeypatch.setattr(keep, "KEPT", kept)
    monkeypatch.setattr(stages, "OUTPUT", tmp_path)
    found = [stages.Stage("clusters", rooms={"faults": 1}, handed_out=True), stages.Stage("gauntlet", rooms={"faults": 1}, in_all=False),
             stages.Stage("strangers", rooms={"strangers": 1}, in_all=False)]
    monkeypatch.setattr(stages, "all_stages", lambda: found)
    (tmp_path / "clusters.junit").mkdir()
    names = [("tests.faults.test_a::plain", 30.2), ("tests.faults.test_a::short", 4)]
    (tmp_path / "clusters.junit/pytest.xml").write_text(f"<testsuites>{''.join(_case(*n) for n in names)}</testsuites>")
    assert keep.main() == 0
    assert json.loads(kept.read_text()) == {
        "cases": {"clusters": {"faults": 2}, "gauntlet": {"faults": 5}},
        "seconds": {"tests.faults.test_a::marked": 90, "tests.faults.test_a::plain": 30}}
