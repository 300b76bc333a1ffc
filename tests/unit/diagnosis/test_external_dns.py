# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""external-dns and the name servers of its zone, replayed. Its words were met on the lab; those of Route 53 are by replay only."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import Diagnosis
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import deployment, healthy, on_path, one, pod

REF = "deployment/edns/external-dns"
HOST, OTHER = "assay-x-svc.lab.test", "assay-x-ing.lab.test"
FIRST, SECOND = "ns.lab.test (10.0.0.1)", "ns2.lab.test (10.0.0.2)"


def _saw(variant: str, name: str, server: str, error: str = "no record (NXDOMAIN)") -> dict[str, Any]:
    return {"kind": "external_dns", "from_node": "", "to_node": "", "target": f"{name} at {server}", "variant": variant, "ok": not error,
            "error": error, "seconds": None}


def _one(*seen: dict[str, Any], logs: tuple[str, ...] = (), available: int = 1, **observed: Any) -> Diagnosis:
    finding = Finding("external_dns", "dns", "failed", "a step", "records of 2 names not at all name servers within 300 s",
                      observed={"external_dns": {"ref": REF}, **observed}, observations=list(seen),
                      path=[on_path("Deployment", "external-dns", "edns")])
    evidence = healthy()
    evidence["deployments"] = [*evidence["deployments"], deployment("external-dns", "edns", 1, available)]
    evidence["pods"] = [*evidence["pods"], pod("external-dns-6b-x", "edns")]
    evidence["logs"] = {"edns/external-dns-6b-x/main": list(logs)}
    return one(finding, evidence)


NOWHERE = [_saw("made", n, s) for n in (HOST, OTHER) for s in (FIRST, SECOND)]


@pytest.mark.parametrize(("log", "code", "confidence"), [
    ('level=error msg="RFC2136 create record failed: soft error\\ndns: bad authentication"', "edns.provider-denied", "confirmed"),
    ('level=warning msg="No available zone found for a-web.lab.test, set it to \'root\'"', "edns.zone-mismatch", "confirmed"),
    ('level=error msg="failed to connect for transfer: dial tcp 10.0.0.9:53: i/o timeout"', "edns.provider-unreachable", "confirmed"),
    ('level=fatal msg="failed to sync *v1.Pod after 1m0s: context deadline exceeded"', "rbac.missing", "probable"),
    ('level=error msg="records retrieval failed: AccessDenied: User: x is not authorized to perform: route53:ListHostedZones"',
     "cloud.permission", "confirmed"),
    ('level=error msg="failed to submit: Throttling: Rate exceeded"', "cloud.throttled", "confirmed"),
    ('level=info msg="All records are already up to date"', "edns.not-watching", "suspected"),
])
def test_what_it_says_of_its_troubles(log: str, code: str, confidence: str) -> None:
    found = _one(*NOWHERE, logs=(log,), not_made=[HOST, OTHER])
    assert (found.cause, found.confidence, found.scope) == (code, confidence, [REF])
    assert "events" not in found.next_command


def test_words_of_the_zone_come_before_those_of_its_key() -> None:
    logs = ('level=error msg="dns: bad authentication"', "level=warning msg=\"No available zone found for x, set it to 'root'\"")
    assert _one(*NOWHERE, logs=logs).cause == "edns.zone-mismatch"


def test_no_pod_of_it() -> None:
    found = _one(*NOWHERE, available=0)
    assert (found.cause, found.confidence, found.scope) == ("edns.not-running", "confirmed", [REF])


def test_without_a_word_of_it_nothing_is_sure() -> None:
    found = _one(*NOWHERE, not_made=[HOST, OTHER])
    assert (found.cause, found.confidence) == ("edns.not-syncing", "suspected")
    known = _one(*NOWHERE, logs=(f"level=info msg=\"Adding RR: {n}\"" for n in (HOST, OTHER)), not_made=[HOST, OTHER])
    assert known.cause == "edns.not-syncing", "it looks at them"


