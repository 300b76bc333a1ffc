# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Audit logs, replayed: what is not there, told apart by what API servers count and are told."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import healthy, one

A, B = "10.0.0.1:6443", "10.0.0.2:6443"
KINDS = ("write", "denied", "read")
NONE = dict.fromkeys(KINDS, 0)
OFF = {"sent": 3, "all": {"event": {"": 0.0}, "level": {}, "error": {}}, "grown": {"event": {}, "level": {}, "error": {}}}


def counted(level: dict[str, float] | None = None, error: dict[str, float] | None = None) -> dict[str, Any]:
    return {"sent": 3, "all": {"event": {"": 99.0}, "level": {"None": 9.0, "Metadata": 90.0}, "error": {}},
            "grown": {"event": {"": 2 * sum((level or {}).values())}, "level": level or {}, "error": error or {}}}


def beside(none: float, others: float, quiet_none: float, quiet_others: float) -> dict[str, Any]:
    """90 requests were sent where others ask, too; what was counted then, and in as long a time without them."""
    made = counted({"None": none, "Metadata": others})
    return {**made, "sent": 90, "quiet": {"level": {"None": quiet_none, "Request": quiet_others}}}


def audit(found: dict[str, dict[str, int]], source: str = "logs", expected: tuple[str, ...] = ("write", "denied"), **observed: Any) -> Finding:
    """found: API server -> kind -> how many of two are there; two where it is not said."""
    made = Finding("audit_log", "control_plane", "failed", "a step", "none of 12 requests")
    made.observed.update({"audit_source": source, "audit_counters": {}, "audit_flags": {}, "looked_at": "the file", **observed})
    for server in (A, B):
        for kind in KINDS:
            there = found.get(server, {}).get(kind, 2)
            made.observations.append({"kind": "audit", "target": server, "variant": kind, "from_node": "", "to_node": "", "seconds": None,
                                      "ok": there == 2 or kind not in expected, "error": "" if there == 2 else f"{there} of 2 found"})
    return made


def told(made: Finding) -> tuple[str, str, list[str]]:
    found = one(made, healthy())
    assert found.remedy and "kubectl get events" not in found.next_command or found.cause.startswith(("unknown", "harness"))
    return found.cause, found.confidence, found.scope


SILENT, BOTH = {B: NONE}, {A: NONE, B: NONE}


@pytest.mark.parametrize(("found", "observed", "cause", "sure", "scope"), [
    # one of two
    (SILENT, {}, "audit.partial", "confirmed", [f"address/{B}"]),
    (SILENT, {"audit_counters": {B: OFF}, "source": "query"}, "audit.partial", "confirmed", [f"address/{B}"]),
    (SILENT, {"source": "query"}, "audit.partial", "probable", [f"address/{B}"]),
    (SILENT, {"audit_counters": {B: counted({"Metadata": 3})}, "source": "query"}, "audit.sink-behind", "probable", [f"address/{B}"]),
    (SILENT, {"audit_counters": {B: counted({"Metadata": 3}, {"log": 3})}}, "audit.backend-failed", "confirmed", [f"address/{B}"]),
    # both
    (BOTH, {"audit_counters": {A: OFF, B: OFF}}, "audit.off", "confirmed", []),
    (BOTH, {"audit_flags": {"a": {}, "b": {"audit-policy-file": "/p"}}}, "audit.off", "confirmed", []),
    (BOTH, {"audit_flags": {"a": {}, "b": {"audit-policy-file": "/p", "audit-log-path": "/l"}}}, "audit.off", "suspected", []),
    (BOTH, {}, "audit.off", "suspected", []),
    (BOTH, {"audit_counters": {A: counted({"None": 3, "Metadata": 2}), B: counted({"None": 4})}}, "audit.policy", "confirmed", []),
    (BOTH, {"audit_counters": {A: counted({"None": 30, "Metadata": 20}), B: counted({"None": 4, "Metadata": 9})}}, "audit.policy",
     "suspected", []),
    (BOTH, {"audit_counters": {A: counted({"Metadata": 3}), B: counted({"Metadata": 4})}}, "harness.precondition", "suspected", []),
    (BOTH, {"audit_counters": {A: counted({"Metadata": 3}), B: counted({"Metadata": 4})}, "source": "cloudwatch"}, "audit.sink-behind",
     "probable", []),
    # others ask as much as we do
    (BOTH, {"audit_counters": {s: beside(200, 130, 190, 30) for s in (A, B)}, "source": "query"}, "audit.sink-behind", "probable", []),
    (BOTH, {"audit_counters": {s: beside(290, 130, 190, 120) for s in (A, B)}, "source": "query"}, "audit.policy", "probable", []),
    (BOTH, {"audit_counters": {s: beside(240, 170, 190, 120) for s in (A, B)}, "source": "query"}, "audit.policy", "suspected", []),
    (BOTH, {"audit_counters": {s: counted({"Metadata": 3}, {"webhook": 3}) for s in (A, B)}, "source": "query"}, "audit.backend-failed",
     "confirmed", [f"address/{A}", f"address/{B}"]),
    # some kinds
    ({A: {"write": 0}, B: {"write": 0}}, {}, "audit.policy", "confirmed", []),
    ({A: {"denied": 0}}, {}, "audit.policy", "confirmed", [f"address/{A}"]),
    ({A: {"write": 1}}, {"source": "query"}, "audit.sink-behind", "suspected", [f"address/{A}"]),
    ({A: {"write": 1}}, {}, "unknown.unexplained", "suspected", [])])
def test_what_is_not_there_has_its_cause(found: dict[str, dict[str, int]], observed: dict[str, Any], cause: str, sure: str,
                                         scope: list[str]) -> None:
    assert told(audit(found, **observed)) == (cause, sure, scope)


def test_errors_of_a_webhook_say_nothing_of_a_file() -> None:
    cause, _sure, _scope = told(audit(SILENT, audit_counters={B: counted({"Metadata": 3}, {"webhook": 3})}))
    assert cause == "audit.partial"


@pytest.mark.parametrize(("key", "cause"), [
    ("audit_down", "audit.sink-unavailable"), ("audit_forbidden", "harness.forbidden"), ("audit_bad_option", "harness.precondition"),
    ("audit_unasked", "harness.precondition")])
def test_what_could_not_be_asked_is_no_fault_of_the_log(key: str, cause: str) -> None:
    made = Finding("audit_log", "control_plane", "inconclusive", "a step", "audit events cannot be looked for: x")
    made.observed[key] = "the store does not answer"
    found = one(made, healthy())
    assert (found.cause, found.confidence, found.scope, found.evidence) == (cause, "confirmed", [], ["the store does not answer"])
