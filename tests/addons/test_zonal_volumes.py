# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""zonal_stateful_set and storage, seen green and red on a CSI driver with the sidecars that Kubernetes publishes."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.addons import volumes
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.components import zone
from tests.lab.tiers import zonal_volumes as tier

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("zonal_volumes")]
CHECK = "zonal_stateful_set"
WAIT = {"zonal_classes": ["zonal-wait"], "zonal_limit": 120}
SOON = {**WAIT, "zonal_limit": 20}


# ---- green --------------------------------------------------------------------------------------------------------
def test_all_classes_are_proved_beside_somebodys_volume_and_nothing_is_left(lab: Any, prove: Any) -> None:
    with volumes.theirs(lab) as name:
        prove.green(CHECK)
        observed = prove.result["records"][0]["observed"]
        assert observed["storage_classes"] == ["zonal-immediate", "zonal-one", "zonal-wait"]
        zones = sorted({zone(n) for n in lab.machines})
        pods = {c: sorted(observed[f"class {c}"]["pods"].values()) for c in observed["storage_classes"]}
        assert pods == {"zonal-immediate": zones, "zonal-one": ["zone-a"], "zonal-wait": zones}
        assert "local-path (no node has a CSI driver" in observed["classes_left_out"]
        wait = observed["class zonal-wait"]
        assert wait["attached"][lab.node_name("n2")] == f"2 of {tier.LIMIT}"
        assert len(wait["moved"]) == len(zones) - len(wait["zones_of_one_node"])
        assert wait["zones_of_one_node"] == [z for z in zones if [*map(zone, lab.machines)].count(z) == 1]
        assert volumes.there(lab) == [name]


@pytest.mark.gauntlet
@pytest.mark.parametrize("name", tier.CLASSES)
def test_a_volume_is_kept_moved_and_removed(lab: Any, prove: Any, name: str) -> None:
    prove.green("storage", storage={"storage_class": name})
    assert not volumes.there(lab)


# ---- the driver ---------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_stopped_controller(lab: Any, prove: Any) -> None:
    with volumes.theirs(lab) as name:
        with lab.fault.scale(tier.NAMESPACE, "zonal-csi-controller", 0):
            records = prove(CHECK, zonal_stateful_set=SOON)
        assert_red(records[CHECK], "storage.driver-missing", [f"provisioner/{tier.DRIVER}", volumes.CONTROLLER_REF], "confirmed",
                   "0 of 0 replicas available", f"external provisioner '{tier.DRIVER}'")
        volumes.finished(lab, prove, name)
    prove.green(CHECK, zonal_stateful_set=WAIT)


def _sidecar_red(lab: Any, prove: Any, name: str, *args: str) -> Any:
    """The record of a run while a sidecar runs with these arguments more, or not at all; nothing is left of it afterwards."""
    with volumes.theirs(lab) as theirs:
        with volumes.sidecar(lab, name, *args):
            record = prove(CHECK, zonal_stateful_set=SOON)[CHECK]
        volumes.finished(lab, prove, theirs)
    prove.green(CHECK, zonal_stateful_set=WAIT)
    return record


@pytest.mark.gauntlet
@pytest.mark.parametrize("name", ["csi-provisioner", "csi-attacher"])
def test_a_sidecar_that_crashes(lab: Any, prove: Any, name: str) -> None:
    record = _sidecar_red(lab, prove, name, "--no-such-flag")
    [pod] = record.scope
    assert_red(record, "pod.crash", [pod], "probable", f"container {name}: ", "exit code 2")
    assert pod.startswith(f"pod/{tier.NAMESPACE}/zonal-csi-controller-")


@pytest.mark.gauntlet
def test_a_controller_without_a_provisioner(lab: Any, prove: Any) -> None:
    """It runs, and who can tell whether its provisioner does elsewhere; the driver is not said to be missing."""
    record = _sidecar_red(lab, prove, "csi-provisioner")
    claims = [f"persistentvolumeclaim/assay-{record.run_id}/data-zonal-" in s for s in record.scope]
    assert_red(record, "storage.provision-failed", record.scope, "suspected", "no provisioner said that it begins")
    assert claims == [True] * 3 and "csi-provisioner" in record.remedy


@pytest.mark.gauntlet
def test_a_controller_without_an_attacher(lab: Any, prove: Any) -> None:
    """No node, and no volume, is said to be at fault."""
    record = _sidecar_red(lab, prove, "csi-attacher")
    assert_red(record, "storage.attach-stuck", [f"csidriver/{tier.DRIVER}"], "probable", "no attacher has begun")
    assert "csi-attacher" in record.remedy and record.next_command.endswith(" get volumeattachment")


@pytest.mark.gauntlet
def test_storage_tells_of_an_attacher_that_is_away_too(lab: Any, prove: Any) -> None:
    one = {"storage_class": "zonal-wait"}
    with volumes.sidecar(lab, "csi-attacher"):
        record = prove("storage", storage={**one, "provision_limit": 20})["storage"]
    assert_red(record, "storage.attach-stuck", [f"csidriver/{tier.DRIVER}"], "probable", "no attacher has begun")
    volumes.finished(lab, prove)
    prove.green("storage", storage=one)


