# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Evidence as nobody expects it: every finding gets its diagnosis, and what could not be judged is told."""
from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis import case
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import EVIDENCE_LINES, NOTES, diagnose
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.evidence import Candidate, Evidence
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.taxonomy import CAUSES
from ansible_collections.assay.clusters.plugins.module_utils.engine import evidence
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    NODES, SPACE, api_error, coredns, event, finding, healthy, isolated, matrix, no_probe, nodes_failed, on_path, one,
    pod_network, power_off, probe, replace_pod, seen, waiting)
from ansible_collections.assay.clusters.tests.unit.engine.told import Told

NONSENSE = (None, 0, -1, 3.5, True, "", "x", [], {}, [None], [{}], {"x": None}, [[]], "2026-99-99T00:00:00Z")


def _ill() -> dict[str, Any]:
    """A cluster in which rules of every kind find something to look at."""
    data = healthy()
    power_off(data, "n3")
    replace_pod(data, coredns("n1", False, **waiting("CrashLoopBackOff", "back-off")), probe("n2", False, **waiting(
        "ErrImagePull", "not found")))
    data["pods"].append({**probe("n4", False), "spec": {"containers": [{}]}, "metadata": {
        **probe("n4")["metadata"], "name": "probe-n4", "ownerReferences": [{"name": "x"}]}})
    data["events"] = [event("Pod", "probe-n2", "FailedCreatePodSandBox", "cni plugin not initialized"),
                      event("DaemonSet", "probe", "FailedCreate", "exceeded quota: q, requested: pods=1"),
                      event("Pod", "probe-n4", "FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu."),
                      event("PersistentVolumeClaim", "claim", "ExternalProvisioning", "external provisioner 'x.csi.y'")]
    data["logs"] = {"kube-system/coredns-n1/main": ["Corefile:3 - Error during parsing: x"]}
    data["configmaps"] = [{"metadata": {"name": "coredns", "namespace": "kube-system"},
                           "data": {"Corefile": "forward . 1.1.1.1"}}]
    data["networkpolicies"] = [{"metadata": {"name": "deny", "namespace": SPACE}, "spec": {"podSelector": {}}}]
    data["pvcs"] = [{"metadata": {"name": "claim", "namespace": SPACE}, "status": {"phase": "Pending"}}]
    data["csidrivers"] = data["csinodes"] = data["apiservices"] = [{"metadata": {"name": "x"}, "spec": {}, "status": {}}]
    data["policy_groups"] = ["cilium.io"]
    data |= {"partial": {"events": "the first 1,000 only"}, "whole_in": {"events": [SPACE]}, "server": "https://10.0.0.1"}
    return data


def _findings(data: dict[str, Any]) -> list[Finding]:
    dns = [seen("dns", v, n, error="no answer" if n == "n3" else "") for v in ("internal", "direct", "external") for n in NODES]
    return [
        nodes_failed(data, "n3"), pod_network(matrix(isolated("n3"))),
        finding("dns", "no answer", observations=dns, observed={"nameservers": ["10.96.0.10"]}),
        finding("storage", "the claim is not bound: not within 60 s", path=[on_path("PersistentVolumeClaim", "claim")],
                observed={"provisioner": "x.csi.y"}),
        finding("service", "it broke", observations=[seen("service", "vip", "n1", error="timed out")]),
        finding("api_server", "etcd failed", errors=[api_error("etcdserver: request timed out")]),
    ]


