# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""zonal_stateful_set, seen green and red on the scheduler and the controllers of a real cluster, with a provisioner of the tests'."""
from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.faults import zones
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.components import zone

pytestmark = [pytest.mark.faults, pytest.mark.lab]
CHECK = "zonal_stateful_set"
WAIT = {"zonal_classes": ["zonal-wait"], "zonal_limit": 60}
SOON = {**WAIT, "zonal_limit": 20}
THEIRS = {"metadata": {"name": "theirs"}, "spec": {
    "storageClassName": "by-hand", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "5Gi"},
    "persistentVolumeReclaimPolicy": "Delete", "hostPath": {"path": "/opt/theirs", "type": "DirectoryOrCreate"}}}


def _finished(prove: Any, found: zones.Provisioner) -> None:
    """The guardian goes on where the run left it; no volume is left then."""
    wait_for("the journal's end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 150)
    assert not found.volumes()


def test_a_pod_in_every_zone_finds_its_volume_again_and_somebodys_stays(lab: Any, prove: Any) -> None:
    classes = zones.storage_class("zonal-wait"), zones.storage_class("zonal-one", "zone-a")
    with lab.fault.extra(zones.VOLUMES, THEIRS), zones.provisioner(lab, *classes) as found:
        before = wait_for("the volume to wait", lambda: _waiting(lab), 30)
        prove.green(CHECK, zonal_stateful_set={"zonal_limit": 60})
        observed = prove.result["records"][0]["observed"]
        everywhere = sorted({*map(zone, lab.machines)})
        assert {c: sorted(observed[f"class {c}"]["pods"].values()) for c in observed["storage_classes"]} == {
            "zonal-one": ["zone-a"], "zonal-wait": everywhere}
        wait = observed["class zonal-wait"]
        assert wait["zones_of_one_node"] == [z for z in everywhere if [*map(zone, lab.machines)].count(z) == 1]
        assert len(wait["moved"]) == len(everywhere) - len(wait["zones_of_one_node"])
        assert "local-path (no node has a CSI driver" in observed["classes_left_out"] and not found.volumes()
        assert lab.api(f"{zones.VOLUMES}/theirs")["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def _waiting(lab: Any) -> Any:
    found = lab.api(f"{zones.VOLUMES}/theirs")
    return found if found["status"].get("phase") == "Available" else None


def test_without_volumes_of_zones_there_is_nothing_to_prove(prove: Any) -> None:
    record = prove(CHECK)[CHECK]
    assert record.verdict == "skipped" and "local-path (no node has a CSI driver rancher.io/local-path)" in record.message


def test_a_zone_whose_node_has_no_driver(lab: Any, prove: Any) -> None:
    """Nothing is made, so that nothing waits."""
    with zones.provisioner(lab, without="n2") as found:
        records = prove(CHECK, zonal_stateful_set=WAIT)
        node, other = lab.node_name("n2"), lab.node_name("n1")
        assert_red(records[CHECK], "storage.driver-missing", [f"node/{node}"], "confirmed",
                   f"csinode/{node} has the drivers none, not {zones.DRIVER}", f"csinode/{other} has {zones.DRIVER}")
        assert not found.volumes()
    with zones.provisioner(lab):
        prove.green(CHECK, zonal_stateful_set=WAIT)


def test_a_class_that_allows_a_zone_without_nodes(lab: Any, prove: Any) -> None:
    """Named, it is a fault; of several that nobody named it is only warned of."""
    with zones.provisioner(lab, zones.storage_class("zonal-far", "zone-z"), zones.storage_class("zonal-one", "zone-a")):
        records = prove(CHECK, zonal_stateful_set={"zonal_classes": ["zonal-far"]})
        assert_red(records[CHECK], "storage.zone-conflict", ["storageclass/zonal-far"], "confirmed",
                   "storageclass/zonal-far allowedTopologies: zone-z", "nodes are in zone-a, zone-b, zone-c")
        record = prove(CHECK, zonal_stateful_set={"zonal_limit": 60})[CHECK]
        assert record.verdict == "warned" and "zonal-far allows volumes in zones only" in record.message


@pytest.mark.gauntlet
def test_volumes_that_forget(lab: Any, prove: Any, monkeypatch: Any) -> None:
    from ansible_collections.assay.clusters.plugins.module_utils.checks._zonal.set import ZonalSet

    with zones.provisioner(lab) as found:
        placed = ZonalSet.placed
        with monkeypatch.context() as patch:
            patch.setattr(ZonalSet, "placed", lambda self: (placed(self), found.empty())[0])
            records = prove(CHECK, zonal_stateful_set=WAIT)
        [volume] = records[CHECK].scope
        assert_red(records[CHECK], "storage.data-corrupt", [volume], "confirmed", "data was lost that it had written there before")
        assert volume.startswith("persistentvolume/pvc-")
        _finished(prove, found)
        prove.green(CHECK, zonal_stateful_set=WAIT)


@pytest.mark.gauntlet
def test_volumes_that_are_all_made_in_one_zone(lab: Any, prove: Any) -> None:
    with zones.provisioner(lab) as found:
        found.zone = "zone-a"
        record = prove(CHECK, zonal_stateful_set=SOON)[CHECK]
        kinds = sorted({s.partition("/")[0] for s in record.scope})
        assert_red(record, "storage.zone-conflict", record.scope, "confirmed", "is in zone-a, where pod zonal-",
                   "didn't match PersistentVolume's node affinity")
        assert kinds == ["persistentvolume", "pod"] and "allowedTopologies" in record.remedy
        found.zone = ""
        _finished(prove, found)
        prove.green(CHECK, zonal_stateful_set=WAIT)


@pytest.mark.gauntlet
def test_nobody_makes_volumes(lab: Any, prove: Any) -> None:
    """Who plays the controller is no workload of the cluster, so that nothing there can be confirmed to be away."""
    with zones.provisioner(lab) as found:
        found.silent = True
        record = prove(CHECK, zonal_stateful_set=SOON)[CHECK]
        assert (record.verdict, record.cause) == ("failed", "storage.driver-missing") and record.confidence != "confirmed"
        assert f"provisioner/{zones.DRIVER}" in record.scope
        found.silent = False
        _finished(prove, found)
        prove.green(CHECK, zonal_stateful_set=WAIT)


@pytest.mark.gauntlet
def test_after_a_kill_nothing_is_left(lab: Any, prove: Any) -> None:
    code = ("from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))('{CHECK}', {CHECK}={WAIT!r})")
    with lab.fault.extra(zones.VOLUMES, THEIRS), zones.provisioner(lab) as found:
        before = wait_for("the volume to wait", lambda: _waiting(lab), 30)
        run = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        try:
            wait_for("volumes", lambda: len(found.volumes()) > 1, 90, 0.05)
        finally:
            run.kill()
            run.wait()
        _finished(prove, found)
        assert not lab.api("/apis/apps/v1/statefulsets?labelSelector=app.kubernetes.io/managed-by%3Dassay.clusters")["items"]
        assert lab.api(f"{zones.VOLUMES}/theirs")["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
