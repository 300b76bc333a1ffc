# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Zones, classes, and what is made of the ends of the pods of a StatefulSet over zones."""
from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._zonal.classes import is_zone, plan, usable
from ansible_collections.assay.clusters.plugins.module_utils.checks._zonal.pods import SCRIPT, digest
from ansible_collections.assay.clusters.plugins.module_utils.checks.zonal_stateful_set import ZonalStatefulSet
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply, Inconclusive, StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, Now, api_error
from ansible_collections.assay.clusters.tests.unit.checks.zonal_cluster import DRIVER, Zonal, csi_node, node, storage_class

SET = f"zonal-{FakeContext.nonce}-0"


def _red(cluster: Zonal, match: str) -> FakeContext:
    with pytest.raises(StepFailed, match=match):
        cluster.run()
    return cluster.ctx


def test_a_healthy_cluster_has_a_pod_in_every_zone_which_finds_its_data_wherever_it_goes() -> None:
    cluster = Zonal()
    ctx = cluster.run()
    told = ctx.observed["class fast"]
    assert told["pods"] == {f"{SET}-0": "a", f"{SET}-1": "b", f"{SET}-2": "c"}
    assert cluster.born == {f"{SET}-0": 3, f"{SET}-1": 2, f"{SET}-2": 2}, "only zone a has another node"
    assert (told["moved"], told["zones_of_one_node"]) == ([f"{SET}-0"], ["b", "c"])
    assert {o["from_node"] for o in ctx.seen(variant="moved")} == {"n4"} and not ctx.seen(ok=False) and not ctx.warnings
    assert [k for k, _name in ctx.deleted] == ["StatefulSet", *["Pod"] * 3, *["PersistentVolumeClaim"] * 3]
    assert len([k for k, _name in ctx.adopted if k == "PersistentVolume"]) == 3


def test_what_the_set_makes_is_written_down_before_anything_is_waited_for() -> None:
    cluster = Zonal(zonal_limit=10)
    cluster.starts = False
    ctx = _red(cluster, r"^0 of 3 pods start with their volumes: not within 10 s; zonal-\w+-0-0, ")
    assert {k for k, _name in ctx.adopted} == {"Pod", "PersistentVolumeClaim", "PersistentVolume"}


def test_pods_that_no_node_takes_are_not_waited_for() -> None:
    cluster = Zonal()
    placed = cluster.pod

    def unplaced(name: str, zone: str) -> None:
        placed(name, zone)
        if zone == "b":
            item = cluster.ctx.items["pods"][(cluster.ctx.namespace, name)]
            item["spec"], item["status"] = {}, {"conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/4 nodes are available: 4 Too many pods."}]}

    cluster.pod = unplaced  # type: ignore[method-assign]
    start = Now.clock.monotonic()
    ctx = _red(cluster, rf"^2 of 3 pods start with their volumes: no node takes pod {SET}-1, of which the scheduler says the same for 12 s; "
                        rf"{SET}-1; .*Too many pods")
    assert Now.clock.monotonic() - start < 30 and {k for k, _name in ctx.adopted} == {"Pod", "PersistentVolumeClaim", "PersistentVolume"}


# ---- which --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("nodes", "why"), [
    ([node("n1", "a"), node("n2", "a")], "all nodes that take pods are in zone a"),
    ([node("n1", "a"), node("n2", "b", unschedulable=True)], "in zone a.*n2 .it is cordoned"),
    ([node("n1", "a"), node("n2", "b", taints=[{"effect": "NoSchedule"}])], "in zone a.*n2 .it is tainted"),
    ([node("n1", ""), node("n2", "")], "no node that takes pods has a zone")])
def test_without_zones_there_is_nothing_to_spread_over(nodes: Any, why: str) -> None:
    cluster = Zonal()
    cluster.nodes, cluster.csi = nodes, [csi_node(n["metadata"]["name"], DRIVER) for n in nodes]
    with pytest.raises(DoesNotApply, match=why):
        cluster.run()


def test_virtual_nodes_and_those_of_other_systems_are_left_out_with_the_reason() -> None:
    fargate, windows = node("f1", "b"), node("w1", "c")
    fargate["metadata"]["labels"]["eks.amazonaws.com/compute-type"] = "fargate"
    windows["metadata"]["labels"]["kubernetes.io/os"] = "windows"
    zones, out = usable([node("n1", "a"), fargate, windows], {})
    assert zones == {"a": ["n1"]} and set(out) == {"f1", "w1"}


