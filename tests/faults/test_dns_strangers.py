# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""dns, seen red where the servers are well: kubelets that send pods elsewhere, a Service that lost a port or keeps to the node,
a filtered port, rules that lead to a pod that is gone, a Corefile that answers too little or too much."""
from __future__ import annotations

from typing import Any

import pytest

from tests.faults.conftest import assert_red
from tests.faults.test_dns import CONFIG, COREFILE, corefile, new_servers

pytestmark = [pytest.mark.faults, pytest.mark.lab]
SERVICE = "/api/v1/namespaces/kube-system/services/kube-dns"
DNS = ["service/kube-system/kube-dns"]
WELL = ("passed", "warned")


def _servers(lab: Any) -> dict[str, str]:
    """{node: pod} of the name servers."""
    items = lab.api("/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns")["items"]
    return {p["spec"]["nodeName"]: p["metadata"]["name"] for p in items if not p["metadata"].get("deletionTimestamp")}


def _without_server(lab: Any) -> str:
    """The short name of a node that runs no name server."""
    there = _servers(lab)
    return next(n for n in lab.machines if lab.node_name(n) not in there)


# ---- what pods are told -----------------------------------------------------------------------------------------
@pytest.mark.gauntlet
@pytest.mark.parametrize("address", ["10.96.0.99", "169.254.20.10"])
def test_a_kubelet_names_a_server_that_nobody_is(lab: Any, prove: Any, address: str) -> None:
    with lab.fault.name_server("n2", address):
        records = prove("dns", "service")
    node = lab.node_name("n2")
    assert_red(records["dns"], "dns.config", [f"node/{node}"], "confirmed",
               f"pods of {node} ask {address}, those of other nodes ask {lab.dns_ip}")
    assert "clusterDNS" in records["dns"].remedy and records["service"].verdict in WELL
    prove.green("dns")


@pytest.mark.gauntlet
def test_a_wildcard_in_the_search_path_of_one_node(lab: Any, prove: Any) -> None:
    anything = 'template IN A w.lab.test {\n        answer "{{ .Name }} 60 IN A 192.0.2.7"\n    }\n    cache 30'
    wild = corefile(lab).replace("cache 30", anything)
    with lab.fault.search_domain("n2", "w.lab.test"), new_servers(
            lab, lab.fault.patch(COREFILE, {"data": {"Corefile": wild}}), ready=True):
        record = prove("dns")["dns"]
    assert_red(record, "dns.config", [f"node/{lab.node_name('n2')}"], "confirmed", "answered as www.lab.test.w.lab.test.")
    assert "192.0.2.7" in record.message and lab.host in record.message
    prove.green("dns")


# ---- the Service ------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_service_that_lost_its_tcp_port(lab: Any, prove: Any) -> None:
    ports = [p for p in lab.api(SERVICE)["spec"]["ports"] if p["name"] != "dns-tcp"]
    with lab.fault.patch(SERVICE, {"spec": {"ports": ports}}):
        record = prove("dns")["dns"]
    assert_red(record, "svc.no-endpoints", DNS, "confirmed", "has no port 53/TCP")
    assert record.step == "cluster names resolve over TCP"
    prove.green("dns")


@pytest.mark.gauntlet
def test_a_service_for_the_same_node_only(lab: Any, prove: Any) -> None:
    alone = lab.node_name(_without_server(lab))
    with lab.fault.patch(SERVICE, {"spec": {"internalTrafficPolicy": "Local"}}):
        records = prove("dns", "service")
    assert_red(records["dns"], "svc.no-endpoints", DNS, "confirmed", f"no DNS pod is on {alone}")
    assert records["service"].verdict in WELL
    prove.green("dns")


@pytest.mark.gauntlet
def test_rules_that_lead_to_a_server_that_is_gone(lab: Any, prove: Any) -> None:
    short = _without_server(lab)
    with lab.fault.freeze(short, "kube-proxy"):
        lab.kubectl("-n", "kube-system", "delete", "pod", next(iter(_servers(lab).values())), "--timeout=60s")
        lab.kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=90s")
        record = prove("dns")["dns"]
    assert (record.verdict, record.cause, record.scope) == ("failed", "svc.dataplane", [f"node/{lab.node_name(short)}"])
    prove.green("dns")


# ---- ports ------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_a_port_that_is_filtered_from_the_pods_of_one_node(lab: Any, prove: Any, protocol: str) -> None:
    short = _without_server(lab)
    node = lab.node_name(short)
    with lab.fault.drop_pod_port(short, 53, protocol):
        records = prove("dns", "pod_network")
    assert_red(records["dns"], "net.port-filtered", [f"node/{node}"], "confirmed", f"53/{protocol.upper()} is lost")
    assert records["pod_network"].verdict in WELL
    prove.green("dns")


# ---- the Corefile -----------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_corefile_without_reverse_zones(lab: Any, prove: Any) -> None:
    plain = corefile(lab).replace("kubernetes cluster.local in-addr.arpa ip6.arpa {", "kubernetes cluster.local {")
    with new_servers(lab, lab.fault.patch(COREFILE, {"data": {"Corefile": plain}}), ready=True):
        record = prove("dns", limit=100)["dns"]
    assert_red(record, "dns.config", CONFIG, "confirmed", "kubernetes cluster.local: no reverse zone")
    assert record.step == "services have SRV and PTR records"
    prove.green("dns")


@pytest.mark.gauntlet
def test_a_corefile_that_answers_for_names_that_nobody_made(lab: Any, prove: Any) -> None:
    made_up = 'template IN A cluster.local {\n        match "-absent[.]"\n        answer "{{ .Name }} 5 IN A 192.0.2.7"\n' \
              "        fallthrough\n    }\n    cache 30"
    wild = corefile(lab).replace("cache 30", made_up)
    with new_servers(lab, lab.fault.patch(COREFILE, {"data": {"Corefile": wild}}), ready=True):
        record = prove("dns")["dns"]
    assert_red(record, "dns.config", CONFIG, "confirmed", "template IN A cluster.local")
    assert record.step == "a name that nobody made does not exist"
    prove.green("dns")
