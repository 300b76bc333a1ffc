# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way to cluster DNS, replayed: kubelets, the Service's ports and policy, caches on nodes, filtered ports, stale rules."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    NODES, SPACE, cause, coredns, finding, healthy, meta, one, pod, seen)

SILENCE = "communications error to 10.96.0.10#53: timed out; no servers could be reached"
REFUSED = "communications error to 10.96.0.10#53: connection refused"
VIP = ("internal", "internal", "tcp", "search", "srv", "ptr", "headless", "nxdomain")
UDP = tuple(v for v in VIP if v != "tcp")
SERVERS = ("n1", "n2")


def _dns(lost: dict[tuple[str, str], str] | None = None, *more: dict[str, Any], nameserver: str = "10.96.0.10") -> Any:
    """Answers of all nodes. lost: the error by (variant, node), of direct ones by (variant, "n1>n2"); "*" is any node."""
    bad, out = lost or {}, []
    for n in NODES:
        out += [seen("dns", v, n, error=bad.get((v, n), bad.get((v, "*"), "")), target=f"{v}.x") for v in VIP]
        for v in ("direct", "direct_tcp"):
            out += [seen("dns", v, n, s, bad.get((v, f"{n}>{s}"), bad.get((v, n), "")), f"10.244.0.{s[1]}") for s in SERVERS]
    return finding("dns", "some nodes", observations=[*out, *more], observed={"nameservers": [nameserver]})


def _all(variants: tuple[str, ...], node: str, error: str = SILENCE) -> dict[tuple[str, str], str]:
    return {(v, node): error for v in variants}


def _cluster(**spec: Any) -> dict[str, Any]:
    """A healthy one whose Service has an address and ports, and whose endpoints are on n1 and n2."""
    data = healthy()
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
             {"name": "metrics", "port": 9153, "protocol": "TCP"}]
    data["services"][0]["spec"].update({"clusterIP": "10.96.0.10", "ports": ports, **spec})
    data["endpointslices"][0]["endpoints"] = [
        {"addresses": [f"10.244.0.{n[1]}"], "conditions": {"ready": True}, "nodeName": n} for n in SERVERS]
    return data


# ---- kubelets ---------------------------------------------------------------------------------------------------
def _astray(node: str, address: str) -> list[dict[str, Any]]:
    words = f"pods of {node} ask {address}, those of other nodes ask 10.96.0.10"
    return [seen("dns", "nameserver", node, error=words, target=address), seen("dns", "usual", node, target="10.96.0.10")]


@pytest.mark.parametrize("address", ["10.96.0.99", "169.254.20.10"])
def test_one_kubelet_gives_its_pods_another_name_server(address: str) -> None:
    check = _dns(_all(VIP, "n2"), *_astray("n2", address))
    found = one(check, _cluster())
    assert (found.cause, found.confidence, found.scope) == ("dns.config", "confirmed", ["node/n2"])
    assert found.evidence[0] == f"pods of n2 ask {address}, those of other nodes ask 10.96.0.10"
    assert "clusterDNS" in found.remedy and found.next_command == "kubectl get --raw /api/v1/nodes/n2/proxy/configz"
    assert "n2 10.96.0.10 (dns usual): ok" in found.evidence


def test_rules_of_the_service_are_not_judged_by_another_address() -> None:
    check = _dns(_all(VIP, "n2"), seen("dns", "nameserver", "n2", target="10.96.0.99"),
                 seen("dns", "usual", "n2", error=SILENCE, target="10.96.0.10"))
    assert cause(check, _cluster())[0].startswith("unknown.")


def test_another_name_server_that_answers_is_no_cause() -> None:
    check = _dns(_all(VIP, "n3"), seen("dns", "nameserver", "n2", target="169.254.20.10"))
    assert cause(check, _cluster()) == ("svc.dataplane", "confirmed", ["node/n3"])


def test_one_kubelet_gives_its_pods_another_domain() -> None:
    words = "pods of n2 search old.local, the cluster's domain is cluster.local"
    found = one(_dns({("search", "n2"): "NXDOMAIN"}, seen("dns", "search_path", "n2", error=words, target="cluster.local")),
                _cluster())
    assert (found.cause, found.confidence, found.scope) == ("dns.config", "confirmed", ["node/n2"])
    assert found.evidence[0] == words and "clusterDomain" in found.remedy


