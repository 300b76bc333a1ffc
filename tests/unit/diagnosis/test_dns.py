# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cluster DNS, replayed: servers, configuration, upstream, and what lies below."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import diagnose
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, NODES, cause, condition, coredns, corefile, deployment, endpointslice, event, finding, healthy, one, power_off,
    replace_pod, seen, waiting)

SILENCE = "communications error to 10.96.0.10#53: timed out; no servers could be reached"
LOOP = '[FATAL] plugin/loop: Loop (127.0.0.1:44222 -> :53) detected for zone ".", see ' \
       'https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO 4547991504243258144.3688648895315093531."'


def _dns(internal: dict[str, str] | None = None, direct: dict[str, str] | None = None, external: dict[str, str] | None = None,
         server_on: str = "n1", message: str = "", **more: Any) -> Any:
    """Answers of all nodes; the dictionaries hold the errors by node, and "*" those of all."""
    def error(of: dict[str, str] | None, node: str) -> str:
        return (of or {}).get(node, (of or {}).get("*", ""))

    out = []
    for n in NODES:
        out += [seen("dns", "internal", n, error=error(internal, n), target="kubernetes.default.svc.cluster.local."),
                seen("dns", "tcp", n, error=error(internal, n), target="dns-x.assay.svc.cluster.local.")]
        if direct is not None:
            out.append(seen("dns", "direct", n, server_on, error(direct, n), "10.244.0.9"))
        if external is not None:
            out += [seen("dns", v, n, error=error(external, n), target="www.lab.test.")
                    for v in ("external", "external_fqdn")]
    bad = sorted({o["from_node"] for o in out if not o["ok"]})
    return finding("dns", message or f"{len(bad)} of 3 nodes: {', '.join(bad)}", step="cluster names resolve on every node",
                   observations=out, **more)


def _without_servers(data: dict[str, Any]) -> dict[str, Any]:
    data["pods"] = [p for p in data["pods"] if not p["metadata"]["name"].startswith("coredns")]
    data["endpointslices"] = [endpointslice("kube-dns", "kube-system", ready=False)]
    return data


# ---- servers ----------------------------------------------------------------------------------------------------
def test_scaled_to_nothing() -> None:
    data = _without_servers(healthy())
    data["deployments"] = [deployment("coredns", "kube-system", 0)]
    found = one(_dns({"*": SILENCE}), data)
    assert (found.cause, found.confidence, found.scope) == ("dns.server-down", "confirmed", [
        "deployment/kube-system/coredns"])
    assert "deployment/kube-system/coredns wants 0 replicas, 0 are ready" in found.evidence
    assert found.next_command == "kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide"


def _deleted(**more: Any) -> dict[str, Any]:
    server = coredns("n1", **more)
    server["metadata"]["deletionTimestamp"] = JUST_NOW
    return server


@pytest.mark.parametrize("server", [
    _deleted(),  # it closes its probe before it ends
    _deleted(ready=False, state={"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": JUST_NOW}},
             status={"phase": "Succeeded", "conditions": [condition("Ready", "False", "PodCompleted")]})])
def test_scaled_to_nothing_and_not_gone_yet(server: dict[str, Any]) -> None:
    data = _without_servers(healthy())
    data["deployments"] = [deployment("coredns", "kube-system", 0)]
    data["pods"].append(server)
    data["events"] = [event("Pod", "coredns-n1", "Unhealthy", "Readiness probe failed: connect: connection refused", "kube-system")]
    assert one(_dns({"*": SILENCE}), data).cause == "dns.server-down"


def test_no_claim_about_servers_when_pods_could_not_be_listed() -> None:
    data = _without_servers(healthy())
    data["errors"] = {"pods": {"status": 403}}
    data["deployments"] = []
    assert cause(_dns({"*": SILENCE}), data)[0] == "unknown.unexplained"


