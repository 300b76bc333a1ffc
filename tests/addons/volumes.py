# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests of volumes do to the lab's CSI driver and beside it: its faults, its nodes, its sidecars, somebody's own volume."""
from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.lab.base import wait_for
from tests.lab.components import zone
from tests.lab.tiers import zonal_volumes as tier

CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
VOLUMES = "/api/v1/persistentvolumes"
ATTACHMENTS = "/apis/storage.k8s.io/v1/volumeattachments"
CONTROLLER = f"/apis/apps/v1/namespaces/{tier.NAMESPACE}/deployments/zonal-csi-controller"
NODE_PLUGIN = f"/apis/apps/v1/namespaces/{tier.NAMESPACE}/daemonsets/zonal-csi-node"
CONTROLLER_REF = f"deployment/{tier.NAMESPACE}/zonal-csi-controller"


# ---- faults -------------------------------------------------------------------------------------------------------
@contextmanager
def erring(lab: Any, **faults: Any) -> Iterator[None]:
    """The driver errs by its switch: see faults in go/zonal-csi/main.go."""
    file = tier.storage(lab) / "faults.json"
    file.write_text(json.dumps(faults))
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def sidecar(lab: Any, name: str, *args: str) -> Iterator[None]:
    """A sidecar of the controller runs with these arguments more, or not at all without any; the others are as before."""
    containers = lab.api(CONTROLLER)["spec"]["template"]["spec"]["containers"]
    changed = [{**c, "args": [*c["args"], *args]} if c["name"] == name else c for c in containers if args or c["name"] != name]
    with lab.fault.patch(CONTROLLER, {"spec": {"template": {"spec": {"containers": changed}}}}):
        wait_for(f"a controller with other {name}", lambda: _runs(lab, [c["name"] for c in changed if c["name"] != name]), 90)
        yield
    wait_for("the controller", lambda: tier.serving(lab), 90)


def _runs(lab: Any, names: list[str]) -> bool:
    """Whether one pod of the controller is left, of the newest template, in which these containers run."""
    pods = lab.api(f"/api/v1/namespaces/{tier.NAMESPACE}/pods?labelSelector=app%3Dzonal-csi-controller")["items"]
    status = lab.api(CONTROLLER)["status"]
    return len(pods) == 1 and status.get("updatedReplicas") == 1 and {*names} <= {
        c["name"] for c in pods[0]["status"].get("containerStatuses") or [] if "running" in c["state"]}


# ---- nodes --------------------------------------------------------------------------------------------------------
@contextmanager
def node_without(lab: Any, short: str) -> Iterator[None]:
    """The driver is on all nodes but one."""
    elsewhere = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "NotIn", "values": [lab.node_name(short)]}]}]}}}
    others = [n for n in lab.machines if n != short]
    rolled = f"daemonsets/{NODE_PLUGIN.rpartition('/')[2]}"

    def alone() -> bool:
        return (tier.DRIVER not in tier.limits(lab, short) and all(tier.DRIVER in tier.limits(lab, n) for n in others)
                and tier.rolled_out(lab, tier.NAMESPACE, rolled))

    with lab.fault.patch(NODE_PLUGIN, {"spec": {"template": {"spec": {"affinity": elsewhere}}}}):
        wait_for(f"no driver on {short} alone", alone, 90)
        yield
    wait_for(f"the driver on {short}", lambda: tier.serving(lab), 90)


@contextmanager
def full_nodes(lab: Any, limit: int) -> Iterator[None]:
    """The kubelets ask the driver anew, which then says that a node takes so many volumes; as before afterwards."""
    try:
        with erring(lab, limit=limit):
            _register_anew(lab, limit)
            yield
    finally:
        _register_anew(lab, tier.LIMIT)


def _register_anew(lab: Any, limit: int) -> None:
    tier.register_anew(lab)
    wait_for(f"{limit} volumes a node", lambda: all(tier.limits(lab, n).get(tier.DRIVER) == limit for n in lab.machines), 90)


# ---- what is there ------------------------------------------------------------------------------------------------
def there(lab: Any) -> list[str]:
    """Volumes as the driver's provider has them, and what the cluster has of them; each name once."""
    made = [v["metadata"]["name"] for v in lab.api(VOLUMES)["items"] if v["spec"].get("csi", {}).get("driver") == tier.DRIVER]
    held = [a["spec"]["source"]["persistentVolumeName"] for a in lab.api(ATTACHMENTS)["items"] if a["spec"]["attacher"] == tier.DRIVER]
    return sorted({*tier.volumes(lab), *tier.attached(lab), *made, *held})


def finished(lab: Any, prove: Any, *others: str) -> None:
    """The guardian goes on where a run left it; then nothing is left but what is somebody's."""
    wait_for("the journal's end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 180)
    assert there(lab) == sorted(others)


@contextmanager
def theirs(lab: Any, short: str = "n2") -> Iterator[str]:
    """Somebody's pod with a volume of the same driver on a node; both are as they were afterwards. The volume's name."""
    base = "/api/v1/namespaces/default"
    claim = {"metadata": {"name": "theirs"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "zonal-wait",
                                                      "resources": {"requests": {"storage": "1Mi"}}}}
    pod = {"metadata": {"name": "theirs"}, "spec": {
        "nodeSelector": {"kubernetes.io/hostname": lab.node_name(short)}, "terminationGracePeriodSeconds": 1,
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "theirs"}}],
        "containers": [{"name": "main", "image": "registry.k8s.io/e2e-test-images/agnhost:2.53", "args": ["pause"],
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}}

    def versions() -> list[str]:
        paths = f"{VOLUMES}/{name}", f"{base}/persistentvolumeclaims/theirs"
        return [*(lab.api(p)["metadata"]["resourceVersion"] for p in paths), lab.api(f"{base}/pods/theirs")["metadata"]["uid"]]

    with lab.fault.extra(f"{base}/persistentvolumeclaims", claim), lab.fault.extra(f"{base}/pods", pod):
        wait_for("somebody's pod", lambda: lab.api(f"{base}/pods/theirs")["status"]["phase"] == "Running", 90)
        name = str(lab.api(f"{base}/persistentvolumeclaims/theirs")["spec"]["volumeName"])
        file = tier.storage(lab) / zone(short) / name / "theirs"
        file.write_text("theirs")
        before = versions()
        yield name
        assert file.read_text() == "theirs" and tier.attached(lab)[name] == lab.node_name(short) and versions() == before
    wait_for("the end of somebody's volume", lambda: name not in there(lab), 90)
