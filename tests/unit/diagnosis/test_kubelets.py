# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clocks that the check of nodes measured by the kubelets, and kubelets that the API server cannot ask, replayed."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    NODES, cause, finding, healthy, lease, one, power_off, seen)

X509 = "error trying to reach service: tls: failed to verify certificate: x509: certificate signed by unknown authority"


def _clocks(**words: str) -> Any:
    """The check of nodes after it found these clocks off."""
    told = ", ".join(f"{n} clock is {w} the API server's" for n, w in words.items())
    return finding("nodes", f"{len(words)} of 3 nodes: {told}", step="the clock of every node is right", observations=[
        seen("node", "clock", "", n, f"clock is {words[n]} the API server's" if n in words else "") for n in NODES])


def _late_leases(*names: str) -> dict[str, Any]:
    """Leases that look 80 s old, of an API server that does not note when they came."""
    data = healthy()
    data["node_leases"] = [lease(n, "2026-03-14T09:28:40Z") if n in names else lease(n) for n in NODES]
    return data


def test_a_late_clock_that_was_measured_is_confirmed_and_no_silent_kubelet() -> None:
    found = one(_clocks(n2="at least 70 s behind"), _late_leases("n2"))
    assert (found.cause, found.confidence, found.scope) == ("node.clock", "confirmed", ["node/n2"])
    assert "node/n2 clock is at least 70 s behind the API server's, by two renewals of its Lease" in found.evidence


def test_a_node_that_fell_silent_after_that_is_silent() -> None:
    data = healthy()
    power_off(data, "n2")
    assert cause(_clocks(n2="61 s behind"), data)[0] == "node.unreachable"


@pytest.mark.parametrize(("here", "sure", "scope"), [
    ("2026-03-14T09:31:00+00:00", "probable", ["node/n1"]), ("2026-03-14T09:30:04+00:00", "confirmed", ["node/n2", "node/n3"])])
