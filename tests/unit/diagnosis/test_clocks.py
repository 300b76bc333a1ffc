# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clocks of nodes, replayed: read from their Leases, blamed where time is the trouble, and nowhere else."""
from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.evidence import collect
from ansible_collections.assay.clusters.plugins.module_utils.engine.evidence_clocks import clock_of
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    NODES, NOW, SPACE, api_error, cause, finding, healthy, isolated, lease, matrix, node, one, pod_network, power_off,
    seen, set_condition)
from ansible_collections.assay.clusters.tests.unit.engine.told import Told

EXPIRED = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time " \
          "2026-03-14T09:31:30Z is after 2026-03-14T09:31:00Z"


def _untrusted(words: str = EXPIRED, **more: Any) -> Any:
    return finding("api_server", f"it broke: {words}", errors=[api_error(words)], **more)


def _clocks(**ahead: float) -> dict[str, Any]:
    """Nodes that renewed their Leases five seconds ago, by clocks that are ahead."""
    data = healthy()
    data["node_clock"] = {**dict.fromkeys(NODES, 0.2), **ahead}
    now = datetime.datetime.fromisoformat(NOW) - datetime.timedelta(seconds=5)
    data["node_leases"] = [lease(n, (now + datetime.timedelta(seconds=s)).isoformat())
                           for n, s in data["node_clock"].items()]
    return data


def _note(time: str, *fields: str, manager: str = "kubelet") -> dict[str, Any]:
    """How the API server notes who wrote which fields."""
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": {
        "f:metadata": {"f:ownerReferences": {}}, "f:spec": {f"f:{f}": {} for f in fields}}}


@pytest.mark.parametrize(("notes", "ahead"), [
    ([_note("2026-03-14T09:29:55Z", "holderIdentity", "renewTime")], 0.5),
    ([_note("2026-03-14T09:29:05Z", "renewTime")], 50.5),
    ([_note("2026-03-14T09:30:55Z", "renewTime")], -59.5),
    ([_note("2026-03-14T09:29:55Z", "renewTime"), _note("2026-03-14T09:00:00Z", "strategy", manager="somebody")], 0.5),
    ([_note("2026-03-14T09:00:00Z", "renewTime"), _note("2026-03-14T09:29:55Z", "renewTime")], 0.5),
    ([_note("2026-03-14T09:00:00Z", "holderIdentity"), {"time": "2026-03-14T09:00:00Z"}], None), ([], None)])
def test_a_lease_tells_the_clock_of_its_holder(notes: list[dict[str, Any]], ahead: float | None) -> None:
    item = lease("n1", "2026-03-14T09:29:55.500000Z")
    item["metadata"]["managedFields"] = notes
    assert clock_of(item) == ahead
    item["spec"] = None
    assert clock_of(item) is None


def test_the_clocks_of_nodes_are_collected_with_their_leases() -> None:
    late, silent = lease("n1", "2026-03-14T09:28:55Z"), lease("n2")
    late["metadata"]["managedFields"] = [_note("2026-03-14T09:29:55Z", "renewTime")]
    data = collect(Told(node_leases=[late, silent]), SPACE, [], [])  # type: ignore[arg-type]
    assert data["node_clock"] == {"n1": -60.0}
    assert [i["metadata"]["name"] for i in data["node_leases"]] == ["n1", "n2"]
    assert collect(Told(), SPACE, [], [])["node_clock"] == {}  # type: ignore[arg-type]


def _reported(written: str, noted: str, told: str = "Ready") -> dict[str, Any]:
    """A node that wrote its status."""
    item = node("n1")
    item["status"]["conditions"][-1]["lastHeartbeatTime"] = written
    item["metadata"]["managedFields"] = [
        {"manager": "kubelet", "time": "2026-03-14T09:00:00Z", "fieldsV1": {"f:metadata": {}}},
        {"manager": "kubelet", "subresource": "status", "time": noted, "fieldsV1": {"f:status": {"f:conditions": {
            f'k:{{"type":"{told}"}}': {"f:lastHeartbeatTime": {}, "f:status": {}}}}}}]
    return item


@pytest.mark.parametrize(("item", "ahead"), [
    (_reported("2026-03-14T09:29:55Z", "2026-03-14T09:29:55Z"), 0.0),  # the Lease was under way for a minute
    (_reported("2026-03-14T09:28:54Z", "2026-03-14T09:29:52Z"), -58.0),
    (_reported("2026-03-14T09:28:54Z", "2026-03-14T09:30:54Z"), -60.0),
    (_reported("2026-03-14T09:28:54Z", "2026-03-14T09:28:54Z", "MemoryPressure"), -60.0), (node("n1"), -60.0)])
def test_a_clock_is_late_only_as_far_as_all_that_the_node_wrote(item: dict[str, Any], ahead: float) -> None:
    late = lease("n1", "2026-03-14T09:28:55Z")
    late["metadata"]["managedFields"] = [_note("2026-03-14T09:29:55Z", "renewTime")]
    data = collect(Told(node_leases=[late], nodes=[item]), SPACE, [], [])  # type: ignore[arg-type]
    assert data["node_clock"] == {"n1": ahead}


