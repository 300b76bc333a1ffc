# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""service, seen red for a Service of the user's own whose pods do not run: each for its own reason."""
from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import patience, run
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.lab]
SPACE = "shop"
PODS = f"/api/v1/namespaces/{SPACE}/pods"
IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.53"
READY = {"readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}}
SERVES = {"args": ["netexec"], **READY}
# By the name of the pod, its label and its Service: what its container is.
PODS_OF = {
    "good": SERVES,
    "crash": {"command": ["sh", "-c", "echo no database >/dev/termination-log; exit 3"]},
    "oom": {"command": ["sh", "-c", "exec tail /dev/zero"], "resources": {"limits": {"memory": "24Mi"}}},
    "key": {**SERVES, "env": [{"name": "DB", "valueFrom": {"configMapKeyRef": {"name": "no-such-map", "key": "db"}}}]},
    "volume": {**SERVES, "volumeMounts": [{"name": "secret", "mountPath": "/secret"}]},
    "probe": {**SERVES, "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8079}, "periodSeconds": 1}},
    "large": {**SERVES, "resources": {"requests": {"cpu": "4000"}}},
}


def _pod(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"terminationGracePeriodSeconds": 0, "containers": [
        {"name": "main", "image": IMAGE, **PODS_OF[name]}]}
    if name == "oom":
        spec["restartPolicy"] = "Never"
    if name == "volume":
        spec["volumes"] = [{"name": "secret", "secret": {"secretName": "no-such-secret"}}]
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def _service(name: str) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": 8080}]
    return {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": ports}}


def _killed_for_its_memory(lab: Any) -> None:
    """containerd does not see every time that this is why the kernel killed it: then another one."""
    for _turn in range(10):
        lab.api(PODS, "POST", _pod("oom"))
        wait_for("the end of the large eater", lambda: lab.api(f"{PODS}/oom")["status"]["phase"] == "Failed", 60)
        if "OOMKilled" in json.dumps(lab.api(f"{PODS}/oom")["status"]):
            return
        lab.kubectl("-n", SPACE, "delete", "pod", "oom", "--timeout=60s")
    pytest.fail("the kubelet never says OOMKilled")


@pytest.fixture(scope="module")
def shop(lab: Any) -> Iterator[str]:
    """A namespace with all of them at once, as it takes them a while to show what they have."""
    with lab.fault.extra("/api/v1/namespaces", {"metadata": {"name": SPACE}}):
        wait_for("the account of its pods", lambda: lab.api(f"/api/v1/namespaces/{SPACE}/serviceaccounts/default"), 30)
        for name in PODS_OF:
            lab.api(f"/api/v1/namespaces/{SPACE}/services", "POST", _service(name))
            if name != "oom":
                lab.api(PODS, "POST", _pod(name))
        wait_for("the good pod", lambda: '"ready": true' in json.dumps(lab.api(f"{PODS}/good")["status"]), 60)
        _killed_for_its_memory(lab)
        yield SPACE


def _user(name: str) -> dict[str, Any]:
    return {"service": {"namespace": SPACE, "service": name}}


def test_pods_that_serve(prove: Any, shop: str) -> None:
    """The healthy half of all that follow."""
    prove.green("service", **_user("good"))
    assert prove.result["leftovers"] == []


@pytest.mark.parametrize(("name", "cause", "words"), [
    ("crash", "pod.crash", ["exit code 3", "no database"]),
    ("oom", "pod.oom", ["OOMKilled"]),
    ("key", "pod.config-missing", ['configmap "no-such-map" not found']),
    ("volume", "pod.config-missing", ['secret "no-such-secret" not found']),
    ("probe", "pod.probe-failing", ["Readiness probe failed", "8079"]),
    ("large", "sched.insufficient", ["Insufficient cpu"]),
])
def test_pods_that_do_not(prove: Any, shop: str, name: str, cause: str, words: list[str]) -> None:
    records = prove("service", **_user(name))
    assert_red(records["service"], cause, [f"pod/{SPACE}/{name}"], "confirmed", *words, f"service/{SPACE}/{name}")
    assert prove.result["leftovers"] == []


# ---- no node takes pods -------------------------------------------------------------------------------------------
def _away(lab: Any, stack: contextlib.ExitStack, **spec: Any) -> None:
    for short in lab.machines:
        stack.enter_context(lab.fault.patch(f"/api/v1/nodes/{lab.node_name(short)}", {"spec": spec}))


def _of_the_writer(prove: Any, record: Any, cause: str, words: str) -> None:
    """Said of our pod, before its time is over."""
    assert_red(record, cause, record.scope, "confirmed", words)
    assert [s.rpartition("-")[0] for s in record.scope] == [f"pod/assay-{prove.result['run_id']}/writer"]
    assert "of which the scheduler says the same for" in record.message


@pytest.mark.gauntlet
def test_nodes_that_all_keep_pods_off_are_told_soon(lab: Any, prove: Any) -> None:
    """Nobody takes such a taint away by waiting."""
    with contextlib.ExitStack() as stack:
        _away(lab, stack, taints=[{"key": "team", "value": "others", "effect": "NoSchedule"}])
        records = prove("storage")
    _of_the_writer(prove, records["storage"], "sched.constraint", "untolerated taint")
    assert prove.result["leftovers"] == []
    prove.green("storage")


@pytest.mark.gauntlet
def test_nodes_that_are_all_full_are_told_soon(lab: Any, prove: Any) -> None:
    with contextlib.ExitStack() as stack:
        for short in lab.machines:
            stack.enter_context(lab.fault.full(short))
        records = prove("storage")
    _of_the_writer(prove, records["storage"], "sched.insufficient", "Too many pods")
    prove.green("storage")


# ---- nobody places pods -------------------------------------------------------------------------------------------
_LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/"


def _silent_for(lab: Any, leader: str, seconds: float) -> bool:
    renewed = datetime.datetime.fromisoformat(lab.api(f"{_LEASE}{leader}")["spec"]["renewTime"].replace("Z", "+00:00"))
    return (datetime.datetime.now(datetime.timezone.utc) - renewed).total_seconds() > seconds


def test_without_a_scheduler_it_is_the_one_root(lab: Any, prove: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LIMIT", 40.0)
    with lab.fault.stop("cp", "kube-scheduler"):
        wait_for("a silence of the scheduler", lambda: _silent_for(lab, "kube-scheduler", 20), 90)
        records = prove("dns", "nodes", "storage", "pod_network", storage={"provision_limit": 40})
    for record in records.values():
        assert_red(record, "ctrl.not-progressing", ["controller/kube-scheduler"],
                   "probable" if record.check == "storage" else "confirmed",  # of a pod with a volume less is certain
                   "lease/kube-system/kube-scheduler not renewed for", "waits without a word of a scheduler",
                   verdict="inconclusive" if record.check in ("dns", "pod_network") else record.verdict)
    prove.green("dns", "nodes")


@pytest.mark.gauntlet
def test_a_scheduler_whose_own_certificate_has_expired_is_as_good_as_none(lab: Any, prove: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs, and the API server does not know it: no word of it, and no Lease."""
    monkeypatch.setattr(patience, "LIMIT", 40.0)
    with lab.fault.expired_login("cp", "kube-scheduler"):
        wait_for("a silence of the scheduler", lambda: _silent_for(lab, "kube-scheduler", 20), 90)
        records = prove("dns", "nodes", "storage", storage={"provision_limit": 40})
    for record in records.values():
        assert_red(record, "ctrl.not-progressing", ["controller/kube-scheduler"], "probable" if record.check == "storage" else "confirmed",
                   "lease/kube-system/kube-scheduler not renewed for", "waits without a word of a scheduler",
                   verdict="inconclusive" if record.check == "dns" else record.verdict)
    prove.green("dns", "storage")


@pytest.mark.gauntlet
def test_without_a_controller_manager_its_silence_is_the_root(lab: Any, prove: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CLEANUP_LIMIT", 10.0)  # a namespace does not end without it
    with lab.fault.stop("cp", "kube-controller-manager"):
        wait_for("a silence of the controllers", lambda: _silent_for(lab, "kube-controller-manager", 20), 90)
        records = prove("dns", "pod_network")
    for record in records.values():
        assert_red(record, "ctrl.not-progressing", ["controller/kube-controller-manager"], "probable",
                   "lease/kube-system/kube-controller-manager not renewed for", verdict="inconclusive")
    prove.green("dns")


@pytest.mark.gauntlet
def test_a_full_node_is_named(lab: Any, prove: Any) -> None:
    with lab.fault.full("n2"):
        records = prove("nodes")
    assert_red(records["nodes"], "sched.insufficient", [f"node/{lab.node_name('n2')}"], "confirmed", "Too many pods",
               f"node/{lab.node_name('n2')} takes ", verdict="inconclusive")
