# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab is a real cluster: what the other tests take for granted, looked at once."""
from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import LabError, node
from tests.lab.base import wait_for

pytestmark = pytest.mark.lab
CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def namespace(lab: Any) -> Iterator[str]:
    name = f"test-lab-{uuid.uuid4().hex[:8]}"
    lab.kubectl("create", "namespace", name)
    wait_for("the default ServiceAccount", lambda: lab.api(f"/api/v1/namespaces/{name}/serviceaccounts/default"), 30)
    yield name
    lab.kubectl("delete", "namespace", name, "--wait=true", "--timeout=120s")


def _pod(name: str, command: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "docker.io/library/busybox:1.35", "command": ["sh", "-c", command],
                 **spec.pop("container", {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [container], **spec}}


def test_nodes_are_machines_of_their_own_in_three_zones(lab: Any) -> None:
    items = lab.api("/api/v1/nodes")["items"]
    zones = {i["metadata"]["labels"]["topology.kubernetes.io/zone"] for i in items}
    assert len(items) == 3 and zones == {"zone-a", "zone-b", "zone-c"}
    for key in ("machineID", "bootID"):
        values = {i["status"]["nodeInfo"][key] for i in items}
        assert len(values) == 3, key
    assert lab.ready_nodes() == 3
    assert {i["spec"]["podCIDR"] for i in items} == set(node.routes(lab).values())


def test_names_of_inside_and_outside_resolve_in_the_pod_network_of_every_node(lab: Any) -> None:
    for short in lab.machines:
        def ask(name: str, on: str = short) -> str:
            return node.in_pod_network(lab, on, "dig", "+short", "+time=2", f"@{lab.dns_ip}", name).strip()

        assert ask("kubernetes.default.svc.cluster.local") == "10.96.0.1"
        assert ask("www.lab.test") == lab.host
        assert ask("no-such-name.lab.test") == ""


def test_a_claim_without_a_class_is_bound_written_and_its_volume_goes_with_it(lab: Any, namespace: str) -> None:
    claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    lab.api(claims, "POST", {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}})
    lab.api(f"/api/v1/namespaces/{namespace}/pods", "POST", _pod(
        "writer", "echo written > /data/file && sync && sleep 600",
        container={"volumeMounts": [{"name": "d", "mountPath": "/data"}]},
        volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]))
    lab.kubectl("-n", namespace, "wait", "pod/writer", "--for=condition=Ready", "--timeout=90s")
    claim = lab.api(f"{claims}/data")
    assert claim["status"]["phase"] == "Bound" and claim["spec"]["storageClassName"] == "local-path"
    assert lab.kubectl("-n", namespace, "exec", "writer", "--", "cat", "/data/file").strip() == "written"
    lab.kubectl("-n", namespace, "delete", "pod/writer", "pvc/data", "--timeout=60s")
    volume = claim["spec"]["volumeName"]
    wait_for("the volume is gone", lambda: volume not in lab.kubectl("get", "pv", "-o", "name"), 90, 0.5)
    assert volume not in lab.kubectl("get", "pv", "-o", "name")


def test_metrics_of_all_nodes_are_served(lab: Any) -> None:
    def measured() -> set[str]:
        return {i["metadata"]["name"] for i in lab.api("/apis/metrics.k8s.io/v1beta1/nodes")["items"]}

    wait_for("metrics of three nodes", lambda: len(measured()) == 3, 120, 1)
    assert measured() == {lab.node_name(n) for n in lab.machines}


def test_requests_are_in_the_audit_log(lab: Any) -> None:
    name = f"audited-{uuid.uuid4().hex}"
    lab.kubectl("create", "configmap", "-n", "default", name)
    lab.kubectl("delete", "configmap", "-n", "default", name)

    def verbs() -> set[str]:
        lines = [json.loads(x) for x in lab.audit_log.read_text().splitlines() if name in x]
        return {line["verb"] for line in lines if line["objectRef"]["resource"] == "configmaps"}

    wait_for("both requests in the log", lambda: {"create", "delete"} <= verbs(), 20)
    assert {"create", "delete"} <= verbs()