# ---- the Service ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("protocol", "variants"), [("TCP", ("tcp",)), ("UDP", UDP)])
@pytest.mark.parametrize("error", [SILENCE, REFUSED])
def test_a_service_that_lost_a_port(protocol: str, variants: tuple[str, ...], error: str) -> None:
    data = _cluster()
    ports = data["services"][0]["spec"]["ports"]
    data["services"][0]["spec"]["ports"] = [p for p in ports if p["protocol"] != protocol or p["port"] != 53]
    found = one(_dns(_all(variants, "*", error)), data)
    assert (found.cause, found.confidence, found.scope) == ("svc.no-endpoints", "confirmed", ["service/kube-system/kube-dns"])
    assert f"has no port 53/{protocol}" in found.evidence[0] and f"add port 53/{protocol}" in found.remedy
    assert found.next_command == "kubectl -n kube-system describe service kube-dns"


def test_a_port_that_some_node_reaches_is_there_whatever_the_object_says_now() -> None:
    data = _cluster(ports=[{"port": 53, "protocol": "UDP"}])
    assert cause(_dns({("tcp", "n1"): SILENCE}), data)[0] != "svc.no-endpoints"
    assert cause(_dns(_all(("tcp",), "*"), nameserver="10.0.0.2"), data)[0] != "svc.no-endpoints", "another one is asked"


def test_a_service_for_servers_of_the_same_node_only() -> None:
    found = one(_dns(_all(VIP, "n3")), _cluster(internalTrafficPolicy="Local"))
    assert (found.cause, found.confidence, found.scope) == ("svc.no-endpoints", "confirmed", ["service/kube-system/kube-dns"])
    assert "internalTrafficPolicy=Local, and no DNS pod is on n3" in found.evidence[0] and "Cluster" in found.remedy
    assert cause(_dns(_all(VIP, "n2")), _cluster(internalTrafficPolicy="Local"))[0] == "svc.dataplane", "n2 has a server"
    cut = _cluster(internalTrafficPolicy="Local")
    cut["partial"] = {"endpointslices": "1,000 of many"}
    assert cause(_dns(_all(VIP, "n3")), cut)[0] != "svc.no-endpoints", "what is cut is no absence"


# ---- ports ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "variant", "lost"), [("UDP", "direct", UDP), ("TCP", "direct_tcp", ("tcp",))])
def test_a_protocol_that_is_filtered_from_one_node(name: str, variant: str, lost: tuple[str, ...]) -> None:
    found = one(_dns({**_all(lost, "n3"), (variant, "n3"): SILENCE}), _cluster())
    assert (found.cause, found.confidence, found.scope) == ("net.port-filtered", "confirmed", ["node/n3"])
    assert found.evidence[0] == f"53/{name} is lost from or to n3, other traffic of the same nodes passes"
    assert f"53/{name} from or to n3" in found.remedy and any(text.endswith(": ok") for text in found.evidence)


def test_a_server_that_was_refused_for_a_moment_is_not_why_one_node_gets_no_answer() -> None:
    """As after a start of an API server: what the log says of rights explains no silence towards one node."""
    data = _cluster()
    data["logs"] = {"kube-system/coredns-n1/coredns": [
        'plugin/kubernetes: Failed to watch: namespaces is forbidden: User "system:serviceaccount:kube-system:coredns" cannot '
        'watch resource "namespaces" in API group "" at the cluster scope']}
    assert cause(_dns({**_all(UDP, "n3"), ("direct", "n3"): SILENCE}), data)[0] == "net.port-filtered"
    for wrong in ({("internal", "*"): SILENCE}, {("headless", "*"): "NXDOMAIN"}, {("headless", "n3"): "SERVFAIL"}):
        assert cause(_dns(wrong), data)[0] == "rbac.missing", wrong


def test_both_protocols_filtered_while_pods_of_the_same_nodes_answer() -> None:
    lost = {**_all(VIP, "n3"), **_all(("direct", "direct_tcp"), "n3")}
    found = one(_dns(lost, *(seen("dns", "pod", "n3", s) for s in SERVERS)), _cluster())
    assert (found.cause, found.confidence, found.scope) == ("net.port-filtered", "confirmed", ["node/n3"])
    assert "53/UDP and 53/TCP" in found.remedy


def test_a_node_whose_pods_reach_nobody_is_isolated() -> None:
    lost = {**_all(VIP, "n3"), **_all(("direct", "direct_tcp"), "n3")}
    assert cause(_dns(lost, *(seen("dns", "pod", "n3", s, SILENCE) for s in SERVERS)), _cluster()) == (
        "net.node-isolated", "confirmed", ["node/n3"])
    one_way = _dns(lost, seen("dns", "pod", "n3", "n1"), seen("dns", "pod", "n3", "n2", SILENCE))
    assert cause(one_way, _cluster())[0] != "net.port-filtered", "to n2 nothing passes"