@pytest.mark.parametrize(("classes", "csi", "why"), [
    ([storage_class("hand", provisioner="kubernetes.io/no-provisioner")], [], "its volumes are made by hand"),
    ([storage_class("nfs", provisioner="nfs.csi.k8s.io")], [csi_node("n1", "nfs.csi.k8s.io", key="host")], "know no zones"),
    ([storage_class("local", provisioner="rancher.io/local-path")], [], "no node has a CSI driver rancher.io/local-path")])
def test_classes_without_zones_are_nothing_to_prove(classes: Any, csi: Any, why: str) -> None:
    cluster = Zonal()
    cluster.classes, cluster.csi = classes, csi
    with pytest.raises(DoesNotApply, match=f"no StorageClass makes volumes that live in a zone: .*{why}"):
        cluster.run()


def test_the_default_class_is_first_and_no_more_than_three_are_proved_unless_named() -> None:
    cluster = Zonal()
    cluster.classes = [*(storage_class(n) for n in "abcd"), storage_class("z", default=True)]
    ctx = cluster.run()
    assert ctx.observed["storage_classes"] == ["z", "a", "b"] and "c (3 others are proved" in ctx.observed["classes_left_out"]
    cluster = Zonal(zonal_classes=["d"])
    cluster.classes = [*(storage_class(n) for n in "abcd")]
    assert cluster.run().observed["storage_classes"] == ["d"]


def test_a_class_that_is_not_there_is_told_with_those_that_are() -> None:
    _red(Zonal(zonal_classes=["gone"]), "^there is no StorageClass gone; there are: fast$")


def test_a_class_of_one_zone_gets_one_pod_there() -> None:
    cluster = Zonal()
    cluster.classes = [storage_class("one", ["b"])]
    assert cluster.run().observed["class one"]["pods"] == {f"{SET}-0": "b"}


def test_a_class_of_zones_without_nodes_is_warned_of_and_red_where_it_is_named() -> None:
    cluster = Zonal()
    cluster.classes = [storage_class("fast"), storage_class("far", ["z"])]
    ctx = cluster.run()
    assert ctx.observed["storage_classes"] == ["fast"] and any("far allows volumes in zones only" in w for w in ctx.warnings)
    cluster = Zonal(zonal_classes=["far"])
    cluster.classes = [storage_class("far", ["z"])]
    ctx = _red(cluster, "^StorageClass far allows volumes in zones only that have no node for their pods; there are nodes in a, b, c$")
    assert not ctx.created


def test_a_class_of_which_volumes_wait_for_a_claim_is_left_to_whose_they_are() -> None:
    cluster = Zonal()
    cluster.classes = [storage_class("fast"), storage_class("kept", reclaimPolicy="Retain")]
    context = cluster.context

    def refused() -> FakeContext:
        ctx = context()
        reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        ctx.client.answers[reviews] = lambda _body: {"status": {"allowed": False}}
        return ctx

    cluster.context = refused
    ctx = cluster.run()
    assert ctx.observed["storage_classes"] == ["fast"] and "kept (StorageClass kept retains" in ctx.observed["classes_left_out"]
    assert "storage_check_zonal_classes" in ctx.observed["classes_left_out"]


# ---- drivers ------------------------------------------------------------------------------------------------------
def test_a_zone_without_the_driver_is_red_before_anything_is_made() -> None:
    cluster = Zonal()
    cluster.csi = [c for c in cluster.csi if c["metadata"]["name"] != "n2"]
    ctx = _red(cluster, f"^no node of zone b .n2. has the CSI driver {DRIVER}")
    assert not ctx.created and [o["from_node"] for o in ctx.seen(kind="csi", ok=False)] == ["n2"]


def test_a_node_without_the_driver_beside_others_of_its_zone_is_warned_of_and_kept_off() -> None:
    cluster = Zonal()
    cluster.csi[3]["spec"]["drivers"] = []
    ctx = cluster.run()
    assert ctx.warnings == [f"n4 in zone a has no CSI driver {DRIVER}, as others of the zone have: a pod with a volume of it does not "
                            "start there"]
    assert "n4" not in {o.get("from_node") for o in ctx.observations}


