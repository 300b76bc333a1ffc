# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""audit_log on two API servers: found in every way; red where one or all are silent, and where the store is."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest

from tests.addons import balancing
from tests.faults.conftest import assert_red
from tests.lab import node
from tests.lab.audit_sink import AuditSink, audit_sink
from tests.lab.base import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.lab]
POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: None
  verbs: [{verbs}]
- level: {level}
"""
NO_CONFIG_MAPS = """apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: None
  resources: [{group: "", resources: [configmaps]}]
- level: None
  nonResourceURLs: ["/readyz*"]
- level: Metadata
"""
LOKI = {"audit_source": "query", "audit_wait": 12, "audit_query_params": {"query": '{job="audit"} |= "{marker}"', "start": "{start_ns}"}}
QUICK = {"audit_wait": 6}
OURS = "labelSelector=app.kubernetes.io/managed-by%3Dassay.clusters"
ROLE = {"metadata": {"labels": {"node-role.kubernetes.io/control-plane": ""}}}


@pytest.fixture(autouse=True)
def _two(lab: Any) -> None:
    assert lab.api_servers == 2, "this cluster was made without --api-servers 2"


@pytest.fixture
def leaders(lab: Any) -> Iterator[list[str]]:
    """Two nodes that are labelled as the control plane; they show the log folders of the API servers."""
    with ExitStack() as stack:
        for short in ("n1", "n2"):
            stack.enter_context(lab.fault.patch(f"/api/v1/nodes/{lab.node_name(short)}", ROLE))
        yield [lab.node_name(n) for n in ("n1", "n2")]


@pytest.fixture
def store(lab: Any) -> Iterator[AuditSink]:
    with audit_sink(lab) as sink:
        yield sink


def _addresses(lab: Any, *shorts: str) -> list[str]:
    return [f"address/{lab.control_planes[s]}:6443" for s in shorts]


def _passed(record: Any, servers: int = 2) -> None:
    assert record.verdict == "passed", record.message
    seen = record.observed
    assert (seen["api_servers"], len(seen["asked"]), seen["logged"]) == (servers, servers, ["write", "denied", "read"])


# ---- green ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("options", [
    {}, {"audit_source": "kubelet"}, {"audit_source": "pods", "audit_path": "/var/log/kube-apiserver/audit.log"},
    {"audit_source": "pods", "audit_expect": ["write", "denied", "read"]}], ids=["logs", "kubelet", "pods", "pods-searching"])
def test_both_servers_are_found_in_files(lab: Any, prove: Any, leaders: list[str], options: dict[str, Any]) -> None:
    _passed(prove("audit_log", audit_log=options)["audit_log"])
    assert prove.result["leftovers"] == []
    names = [n["metadata"]["name"] for n in lab.api("/api/v1/namespaces")["items"]]
    assert not [n for n in names if prove.result["run_id"] in n]


@pytest.mark.parametrize("more", [
    {"audit_query_params": LOKI["audit_query_params"]},
    {"audit_query_params": LOKI["audit_query_params"], "audit_query_events": "data.result[].values[][1]"},
    {"audit_query_params": None, "audit_query_body": {"query": {"prefix": {"auditID": "{marker}"}}, "size": 100},
     "audit_query_events": "hits.hits[]._source"}], ids=["loki", "loki-jmespath", "elasticsearch"])
def test_both_servers_are_found_in_a_store(prove: Any, lab: Any, more: dict[str, Any]) -> None:
    with audit_sink(lab, token="t0p-s3cret-of-the-store") as store:
        options = {**LOKI, **more, "audit_query_url": f"{store.url}/query", "audit_query_token": store.token}
        _passed(prove("audit_log", audit_log=options)["audit_log"])
        assert store.token not in str(prove.result)


@pytest.mark.gauntlet
def test_a_rotation_between_the_request_and_the_look_loses_nothing(lab: Any, prove: Any, leaders: list[str], monkeypatch: Any) -> None:
    """The files are put away by names as the API server gives them, and new ones are begun."""
    from ansible_collections.assay.clusters.plugins.module_utils.checks._audit import replicas

    send = replicas.send

    def then_rotate(*args: Any) -> Any:
        markers = send(*args)
        for short in lab.control_planes:
            lab.in_node(short, "sh", "-ec", "cd /var/log/kubernetes; cp audit.log audit-2026-01-02T03-04-05.678.log; : > audit.log")
        return markers

    monkeypatch.setattr(replicas, "send", then_rotate)
    try:
        for source in ("logs", "kubelet"):
            _passed(prove("audit_log", audit_log={"audit_source": source, **QUICK})["audit_log"])
    finally:
        for short in lab.control_planes:
            lab.in_node(short, "rm", "-f", "/var/log/kubernetes/audit-2026-01-02T03-04-05.678.log")


# ---- API servers ----------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_one_silent_server_is_named(lab: Any, prove: Any) -> None:
    with lab.fault.no_audit_log("cp2"):
        record = prove("audit_log", "api_server", audit_log=QUICK)
        assert record["api_server"].verdict in ("passed", "warned")
        assert_red(record["audit_log"], "audit.partial", _addresses(lab, "cp2"), "confirmed", "apiserver_audit_event_total 0",
                   f"API server {lab.control_plane}:6443: denied: all found")
        assert f"{lab.control_plane}:" not in record["audit_log"].next_command
    prove.green("audit_log")


@pytest.mark.gauntlet
def test_a_policy_that_drops_reads_is_a_fault_only_where_they_are_wanted(lab: Any, prove: Any) -> None:
    """And lines with whole objects in them are read as others are, and not kept."""
    with lab.fault.audit_policy(POLICY.format(verbs="get", level="RequestResponse"), "cp"):
        record = prove("audit_log", audit_log=QUICK)["audit_log"]
        assert record.verdict == "passed" and record.observed["not_logged"] == []  # the other server has them
        record = prove("audit_log", audit_log={**QUICK, "audit_expect": ["read"]})["audit_log"]
        assert_red(record, "audit.policy", _addresses(lab, "cp"), "confirmed", "read: 0 of 2 found")
        assert "requestObject" not in str(prove.result) and "responseObject" not in str(prove.result)
    prove.green("audit_log", audit_log={"audit_expect": ["read"]})


@pytest.mark.gauntlet
def test_a_policy_that_drops_all_that_is_asked(lab: Any, prove: Any) -> None:
    with lab.fault.audit_policy(POLICY.format(verbs="get, patch, delete", level="Metadata")):
        record = prove("audit_log", audit_log=QUICK)["audit_log"]
    assert record.verdict == "failed" and record.cause == "audit.policy", (record.cause, record.evidence)
    prove.green("audit_log")


@pytest.mark.gauntlet
def test_a_full_disk_below_one_log(lab: Any, prove: Any) -> None:
    """The API server answers as before, and counts what it could not write."""
    with lab.fault.full_audit_disk("cp2"):
        assert_red(prove("audit_log", audit_log=QUICK)["audit_log"], "audit.backend-failed", _addresses(lab, "cp2"), "confirmed",
                   'apiserver_audit_error_total{plugin="log"}')
    prove.green("audit_log")


# ---- the store ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("status", "cause"), [(503, "audit.sink-unavailable"), (403, "harness.forbidden"),
                                               (404, "harness.precondition")])
def test_a_store_that_does_not_answer_proves_nothing(prove: Any, store: AuditSink, status: int, cause: str) -> None:
    options = {**LOKI, "audit_query_url": store.url}
    store.status = status
    assert_red(prove("audit_log", audit_log=options)["audit_log"], cause, [], "confirmed", f"status {status}", verdict="inconclusive")
    store.status = 200
    prove.green("audit_log", audit_log=options)


def _crowd(lab: Any) -> AbstractContextManager[Any]:
    """Others ask each API server as often as we do, for what is audited and what is not."""
    def ask() -> None:
        for short in lab.control_planes:
            for path in ("/readyz", "/api/v1/namespaces") * 4:
                lab.api(path, at=short)

    return balancing.meanwhile(ask)


@pytest.mark.gauntlet
def test_requests_of_others_are_not_taken_for_ours(lab: Any, prove: Any, store: AuditSink) -> None:
    """A store that is behind, then a policy that drops what we ask."""
    options = {**LOKI, "audit_query_url": store.url}
    with _crowd(lab):
        store.behind.set()
        assert_red(prove("audit_log", audit_log=options)["audit_log"], "audit.sink-behind", [], "probable", "0 of 2 found",
                   "in as long a time without our requests are taken off")
        store.behind.clear()
    with lab.fault.audit_policy(NO_CONFIG_MAPS), _crowd(lab):
        assert_red(prove("audit_log", audit_log=options)["audit_log"], "audit.policy", [], "probable", 'apiserver_audit_level_total{level="None"}',
                   "in as long a time without our requests are taken off")
    prove.green("audit_log", audit_log=options)


# ---- nowhere to look --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("options", "words"), [
    ({"audit_source": "kubelet"}, "no node is registered as one of the control plane"),
    ({"audit_source": "query", "audit_query_url": "http://127.0.0.1:1/q"}, "does not answer"),
    ({"audit_source": "logs", "audit_path": "/var/log/nowhere/audit.log"}, "shows no file nowhere/audit.log")])
def test_a_source_that_is_not_there(prove: Any, options: dict[str, Any], words: str) -> None:
    record = prove("audit_log", audit_log=options)["audit_log"]
    assert record.verdict == "inconclusive" and words in record.message


def test_a_folder_that_no_node_has(prove: Any, leaders: list[str]) -> None:
    record = prove("audit_log", audit_log={"audit_source": "pods", "audit_path": "/var/log/nowhere/audit.log"})["audit_log"]
    assert_red(record, "harness.precondition", [], "confirmed", "/var/log/nowhere", verdict="inconclusive")
    assert prove.result["leftovers"] == []


@pytest.mark.gauntlet
def test_servers_that_hand_out_nothing_leave_it_open(lab: Any, prove: Any) -> None:
    with lab.fault.flags("cp", "kube-apiserver", "--enable-logs-handler=false"), \
            lab.fault.flags("cp2", "kube-apiserver", "--enable-logs-handler=false"):
        record = prove("audit_log")["audit_log"]
    assert record.verdict == "inconclusive" and "control_plane_check_audit_source names where else to look" in record.message
    prove.green("audit_log")


def test_pods_read_on_after_a_rotation(lab: Any, leaders: list[str]) -> None:
    """What was written just before it, and what came after, by the script that the pods run."""
    from ansible_collections.assay.clusters.plugins.module_utils.checks._audit.pods import _FOLLOW

    steps = "; ".join(["cd /tmp", "echo '\"m-0\"' > a.log", "(sh /tmp/follow > out) & sleep 1.5", "echo '\"m-1\"' >> a.log",
                       "mv a.log a-old.log; echo '\"m-2\"' >> a-old.log; echo '\"m-3\"' > a.log", "sleep 2.2", ": > a.log", "sleep 1.2",
                       "echo '\"m-4\"' >> a.log", "wait", "cat out; rm -f a.log a-old.log out follow"])
    node.inside(lab, "n1", "cp", "/dev/stdin", "/tmp/follow", input=_FOLLOW)
    told = lab.in_node("n1", "env", "FILES=/tmp/none /tmp/a.log", "MARK=m-", "SECONDS_LEFT=7", "sh", "-c", steps)
    assert told.split("\n")[0] == "assay: reads /tmp/a.log"
    assert [line for line in told.splitlines() if "m-" in line] == ['"m-1"', '"m-2"', '"m-3"', '"m-4"']


# ---- ends ---------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_after_a_kill_nothing_is_left_and_what_is_somebodys_stays(lab: Any, prove: Any, leaders: list[str]) -> None:
    theirs = "/api/v1/namespaces/default/configmaps"
    witness = {"metadata": {"name": "audit-witness"}, "data": {"nonce": "theirs"}}
    code = ("from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))"
            "('audit_log', audit_log={'audit_source': 'pods'})")
    with lab.fault.extra(theirs, witness):
        before = lab.api(f"{theirs}/audit-witness")["metadata"]["resourceVersion"]
        run = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        try:
            wait_for("a pod of ours with the files", lambda: _pods(lab), 90, 0.02)
        finally:
            run.send_signal(signal.SIGKILL)
            run.wait()
        prove.green("audit_log")
        wait_for("the journal's end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 150)
        assert not _pods(lab) and not lab.api(f"/api/v1/namespaces?{OURS}")["items"]
        assert lab.api(f"{theirs}/audit-witness")["metadata"]["resourceVersion"] == before


def _pods(lab: Any) -> list[str]:
    return [p["metadata"]["name"] for p in lab.api(f"/api/v1/pods?{OURS}")["items"] if p["metadata"]["name"].startswith("audit-")]
