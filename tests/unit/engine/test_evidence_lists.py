# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Evidence of large clusters, of tenants and of distributions: what is cut is told, what matters is whole none the less."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.evidence import Evidence
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.plugins.module_utils.engine import evidence, evidence_lists, rights
from ansible_collections.assay.clusters.tests.unit.engine.told import Told, refusal

OURS = "assay-1"


def thing(name: str, space: str = "", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **({"namespace": space} if space else {}), **more.pop("meta", {})}, **more}


def collect(client: Told, *findings: Finding) -> dict[str, Any]:
    return evidence.collect(client, OURS, list(findings), [])  # type: ignore[arg-type]


def keys(items: list[dict[str, Any]]) -> list[str]:
    return [f"{i['metadata'].get('namespace', '')}/{i['metadata']['name']}" for i in items]


def many(space: str, count: int, **more: Any) -> list[dict[str, Any]]:
    return [thing(f"t{n:03}", space, **more) for n in range(count)]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_lists, "MOST", 10)
    monkeypatch.setattr(evidence_lists, "MOST_NEAR", 20)


@pytest.mark.parametrize("kind", ["events", "pods", "endpointslices", "deployments", "daemonsets", "services"])
def test_a_list_that_is_cut_counts_as_whole_only_where_it_was_read_by_itself(kind: str) -> None:
    now = {"lastTimestamp": "2026-03-14T09:29:00Z"} if kind == "events" else {}
    there = [*many("apps", 12, **now), *many("kube-system", 3, **now), *many(OURS, 2, **now)]
    data = collect(Told(**{kind: there}))
    ev = Evidence({**data, "nodes": [thing("n1")]})
    assert data["partial"] == {kind: "the first 10 only"} and not data["errors"]
    assert not ev.known(kind) and ev.known(kind, "kube-system") and ev.known(kind, OURS) and not ev.known(kind, "apps")
    if kind != "pods":  # of others only those that are ill are kept
        assert len(ev.items(kind)) == 15
        assert {i["metadata"].get("namespace") for i in ev.items(kind)[:5]} == {"kube-system", OURS}
    assert ev.gaps() == f"evidence that is not whole: {kind} (the first 10 only)"
    assert ev.gaps(["nodes"]) == ""


def test_a_namespace_that_is_cut_itself_is_not_whole() -> None:
    data = collect(Told(events=many("kube-system", 30, lastTimestamp="2026-03-14T09:29:00Z")))
    assert len(data["events"]) == 20 and "kube-system" not in data["whole_in"]["events"]


def test_images_of_nodes_and_who_wrote_what_are_not_kept() -> None:
    item = thing("n1", meta={"managedFields": [{}]}, status={"images": [{"names": ["x"]}], "conditions": []})
    assert collect(Told(nodes=[item]))["nodes"] == [{"metadata": {"name": "n1"}, "status": {"conditions": []}}]


def test_a_whole_list_is_not_asked_for_twice() -> None:
    client = Told(pods=many("kube-system", 9))
    data = collect(client)
    assert data["partial"] == {} and len([p for p, _params in client.asked if p.endswith("/pods")]) == 1


def test_a_tenant_is_told_what_its_own_namespace_says() -> None:
    """The rest is forbidden, and is no absence."""
    client = Told(refused={"/api/v1/pods": refusal(403), "/api/v1/events": refusal(403)},
                  pods=[thing("probe", OURS), thing("other", "theirs")])
    data = collect(client)
    assert keys(data["pods"]) == [f"{OURS}/probe"]
    ev = Evidence(data)
    assert ev.known("pods", OURS) and not ev.known("pods") and not ev.known("pods", "theirs")
    assert ev.gaps(("pods", "events", "nodes")) == "evidence that could not be read: events (forbidden), pods (forbidden)"


def test_nodes_on_the_failing_path_are_read_by_name_where_there_are_too_many() -> None:
    nodes = [thing(f"t{n:03}") for n in range(40)]
    lost = {"kind": "pod", "from_node": "t030", "to_node": "t031", "ok": False}
    fine = {"kind": "pod", "from_node": "t032", "to_node": "t033", "ok": True}
    found = Finding("x", "network", "failed", observations=[lost, fine],
                    path=[{"kind": "Node", "namespace": "", "name": "t034"}, {"kind": "Node", "namespace": "", "name": "gone"}])
    waiting = thing("probe-t035", OURS, spec={"nodeName": "t035"}, status={"phase": "Pending"})
    data = collect(Told(nodes=nodes, node_leases=nodes, pods=[waiting]), found)
    for kind in ("nodes", "node_leases"):
        assert {n["metadata"]["name"] for n in data[kind]} == {*(f"t{n:03}" for n in range(10)), "t030", "t031", "t034", "t035"}
        assert data["partial"][kind] == "the first 10 only"
    assert not data["errors"]


