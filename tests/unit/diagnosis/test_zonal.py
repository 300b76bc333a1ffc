# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes that live in a zone, replayed: drivers, classes and volumes of other zones, attachments, data, the provider."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, SPACE, cause, event, healthy, meta, on_path, one, pod, seen, storageclass, waiting)

DRIVER, ZONE = "zonal.csi.lab", "topology.kubernetes.io/zone"


def _finding(message: str, *observations: dict[str, Any], path: Any = (), **observed: Any) -> Finding:
    return Finding("zonal_stateful_set", "storage", "failed", "a step", message, observations=list(observations), path=list(path),
                   observed={"provisioner": DRIVER, "storage_class": "fast", **observed})


def _csi_node(name: str, *drivers: str) -> dict[str, Any]:
    return {"metadata": meta(name), "spec": {"drivers": [{"name": d, "topologyKeys": [ZONE]} for d in drivers]}}


def _unregistered() -> Finding:
    said = f"node n2 has no CSI driver {DRIVER}"
    return _finding(f"no node of zone zone-b (n2) has the CSI driver {DRIVER}, so that no pod there gets a volume of StorageClass fast",
                    seen("csi", "registered", "n2", error=said, target=DRIVER))


def test_a_node_without_the_driver_is_told_with_those_that_have_it() -> None:
    data = healthy()
    data["csinodes"] = [_csi_node("n1", DRIVER), _csi_node("n2", "other.csi"), _csi_node("n3", DRIVER)]
    found = one(_unregistered(), data)
    assert (found.cause, found.confidence, found.scope) == ("storage.driver-missing", "confirmed", ["node/n2"])
    assert f"csinode/n2 has the drivers other.csi, not {DRIVER}" in found.evidence and f"csinode/n1 has {DRIVER}" in found.evidence


@pytest.mark.parametrize("there", [[], ["n2"]], ids=["not known", "back"])
def test_a_driver_that_is_back_or_not_seen_to_be_away_is_less_sure(there: list[str]) -> None:
    data = healthy()
    data["csinodes"] = [_csi_node(n, DRIVER) for n in there]
    assert cause(_unregistered(), data) == ("storage.driver-missing", "probable", ["node/n2"])


def test_a_class_of_zones_without_nodes() -> None:
    data = healthy()
    for node, zone in zip(data["nodes"], "aab"):
        node["metadata"]["labels"][ZONE] = f"zone-{zone}"
    data["storageclasses"] = [{**storageclass("far", None), "allowedTopologies": [{"matchLabelExpressions": [
        {"key": ZONE, "values": ["zone-z"]}]}]}]
    found = one(_finding("StorageClass far allows volumes in zones only that have no node for their pods; there are nodes in zone-a"), data)
    assert (found.cause, found.confidence, found.scope) == ("storage.zone-conflict", "confirmed", ["storageclass/far"])
    assert "storageclass/far allowedTopologies: zone-z" in found.evidence and "nodes are in zone-a, zone-b" in found.evidence
    assert "allowedTopologies" in found.remedy and found.next_command == "kubectl get storageclass far -o yaml"


def test_a_volume_in_another_zone_than_its_pod() -> None:
    said = "volume pvc-1 of pod zonal-x-0 is in zone-b, its pod on node n1 in zone-a"
    found = one(_finding(said, seen("zone", "", "n1", error=said, target="pvc-1")), healthy())
    assert (found.cause, found.confidence, found.scope) == ("storage.zone-conflict", "confirmed", ["persistentvolume/pvc-1"])


@pytest.mark.parametrize(("binding", "words"), [("Immediate", "use volumeBindingMode"), ("WaitForFirstConsumer", "allowedTopologies")])
def test_the_remedy_is_that_of_the_binding(binding: str, words: str) -> None:
    said = "volume pvc-1 of pod zonal-x-1 is in zone-a, where pod zonal-x-0 is; no volume is in zone-b"
    found = one(_finding("1 of 2 pods start with their volumes: not within 20 s", seen("zone", "", error=said, target="pvc-1"),
                         binding=binding), healthy())
    assert found.cause == "storage.zone-conflict" and words in found.remedy


@pytest.mark.parametrize("words", [
    "InvalidVolume.ZoneMismatch: The volume 'vol-1' is not in the same availability zone as instance 'i-1'",
    "Disk 'd' cannot be attached to the VM because it is not in the same zone as the VM"])
def test_a_volume_that_its_provider_has_in_another_zone(words: str) -> None:
    data = healthy()
    data["pods"].append(pod("zonal-x-1", SPACE, "n2", ready=False))
    data["events"] = [event("Pod", "zonal-x-1", "FailedAttachVolume", f'AttachVolume.Attach failed for volume "pvc-1" : rpc error: {words}')]
    found = cause(_finding("2 of 3 pods start with their volumes: not within 20 s", path=[on_path("Pod", "zonal-x-1")]), data)
    assert found == ("storage.zone-conflict", "confirmed", [f"pod/{SPACE}/zonal-x-1", "node/n2"])


def _attaching(volume: str, node: str, begun: bool, error: str = "") -> list[dict[str, Any]]:
    return [{**seen("attachment", "taken", node, target=volume), "ok": begun},
            {**seen("attachment", "attach", node, target=volume, error=error, seconds=19.6), "ok": False}]


