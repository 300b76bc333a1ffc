# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Findings among each other, replayed: whose root explains whom, how sure that is, and what are two faults."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import Diagnosis, diagnose
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.evidence import Evidence, seconds
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, NODES, SPACE, api_error, coredns, event, finding, healthy, isolated, lease, matrix, nodes_failed, on_path,
    pod, pod_network, power_off, replace_pod, seen, set_condition, waiting)

ETCD_FULL = "etcdserver: mvcc: database space exceeded"


def told(check: Finding, data: dict[str, Any], *others: Finding) -> Diagnosis:
    return diagnose([*others, check], data)[check.check]


def _vip(*bad: str, pods: bool = False) -> Finding:
    """The Service's address fails from some nodes; whether pods were asked directly, and answered."""
    asked = [seen("service", "vip", n, error="refused to say" if n in bad else "") for n in NODES]
    asked += [seen("service", "pod", n, "n3") for n in NODES] if pods else []
    return finding("service", f"the Service's address fails from {', '.join(bad)}", observations=asked)


def _upstream() -> Finding:
    """Names outside the cluster fail everywhere."""
    asked = [seen("dns", v, n, error=e) for n in NODES for v, e in (("internal", ""), ("external_fqdn", "SERVFAIL"))]
    return finding("dns", "3 of 3 nodes: www.lab.test.: SERVFAIL", observations=asked)


# ---- from everything to one thing, not back --------------------------------------------------------------------------
def test_an_overlay_that_is_down_explains_the_rules_of_a_node() -> None:
    down = pod_network(matrix(lambda a, b: a != b))
    found = told(_vip("n2"), healthy(), down)
    assert (found.cause, found.scope, found.consequence_of) == ("svc.dataplane", ["node/n2"], "net.overlay-down")


@pytest.mark.parametrize("other", [
    pod_network(matrix(isolated("n2"))), _vip("n2", pods=True),
    finding("service", "no ready endpoint", observations=[
        seen("service", "endpoints", target="default/web", error="none")])])
def test_what_is_wrong_with_one_thing_does_not_explain_what_is_wrong_everywhere(other: Finding) -> None:
    found = told(_upstream(), healthy(), other)
    assert (found.cause, found.consequence_of) == ("dns.upstream", "")


def test_an_ill_node_does_not_explain_what_fails_on_the_others_alike() -> None:
    data = healthy()
    set_condition(data, "n2", "KernelDeadlock", "True", "DockerHung", "task umount:21568 blocked for 120 seconds")
    for others in ([], [nodes_failed(data)], [pod_network(matrix(isolated("n2")))]):
        found = told(_upstream(), data, *others)
        assert (found.cause, found.consequence_of) == ("dns.upstream", "")
    for name in NODES:
        set_condition(data, name, "KernelDeadlock", "True", "DockerHung", "task umount:21568 blocked for 120 seconds")
    assert told(_upstream(), data).cause == "node.kernel-fault", "on each that failed"


def test_the_node_of_a_name_server_explains_what_no_node_is_told_rightly() -> None:
    data = healthy()
    power_off(data, "n2")
    replace_pod(data, coredns("n2", False))
    dns = finding("dns", "SERVFAIL", observations=[seen("dns", "internal", n, error="SERVFAIL") for n in ("n1", "n3")])
    found = told(dns, data, nodes_failed(data, "n2"))
    assert (found.cause, found.scope, found.consequence_of) == ("dns.server-down", [], "node.unreachable")


def test_an_ill_node_at_an_end_of_some_lost_pairs_is_named_with_them() -> None:
    nodes = ("n1", "n2", "n3", "n4")
    data = healthy(nodes)
    set_condition(data, "n2", "KernelDeadlock", "True", "DockerHung", "task umount:21568 blocked for 120 seconds")
    found = told(pod_network(matrix(lambda a, b: (a, b) in (("n1", "n2"), ("n3", "n4")), nodes=nodes)), data)
    assert (found.cause, found.scope) == ("node.kernel-fault", ["node/n2"])
    assert any(line.startswith("n3 -> n4") for line in found.evidence)


def test_of_two_nodes_the_dead_one_explains_what_is_lost_between_them() -> None:
    data = healthy(("n1", "n2"))
    power_off(data, "n2")
    found = told(pod_network(matrix(lambda a, b: a != b, nodes=("n1", "n2"))), data)
    assert (found.cause, found.scope) == ("node.unreachable", ["node/n2"])


def test_one_node_too_many_explains_nothing() -> None:
    found = told(_upstream(), healthy(), finding("nodes", "3 nodes, expected 2"))
    assert (found.cause, found.consequence_of) == ("dns.upstream", "")