def test_nodes_of_another_zonal_driver_are_not_for_this_one() -> None:
    registered = {"n1": [DRIVER], "n2": ["other.csi.test"], "n3": [DRIVER]}
    cluster = Zonal()
    cluster.nodes, cluster.csi = cluster.nodes[:3], [csi_node(n, *d) for n, d in registered.items()]
    assert cluster.run().observed["class fast"]["zones"] == ["a", "c"]


@pytest.mark.parametrize(("key", "yes"), [
    ("topology.kubernetes.io/zone", True), ("topology.ebs.csi.aws.com/zone", True), ("topology.csi.vmware.com/k8s-zone", True),
    ("kubernetes.io/hostname", False), ("topology.kubernetes.io/region", False), ("example.com/timezone", False)])
def test_keys_of_zones(key: str, yes: bool) -> None:
    assert is_zone(key) is yes


@pytest.mark.parametrize(("key", "value", "yes"), [
    ("topology.kubernetes.io/zone", "a", True), ("topology.kubernetes.io/zone", "b", False),
    ("failure-domain.beta.kubernetes.io/zone", "a", True), ("topology.kubernetes.io/region", "eu", True),
    ("topology.csi.vmware.com/k8s-zone", "rack-1", True), ("topology.csi.vmware.com/k8s-zone", "a", False)])
def test_where_a_class_allows_volumes_is_said_by_the_labels_that_its_driver_uses(key: str, value: str, yes: bool) -> None:
    item = node("n1", "a")
    item["metadata"]["labels"]["topology.csi.vmware.com/k8s-zone"] = "rack-1"
    one = {**storage_class("fast"), "allowedTopologies": [{"matchLabelExpressions": [{"key": key, "values": [value]}]}]}
    made = plan(one, {"a": ["n1"]}, {}, {"n1": item})
    assert (made.missing, made.not_allowed) == (({"a": ["n1"]}, []) if yes else ({}, ["a"]))


# ---- pods and volumes ---------------------------------------------------------------------------------------------
def test_an_empty_volume_where_data_was_is_data_lost() -> None:
    cluster = Zonal()
    healthy = cluster.result
    cluster.result = lambda pod, born: healthy(pod, 1 if pod.endswith("-1") else born)
    ctx = _red(cluster, f"^pod {SET}-1 on n2 found volume pvc-uid-{SET}-1 empty: data was lost that it had written there before$")
    assert [o["target"] for o in ctx.seen(ok=False)] == [f"data-{SET}-1"]


@pytest.mark.parametrize(("text", "match"), [
    ("read 0000", "found 'read 0000' on .*data was changed"), ("exit status 1: dd: Read-only file system", "ended with status 1: dd: Read-only")])
def test_changed_data_and_a_volume_that_takes_none(text: str, match: str) -> None:
    cluster = Zonal()
    cluster.result = lambda pod, born: text
    _red(cluster, match)


def test_a_volume_in_another_zone_than_its_pod() -> None:
    cluster = Zonal()
    cluster.place = lambda pod, zone: "b" if pod.endswith("-2") else zone
    ctx = _red(cluster, f"^volume pvc-uid-{SET}-2 of pod {SET}-2 is in b, its pod on node n3 in c$")
    assert len(ctx.seen(kind="zone", ok=False)) == 1


def test_a_zone_that_no_pod_is_in() -> None:
    cluster = Zonal()
    cluster.zone = cluster.place = lambda pod, zone: "a" if pod.endswith("-1") else zone
    _red(cluster, f"^no pod of {SET} is in b, though there are nodes for it$")


def test_a_missing_image_says_nothing_about_storage() -> None:
    cluster = Zonal(zonal_limit=10)
    cluster.starts = False
    made = cluster.pod

    def without_image(name: str, zone: str) -> None:
        made(name, zone)
        waiting = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}}}
        cluster.ctx.items["pods"][(cluster.ctx.namespace, name)]["status"]["initContainerStatuses"] = [waiting]

    cluster.pod = without_image
    with pytest.raises(Inconclusive, match="manifest unknown"):
        cluster.run()


def _says(cluster: Zonal, selector: str, event: dict[str, Any]) -> None:
    """Events that are asked for by this selector hold this one."""
    context = cluster.context

    def made() -> FakeContext:
        ctx = context()
        ctx.client.answers[f"/api/v1/namespaces/{ctx.namespace}/events"] = lambda params: {
            "items": [event] if params["fieldSelector"] == selector else []}
        return ctx

    cluster.context = made


