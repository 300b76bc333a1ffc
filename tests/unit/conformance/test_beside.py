# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the checks find beside a failed test, and which of it is taken for the test's own cause."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.conformance import beside as beside_
from ansible_collections.assay.clusters.plugins.module_utils.conformance.beside import APART, MOST, Beside, of_test
from ansible_collections.assay.clusters.plugins.module_utils.conformance.progress import Failure
from ansible_collections.assay.clusters.plugins.module_utils.engine.run import Interrupted as RunInterrupted
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, Interrupted
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from tests.fakes.clock import Clock
from tests.unit.conformance.builders import params


def cause(code: str, domain: str, layer: int = 5, scope: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"cause": code, "domain": domain, "check": domain, "confidence": "confirmed", "layer": layer, "scope": list(scope),
            "message": f"{code} it is", "evidence": [], "remedy": "", "next_command": ""}


DNS = cause("dns.no-endpoints", "dns", 6)
DISK = cause("storage.provisioner", "storage", 6)
NODE = cause("node.not-ready", "nodes", 2, ("node/n2",))
OF_DNS = "[sig-network] DNS should provide DNS for services [Conformance]"
OF_APPS = "[sig-auth] ServiceAccounts should mount [Conformance]"


@pytest.mark.parametrize(("name", "text", "causes", "wanted"), [
    (OF_DNS, "", [DISK, DNS], "dns.no-endpoints"),
    (OF_DNS, "", [DISK], None),
    (OF_APPS, "", [DNS, DISK], None),
    (OF_APPS, "lookup kubernetes.default: no such host", [DNS, DISK], "dns.no-endpoints"),
    (OF_APPS, "", [DNS, NODE], "node.not-ready"),
    (OF_DNS, "", [NODE, DNS], "dns.no-endpoints"),
    (OF_DNS, "pod on n2 did not answer", [NODE, DNS], "node.not-ready"),
    (OF_DNS, "pod on n21 did not answer", [NODE, DNS], "dns.no-endpoints"),
    ("[sig-storage] Secrets should", "", [DNS, DISK], "storage.provisioner"),
    (OF_DNS, "", [], None)])
def test_a_cause_is_a_test_s_own_by_name_by_subject_or_as_all_need_it(name: str, text: str, causes: list[dict[str, Any]],
                                                                      wanted: str | None) -> None:
    found = of_test(name, text, causes)
    assert (found and found["cause"]) == wanted


class FakeRun:
    """A run of the checks that finds what it is told to find, or breaks."""

    found: list[dict[str, Any]] = []
    errors: list[BaseException] = []

    def __init__(self, settings: Any, say: Any):
        self.settings = settings

    def go(self) -> dict[str, Any]:
        for error in FakeRun.errors:
            raise error
        records = [{**c, "verdict": "failed", "consequence_of": ""} for c in FakeRun.found]
        return {"started": "2026-11-27T04:00:00Z", "verdict": "failed" if records else "passed",
                "counts": {"failed": len(records)}, "records": [
                    *records, {**DNS, "cause": "dns.follows", "verdict": "failed", "consequence_of": "node.not-ready"}]}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(beside_, "time", made)
    monkeypatch.setattr(beside_, "Run", FakeRun)
    monkeypatch.setattr(beside_, "Client", lambda connection: type("K", (), {"close": lambda self: None})())
    monkeypatch.setattr(beside_.events, "warnings", lambda client: ["dns-1/pod/a: Unhealthy: it is", "other/pod/b: Killing: it is"])
    monkeypatch.setattr(beside_.access, "connection", lambda params, job: type("C", (), {"context": "c"})())
    monkeypatch.setattr(FakeRun, "found", [DNS])
    monkeypatch.setattr(FakeRun, "errors", [])
    return made


def beside(**given: Any) -> Beside:
    return Beside(params(**given), Job())


def failure(name: str = OF_DNS) -> Failure:
    return Failure(name)


def test_a_failure_has_its_cause_and_what_was_found_beside(clock: Clock) -> None:
    made = beside()
    made.failed([failure()])
    told = made.beside(f"[It] {OF_DNS}", "")
    assert (told["cause"]["cause"], told["found"]) == ("dns.no-endpoints", ["dns.no-endpoints"])
    assert told["diagnosis"] == "dns.no-endpoints: dns.no-endpoints it is"
    assert made.beside(OF_DNS, "in namespace dns-1: timed out")["evidence"] == ["dns-1/pod/a: Unhealthy: it is"]
    assert made._job.lines[-1] == "checks beside the tests: dns.no-endpoints (confirmed)"


def test_checks_run_seldom_and_no_failure_is_forgotten(clock: Clock) -> None:
    made = beside()
    made.failed([failure("a")])
    made.failed([failure("b")])
    assert [s.failures for s in made.seen] == [["a"]]
    clock.sleep(APART + 1)
    made.now_and_then()
    assert [s.failures for s in made.seen] == [["a"], ["b"]]
    made.failed([failure("c")])
    made.last()
    assert [s.failures for s in made.seen] == [["a"], ["b"], ["c"]]
    for name in "defgh":
        clock.sleep(APART + 1)
        made.failed([failure(name)])
    assert len(made.seen) == MOST
    assert made.beside("h", "")["diagnosis"] == "no check looked at that moment"


def test_a_cluster_without_a_fault_says_that_of_the_test(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeRun, "found", [])
    made = beside()
    made.failed([failure()])
    told = made.beside(OF_DNS, "")
    assert told == {"cause": None, "found": [], "evidence": [], "diagnosis": "the checks found no fault at that moment"}


def test_checks_that_break_do_not_end_the_tests(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeRun, "errors", [RuntimeError("broken")])
    made = beside()
    made.failed([failure()])
    assert made.beside(OF_DNS, "")["diagnosis"] == "the checks could not be run: RuntimeError: broken"


def test_a_playbook_that_ends_meanwhile_is_told(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeRun, "errors", [RunInterrupted()])
    with pytest.raises(Interrupted, match="the tests go on in the cluster"):
        beside().failed([failure()])


def test_none_are_asked_where_that_is_wanted(clock: Clock) -> None:
    made = beside(diagnose=False)
    made.failed([failure()])
    made.last()
    assert made.seen == [] and made.beside(OF_DNS, "")["diagnosis"] == "the checks were not asked"


def test_checks_that_disturb_others_never_run_beside_tests() -> None:
    assert not any(c.exclusive for c in beside(domains=[])._checks)
    assert {c.domain for c in beside()._checks} == {"control_plane", "dns", "network", "nodes", "storage"}


@pytest.mark.parametrize(("given", "words"), [
    ({"checks": ["dsn"]}, "checks: there is no check 'dsn'"), ({"domains": ["nodez"]}, "domains: there is no domain 'nodez'"),
    ({"check_variables": {"dns_check_slow_median": "soon"}}, "dns_check_slow_median: must be ")])
def test_a_wrong_choice_is_told_before_anything_runs(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadOption, match=words):
        beside(**given)