def test_a_provisioner_without_its_rights_does_not_explain_dns() -> None:
    data = healthy()
    words = 'nodes is forbidden: User "system:serviceaccount:local-path-storage:local-path" cannot list "nodes"'
    data["logs"] = {"local-path-storage/local-path-provisioner-7f/main": [words]}
    data["events"] = [event("PersistentVolumeClaim", "data-x", "ProvisioningFailed", "rpc error: broken")]
    storage = finding("storage", "claim data-x is bound: not within 180 s",
                      path=[on_path("PersistentVolumeClaim", "data-x")],
                      observed={"provisioner": "rancher.io/local-path"})
    dns = finding("dns", "SERVFAIL", observations=[seen("dns", "internal", n, error="SERVFAIL") for n in NODES])
    assert told(storage, data).cause == "rbac.missing"
    assert (told(dns, data, storage).cause, told(dns, data, storage).consequence_of) == ("dns.server-down", "")


# ---- the whole API ---------------------------------------------------------------------------------------------------
def test_without_space_in_etcd_everything_else_follows() -> None:
    api = finding("api_server", ETCD_FULL, errors=[api_error(ETCD_FULL)])
    found = told(_upstream(), healthy(), api)
    assert (found.cause, found.consequence_of) == ("dns.upstream", "etcd.space")


@pytest.mark.parametrize(("verdict", "sure"), [("failed", "suspected"), ("inconclusive", "confirmed")])
def test_a_failure_without_a_cause_is_only_suspected_to_follow(verdict: str, sure: str) -> None:
    """What could not be tested surely could not for the API; what failed may have failed by itself."""
    api = finding("api_server", ETCD_FULL, errors=[api_error(ETCD_FULL)])
    found = told(finding("storage", "it was strange", verdict), healthy(), api)
    assert (found.cause, found.consequence_of, found.confidence) == ("etcd.space", "etcd.space", sure)


def test_an_overloaded_api_server_does_not_explain_what_never_asked_it() -> None:
    words = "Too many requests, please try again later."
    api = finding("nodes", f"the API server did not answer: {words}", "inconclusive", errors=[api_error(words, 429)])
    assert told(_upstream(), healthy(), api).consequence_of == ""
    waited = finding("storage", "pod x ends: not within 180 s")
    assert told(waited, healthy(), api).consequence_of == "api.overloaded"


# ---- two faults ------------------------------------------------------------------------------------------------------
def _server_on_a_dead_node_and_broken_rules() -> tuple[Finding, dict[str, Any]]:
    """One of two name servers went with its node; rules of another node are broken, as the other server shows."""
    data = healthy()
    power_off(data, "n2")
    replace_pod(data, coredns("n3"), coredns("n2", False))
    asked = [seen("dns", "internal", n, error="no answer" if n == "n1" else "") for n in ("n1", "n3")]
    asked += [seen("dns", "direct", n, "n3") for n in ("n1", "n3")]
    return finding("dns", "1 of 2 nodes: n1", observations=asked), data


def test_faults_of_two_nodes_are_not_one() -> None:
    dns, data = _server_on_a_dead_node_and_broken_rules()
    for others in ([], [nodes_failed(data, "n2")]):
        found = told(dns, data, *others)
        assert (found.cause, found.scope) == ("node.unreachable", ["node/n2"])
        assert not any("n1" in line for line in found.evidence), "that is another matter"


def test_the_same_trouble_of_another_node_is_not_its_root() -> None:
    data = healthy()
    for name in ("n2", "n3"):
        power_off(data, name)
    nodes = nodes_failed(data, "n3")  # n2 went after that was asked
    found = told(pod_network(matrix(isolated("n2"), nodes=("n1", "n2", "n4"))), data, nodes)
    assert (found.cause, found.scope, found.consequence_of) == ("node.unreachable", ["node/n2"], "")
    nodes = nodes_failed(data, "n2", "n3")
    found = told(pod_network(matrix(isolated("n2"), nodes=("n1", "n2", "n4"))), data, nodes)
    assert (found.cause, found.consequence_of) == ("net.node-isolated", "node.unreachable")


def test_a_pod_that_waits_for_the_same_trouble_of_another_node_does_not_follow_from_it() -> None:
    data = healthy()
    for name in ("n2", "n3"):
        power_off(data, name)
    probe = finding("storage", "the probe could not be asked on n2", "inconclusive",
                    observations=[seen("probe", "", "", "n2", "EOF")])
    found = told(probe, data, nodes_failed(data, "n3"))
    assert (found.cause, found.scope, found.consequence_of) == ("node.unreachable", ["node/n2"], "")
    assert told(probe, data, nodes_failed(data, "n2")).consequence_of == "node.unreachable"


# ---- roots that no finding has for its own ---------------------------------------------------------------------------
def _machines(variant: str, error: str) -> Finding:
    return Finding("machines", "machines", "failed", "a step", "1 of 3 machines: vm 2 is not well",
                   observed={"platform": "vsphere"}, observations=[
                       {**seen("machine", variant, "", "n2", error), "target": "vm 2"}])


