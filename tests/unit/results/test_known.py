# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A failure that is known says so wherever it is told, and no writer calls the cluster red for it."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import clean, gate, html, junit, store, summary
from ansible_collections.assay.clusters.plugins.module_utils.results.record import FAILED, INCONCLUSIVE, PASSED, SKIPPED
from ansible_collections.assay.clusters.tests.unit.results import samples
from ansible_collections.assay.clusters.tests.unit.results.test_junit import cases

KNOWN = "until 2026-12-31: the resolver moves, OPS-7"


def _failed(known: str, check: str = "dns", verdict: str = FAILED, cause: str = "dns.upstream") -> dict[str, Any]:
    return samples.record("c1", "dns", check, verdict, cause=cause, message=f"{check} does not answer", known=known)


def _run(*records: dict[str, Any]) -> dict[str, Any]:
    return clean.clean_run(samples.run("c1", [*records, samples.record("c1", "nodes", "nodes")]))


def test_the_summary_is_no_longer_red_and_tells_until_when() -> None:
    told = summary.summary([_run(_failed(KNOWN))])
    assert told.startswith("WARNED  1 cluster, 2 checks: 1 failed, 1 passed")
    assert "dns.upstream  known, 1 check on c1" in told and f"known        {KNOWN}" in told


def test_one_that_is_not_known_keeps_the_cluster_red() -> None:
    run = _run(_failed(KNOWN), _failed("", "service", cause="net.node-isolated"))
    assert run["verdict"] == FAILED and not gate.gate(run)[0]
    assert summary.summary([run]).startswith("FAILED")


def test_a_cause_of_which_only_some_is_known_is_not_called_known() -> None:
    told = summary.summary([_run(_failed(KNOWN), _failed("", "external_dns"))])
    assert "dns.upstream  2 checks on c1" in told and KNOWN not in told


@pytest.mark.parametrize(("verdict", "word"), [(FAILED, "failed"), (INCONCLUSIVE, "inconclusive")])
def test_the_gate_names_it(verdict: str, word: str) -> None:
    assert gate.gate(_run(_failed(KNOWN, verdict=verdict))) == (
        True, f"c1: 1 of 2 checks {word}; cause: dns.upstream (dns); known: dns {KNOWN}")


def test_where_all_else_is_skipped_nothing_was_proved() -> None:
    skipped = samples.record("c1", "load_balancing", "ingress", SKIPPED, message="no class")
    run = clean.clean_run(samples.run("c1", [_failed(KNOWN), skipped]))
    assert gate.gate(run) == (
        False, f"c1: nothing was proved: 1 of 2 checks failed, 1 skipped; cause: dns.upstream (dns); known: dns {KNOWN}")
    assert gate.gate(run, allow_skipped=True)[0]


def test_junit_has_it_as_pytest_has_what_is_expected_to_fail() -> None:
    text = junit.junit([_run(_failed(KNOWN))])
    [outcome] = cases(text)["c1.dns", "dns"].result
    assert (type(outcome).__name__, outcome.type, outcome.message) == ("Skipped", "known", f"known {KNOWN}")
    assert 'failures="1"' not in text and "dns does not answer" in text


def test_the_page_tells_it_at_the_cause_and_at_the_check() -> None:
    page = html.page([_run(_failed(KNOWN))])
    assert "c1 works, with failures that are known" in page
    assert f"<dt>Known</dt><dd>{KNOWN}</dd>" in page and f">known {KNOWN}</p>" in page
    assert "<dt>Known</dt>" not in html.page([_run(_failed(""))])


def test_what_passed_is_not_known_to_fail() -> None:
    assert clean.clean_record(samples.record("c1", "dns", "dns", PASSED, known=KNOWN))["known"] == ""


def test_programs_read_it_and_records_of_before_have_none(tmp_path: Path) -> None:
    store.write_cluster_run(tmp_path, _run(_failed(KNOWN)))
    [path] = (tmp_path / "clusters").glob("*.json")
    data = json.loads(path.read_text())
    assert (data["verdict"], data["records"][0]["verdict"], data["records"][0]["known"]) == ("warned", "failed", KNOWN)
    for record in data["records"]:
        del record["known"]
    path.write_text(json.dumps(data))
    [read] = store.load_cluster_runs(tmp_path)
    assert clean.clean_run(read)["verdict"] == FAILED