@pytest.mark.parametrize("named", [True, False])
def test_a_class_of_larger_volumes_is_told_with_the_option(named: bool) -> None:
    cluster = Zonal(**({"zonal_classes": ["cold"]} if named else {}), zonal_limit=60)
    cluster.classes = [storage_class("cold"), *([] if named else [storage_class("fast")])]
    made = cluster.pod
    cluster.pod = lambda name, zone: None if name.startswith(SET) else made(name, zone)
    _says(cluster, "reason=ProvisioningFailed", {"involvedObject": {"name": f"data-{SET}-0"}, "message": (
        "rpc error: InvalidParameterValue: Volume of 1GiB is too small; minimum is 125GiB.")})
    told = "StorageClass cold makes no volume of 1Gi; set storage_check_zonal_size: .*minimum is 125GiB"
    if named:
        with pytest.raises(Inconclusive, match=told):
            cluster.run()
    else:
        [warning] = cluster.run().warnings
        assert re.search(told, warning) and cluster.ctx.observed["class fast"]["pods"]
    assert ("StatefulSet", SET) in cluster.ctx.deleted


def test_a_zone_that_lost_its_node_meanwhile_is_no_fault_of_the_storage(clock: Any) -> None:
    cluster = Zonal(zonal_limit=30)
    cluster.starts = False
    clock.after(10, lambda: cluster.ctx.fleet.watch.there.pop("n3"))
    with pytest.raises(Inconclusive, match="^c had a node that takes pods at the beginning, and has none now"):
        cluster.run()


def test_a_set_whose_pods_are_refused_is_not_waited_for() -> None:
    cluster = Zonal(zonal_limit=60)
    cluster.pod = lambda name, zone: None
    words = f"create Pod {SET}-0 in StatefulSet {SET} failed error: pods \"{SET}-0\" is forbidden: exceeded quota: small, requested"
    _says(cluster, f"involvedObject.name={SET}", {"reason": "FailedCreate", "message": words, "type": "Warning"})
    started = Now.clock.monotonic()
    with pytest.raises(Inconclusive, match="^what the check makes is refused: .*exceeded quota: small"):
        cluster.run()
    assert Now.clock.monotonic() - started < 10


def test_a_pod_that_comes_back_where_it_may_not_be() -> None:
    cluster = Zonal()
    cluster._node = lambda zone: {"a": "n1", "b": "n2", "c": "n3"}[zone]
    _red(cluster, f"^pod {SET}-0 came back on n1, which its affinity forbids$")


# ---- the end ------------------------------------------------------------------------------------------------------
def _attachment(pod: str, node_name: str = "n1", error: str = "") -> dict[str, Any]:
    return {"metadata": {"name": f"csi-{pod}"}, "status": {"detachError": {"message": error}} if error else {},
            "spec": {"nodeName": node_name, "attacher": DRIVER, "source": {"persistentVolumeName": f"pvc-uid-{pod}"}}}


def test_volumes_of_pods_that_do_not_start_are_told_with_how_far_their_attachment_is() -> None:
    cluster = Zonal(zonal_limit=20)
    cluster.starts = False
    begun, idle, done, going, theirs, held = (_attachment(p, f"n{i}") for i, p in enumerate((
        f"{SET}-0", f"{SET}-1", f"{SET}-2", f"{SET}-2", "x", f"{SET}-2"), 1))
    begun["metadata"]["finalizers"], begun["status"] = ["external-attacher/disk-csi-test"], {"attachError": {"message": "rpc error: busy"}}
    idle["metadata"]["finalizers"], done["status"]["attached"] = ["example.com/other"], True
    going["metadata"]["deletionTimestamp"] = held["metadata"]["deletionTimestamp"] = "2026-11-26T10:00:00Z"
    held["status"] = {"attached": True, "detachError": {"message": "rpc error: DeadlineExceeded"}}
    cluster.attachments = {"items": [begun, idle, done, going, theirs, held]}
    ctx = _red(cluster, "^0 of 3 pods start with their volumes")
    told = [(o["target"], o["from_node"], o["variant"], o["ok"], o.get("error", "")) for o in ctx.seen(kind="attachment")]
    assert told == [(f"pvc-uid-{SET}-0", "n1", "taken", True, ""), (f"pvc-uid-{SET}-0", "n1", "attach", False, "rpc error: busy"),
                    (f"pvc-uid-{SET}-1", "n2", "taken", False, ""), (f"pvc-uid-{SET}-1", "n2", "attach", False, ""),
                    (f"pvc-uid-{SET}-2", "n6", "detach", False, "rpc error: DeadlineExceeded")]


