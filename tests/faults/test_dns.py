# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""dns, seen red: no server, dead upstream, cut from the servers, a Corefile that is wrong or refused, rights that are gone."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.faults.conftest import assert_red

pytestmark = [pytest.mark.faults, pytest.mark.lab]
COREFILE = "/api/v1/namespaces/kube-system/configmaps/coredns"
CONFIG = ["configmap/kube-system/coredns"]
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"


def corefile(lab: Any) -> str:
    return lab.api(COREFILE)["data"]["Corefile"]


def _restarted(lab: Any, ready: bool) -> None:
    """New servers, and the old ones gone, which answer until their end."""
    lab.kubectl("-n", "kube-system", "delete", "pod", "-l", "k8s-app=kube-dns", "--timeout=90s")
    if ready:
        lab.kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=90s")


@contextmanager
def new_servers(lab: Any, fault: Any, ready: bool = False) -> Iterator[None]:
    """Servers that began with the fault; afterwards others that did not, whatever became of the test."""
    try:
        with fault:
            _restarted(lab, ready)
            yield
    finally:
        _restarted(lab, ready=True)
        lab.resolve_everywhere(outside=False)


def test_no_server(lab: Any, prove: Any) -> None:
    with lab.fault.scale("kube-system", "coredns", 0):
        records = prove("dns", "pod_network")
    assert_red(records["dns"], "dns.server-down", ["deployment/kube-system/coredns"], "confirmed")
    assert records["pod_network"].verdict in ("passed", "warned")
    prove.green("dns")


def test_dead_upstream(lab: Any, prove: Any) -> None:
    with lab.fault.dns_upstream_down():
        records = prove("dns")
    assert_red(records["dns"], "dns.upstream", [], "confirmed")
    prove.green("dns")


@pytest.mark.gauntlet
def test_node_cut_from_the_servers(lab: Any, prove: Any) -> None:
    """Its pods reach all others on those nodes: it is not isolated, the way to port 53 of the servers is closed."""
    node = lab.node_name("n1")
    with lab.fault.cut_from_pods("n1", "kube-system", "k8s-app=kube-dns"):
        records = prove("dns", "nodes")
    assert_red(records["dns"], "net.port-filtered", [f"node/{node}"], "confirmed", "53/UDP is lost", "53/TCP is lost")
    assert records["nodes"].verdict in ("passed", "warned")
    prove.green("dns")


@pytest.mark.gauntlet
def test_wrong_domain(lab: Any, prove: Any) -> None:
    wrong = corefile(lab).replace("cluster.local", "other.local")
    with new_servers(lab, lab.fault.patch(COREFILE, {"data": {"Corefile": wrong}}), ready=True):
        records = prove("dns", limit=50)
    assert_red(records["dns"], "dns.config", CONFIG, "confirmed")
    prove.green("dns")


def test_refused_corefile(lab: Any, prove: Any) -> None:
    refused = corefile(lab).replace("loop", "no_such_plugin")
    with new_servers(lab, lab.fault.patch(COREFILE, {"data": {"Corefile": refused}})):
        records = prove("dns")
    assert_red(records["dns"], "dns.config", CONFIG, "confirmed", "no_such_plugin")
    prove.green("dns")


@pytest.mark.gauntlet
def test_forwarding_loop(lab: Any, prove: Any) -> None:
    loop = corefile(lab).replace("forward . /etc/resolv.conf", f"forward . {lab.dns_ip}")
    assert lab.dns_ip in loop
    with new_servers(lab, lab.fault.patch(COREFILE, {"data": {"Corefile": loop}})):
        records = prove("dns")
    assert_red(records["dns"], "dns.config", CONFIG, "confirmed")
    prove.green("dns")


def test_servers_without_their_rights(lab: Any, prove: Any) -> None:
    with new_servers(lab, lab.fault.without(f"{BINDINGS}/system:coredns")):
        records = prove("dns")
    assert_red(records["dns"], "rbac.missing", ["serviceaccount/kube-system/coredns"], "confirmed", "is forbidden: User")
    prove.green("dns")