def test_whose_clock_is_off_is_told_by_a_third_one(here: str, sure: str, scope: list[str]) -> None:
    """All other machines agree with each other and with the controller: then it is the API server's."""
    data = healthy()
    data["nodes"][0]["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] = ""
    data["controller_date"] = here
    found = one(_clocks(n2="60 s ahead of", n3="61 s ahead of"), data)
    assert (found.cause, found.confidence, found.scope) == ("node.clock", sure, scope)
    assert ("machine of the API server" in found.remedy) == (sure == "probable")


def test_a_worker_that_agrees_with_the_api_server_makes_it_two_to_two() -> None:
    data = healthy()
    data["controller_date"] = "2026-03-14T09:31:00+00:00"
    assert cause(_clocks(n2="60 s ahead of", n3="61 s ahead of"), data) == ("node.clock", "confirmed", ["node/n2", "node/n3"])


def test_one_node_that_agrees_with_the_controller_is_no_proof_against_the_api_server() -> None:
    data = healthy()
    data["controller_date"] = "2026-03-14T09:31:00+00:00"
    assert cause(_clocks(n2="60 s ahead of"), data) == ("node.clock", "confirmed", ["node/n2"])


@pytest.mark.parametrize(("leader", "age", "code"), [
    ("2026-03-14T09:29:55Z", "09:27:59", "node.clock"), ("2026-03-14T09:26:00Z", "09:27:59", "node.unreachable"),
    ("2026-03-14T09:29:55Z", "09:29:00", "node.unreachable")])
def test_a_node_that_its_controller_calls_ready_is_not_silent_for_long(leader: str, age: str, code: str) -> None:
    """It looks whether the Lease changes, not what time it tells: while it works, an old Lease of a Ready node is a clock."""
    data = healthy()
    data["leases"] = [lease("kube-controller-manager", leader)]
    data["node_leases"] = [lease("n1"), lease("n2", f"2026-03-14T{age}Z"), lease("n3")]
    text = "Lease not renewed for 121 s"
    check = finding("nodes", f"1 of 3 nodes: n2 {text}", observations=[seen("node", "lease", "", "n2", text)])
    check.observations[0]["error"] = text
    found = one(check, data)
    assert (found.cause, found.confidence) == (code, "probable")


@pytest.mark.parametrize("words", [X509, "error trying to reach service: remote error: tls: internal error"])
def test_the_certificate_of_a_kubelet_that_the_api_server_could_not_ask(words: str) -> None:
    check = finding("nodes", "the API server does not accept the certificate of 1 of 3 kubelets", observations=[
        {**seen("node", "kubelet", "", n, words if n == "n2" else ""), "target": f"{n}:10250"} for n in NODES])
    found = one(check, healthy())
    assert (found.cause, found.confidence, found.scope) == ("node.kubelet-cert", "confirmed", ["node/n2"])
    assert found.evidence == [f"API server -> kubelet n2:10250: {words}"]


@pytest.mark.parametrize(("words", "code"), [
    ("pod s/probe-n2: exec: Handshake status 500: error dialing backend: tls: failed to verify certificate: x509: certificate "
     "signed by unknown authority", "node.kubelet-cert"),
    ("pod s/probe-n2: exec: error dialing backend: remote error: tls: bad certificate", "unknown.unexplained"),
    ("Get https://10.0.0.2:10250/exec: remote error: tls: unknown certificate", "unknown.unexplained")])
def test_whose_certificate_was_refused_on_the_way_to_a_probe(words: str, code: str) -> None:
    """A kubelet that does not trust the API server has no bad certificate of its own."""
    check = finding("dns", "the probe could not be asked on n2", "inconclusive", observations=[
        {**seen("probe", "", "", "n2", words), "target": "probe-n2"}])
    assert cause(check, healthy())[0] == code


SILENT = "pod s/probe-n2: exec: it was not opened within 20 s"


def _not_asked(words: str, *answered: str) -> Any:
    return finding("pod_network", "the probe could not be asked on n2", "inconclusive", observations=[
        {**seen("probe", "", "", "n2", words), "target": "probe-n2"}, *(seen("pod", "small", n, "n1") for n in answered)])


def test_one_kubelet_that_the_api_server_does_not_reach_is_a_filtered_port() -> None:
    found = one(_not_asked(SILENT, "n1", "n3"), healthy())
    assert (found.cause, found.confidence, found.scope) == ("net.port-filtered", "probable", ["node/n2"])
    assert found.evidence[0] == "the API server does not reach the kubelet's port 10250, and the node is Ready"


@pytest.mark.parametrize(("words", "answered"), [
    (SILENT, ()), (f"pod s/probe-n2: pod-proxy: timed out; {SILENT}", ("n1", "n3")),
    ("pod s/probe-n2: exec: Handshake status 403 Forbidden", ("n1", "n3"))])
def test_without_others_that_answer_by_theirs_a_silence_is_anybodys(words: str, answered: tuple[str, ...]) -> None:
    assert cause(_not_asked(words, *answered), healthy())[0] != "net.port-filtered"


def test_the_kubelet_of_a_node_that_is_gone_is_not_behind_a_filter() -> None:
    data = healthy()
    power_off(data, "n2")
    assert cause(_not_asked(SILENT, "n1", "n3"), data)[0] == "node.unreachable"


@pytest.mark.parametrize(("verdict", "words", "code"), [
    ("inconclusive", "still pulling after 95 s", "image.slow"), ("inconclusive", "still starting after 95 s", "unknown."),
    ("failed", "still pulling after 95 s", "unknown.")])
def test_a_pull_that_does_not_end_is_slow_where_nothing_else_is_wrong(verdict: str, words: str, code: str) -> None:
    check = finding("nodes", f"no pod could be tried on 1 of 3 nodes: n2 ({words})", verdict, observations=[
        seen("node", "pod", "", n, words if n == "n2" else "") for n in NODES])
    found = one(check, healthy())
    assert found.cause.startswith(code) and (found.scope == ["node/n2"]) == (code == "image.slow")