def test_a_missing_image_of_the_servers_is_the_root() -> None:
    words = 'Back-off pulling image "registry.k8s.io/coredns:v9": ErrImagePull: rpc error: code = NotFound desc = failed to ' \
            'pull and unpack image "registry.k8s.io/coredns:v9": registry.k8s.io/coredns:v9: not found'
    data = healthy()
    replace_pod(data, coredns("n1", False, **{"image": "registry.k8s.io/coredns:v9",
                                              **waiting("ImagePullBackOff", words)}))
    data["deployments"] = [deployment("coredns", "kube-system", 1, 0)]
    found = one(_dns({"*": SILENCE}), data)
    assert (found.cause, found.scope) == ("image.not-found", ["image/registry.k8s.io/coredns:v9"])
    assert found.next_command == "ssh n1 crictl pull registry.k8s.io/coredns:v9"
    assert any("wants 1 replicas, 0 are ready" in line for line in found.evidence)


def test_servers_on_a_dead_node_follow_from_it() -> None:
    data = healthy()
    power_off(data, "n1")
    replace_pod(data, coredns("n1", status={"conditions": [condition("Ready", "False")]}))
    data["deployments"] = [deployment("coredns", "kube-system", 1, 0)]
    found = one(_dns({"*": SILENCE}), data)
    assert (found.cause, found.scope) == ("node.unreachable", ["node/n1"])


def test_servers_that_are_ready_and_not_selected() -> None:
    data = healthy()
    data["endpointslices"] = [endpointslice("kube-dns", "kube-system", ready=False)]
    data["services"][0]["spec"]["selector"] = {"k8s-app": "no-such-app"}
    found = one(_dns({"*": SILENCE}), data)
    assert (found.cause, found.scope) == ("svc.no-endpoints", ["service/kube-system/kube-dns"])
    assert "k8s-app=no-such-app" in found.evidence[0]
    data["services"] = [{"metadata": {"name": n, "namespace": s}, "spec": {}} for n, s in (
        ("kube-dns", "default"), ("web", "kube-system"))]
    assert cause(_dns({"*": SILENCE}), data)[0] == "unknown.unexplained", "those are other Services"


def test_servers_that_are_ready_and_dumb() -> None:
    assert cause(_dns({"*": SILENCE}, {"*": SILENCE}), healthy()) == (
        "dns.server-down", "probable", ["pod/kube-system/coredns-n1"])


def test_cache_of_one_node() -> None:
    check = _dns({"n2": SILENCE}, {}, observed={"nameservers": ["169.254.20.10"]})
    assert cause(check, healthy()) == ("dns.server-down", "confirmed", ["node/n2"])


# ---- below ------------------------------------------------------------------------------------------------------
def test_a_node_cut_from_the_servers_pods() -> None:
    check = _dns({"n1": SILENCE}, {"n1": SILENCE}, server_on="n3")
    found = one(check, healthy())
    assert (found.cause, found.confidence, found.scope) == ("net.node-isolated", "probable", ["node/n1"]), \
        "one node asked by one port: it may be the pair, or the port"
    assert f"n1 -> n3 10.244.0.9 (dns direct): {SILENCE}" in found.evidence
    assert "n2 -> n3 10.244.0.9 (dns direct): ok" in found.evidence


def test_a_server_behind_the_cut_fails_the_probe_of_its_kubelet_too() -> None:
    data = healthy()
    behind = {"podIP": "10.244.1.9", "phase": "Running", "conditions": [condition("Ready", "False")]}
    replace_pod(data, coredns("n1", False, status=behind), coredns("n3"))
    data["events"] = [event("Pod", "coredns-n1", "Unhealthy", "Readiness probe failed: context deadline exceeded", "kube-system")]
    found = one(_dns({"n1": SILENCE}, {"n1": SILENCE}, server_on="n3"), data)
    assert (found.cause, found.scope) == ("net.node-isolated", ["node/n1"])


