# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""zonal_stateful_set, seen green and red on a CSI driver with the sidecars that Kubernetes publishes."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.components import zone
from tests.lab.tiers import zonal_volumes as tier

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("zonal_volumes")]
CHECK = "zonal_stateful_set"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
CSI_NODES = "/apis/storage.k8s.io/v1/csinodes"
VOLUMES = "/api/v1/persistentvolumes"
ATTACHMENTS = "/apis/storage.k8s.io/v1/volumeattachments"
NODE_PLUGIN = f"/apis/apps/v1/namespaces/{tier.NAMESPACE}/daemonsets/zonal-csi-node"
WAIT = {"zonal_classes": ["zonal-wait"], "zonal_limit": 60}


@contextmanager
def _erring(lab: Any, **faults: Any) -> Iterator[None]:
    """The driver errs by its switch; a file of the provider's, which outlives no cluster."""
    file = tier.storage(lab) / "faults.json"
    file.write_text(json.dumps(faults))
    try:
        yield
    finally:
        file.unlink()


def _left(lab: Any) -> list[str]:
    """What the driver's provider has, and the cluster of it."""
    return [*tier.volumes(lab), *tier.attached(lab), *(v["metadata"]["name"] for path in (VOLUMES, ATTACHMENTS)
                                                       for v in lab.api(path)["items"])]


@contextmanager
def _theirs(lab: Any, short: str = "n2") -> Iterator[str]:
    """Somebody's pod with a volume of the same class on a node; it is as it was afterwards. The volume's name."""
    base = "/api/v1/namespaces/default"
    claim = {"metadata": {"name": "theirs"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "zonal-wait",
                                                      "resources": {"requests": {"storage": "1Mi"}}}}
    pod = {"metadata": {"name": "theirs"}, "spec": {
        "nodeSelector": {"kubernetes.io/hostname": lab.node_name(short)}, "terminationGracePeriodSeconds": 1,
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "theirs"}}],
        "containers": [{"name": "main", "image": "registry.k8s.io/e2e-test-images/agnhost:2.53", "args": ["pause"],
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}}
    with lab.fault.extra(f"{base}/persistentvolumeclaims", claim), lab.fault.extra(f"{base}/pods", pod):
        wait_for("somebody's pod", lambda: lab.api(f"{base}/pods/theirs")["status"]["phase"] == "Running", 60)
        name = lab.api(f"{base}/persistentvolumeclaims/theirs")["spec"]["volumeName"]
        file = tier.storage(lab) / zone(short) / name / "theirs"
        file.write_text("theirs")
        before = lab.api(f"{VOLUMES}/{name}")["metadata"]["resourceVersion"]
        yield name
        assert file.read_text() == "theirs" and tier.attached(lab)[name] == lab.node_name(short)
        assert lab.api(f"{VOLUMES}/{name}")["metadata"]["resourceVersion"] == before
        assert lab.api(f"{base}/pods/theirs")["status"]["phase"] == "Running"
    wait_for("the volume's end", lambda: name not in _left(lab), 60)