def test_a_dead_node_that_only_traffic_shows_is_why_its_tools_do_not_answer() -> None:
    data = healthy()
    power_off(data, "n2")
    network = pod_network(matrix(isolated("n2")))
    assert told(_machines("tools", "runs no guest tools"), data, network).consequence_of == "node.unreachable"
    found = told(network, data, _machines("tools", "runs no guest tools"))
    assert (found.cause, found.consequence_of) == ("node.unreachable", "")


def test_a_machine_that_is_off_is_why_traffic_shows_a_dead_node() -> None:
    data = healthy()
    power_off(data, "n2")
    found = told(pod_network(matrix(isolated("n2"))), data, _machines("power", "is powered off"))
    assert (found.cause, found.scope, found.consequence_of) == ("node.unreachable", ["node/n2"], "vm.powered-off")
    assert any("n1 -> n2" in line for line in found.evidence)


# ---- what came later -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("ended", "root"), [
    ("2026-03-14T09:25:00Z", ""), ("2026-03-14T09:26:29Z", ""), ("2026-03-14T09:26:31Z", "node.unreachable")])
def test_what_another_finding_says_and_came_later_explains_nothing(ended: str, root: str) -> None:
    data = healthy()
    power_off(data, "n2", "2026-03-14T09:27:00Z")
    network = pod_network(matrix(isolated("n2")), ended=seconds(ended))
    found = told(network, data, nodes_failed(data, "n2"))
    assert (found.cause, found.consequence_of) == ("net.node-isolated", root)


def test_a_node_is_gone_since_it_was_last_heard_of_not_since_it_was_given_up() -> None:
    data = healthy()
    power_off(data, "n2", "2026-03-14T09:27:50Z")  # given up
    data["node_leases"] = [lease("n1"), lease("n2", "2026-03-14T09:27:00Z"), lease("n3")]
    early = pod_network(matrix(isolated("n2")), ended=seconds("2026-03-14T09:27:10Z"))
    assert told(early, data).cause == "node.unreachable"
    data["node_leases"] = [lease(n) for n in NODES]  # its kubelet is back
    assert told(early, data).cause == "net.node-isolated"


# ---- the limits of what is said --------------------------------------------------------------------------------------
def test_evidence_is_twenty_lines_of_five_hundred_letters() -> None:
    data = healthy()
    data["pods"] += [pod(f"web-{i}", "default", labels={"app": "web"}, ready=False,
                         **waiting("ErrImagePull", "not found"))
                     for i in range(25)]
    check = finding("service", "it has no ready endpoint",
                    observed={"service": "default/web", "selector": {"app": "web"}})
    assert len(told(check, data).evidence) == 20
    data["pods"] = data["pods"][:-6]
    assert len(told(check, data).evidence) == 19
    for size in (499, 500, 501):
        words = "x" * (size - len("GET /: 401 "))
        found = told(finding("nodes", words, errors=[api_error(words, 401, path="/")]), data)
        assert len(found.evidence[0]) == min(size, 500)


def test_findings_and_evidence_that_were_saved_are_diagnosed_alike(tmp_path: Path) -> None:
    data = healthy()
    power_off(data, "n2")
    checks = [nodes_failed(data, "n2"), pod_network(matrix(isolated("n2")), ended=seconds(JUST_NOW))]
    Evidence(data).save(tmp_path / "evidence.json")
    saved = json.loads(json.dumps([f.to_dict() for f in checks]))
    again = diagnose([Finding.from_dict(f) for f in saved], Evidence.load(tmp_path / "evidence.json").data)
    assert again == diagnose(checks, data) and again["pod_network"].consequence_of == "node.unreachable"


def test_a_cluster_that_told_nothing_but_events_lacks_nothing() -> None:
    data = {k: type(v)() for k, v in healthy().items()}
    words = "Waiting for a volume to be created by the external provisioner 'ebs.csi.aws.com'"
    data.update(run_namespace=SPACE, events=[event("PersistentVolumeClaim", "data-x", "ExternalProvisioning", words)])
    check = finding("storage", "claim data-x is bound: not within 180 s",
                    path=[on_path("PersistentVolumeClaim", "data-x")])
    assert told(check, data).cause == "storage.provision-failed"
    data["pods"] = [pod("other", "default")]
    assert told(check, data).cause == "storage.driver-missing"


def test_what_else_fails_where_the_root_itself_is_seen_is_no_evidence_of_it() -> None:
    data = healthy()
    data["readyz"] = "[-]etcd failed: reason withheld\n[-]poststarthook/rbac/bootstrap-roles failed: reason withheld"
    api = finding("api_server", "/readyz answers 500")
    for others in ([], [finding("storage", "/readyz answers 500")]):
        found = told(api, data, *others)
        assert (found.cause, found.consequence_of) == ("etcd.unhealthy", "")
        assert found.evidence == ["[-]etcd failed: reason withheld"]