def test_servers_that_only_their_own_node_reaches() -> None:
    check = _dns({"n1": SILENCE, "n2": SILENCE}, {"n1": SILENCE, "n2": SILENCE}, server_on="n3")
    assert cause(check, healthy()) == ("net.node-isolated", "probable", ["node/n3"])


def test_the_services_rules_of_one_node() -> None:
    found = one(_dns({"n2": SILENCE}, {}), healthy())
    assert (found.cause, found.confidence, found.scope) == ("svc.dataplane", "confirmed", ["node/n2"])


def test_dns_and_service_say_the_same_cause_once() -> None:
    service = finding("service", "fails from n2", observations=[
        seen("service", "vip", "n2", error="timeout"), seen("service", "vip", "n1"), seen("service", "pod", "n2", "n1"),
        seen("service", "pod", "n1", "n1")])
    out = diagnose([_dns({"n2": SILENCE}, {}), service], healthy())
    assert {d.cause for d in out.values()} == {"svc.dataplane"}
    assert {tuple(d.scope) for d in out.values()} == {("node/n2",)}


# ---- what they say ----------------------------------------------------------------------------------------------
def test_dead_upstream() -> None:
    data = healthy()
    text = "[ERROR] plugin/errors: 2 www.lab.test. A: read udp 10.244.0.9:40312->10.0.0.53:53: i/o timeout"
    data["logs"] = {"kube-system/coredns-n1/coredns": ["[INFO] 127.0.0.1", text]}
    found = one(_dns({}, {}, {"*": "SERVFAIL"}, message="3 of 3 nodes: n1 (www.lab.test.: SERVFAIL)"), data)
    assert (found.cause, found.confidence, found.scope) == ("dns.upstream", "confirmed", [])
    assert f"kube-system/coredns-n1/coredns: {text}" in found.evidence
    assert "n1 www.lab.test. (dns external_fqdn): SERVFAIL" in found.evidence


@pytest.mark.parametrize(("external", "sure"), [
    ({"*": SILENCE}, "probable"), ({"*": "NXDOMAIN"}, "probable"), ({"n1": "SERVFAIL"}, "suspected")])
def test_how_sure_upstream_is(external: dict[str, str], sure: str) -> None:
    assert cause(_dns({}, {}, external), healthy())[:2] == ("dns.upstream", sure)


def test_only_with_a_trailing_dot() -> None:
    check = _dns({}, {}, {})
    for o in check.observations:
        if o["variant"] == "external":
            o.update(ok=False, error="NXDOMAIN")
    assert cause(check, healthy())[:2] == ("dns.config", "confirmed")


def test_where_the_clusters_own_names_fail_a_search_ends_with_them() -> None:
    """Caches on nodes ask others for the rest, so the same name with a dot may resolve."""
    check = _dns({"*": "SERVFAIL"}, {}, {})
    for o in check.observations:
        if o["variant"] == "external":
            o.update(ok=False, error="SERVFAIL")
    assert cause(check, healthy())[0] != "dns.config"


@pytest.mark.parametrize("words", [
    LOOP, "/etc/coredns/Corefile:7 - Error during parsing: Unknown directive 'forwrad'"])
def test_servers_that_refuse_their_configuration(words: str) -> None:
    data = healthy()
    crash = {"restartCount": 4, **waiting("CrashLoopBackOff", "back-off 1m20s restarting failed container"),
             "lastState": {"terminated": {"exitCode": 1, "finishedAt": JUST_NOW}}}
    replace_pod(data, coredns("n1", False, **crash))
    data["deployments"] = [deployment("coredns", "kube-system", 1, 0)]
    data["logs"] = {"kube-system/coredns-n1/main": [".:53", words]}
    found = one(_dns({"*": SILENCE}), data)
    assert (found.cause, found.confidence, found.scope) == ("dns.config", "confirmed", ["configmap/kube-system/coredns"])
    assert found.evidence[0].endswith(words)
    assert found.next_command == "kubectl -n kube-system get configmap coredns -o yaml"