def _finished(lab: Any, prove: Any) -> None:
    """The guardian goes on where the run left it; nothing is left then."""
    wait_for("the journal's end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 120)
    assert not _left(lab)


# ---- green --------------------------------------------------------------------------------------------------------
def test_all_classes_are_proved_beside_somebodys_volume_and_nothing_is_left(lab: Any, prove: Any) -> None:
    with _theirs(lab) as name:
        prove.green(CHECK)
        observed = prove.result["records"][0]["observed"]
        assert observed["storage_classes"] == ["zonal-immediate", "zonal-one", "zonal-wait"]
        zones = sorted({zone(n) for n in lab.machines})
        pods = {c: sorted(observed[f"class {c}"]["pods"].values()) for c in observed["storage_classes"]}
        assert pods == {"zonal-immediate": zones, "zonal-one": ["zone-a"], "zonal-wait": zones}
        assert "local-path (no node has a CSI driver" in observed["classes_left_out"]
        wait = observed["class zonal-wait"]
        assert wait["attached"][lab.node_name("n2")] == "2 of 8"
        assert len(wait["moved"]) == len(zones) - len(wait["zones_of_one_node"])
        assert wait["zones_of_one_node"] == [z for z in zones if [*map(zone, lab.machines)].count(z) == 1]
        assert [v for v in _left(lab) if v != name and not v.startswith("csi-")] == [name]


# ---- the driver ---------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_stopped_controller(lab: Any, prove: Any) -> None:
    with lab.fault.scale(tier.NAMESPACE, "zonal-csi-controller", 0):
        records = prove(CHECK, zonal_stateful_set={**WAIT, "zonal_limit": 20})
    assert_red(records[CHECK], "storage.driver-missing", [
        f"provisioner/{tier.DRIVER}", f"deployment/{tier.NAMESPACE}/zonal-csi-controller"], "confirmed",
        "0 of 0 replicas available")
    _finished(lab, prove)
    prove.green(CHECK, zonal_stateful_set=WAIT)


def _drivers(lab: Any, short: str) -> list[str]:
    return [d["name"] for d in lab.api(f"{CSI_NODES}/{lab.node_name(short)}")["spec"].get("drivers") or []]


def test_a_node_without_the_driver(lab: Any, prove: Any) -> None:
    """The only one of its zone; nothing is made, so that nothing waits."""
    elsewhere = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "NotIn", "values": [lab.node_name("n2")]}]}]}}}
    with lab.fault.patch(NODE_PLUGIN, {"spec": {"template": {"spec": {"affinity": elsewhere}}}}):
        wait_for("no driver on n2", lambda: tier.DRIVER not in _drivers(lab, "n2"), 60)
        records = prove(CHECK, zonal_stateful_set=WAIT)
        assert_red(records[CHECK], "storage.driver-missing", [f"node/{lab.node_name('n2')}"], "confirmed",
                   f"csinode/{lab.node_name('n2')} has the drivers none", f"csinode/{lab.node_name('n1')} has {tier.DRIVER}")
        assert not _left(lab)
    wait_for("the driver on n2", lambda: tier.serving(lab), 60)
    prove.green(CHECK, zonal_stateful_set=WAIT)


# ---- volumes ------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_volume_that_forgets(lab: Any, prove: Any) -> None:
    with _erring(lab, forget=True):
        records = prove(CHECK, zonal_stateful_set=WAIT)
    [volume] = records[CHECK].scope
    assert_red(records[CHECK], "storage.data-corrupt", [volume], "confirmed", "data was lost that it had written there before")
    assert volume.startswith("persistentvolume/pvc-") and records[CHECK].step.endswith("a pod that was deleted finds its data again")
    _finished(lab, prove)
    prove.green(CHECK, zonal_stateful_set=WAIT)


@pytest.mark.gauntlet
@pytest.mark.parametrize(("lie", "words"), [(False, "where pod zonal-"), (True, "InvalidVolume.ZoneMismatch")], ids=["told", "hidden"])
def test_volumes_that_are_made_in_another_zone(lab: Any, prove: Any, lie: bool, words: str) -> None:
    """As their PersistentVolumes say, which the scheduler sees; or not, which their provider says when they are to be attached."""
    with _erring(lab, zone="zone-a", lie=lie):
        records = prove(CHECK, zonal_stateful_set={**WAIT, "zonal_limit": 25})
    record = records[CHECK]
    assert_red(record, "storage.zone-conflict", record.scope, "confirmed", words)
    assert {s.partition("/")[0] for s in record.scope} == ({"pod", "node"} if lie else {"pod", "persistentvolume"})
    _finished(lab, prove)
    prove.green(CHECK, zonal_stateful_set=WAIT)