@pytest.mark.parametrize("status", [403, 500])
def test_pods_that_do_not_start_are_told_where_attachments_cannot_be_seen(status: int) -> None:
    cluster = Zonal(zonal_limit=20)
    cluster.starts, cluster.attachments = False, api_error(status)
    assert not _red(cluster, "^0 of 3 pods start with their volumes").seen(kind="attachment")


def test_a_volume_that_stays_attached_is_told_with_the_drivers_words_before_any_claim_goes() -> None:
    cluster = Zonal(zonal_limit=20)
    cluster.attachments = {"items": [_attachment(f"{SET}-0", error="rpc error: busy"), _attachment("theirs")]}
    ctx = _red(cluster, f"^volume pvc-uid-{SET}-0 is detached from n1: not within [12]. s; rpc error: busy$")
    assert "PersistentVolumeClaim" not in [k for k, _name in ctx.deleted]
    assert [o["target"] for o in ctx.seen(kind="attachment")] == [f"pvc-uid-{SET}-0"], "that of somebody else is none of ours"


def test_a_node_with_more_volumes_than_it_takes_is_warned_of() -> None:
    cluster = Zonal()
    cluster.attachments = {"items": [_attachment(f"theirs-{i}") for i in range(4)]}
    ctx = cluster.run()
    assert ctx.observed["class fast"]["attached"]["n1"] == "4 of 3" and len(ctx.warnings) == 1


def test_who_may_not_list_attachments_is_told_so_and_goes_on() -> None:
    cluster = Zonal()
    cluster.attachments = api_error(403)
    ctx = cluster.run()
    assert "not known" in ctx.observed["attach_limits"] and "not known" in ctx.observed["detached"]


def test_a_volume_that_stays_fails() -> None:
    cluster = Zonal(zonal_limit=20)
    cluster.stays = {f"{SET}-1"}
    assert _red(cluster, f"^volume pvc-uid-{SET}-1 gone after its claim: not within").steps[-1] == "class fast: the volumes go with their claims"


def test_the_limit_follows_the_options() -> None:
    check = ZonalStatefulSet()
    check.bounds({"zonal_classes": ["a", "b"], "zonal_limit": 20})
    assert check.limit == 120.0


def test_the_script_writes_once_and_reads_ever_after(tmp_path: Any) -> None:
    data, result = tmp_path / "volume", tmp_path / "result"
    (data / "lost+found").mkdir(parents=True)

    def shell() -> tuple[int, str]:
        text = SCRIPT.replace("/tmp/", f"{tmp_path}/").replace("/data", str(data))
        done = subprocess.run(["sh", "-c", text], env={"NONCE": "n", "POD": "p-0", "R": str(result), "PATH": "/usr/bin:/bin"},
                              capture_output=True, text=True, check=False)
        return done.returncode, result.read_text().strip()

    assert shell() == (0, f"wrote {digest('n', 'p-0')}")
    assert shell() == (0, f"read {digest('n', 'p-0')}")
    (data / "blob").unlink()
    (data / "theirs").touch()
    assert shell() == (3, "the new volume holds: theirs")


def test_volumes_where_another_pod_is_are_named_when_theirs_wait() -> None:
    """The scheduler keeps them off, as the spread wants another zone, and the volume this one."""
    cluster = Zonal(zonal_limit=10)
    cluster.place, made = lambda pod, zone: "a", cluster.pod

    def waits(name: str, zone: str) -> None:
        cluster.starts = name.endswith("-0")
        made(name, zone)

    cluster.pod = waits
    ctx = _red(cluster, "^1 of 3 pods start")
    assert [o["error"] for o in ctx.seen(kind="zone", ok=False)] == [
        f"volume pvc-uid-{SET}-{i} of pod {SET}-{i} is in a, where pod {SET}-0 is; no volume is in b, c" for i in (1, 2)]