def _spoil(value: Any, chance: random.Random) -> Any:
    """The same with one thing at any depth replaced, or away."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(sorted(value))
        if chance.random() < 0.15:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: _spoil(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        at = chance.randrange(len(value))
        return [*value[:at], _spoil(value[at], chance), *value[at + 1:]]
    return copy.deepcopy(chance.choice(NONSENSE))


KINDS = sorted(_ill())


@pytest.mark.parametrize("kind", KINDS)
def test_no_nonsense_in_any_kind_costs_a_verdict(kind: str) -> None:
    chance, sound = random.Random(kind), _ill()
    findings = [*_findings(sound), no_probe()]
    for _turn in range(15):
        data = {**sound, kind: _spoil(sound[kind], chance)}
        for _more in range(chance.randrange(3)):
            data[kind] = _spoil(data[kind], chance)
        found = diagnose(findings, data, {"dns": {**data, "pods": []}})
        assert set(found) == {f.check for f in findings}
        for one_of in found.values():
            assert one_of.cause in CAUSES and all(isinstance(t, str) for t in (*one_of.evidence, *one_of.scope))
            json.dumps([one_of.evidence, one_of.scope, one_of.next_command])


@pytest.mark.parametrize("kind", sorted(set(KINDS) & {"nodes", "pods", "events", "services", "endpointslices", "deployments",
                                                      "daemonsets", "pvcs", "node_leases", "networkpolicies", "configmaps"}))
def test_no_nonsense_that_a_cluster_answers_stops_the_collection(kind: str) -> None:
    chance, sound = random.Random(kind), _ill()
    lists = {("persistentvolumeclaims" if k == "pvcs" else k): v for k, v in sound.items() if isinstance(v, list)}
    plural = "persistentvolumeclaims" if kind == "pvcs" else kind
    for _turn in range(15):
        bad = _spoil(lists[plural], chance)
        told = Told(**{**lists, plural: bad if isinstance(bad, list) else []})
        told._objects = _forgiving(told._objects, bad)  # type: ignore[method-assign]
        data = evidence.collect(told, SPACE, _findings(sound), [])  # type: ignore[arg-type]
        assert set(data) == set(evidence.empty()) and data["readyz"]
        assert diagnose(_findings(sound), data)


def _forgiving(answer: Any, bad: Any) -> Any:
    """The fake itself may stumble over nonsense; then it hands that out."""
    def objects(path: str, params: dict[str, Any]) -> Any:
        try:
            return answer(path, params)
        except (TypeError, AttributeError, KeyError):
            return {"items": bad}
    return objects


# ---- what is told -------------------------------------------------------------------------------------------------
def _breaks(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    yield Candidate("svc.dataplane", "confirmed", ("node/n1",), ("seen before it broke",))
    raise AttributeError("no such field")


def test_a_rule_that_breaks_is_named_and_the_others_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def finds(f: Finding, ev: Evidence) -> Iterator[Candidate]:
        yield Candidate("dns.stale", "probable", (), ("seen after it broke",))

    monkeypatch.setattr(case, "RULES", (_breaks, finds))
    found = one(finding("service", "it broke"), healthy())
    assert found.cause == "svc.dataplane" and found.evidence[0] == "seen before it broke"
    assert found.evidence[-1] == "not judged: the rule test_malformed._breaks broke (AttributeError: no such field)"


def test_a_diagnosis_that_breaks_costs_that_finding_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def rule(f: Finding, ev: Evidence) -> Iterator[Candidate]:
        yield Candidate("dns.stale", "probable")

    monkeypatch.setattr(case, "RULES", (rule,))
    bad = finding("dns", "it broke")
    bad.observed = None  # type: ignore[assignment]
    bad.observations = [{"no": "verdict"}]
    found = diagnose([bad, finding("service", "it broke")], healthy())
    assert found["service"].cause == "dns.stale" and found["dns"].cause in CAUSES


@pytest.mark.parametrize(("kind", "words"), [
    ("pods", "evidence that is not whole: pods (the first 1,000 only)"), ("nodes", "evidence that is not whole: nodes (the f")])
def test_evidence_that_is_not_whole_is_said_in_the_record(kind: str, words: str) -> None:
    data = healthy()
    data["partial"] = {kind: "the first 1,000 only"}
    assert one(finding("service", "it broke"), data).evidence[-1].startswith(words)


def test_evidence_that_could_not_be_read_is_said_even_under_many_lines() -> None:
    data = healthy()
    data["errors"] = {"events": api_error("events is forbidden", 403), "logs a/b/c": api_error("no", 500),
                      "storageclasses": api_error("", 500)}
    found = one(pod_network(matrix(isolated("n3"))), data)
    assert found.cause == "net.node-isolated" and len(found.evidence) <= EVIDENCE_LINES
    assert found.evidence[-1].startswith("evidence that could not be read: events (forbidden)")
    assert "storageclasses" not in found.evidence[-1], "nothing asked for them"
    assert "evidence" not in " ".join(one(pod_network(matrix(isolated("n3"))), healthy()).evidence) and NOTES < EVIDENCE_LINES


def test_only_logs_that_a_rule_wanted_to_read_are_missed() -> None:
    """Those of a node that is gone tell nothing of cluster DNS; those of its servers would."""
    data = healthy()
    data["errors"] = {"logs shop/web-1/main": api_error("no", 500), "logs kube-system/coredns-n1/main": api_error("gone", 500)}
    found = one(finding("dns", "no answer"), data)
    assert found.evidence[-1] == "evidence that could not be read: 1 log (gone)"


def test_the_first_thousand_nodes_are_not_the_cluster() -> None:
    data = healthy()
    for n in NODES:
        power_off(data, n)
    assert one(nodes_failed(data, *NODES), data).scope == ["cluster"]
    data["partial"] = {"nodes": "the first 3 only"}
    assert one(nodes_failed(data, *NODES), data).scope == [f"node/{n}" for n in NODES]


@pytest.mark.parametrize(("whole_in", "code"), [([], "unknown.timeout"), ([SPACE], "unknown.timeout"),
                                                (["kube-system"], "svc.no-endpoints")])
def test_endpoints_that_a_cut_list_does_not_reach_are_not_absent(whole_in: list[str], code: str) -> None:
    """Lists come in the order of namespaces: those of kube-system after a thousand of others."""
    data = healthy()
    data["endpointslices"] = []
    data |= {"partial": {"endpointslices": "the first 1,000 only"}, "whole_in": {"endpointslices": whole_in}}
    asked = [seen("dns", "internal", n, error="no answer") for n in NODES]
    found = one(finding("dns", "3 of 3 nodes: no answer", observations=asked), data)
    assert found.cause == code and "evidence that is not whole: endpointslices" in found.evidence[-1]