def test_a_port_that_is_lost_between_all_nodes() -> None:
    pairs = {("direct", f"{a}>{b}"): SILENCE for a in NODES for b in SERVERS if a != b}
    assert cause(_dns({**_all(UDP, "n3"), **pairs}), _cluster()) == ("net.port-filtered", "confirmed", [])


def test_one_lost_answer_is_no_filter_for_sure() -> None:
    assert cause(_dns({("direct", "n3>n1"): SILENCE}), _cluster())[1] == "suspected"


def test_a_server_that_answers_by_one_protocol_is_not_dead() -> None:
    lost = {("direct", f"{n}>n1"): SILENCE for n in NODES}
    assert cause(_dns(lost), _cluster())[0] != "dns.server-down"


# ---- caches on nodes --------------------------------------------------------------------------------------------
def _cached(*ready: str, listen: str = "169.254.20.10,10.96.0.10", wanted: bool = True) -> dict[str, Any]:
    """With NodeLocal DNSCache; ready: nodes where it is, on all others it is not."""
    data = _cluster()
    data["pods"] += [pod(f"node-local-dns-{n}", "kube-system", n, {"k8s-app": "node-local-dns"}, n in ready) for n in NODES]
    template = {"metadata": {"labels": {"k8s-app": "node-local-dns"}},
                "spec": {"containers": [{"name": "node-cache", "args": ["-localip", listen, "-conf", "/etc/Corefile"]}]}}
    data["daemonsets"] = [{"metadata": meta("node-local-dns", "kube-system"), "spec": {"template": template}}] if wanted else []
    return data


def test_a_dead_cache_that_took_the_services_address() -> None:
    found = one(_dns(_all(VIP, "n3", REFUSED)), _cached("n1", "n2"))
    assert (found.cause, found.confidence, found.scope) == ("dns.server-down", "confirmed", ["node/n3"])
    assert found.evidence[0] == "pod/kube-system/node-local-dns-n3 is not ready" and "NodeLocal" in found.remedy


def test_a_cache_that_is_ready_and_says_nothing_is_blamed_but_not_for_sure() -> None:
    assert cause(_dns(_all(VIP, "n3")), _cached(*NODES)) == ("dns.server-down", "probable", ["node/n3"])


def test_the_address_of_a_cache_that_is_gone() -> None:
    data = _cached(wanted=False)
    data["pods"] = [p for p in data["pods"] if not p["metadata"]["name"].startswith("node-local-dns")]
    assert cause(_dns(_all(VIP, "n3", REFUSED)), data) == ("svc.dataplane", "probable", ["node/n3"])
    assert cause(_dns(_all(VIP, "n3")), data) == ("svc.dataplane", "confirmed", ["node/n3"])


def test_caches_of_the_sixth_family_have_addresses_that_services_may_have() -> None:
    data = _cached("n1", "n2", listen="fd00::20:10")
    assert cause(_dns(_all(VIP, "n3"), nameserver="fd00::20:10"), data) == ("dns.server-down", "confirmed", ["node/n3"])


def test_a_cache_on_one_node_only_that_is_down() -> None:
    check = _dns(_all(VIP, "n2"), *_astray("n2", "169.254.20.10"))
    assert cause(check, _cached("n1", "n3")) == ("dns.server-down", "confirmed", ["node/n2"])


def test_servers_are_gone_and_caches_run() -> None:
    data = _cached(*NODES)
    data["pods"] = [p for p in data["pods"] if not p["metadata"]["name"].startswith("coredns")]
    data["deployments"][0].update(spec={"replicas": 0}, status={})
    data["endpointslices"][0]["endpoints"] = []
    check = finding("dns", "SERVFAIL", observations=[seen("dns", "internal", n, error="SERVFAIL") for n in NODES],
                    observed={"nameservers": ["169.254.20.10"]})
    found = one(check, data)
    assert (found.cause, found.confidence, found.scope) == ("dns.server-down", "confirmed", ["deployment/kube-system/coredns"])


# ---- rules that lead to a pod which is gone ---------------------------------------------------------------------
def _half(node: str) -> dict[tuple[str, str], str]:
    return _all(("search", "srv", "headless"), node)


def _counted(node: str, direct: str = "") -> list[dict[str, Any]]:
    return [seen("dns", "latency", node, error="10 of 20 questions lost"), seen("dns", "latency_direct", node, error=direct)]