def test_a_class_that_allows_a_zone_without_nodes(lab: Any, prove: Any) -> None:
    """Named, it is a fault; of several that nobody named it is only warned of."""
    body = {"metadata": {"name": "zonal-far"}, "provisioner": tier.DRIVER, "volumeBindingMode": "WaitForFirstConsumer",
            "allowedTopologies": [{"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ["zone-z"]}]}]}
    with lab.fault.extra(CLASSES, body):
        records = prove(CHECK, zonal_stateful_set={"zonal_classes": ["zonal-far"]})
        assert_red(records[CHECK], "storage.zone-conflict", ["storageclass/zonal-far"], "confirmed",
                   "storageclass/zonal-far allowedTopologies: zone-z", "nodes are in zone-a, zone-b, zone-c")
        assert not _left(lab)
    records = prove(CHECK, zonal_stateful_set={"zonal_classes": ["zonal-one"], "zonal_limit": 60})
    assert records[CHECK].verdict in ("passed", "warned")


def _register_anew(lab: Any, limit: int) -> None:
    """The kubelets ask the driver again, which then says how many volumes a node takes."""
    lab.kubectl("-n", tier.NAMESPACE, "delete", "pod", "-l", "app=zonal-csi-node", "--grace-period=1")

    def told() -> bool:
        nodes = [lab.api(f"{CSI_NODES}/{lab.node_name(n)}")["spec"].get("drivers") or [] for n in lab.machines]
        return all([d["allocatable"]["count"] for d in found if d["name"] == tier.DRIVER] == [limit] for found in nodes)

    wait_for(f"{limit} volumes a node", told, 60)


@pytest.mark.gauntlet
def test_a_node_that_takes_no_more_volumes(lab: Any, prove: Any) -> None:
    with _theirs(lab):
        with _erring(lab, limit=1):
            _register_anew(lab, 1)
            records = prove(CHECK, zonal_stateful_set={**WAIT, "zonal_limit": 20})
        _register_anew(lab, 8)
    assert records[CHECK].cause == "storage.attach-stuck" and records[CHECK].confidence == "confirmed"
    assert any("exceed max volume count" in line for line in records[CHECK].evidence)
    [pod] = records[CHECK].scope
    assert pod.startswith(f"pod/assay-{prove.result['run_id']}/zonal-")
    _finished(lab, prove)
    prove.green(CHECK, zonal_stateful_set=WAIT)


@pytest.mark.gauntlet
def test_a_volume_that_cannot_be_detached(lab: Any, prove: Any) -> None:
    with _erring(lab, hang_detach=True):
        records = prove(CHECK, zonal_stateful_set={"zonal_classes": ["zonal-one"], "zonal_limit": 20})
    node = records[CHECK].scope[-1]
    assert_red(records[CHECK], "storage.attach-stuck", [node], "confirmed", "DeadlineExceeded")
    assert node in [f"node/{lab.node_name(n)}" for n in lab.machines if zone(n) == "zone-a"]
    _finished(lab, prove)
    prove.green(CHECK, zonal_stateful_set=WAIT)


# ---- ends ---------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
@pytest.mark.parametrize("moment", ["volumes", "attached"])
def test_after_a_kill_nothing_is_left_and_what_is_somebodys_stays(lab: Any, prove: Any, moment: str) -> None:
    code = ("from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))('{CHECK}', {CHECK}={WAIT!r})")
    with _theirs(lab) as name:
        run = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        try:
            wait_for(moment, lambda: [v for v in getattr(tier, moment)(lab) if v != name], 90, 0.05)
        finally:
            run.send_signal(signal.SIGKILL)
            run.wait()
        wait_for("the journal's end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 150)
        assert [*tier.volumes(lab)] == [*tier.attached(lab)] == [name]
        assert [v["metadata"]["name"] for v in lab.api(VOLUMES)["items"]] == [name]
        assert not lab.api("/apis/apps/v1/statefulsets?labelSelector=app.kubernetes.io/managed-by%3Dassay.clusters")["items"]
