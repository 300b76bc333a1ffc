# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""dns, seen red: no server, dead upstream, cut from the servers, a Corefile that is wrong or refused."""
from __future__ import annotations

from typing import Any

import pytest

from tests.faults.conftest import assert_red

pytestmark = [pytest.mark.faults, pytest.mark.lab]
COREFILE = "/api/v1/namespaces/kube-system/configmaps/coredns"


def _corefile(lab: Any) -> str:
    return lab.api(COREFILE)["data"]["Corefile"]


def _restarted(lab: Any, ready: bool) -> None:
    """New servers, and the old ones gone, which answer until their end."""
    lab.kubectl("-n", "kube-system", "delete", "pod", "-l", "k8s-app=kube-dns", "--timeout=90s")
    if ready:
        lab.kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=90s")


def test_no_server(lab: Any, prove: Any) -> None:
    with lab.fault.scale("kube-system", "coredns", 0):
        records = prove("dns", "pod_network")
    assert_red(records["dns"], "dns.server-down")
    assert records["pod_network"].verdict in ("passed", "warned")
    prove.green("dns")


def test_dead_upstream(lab: Any, prove: Any) -> None:
    with lab.fault.dns_upstream_down():
        records = prove("dns")
    assert_red(records["dns"], "dns.upstream")
    prove.green("dns")


def test_node_cut_from_the_servers(lab: Any, prove: Any) -> None:
    node = lab.node_name("n1")
    with lab.fault.cut_from_pods("n1", "kube-system", "k8s-app=kube-dns"):
        records = prove("dns", "nodes")
    assert records["dns"].verdict == "failed"
    assert records["dns"].cause.startswith("net.") or records["dns"].consequence_of.startswith("net.")
    assert f"node/{node}" in records["dns"].scope
    prove.green("dns")


def test_wrong_domain(lab: Any, prove: Any) -> None:
    wrong = _corefile(lab).replace("cluster.local", "other.local")
    with lab.fault.patch(COREFILE, {"data": {"Corefile": wrong}}):
        _restarted(lab, ready=True)
        records = prove("dns")
    _restarted(lab, ready=True)
    assert_red(records["dns"], "dns.config")
    prove.green("dns")


def test_refused_corefile(lab: Any, prove: Any) -> None:
    refused = _corefile(lab).replace("loop", "no_such_plugin")
    with lab.fault.patch(COREFILE, {"data": {"Corefile": refused}}):
        _restarted(lab, ready=False)
        records = prove("dns")
    _restarted(lab, ready=True)
    assert_red(records["dns"], "dns.config")
    assert any("no_such_plugin" in line for line in records["dns"].evidence)
    prove.green("dns")


def test_forwarding_loop(lab: Any, prove: Any) -> None:
    loop = _corefile(lab).replace("forward . /etc/resolv.conf", f"forward . {lab.dns_ip}")
    assert lab.dns_ip in loop
    with lab.fault.patch(COREFILE, {"data": {"Corefile": loop}}):
        _restarted(lab, ready=False)
        records = prove("dns")
    _restarted(lab, ready=True)
    assert_red(records["dns"], "dns.config")
    prove.green("dns")