def test_half_of_the_answers_lost_on_one_node() -> None:
    found = one(_dns({}, *_counted("n1")), _cluster())
    assert (found.cause, found.confidence, found.scope) == ("svc.dataplane", "confirmed", ["node/n1"])
    assert found.evidence[0].endswith("10 of 20 questions lost"), "what was counted, and nothing of one question each"
    found = one(_dns(_half("n1")), _cluster())
    assert (found.cause, found.confidence, found.scope) == ("svc.dataplane", "probable", ["node/n1"])
    assert found.evidence[0] == "3 of 6 questions of n1 are lost by name, none of 2 at the servers' own addresses"


def test_answers_that_are_lost_everywhere_are_not_the_services_matter() -> None:
    assert cause(_dns({}, *_counted("n1", "9 of 20 questions lost")), _cluster())[0] != "svc.dataplane"
    assert cause(_dns({("search", "n1"): SILENCE}), _cluster())[0] != "svc.dataplane", "one packet may be lost"
    assert cause(_dns({}, *_counted("n1")), _cached(*NODES)) == ("dns.server-down", "probable", ["node/n1"])


def test_dns_and_service_have_one_root() -> None:
    service = finding("service", "fails from n1", observations=[
        seen("service", "vip", "n1", error="timeout"), seen("service", "vip", "n2"), seen("service", "pod", "n1", "n1"),
        seen("service", "pod", "n2", "n1")])
    assert cause(_dns({}, *_counted("n1")), _cluster(), service) == ("svc.dataplane", "confirmed", ["node/n1"])


def test_an_answer_from_the_wrong_address_is_none() -> None:
    words = "reply from unexpected source: 10.244.0.9#53, expected 10.96.0.10#53"
    assert cause(_dns(_all(UDP, "n1", words)), _cluster())[0] == "svc.dataplane"


# ---- other names for the same things ----------------------------------------------------------------------------
def _named(space: str, name: str, labels: dict[str, str], workload: str, replicas: int) -> dict[str, Any]:
    data = healthy()
    data["pods"] = [p for p in data["pods"] if not p["metadata"]["name"].startswith("coredns")]
    volumes = [{"name": "config", "configMap": {"name": name, "items": [{"key": "Corefile", "path": "Corefile"}]}}]
    spec = {"replicas": replicas, "template": {"metadata": {"labels": labels}, "spec": {"volumes": volumes}}}
    item = {"metadata": meta(name, space), "spec": spec, "status": {"desiredNumberScheduled": replicas}}
    data.update(services=[{"metadata": meta(name, space), "spec": {"selector": labels, "clusterIP": "10.43.0.10"}}],
                deployments=[], daemonsets=[], endpointslices=[])
    data[workload] = [item]
    return data


@pytest.mark.parametrize(("space", "name", "label", "workload"), [
    ("kube-system", "rke2-coredns-rke2-coredns", "k8s-app=kube-dns", "deployments"),
    ("openshift-dns", "dns-default", "dns.operator.openshift.io/daemonset-dns=default", "daemonsets"),
    ("kube-system", "kube-dns", "k8s-app=kube-dns", "deployments")])
def test_objects_have_their_real_names(space: str, name: str, label: str, workload: str) -> None:
    data = _named(space, name, dict([label.split("=")]), workload, 0)
    asked = {"nameservers": ["10.43.0.10"]}
    lost = finding("dns", "x", observations=[seen("dns", "internal", n, error=SILENCE) for n in NODES], observed=asked)
    found = one(lost, data)
    assert (found.cause, found.scope) == ("dns.server-down", [f"{workload[:-1]}/{space}/{name}"])
    assert found.next_command == f"kubectl -n {space} get pods -l {label} -o wide"
    data["pods"].append(pod("server-1", space, labels=dict([label.split("=")])))
    wrong = finding("dns", "x", observations=[seen("dns", "internal", n, error="NXDOMAIN") for n in NODES], observed=asked)
    found = one(wrong, data)
    assert found.scope == [f"configmap/{space}/{name}"]
    assert found.next_command == f"kubectl -n {space} get configmap {name} -o yaml"
    assert ("dns.operator" in found.remedy) == (space == "openshift-dns")


def test_probes_and_servers_are_not_mixed_up() -> None:
    data = _cluster()
    data["pods"].append(coredns("n3", False))
    data["pods"].append(pod("web", SPACE, labels={"k8s-app": "kube-dns"}))
    assert cause(_dns(_all(VIP, "n3")), data)[0] == "svc.dataplane"