@pytest.mark.parametrize(("begun", "sure", "scope", "remedy"), [
    ([], "probable", [f"csidriver/{DRIVER}"], "csi-attacher runs"), (["pvc-2"], "suspected", ["node/n1", "node/n2"], "the machine")],
    ids=["nobody attaches", "the driver is silent"])
def test_volumes_that_wait_for_their_nodes_without_a_word(begun: list[str], sure: str, scope: list[str], remedy: str) -> None:
    waits = [o for v, n in (("pvc-1", "n1"), ("pvc-2", "n2")) for o in _attaching(v, n, v in begun)]
    found = one(_finding("1 of 3 pods start with their volumes: not within 20 s", *waits), healthy())
    assert (found.cause, found.confidence, found.scope) == ("storage.attach-stuck", sure, scope)
    assert found.evidence[0] == "volume pvc-1 is to be attached to n1: no attacher has begun within 20 s"
    assert ("volume pvc-2 is to be attached to n2: begun, and no answer within 20 s" in found.evidence) is bool(begun)
    assert remedy in found.remedy and found.next_command == "kubectl get volumeattachment"


@pytest.mark.parametrize("begun", [[], ["pvc-1", "pvc-2"]], ids=["its attacher", "its driver"])
def test_a_controller_that_crashes_is_the_root_of_attachments_without_an_answer(begun: list[str]) -> None:
    data = healthy()
    data["pods"].append(pod("zonal-csi-controller-x", "zonal-csi", "n1", ready=False, **waiting("CrashLoopBackOff", "back-off 40s"),
                            lastState={"terminated": {"exitCode": 2, "reason": "Error", "finishedAt": JUST_NOW}}))
    waits = [o for v, n in (("pvc-1", "n1"), ("pvc-2", "n2")) for o in _attaching(v, n, v in begun)]
    found = cause(_finding("1 of 3 pods start with their volumes: not within 20 s", *waits), data)
    assert found == ("pod.crash", "probable", ["pod/zonal-csi/zonal-csi-controller-x"])


def test_what_an_attachment_says_itself_is_told_by_the_events_of_its_pod() -> None:
    found = one(_finding("1 of 3 pods start: not within 20 s", *_attaching("pvc-1", "n1", True, "rpc error: denied")), healthy())
    assert found.cause == "unknown.timeout"


@pytest.mark.parametrize(("error", "sure"), [("rpc error: code = DeadlineExceeded", "confirmed"), ("", "suspected")])
def test_a_volume_that_stays_attached(error: str, sure: str) -> None:
    stuck = {**seen("attachment", "detach", "n3", target="pvc-1"), "ok": False, "error": error}
    found = one(_finding("volume pvc-1 is detached from n3: not within 20 s", stuck), healthy())
    assert (found.cause, found.confidence, found.scope) == ("storage.attach-stuck", sure, ["node/n3"])
    assert found.next_command == "kubectl get volumeattachment"


def test_a_pod_that_waits_for_a_volume_that_a_node_does_not_let_go_of() -> None:
    """What Kubernetes says of the pod, and what the driver says of the node."""
    held = {**seen("attachment", "detach", "n3", target="pvc-1"), "ok": False, "error": "rpc error: code = DeadlineExceeded"}
    found = one(_finding("1 of 3 pods start with their volumes: not within 45 s", held), healthy())
    assert (found.cause, found.confidence, found.scope) == ("storage.attach-stuck", "confirmed", ["node/n3"])
    assert any("volume pvc-1 on n3: rpc error: code = DeadlineExceeded" in line for line in found.evidence)


def test_lost_data_is_said_of_the_volume_that_lost_it_alone() -> None:
    said = "pod zonal-x-1 on n2 found volume pvc-2 empty: data was lost that it had written there before"
    path = [on_path("PersistentVolume", f"pvc-{n}", "") for n in (1, 2, 3)]
    found = one(_finding(said, seen("storage", "deleted", "n2", error=said, target="data-zonal-x-1"), path=path,
                         made_for_the_claim=True), healthy())
    assert (found.cause, found.confidence, found.scope) == ("storage.data-corrupt", "confirmed", ["persistentvolume/pvc-2"])


def test_a_node_that_takes_no_more_volumes() -> None:
    data = healthy()
    words = ("0/3 nodes are available: 1 node(s) exceed max volume count, 2 node(s) didn't match pod topology spread constraints. "
             "no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.")
    data["pods"].append(pod("zonal-x-1", SPACE, "", ready=False))
    data["events"] = [event("Pod", "zonal-x-1", "FailedScheduling", words)]
    message = f"2 of 3 pods start with their volumes: not within 20 s; zonal-x-1; FailedScheduling: {words}"
    assert cause(_finding(message, path=[on_path("Pod", "zonal-x-1")]), data) == (
        "storage.attach-stuck", "confirmed", [f"pod/{SPACE}/zonal-x-1"])


@pytest.mark.parametrize(("variant", "code"), [("zone", "storage.zone-conflict"), ("gone", "leak.provider")])
def test_what_the_provider_says_itself(variant: str, code: str) -> None:
    said = seen("provider", variant, error="volume vol-1 is available at AWS", target="vol-1")
    found = one(_finding("volume vol-1 gone at AWS: not within 20 s", said), healthy())
    assert (found.cause, found.confidence, found.scope) == (code, "confirmed", ["volume/vol-1"])
    assert found.next_command == "aws ec2 describe-volumes --volume-ids vol-1"