@pytest.mark.parametrize(("ahead", "how"), [
    (5.1, "5 s ahead of"), (4.9, ""), (3600.0, "3600 s ahead of"), (-15.1, "15 s behind"), (-14.9, ""), (0.0, "")])
def test_how_far_off_is_off(ahead: float, how: str) -> None:
    """A request may take ten seconds, which makes a clock look late and never early."""
    found = one(_untrusted(), _clocks(n2=ahead))
    if how:
        assert (found.cause, found.confidence, found.scope) == ("node.clock", "confirmed", ["node/n2"])
        assert found.evidence == [f"node/n2 clock is {how} the API server's, by its Lease"]
        assert found.next_command == "ssh n2 chronyc tracking"
    else:
        assert found.cause == "unknown.unexplained"


@pytest.mark.parametrize("words", [
    EXPIRED, "x509: certificate is not yet valid", "the client's certificate has expired", "these tokens are expired",
    "validation failed, token not valid yet (nbf)",
    "invalid bearer token: token is expired", "validation failed, token issued in the future (iat)"])
def test_words_about_the_time_of_certificates_and_tokens(words: str) -> None:
    assert cause(_untrusted(words), _clocks(n3=90.0))[0] == "node.clock"
    assert cause(_untrusted(words), _clocks())[0] == "unknown.unexplained", "whose clocks are right"


@pytest.mark.parametrize("words", [
    "x509: certificate signed by unknown authority", "x509: certificate is valid for localhost, not 10.0.0.2",
    "invalid bearer token", "the token reviewer is not configured", "the server was unable to respond"])
def test_other_words_are_no_matter_of_time(words: str) -> None:
    assert cause(_untrusted(words), _clocks(n3=90.0))[0] == "unknown.unexplained"


def test_what_the_check_got_over_is_no_matter_of_time() -> None:
    check = _untrusted()
    check.message = "ConfigMap x was read back changed"
    assert cause(check, _clocks(n3=90.0))[0] == "unknown.unexplained"


def test_a_clock_that_is_off_loses_no_packets() -> None:
    found = cause(pod_network(matrix(isolated("n3"))), _clocks(n3=90.0))
    assert found == ("net.node-isolated", "confirmed", ["node/n3"])


def test_only_clocks_on_the_path_where_there_is_one() -> None:
    check = _untrusted(observations=[{**seen("probe", "", "", "n2", EXPIRED), "target": "probe-n2"}])
    assert cause(check, _clocks(n3=90.0))[0] == "unknown.unexplained"
    assert cause(check, _clocks(n2=90.0, n3=90.0)) == ("node.clock", "confirmed", ["node/n2"])


def test_what_the_node_problem_detector_says_of_the_clock() -> None:
    data = healthy()
    set_condition(data, "n2", "NTPProblem", "False", "NTPIsUp", "ntp service is up")
    assert cause(_untrusted(), data)[0] == "unknown.unexplained"
    set_condition(data, "n2", "NTPProblem", "True", "NTPIsDown", "ntp service is down")
    assert cause(_untrusted(), data) == ("node.clock", "confirmed", ["node/n2"])


@pytest.mark.parametrize(("renewed", "code"), [("2026-03-14T09:30:06Z", "node.clock"),
                                               ("2026-03-14T09:30:04Z", "unknown.unexplained")])
def test_a_lease_from_the_future_where_nobody_noted_when_it_came(renewed: str, code: str) -> None:
    data = healthy()
    data["node_leases"] = [lease("n1"), lease("n2", renewed), lease("n3")]
    assert cause(_untrusted(), data)[0] == code


def test_clocks_of_api_servers_that_differ_are_not_those_of_nodes() -> None:
    """The one that took the Lease is ahead of the one that was asked for it."""
    data = _clocks()
    data["node_leases"] = [lease(n, "2026-03-14T09:30:30Z") for n in NODES]
    assert cause(_untrusted(), data)[0] == "unknown.unexplained"


# ---- Leases look old by a clock that is late -------------------------------------------------------------------------
def _old_lease() -> Any:
    text = "Lease not renewed for 65 s"
    return finding("nodes", f"1 of 3 nodes: n2 {text}", step="every node renews its Lease", observations=[
        seen("node", "lease", "", n, text if n == "n2" else "") for n in NODES])


def test_a_late_clock_is_no_silent_kubelet() -> None:
    data = _clocks(n2=-60.0)
    assert cause(_old_lease(), data) == ("node.clock", "confirmed", ["node/n2"])
    data["node_clock"]["n2"] = 0.0
    assert cause(_old_lease(), data) == ("node.unreachable", "probable", ["node/n2"])


def test_a_silent_kubelet_with_a_late_clock_is_silent() -> None:
    data = _clocks(n2=-60.0)
    power_off(data, "n2")
    found = one(_old_lease(), data)
    assert (found.cause, found.scope) == ("node.unreachable", ["node/n2"])
    assert "lease/n2 not renewed for 180 s" in found.evidence, "by the API server's clock, of 240 s by the node's"