def test_nodes_that_something_was_lost_at_come_before_those_that_were_only_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_lists, "NAMED", 1)
    found = Finding("x", "nodes", "failed", path=[{"kind": "Node", "namespace": "", "name": f"t{n:03}"} for n in range(40)],
                    observations=[{"kind": "node", "from_node": "", "to_node": "t039", "ok": False}])
    data = collect(Told(nodes=[thing(f"t{n:03}") for n in range(40)]), found)
    assert keys(data["nodes"])[0] == "/t039" and len(data["nodes"]) == 11


def test_pods_that_may_do_the_work_of_a_provisioner_are_kept_though_they_are_well() -> None:
    well = {"status": {"phase": "Running"}}
    pods = [thing(n, "storage", **well) for n in ("driver-nfs-io-7f", "shares-x-1", "ebs-controller-0", "web-1")]
    found = Finding("storage", "storage", "failed", observed={"provisioner": "lab.io/shares-x"})
    data = collect(Told(pods=pods, storageclasses=[thing("a", provisioner="driver.nfs.io"),
                                                   thing("b", provisioner="ebs.csi.aws.com")]), found)
    assert keys(data["pods"]) == ["storage/driver-nfs-io-7f", "storage/shares-x-1", "storage/ebs-controller-0"]


# ---- cluster DNS --------------------------------------------------------------------------------------------------
def service(name: str, space: str, ip: str, **selector: str) -> dict[str, Any]:
    return thing(name, space, spec={"clusterIP": ip, "selector": selector, "ports": [{"port": 53}]})


def workload(name: str, space: str, config: str, **labels: str) -> dict[str, Any]:
    volumes = [{"name": "config", "configMap": {"name": config, "items": [{"key": "Corefile", "path": "Corefile"}]}}]
    return thing(name, space, spec={"template": {"metadata": {"labels": labels}, "spec": {"volumes": volumes}}})


OWN = {"dns.operator.openshift.io/daemonset-dns": "default"}
DISTRIBUTIONS = {
    "rke2": ("kube-system", "rke2-coredns-rke2-coredns", "rke2-coredns-rke2-coredns", "rke2-coredns-rke2-coredns",
             {"k8s-app": "kube-dns", "app.kubernetes.io/instance": "rke2-coredns"}),
    "openshift": ("openshift-dns", "dns-default", "dns-default", "dns-default", OWN),
    "gke": ("kube-system", "kube-dns", "kube-dns", "kube-dns", {"k8s-app": "kube-dns"}),
    "own": ("names", "resolver", "resolver", "resolver-corefile", {"app": "resolver"}),
}


@pytest.mark.parametrize("pods", [True, False], ids=["running", "scaled to none"])
@pytest.mark.parametrize("kind", ["deployments", "daemonsets"])
@pytest.mark.parametrize("which", DISTRIBUTIONS)
def test_cluster_dns_is_what_stands_at_the_pods_name_server(which: str, kind: str, pods: bool) -> None:
    space, svc, run, config, labels = DISTRIBUTIONS[which]
    found = Finding("dns", "dns", "failed", observed={"nameservers": ["10.43.0.10"]})
    server = thing("server-1", space, meta={"labels": labels}, status={"phase": "Running", "containerStatuses": [
        {"name": "dns", "ready": True, "state": {"running": {}}}]})
    cache = thing("node-local-dns-x", "kube-system", meta={"labels": {"k8s-app": "node-local-dns"}})
    client = Told(services=[service("other", "apps", "10.43.0.9", app="x"), service(svc, space, "10.43.0.10", **labels)],
                  pods=[cache, *[server] * pods], configmaps=[thing(config, space, data={"Corefile": ". { }"}),
                                                              thing("coredns", "kube-system", data={"Corefile": "not it"})],
                  **{kind: [workload(run, space, config, **labels), workload("other", space, "x", app="other"),
                            workload("node-local-dns", "kube-system", "node-local-dns", **{"k8s-app": "node-local-dns"})]})
    ev = Evidence(collect(client, found), ["10.43.0.10"])
    service_found = ev.dns_service()
    assert service_found and keys([service_found]) == [f"{space}/{svc}"]
    assert keys(ev.dns_servers()) == [f"{space}/server-1"] * pods and keys(ev.dns_caches()) == ["kube-system/node-local-dns-x"]
    assert keys(ev.dns_workloads(kind)) == [f"{space}/{run}"]
    assert ev.corefiles() == [(f"configmap/{space}/{config}", ". { }")]
    assert [pod for pod, _previous, _since in client.logs] == ["server-1"] * pods