def test_secrets_are_encrypted_in_etcd(lab: Any, namespace: str) -> None:
    plain = uuid.uuid4().hex
    lab.kubectl("-n", namespace, "create", "secret", "generic", "kept", f"--from-literal=word={plain}")
    pki = "/etc/kubernetes/pki"
    command = ["etcdctl", "--endpoints=https://127.0.0.1:2379", f"--cacert={pki}/etcd-ca.crt",
               f"--cert={pki}/apiserver-etcd-client.crt", f"--key={pki}/apiserver-etcd-client.key", "get",
               f"/registry/secrets/{namespace}/kept", "--print-value-only", "--hex"]
    raw = bytes.fromhex(lab.in_node("cp", *command).strip().replace("\\x", ""))
    assert raw.startswith(b"k8s:enc:secretbox:") and plain.encode() not in raw


def test_up_of_a_healthy_cluster_changes_nothing(lab: Any) -> None:
    def identity() -> list[Any]:
        items = lab.api("/api/v1/nodes")["items"]
        return [[i["status"]["nodeInfo"]["bootID"] for i in items], [node.pid(lab, n) for n in lab.nodes]]

    before = identity()
    done = subprocess.run([sys.executable, "-m", "tests.lab", "up", "--name", lab.name], cwd=CHECKOUT, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0 and "KUBECONFIG=" in done.stdout, done
    assert identity() == before


def test_a_cluster_that_is_broken_on_purpose_is_not_mended_by_others(lab: Any) -> None:
    with lab.fault.scale("kube-system", "coredns", 0):
        with pytest.raises(LabError, match=r"broken on purpose by process \d+: scale"):
            lab.ensure()
        status = subprocess.run([sys.executable, "-m", "tests.lab", "status"], cwd=CHECKOUT, text=True,
                                capture_output=True, check=False).stdout
    assert f"{lab.name} BROKEN" in status and "coredns" in status
    lab.ensure()
    assert lab.healthy()


def _verb(lab: Any, *words: str) -> str:
    return subprocess.run([sys.executable, "-m", "tests.lab", *words], cwd=CHECKOUT, text=True, capture_output=True,
                          check=True, timeout=60).stdout


def test_verbs_to_look_around(lab: Any) -> None:
    mine = ("--name", lab.name)
    assert _verb(lab, "kubeconfig", *mine).strip() == str(lab.kubeconfig)
    assert f"export KUBECONFIG={lab.kubeconfig} PATH=" in _verb(lab, "env", *mine)
    assert _verb(lab, "shell", *mine, "n2", "hostname").strip() == lab.node_name("n2")
    assert _verb(lab, "kubectl", *mine, "version", "-o", "yaml").count(_verb(lab, "version").strip()) == 2
    assert "kubelet" in _verb(lab, "logs", "kubelet", "n1", *mine)
    assert "etcd" in _verb(lab, "logs", "etcd", *mine)
    assert "freeze" in _verb(lab, "fault", *mine)


@pytest.mark.parametrize(("words", "sentence"), [
    (["up", "--name", "Two"], "--name: must be a letter and up to six letters or digits, not 'Two'"),
    (["up", "--name", "a", "--workers", "12"], "--workers: must be from 1 to 9, not 12"),
    (["down", "c9"], "down: 'c9' is one word too many; a cluster is named by --name c9"),
    (["kubeconfig", "--name", "nowhere"], "there is no cluster nowhere; python -m tests.lab up makes it"),
    (["version", "1.36"], "version: must be like v1.36.1, not '1.36'")])
def test_a_wrong_word_gets_a_sentence(words: list[str], sentence: str) -> None:
    done = subprocess.run([sys.executable, "-m", "tests.lab", *words], cwd=CHECKOUT, text=True, capture_output=True,
                          check=False)
    assert done.returncode == 1 and done.stderr.strip() == f"lab: {sentence}"