def _looping(data: dict[str, Any]) -> dict[str, Any]:
    data["services"][0]["spec"]["clusterIP"] = "10.96.0.10"
    data["configmaps"] = [{"metadata": {"name": "coredns", "namespace": "kube-system"}, "data": {
        "Corefile": ".:53 {\n    errors\n    forward . 10.96.0.10 {\n       max_concurrent 1000\n    }\n    loop\n}\n"}}]
    return data


@pytest.mark.parametrize(("state", "code"), [
    (waiting("CrashLoopBackOff", "back-off 20s"), "pod.crash"), ({}, "pod.probe-failing")], ids=["waits", "runs again"])
def test_servers_of_a_spoilt_corefile_in_whatever_state_they_are_caught(state: dict[str, Any], code: str) -> None:
    data = healthy()
    ended = {"terminated": {"exitCode": 1, "finishedAt": JUST_NOW}}
    replace_pod(data, coredns("n1", False, restartCount=2, lastState=ended, **state))
    data["deployments"] = [deployment("coredns", "kube-system", 1, 0)]
    data["events"] = [event("Pod", "coredns-n1", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503",
                            "kube-system")]
    assert one(_dns({"*": SILENCE}), data).cause == code, "so far nothing is known of the Corefile"
    assert one(_dns({"*": SILENCE}), _looping(data)).cause == "dns.config", "also where the words of its end could not be read"
    data["configmaps"], data["logs"] = [], {"kube-system/coredns-n1/main": [LOOP]}
    assert one(_dns({"*": SILENCE}), data).cause == "dns.config"


def test_one_lost_answer_is_no_network_beside_a_loop() -> None:
    check = _dns({}, {}, {"*": "REFUSED"})
    check.observations += [seen("dns", "direct", a, b, SILENCE if (a, b) == ("n1", "n2") else "", "10.244.0.9")
                           for a in NODES for b in ("n2", "n3")]
    assert one(check, _looping(healthy())).cause == "dns.config"


def test_a_loop_that_eats_the_memory() -> None:
    data = _looping(healthy())
    replace_pod(data, coredns("n1", False, restartCount=1, lastState={"terminated": {
        "exitCode": 137, "reason": "OOMKilled", "finishedAt": JUST_NOW}}))
    assert one(_dns({"*": SILENCE}), data).cause == "dns.config"


def test_a_loop_of_last_month_is_not_blamed() -> None:
    data = healthy()
    ended = {"terminated": {"exitCode": 1, "finishedAt": "2026-02-01T00:00:00Z"}}
    replace_pod(data, coredns("n1", restartCount=1, lastState=ended))
    data["logs"] = {"kube-system/coredns-n1/main": [LOOP]}
    assert cause(_dns({"n2": SILENCE}, {}), data)[0] == "svc.dataplane"


def test_crashing_servers_for_another_reason() -> None:
    data = healthy()
    replace_pod(data, coredns("n1", False, restartCount=4, **waiting("CrashLoopBackOff"),
                              lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}}))
    data["deployments"] = [deployment("coredns", "kube-system", 1, 0)]
    found = one(_dns({"*": SILENCE}), data)
    assert (found.cause, found.scope) == ("pod.oom", ["pod/kube-system/coredns-n1"])


def test_the_wrong_domain() -> None:
    check, data = _dns({"*": "NXDOMAIN"}, {"*": "NXDOMAIN"}, observed={"cluster_domain": "cluster.local"}), healthy()
    assert cause(check, data)[:2] == ("dns.config", "probable"), "nothing says that it is the Corefile"
    data["configmaps"] = [corefile("kubernetes other.local in-addr.arpa ip6.arpa {")]
    found = one(check, data)
    assert (found.cause, found.confidence, found.scope) == ("dns.config", "confirmed", ["configmap/kube-system/coredns"])
    assert found.evidence[0].endswith("kubernetes other.local in-addr.arpa ip6.arpa, while pods search cluster.local")
    data["configmaps"] = [corefile("kubernetes local in-addr.arpa ip6.arpa {")]
    assert cause(check, data)[:2] == ("dns.config", "probable"), "the servers are for the domain"