@pytest.mark.parametrize("variant", ["made", "followed", "gone"])
def test_one_server_behind_the_other_is_no_fault_of_external_dns(variant: str) -> None:
    found = _one(_saw(variant, HOST, FIRST, ""), _saw(variant, HOST, SECOND), available=0)
    assert (found.cause, found.confidence, found.scope) == ("dns.zone-stale", "confirmed", ["nameserver/ns2.lab.test"])
    both = _one(_saw(variant, HOST, FIRST, ""), _saw(variant, HOST, SECOND), _saw(variant, OTHER, FIRST), _saw(variant, OTHER, SECOND))
    assert both.cause != "dns.zone-stale"


@pytest.mark.parametrize(("error", "code", "confidence"), [
    ("connection timed out", "dns.authority-down", "probable"), ("NXDOMAIN, without authority", "dns.delegation", "confirmed")])
def test_a_server_that_is_silent_is_told_from_one_without_the_zone(error: str, code: str, confidence: str) -> None:
    found = _one(_saw("authority", "lab.test", SECOND, error))
    assert (found.cause, found.confidence, found.scope) == (code, confidence, ["nameserver/ns2.lab.test"])


def test_a_zone_that_nobody_knows() -> None:
    found = _one(unknown_zone="apps.lab.test")
    assert (found.cause, found.confidence, found.scope) == ("dns.delegation", "suspected", ["zone/apps.lab.test"])


def test_a_resolver_that_does_not_know_what_the_zone_has() -> None:
    found = _one(_saw("resolved", HOST, "the name server of pods"), _saw("resolved", HOST, "9.9.9.9", ""))
    assert (found.cause, found.scope) == ("dns.resolver-behind", ["nameserver/of-pods"])
    assert found.next_command == "kubectl -n kube-system get configmap coredns -o yaml"


@pytest.mark.parametrize("variant", ["resolved", "resolved followed", "resolved gone"])
@pytest.mark.parametrize(("error", "confidence"), [("leads to 192.0.2.10 instead of 198.51.100.20", "confirmed"),
                                                   ("connection timed out", "probable")])
def test_a_named_resolver_that_keeps_what_is_old(variant: str, error: str, confidence: str) -> None:
    found = _one(*(_saw("followed", HOST, s, "") for s in (FIRST, SECOND)), _saw("resolved", HOST, "the name server of pods", ""),
                 _saw(variant, HOST, "10.0.0.5", error), _saw(variant, HOST, "9.9.9.9", ""), available=0)
    assert (found.cause, found.confidence, found.scope) == ("dns.resolver-behind", confidence, ["nameserver/10.0.0.5"])
    assert found.next_command == f"dig @10.0.0.5 {HOST} A" and error in found.evidence[0]


def test_a_resolver_that_answers_wrong_is_told_before_one_that_is_silent() -> None:
    found = _one(_saw("resolved", HOST, "10.0.0.5", "connection timed out"), _saw("resolved", HOST, "9.9.9.9"))
    assert (found.confidence, found.scope) == ("confirmed", ["nameserver/9.9.9.9"])


def test_a_record_of_another() -> None:
    found = _one(_saw("made", HOST, FIRST, "belongs to another: x"), _saw("made", HOST, SECOND, "belongs to another: x"),
                 _saw("made", OTHER, FIRST, ""), _saw("made", OTHER, SECOND, ""))
    assert (found.cause, found.confidence, found.scope) == ("edns.owner-conflict", "confirmed", [REF])


def test_a_record_of_another_that_leads_elsewhere_is_no_silence_of_external_dns() -> None:
    said = "leads to 203.0.113.7 instead of 192.0.2.10, and belongs to another: x"
    found = _one(_saw("made", HOST, FIRST, said), _saw("made", HOST, SECOND, said), _saw("made", OTHER, FIRST, ""),
                 _saw("made", OTHER, SECOND, ""), not_made=[HOST], logs=("level=info msg=\"All records are already up to date\"",))
    assert (found.cause, found.confidence, found.scope) == ("edns.owner-conflict", "confirmed", [REF])