def test_the_service_at_the_name_server_is_found_behind_a_list_that_is_cut() -> None:
    found = Finding("dns", "dns", "failed", observed={"nameservers": {"n1": ["10.43.0.10"]}})
    there = [*(service(f"s{n}", "apps", f"10.43.1.{n}", app="x") for n in range(12)),
             service("resolver", "names", "10.43.0.10", app="resolver")]
    ev = Evidence(collect(Told(services=there, pods=[*many("apps", 12), thing("r1", "names", meta={
        "labels": {"app": "resolver"}})]), found), ["10.43.0.10"])
    assert keys([ev.dns_service() or {}]) == ["names/resolver"]
    assert keys(ev.dns_servers()) == ["names/r1"] and ev.known("pods", "names")


# ---- policies -----------------------------------------------------------------------------------------------------
def test_policies_for_our_pods_and_who_else_has_some_are_evidence() -> None:
    data = collect(Told(networkpolicies=[thing("default-deny", OURS), thing("theirs", "apps")],
                        groups=["cilium.io", "policy.networking.k8s.io", "example.com"]))
    ev = Evidence({**data, "nodes": [thing("n1")]})
    assert keys(ev.policies()) == [f"{OURS}/default-deny"] and ev.known("networkpolicies")
    assert ev.policy_groups() == ["cilium.io", "policy.networking.k8s.io"]
    assert any("networkpolicies" in p.resources and p.optional for p in rights.EVIDENCE)


def test_policies_that_may_not_be_read_are_not_absent() -> None:
    path = f"/apis/networking.k8s.io/v1/namespaces/{OURS}/networkpolicies"
    data = collect(Told(refused={path: refusal(403), "/apis": refusal(500, "busy")}))
    ev = Evidence({**data, "nodes": [thing("n1")]})
    assert not ev.policies() and not ev.known("networkpolicies") and not ev.policy_groups() and not ev.known("policy_groups")
    assert ev.gaps() == "evidence that could not be read: networkpolicies (forbidden), policy_groups (busy)"


# ---- nonsense -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("answer", [{"kind": "PodList", "items": None}, {"items": "x"}, [], "text", None, 7])
def test_a_list_that_makes_no_sense_costs_that_list_only(answer: Any) -> None:
    empty = isinstance(answer, dict) and answer["items"] is None
    data = collect(Told(refused={"/api/v1/pods": answer}, nodes=[thing("n1")]))
    assert data["pods"] == [] and keys(data["nodes"]) == ["/n1"] and ("pods" in data["errors"]) is not empty


@pytest.mark.parametrize("bad", [None, 7, "x", [], {}, {"metadata": None}, {"metadata": {"name": 3}}])
def test_objects_that_make_no_sense_are_left_out_and_told(bad: Any) -> None:
    data = collect(Told(refused={"/api/v1/nodes": {"items": [bad, thing("n1")]}}))
    assert keys(data["nodes"]) == ["/n1"] and data["partial"] == {"nodes": "without 1 that make no sense"}


def test_whatever_breaks_in_one_kind_leaves_the_others() -> None:
    data = collect(Told(refused={"/api/v1/events": RuntimeError("boom")}, nodes=[thing("n1")], pods=many("kube-system", 2)))
    assert data["errors"] == {"events": {**evidence_lists.broken(RuntimeError("boom")), "message": "RuntimeError: boom"}}
    assert keys(data["nodes"]) == ["/n1"] and len(data["pods"]) == 2


@pytest.mark.parametrize(("times", "told"), [(2, set()), (3, {"pods"})])
@pytest.mark.parametrize("page", [True, False], ids=["page", "cut"])
def test_a_page_of_a_proxy_and_a_cut_are_asked_past(page: bool, times: int, told: set[str]) -> None:
    left = [times]

    def ask() -> list[str]:
        if left[0]:
            left[0] -= 1
            error = refusal(504, kind="http" if page else "unreachable")
            error.page = page
            raise error
        return ["p"]

    lists = evidence_lists.Lists(None, data := {"errors": {}})
    assert lists.guarded("pods", ask, []) == ([] if told else ["p"]) and set(data["errors"]) == told


def test_what_the_api_server_refuses_is_asked_once() -> None:
    asked: list[int] = []

    def ask() -> None:
        asked.append(1)
        raise refusal(503)

    lists = evidence_lists.Lists(None, data := {"errors": {}})
    assert lists.guarded("pods", ask, None) is None and len(asked) == 1 and data["errors"]["pods"]["status"] == 503