def test_addresses_with_names_of_another_domain() -> None:
    words = "NOERROR PTR dns-x.assay.svc.corp.lab., expected PTR dns-x.assay.svc.cluster.local."
    check = _dns({}, {})
    check.observations += [seen("dns", "ptr", n, error=words, target="10.96.3.4") for n in NODES]
    found = one(check, healthy())
    assert (found.cause, found.confidence) == ("dns.config", "confirmed")
    assert found.scope == ["configmap/kube-system/coredns"]
    assert f"n1 10.96.3.4 (dns ptr): {words}" in found.evidence
    for o in check.observations[-2:]:
        o.update(ok=True, error="")
    assert one(check, healthy()).cause == "unknown.unexplained", "the other nodes are told what is right"


def test_servers_that_do_not_know_the_cluster_yet() -> None:
    starting = '[INFO] plugin/ready: Still waiting on: "kubernetes"'
    check = _dns({"*": "SERVFAIL"}, {"*": "SERVFAIL"})
    data = healthy()
    data["logs"] = {"kube-system/coredns-n1/main": [starting]}
    found = one(check, data)
    assert (found.cause, found.confidence) == ("dns.server-down", "suspected")
    assert not any(starting in line for line in found.evidence), "the server is Ready: that was said when it started"
    check = _dns({"*": "NXDOMAIN"}, {"*": "NXDOMAIN"})
    assert one(check, data).cause == "dns.config"
    replace_pod(data, coredns("n1", False), coredns("n2"))
    found = one(check, data)
    assert (found.cause, found.confidence) == ("dns.server-down", "probable")
    assert f"kube-system/coredns-n1/main: {starting}" in found.evidence


def test_servers_that_missed_the_news_are_not_misconfigured_for_sure() -> None:
    check = _dns({}, {})
    for o in check.observations:
        if o["variant"] == "tcp":
            o.update(ok=False, error="NXDOMAIN, expected A 10.96.3.4")
    assert cause(check, healthy())[:2] == ("dns.stale", "probable")


def test_servers_without_the_right_to_look() -> None:
    data = healthy()
    words = 'plugin/kubernetes: Failed to list *v1.Service: services is forbidden: User "system:serviceaccount:kube-system:' \
            'coredns" cannot list resource "services" in API group "" at the cluster scope'
    data["logs"] = {"kube-system/coredns-n1/main": [words]}
    found = one(_dns({"*": "SERVFAIL"}, {"*": "SERVFAIL"}), data)
    assert (found.cause, found.scope) == ("rbac.missing", ["serviceaccount/kube-system/coredns"])


def test_some_nodes_silent_and_some_wrong_is_no_configuration() -> None:
    assert cause(_dns({"n1": "NXDOMAIN", "n2": SILENCE, "n3": SILENCE}), healthy())[0] == "unknown.unexplained"


def test_somebody_elses_events_do_not_matter() -> None:
    data = healthy()
    data["events"] = [event("Pod", "web-1", "FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu.", "default")]
    assert cause(_dns({"n2": SILENCE}, {}), data)[0] == "svc.dataplane"


def test_a_corefile_that_forwards_to_its_own_service() -> None:
    data = _looping(healthy())
    check = _dns({}, {}, {"*": "REFUSED"})
    found = one(check, data)
    assert (found.cause, found.confidence, found.scope) == ("dns.config", "confirmed", ["configmap/kube-system/coredns"])
    assert "Corefile: forward . 10.96.0.10: 10.96.0.10 is service/kube-system/kube-dns" in found.evidence
    data["configmaps"][0]["data"]["Corefile"] = ".:53 {\n    forward . 10.0.0.53\n}\n"
    assert one(check, data).cause == "dns.upstream"