def test_a_node_without_the_driver(lab: Any, prove: Any) -> None:
    """The only one of its zone; nothing is made, so that nothing waits."""
    node, other = lab.node_name("n2"), lab.node_name("n1")
    with volumes.node_without(lab, "n2"):
        records = prove(CHECK, zonal_stateful_set=WAIT)
        assert_red(records[CHECK], "storage.driver-missing", [f"node/{node}"], "confirmed",
                   f"csinode/{node} has the drivers none", f"csinode/{other} has {tier.DRIVER}")
        assert not volumes.there(lab)
    prove.green(CHECK, zonal_stateful_set=WAIT)


# ---- volumes ------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_volume_that_forgets(lab: Any, prove: Any) -> None:
    with volumes.theirs(lab) as name:
        with volumes.erring(lab, forget=True):
            records = prove(CHECK, zonal_stateful_set=WAIT)
        [volume] = records[CHECK].scope
        assert_red(records[CHECK], "storage.data-corrupt", [volume], "confirmed", "data was lost that it had written there before")
        assert volume.startswith("persistentvolume/pvc-") and name not in volume
        assert records[CHECK].step.endswith("a pod that was deleted finds its data again")
        volumes.finished(lab, prove, name)
    prove.green(CHECK, zonal_stateful_set=WAIT)


@pytest.mark.gauntlet
def test_volumes_that_are_all_made_in_one_zone(lab: Any, prove: Any) -> None:
    """Their PersistentVolumes say so, and the scheduler keeps their pods from starting elsewhere."""
    with volumes.erring(lab, zone="zone-a"):
        record = prove(CHECK, zonal_stateful_set=SOON)[CHECK]
    assert_red(record, "storage.zone-conflict", record.scope, "confirmed", "is in zone-a, where pod zonal-",
               "didn't match PersistentVolume's node affinity")
    assert {s.partition("/")[0] for s in record.scope} == {"pod", "persistentvolume"} and "allowedTopologies" in record.remedy
    volumes.finished(lab, prove)
    prove.green(CHECK, zonal_stateful_set=WAIT)


@pytest.mark.gauntlet
def test_volumes_that_are_not_where_they_are_said_to_be(lab: Any, prove: Any) -> None:
    """Their provider says it when they are to be attached; the node of the zone where they are is not to blame."""
    with volumes.erring(lab, zone="zone-a", lie=True):
        record = prove(CHECK, zonal_stateful_set=SOON)[CHECK]
    assert_red(record, "storage.zone-conflict", record.scope, "confirmed", "InvalidVolume.ZoneMismatch")
    nodes = sorted(s for s in record.scope if s.startswith("node/"))
    assert nodes == [f"node/{lab.node_name(n)}" for n in sorted(lab.machines) if zone(n) != "zone-a"]
    assert {s.partition("/")[0] for s in record.scope} == {"pod", "node"}
    volumes.finished(lab, prove)
    prove.green(CHECK, zonal_stateful_set=WAIT)


def test_a_class_that_allows_a_zone_without_nodes(lab: Any, prove: Any) -> None:
    """Named, it is a fault; of several that nobody named it is only warned of."""
    body = {"metadata": {"name": "zonal-far"}, "provisioner": tier.DRIVER, "volumeBindingMode": "WaitForFirstConsumer",
            "allowedTopologies": [{"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ["zone-z"]}]}]}
    with lab.fault.extra(volumes.CLASSES, body):
        records = prove(CHECK, zonal_stateful_set={"zonal_classes": ["zonal-far"]})
        assert_red(records[CHECK], "storage.zone-conflict", ["storageclass/zonal-far"], "confirmed",
                   "storageclass/zonal-far allowedTopologies: zone-z", "nodes are in zone-a, zone-b, zone-c")
        assert not volumes.there(lab)
    prove.green(CHECK, zonal_stateful_set={**WAIT, "zonal_classes": ["zonal-one"]})


@pytest.mark.gauntlet
def test_a_node_that_takes_no_more_volumes(lab: Any, prove: Any) -> None:
    """Another's volume takes the only place on n2."""
    with volumes.theirs(lab) as name:
        with volumes.full_nodes(lab, 1):
            record = prove(CHECK, zonal_stateful_set=SOON)[CHECK]
            [pod] = record.scope
            assert_red(record, "storage.attach-stuck", [pod], "confirmed", "node(s) exceed max volume count")
            assert pod.startswith(f"pod/assay-{prove.result['run_id']}/zonal-")
        volumes.finished(lab, prove, name)
    prove.green(CHECK, zonal_stateful_set=WAIT)


# ---- ends ---------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
@pytest.mark.parametrize("moment", ["volumes", "attached"])
def test_after_a_kill_nothing_is_left_and_what_is_somebodys_stays(lab: Any, prove: Any, moment: str) -> None:
    code = ("from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))('{CHECK}', {CHECK}={WAIT!r})")
    with volumes.theirs(lab) as name:
        run = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        try:
            wait_for(moment, lambda: [v for v in getattr(tier, moment)(lab) if v != name], 120, 0.05)
        finally:
            run.send_signal(signal.SIGKILL)
            run.wait()
        volumes.finished(lab, prove, name)
        assert not lab.api("/apis/apps/v1/statefulsets?labelSelector=app.kubernetes.io/managed-by%3Dassay.clusters")["items"]
        claims = lab.api("/api/v1/persistentvolumeclaims")["items"]
        assert [c["metadata"]["name"] for c in claims] == ["theirs"]
