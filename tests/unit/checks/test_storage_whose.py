# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which class is proved, and whose the volume is that a claim gets: nobody else's is taken, changed or spoken ill of."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import volumes
from ansible_collections.assay.clusters.plugins.module_utils.checks._storage.classes import defaults
from ansible_collections.assay.clusters.plugins.module_utils.checks.storage import Storage
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive
from ansible_collections.assay.clusters.plugins.module_utils.kube.reviews import REVIEWS
from ansible_collections.assay.clusters.tests.unit.checks.fakes import api_error
from ansible_collections.assay.clusters.tests.unit.checks.test_storage import NONCE, PV, PV_PATH, Disks, _class, _volume

TO_DELETE = {"metadata": {"labels": {"assay.clusters/run": "0a0b0c0d"}}, "spec": {"persistentVolumeReclaimPolicy": "Delete"}}
CLAIM = {"metadata": {"uid": "0f0f", "creationTimestamp": "2026-02-02T00:00:00Z"}}
MADE_BY = {"pv.kubernetes.io/provisioned-by": "disk.test"}


def _premade(name="pv-a", **more):
    spec = {"storageClassName": "fast", "accessModes": ["ReadWriteOnce"], **more.pop("spec", {})}
    return {"metadata": {"name": name, **more.pop("metadata", {})}, "spec": spec, "status": {"phase": "Available"}, **more}


# ---- the class ------------------------------------------------------------------------------------------------------
def test_default_classes_are_known_by_either_mark_the_newest_first():
    beta = {"metadata": {"name": "c", "annotations": {"storageclass.beta.kubernetes.io/is-default-class": "true"}}}
    assert defaults([_class("a"), _class("b", True)]) == ["b"]
    assert defaults([beta, _class("b", True), _class("a", True), _class("d", True, "2026-03-01T00:00:00Z")]) == [
        "d", "a", "b", "c"]


def test_of_several_default_classes_the_one_is_proved_that_the_cluster_takes():
    disks = Disks()
    disks.classes = [_class("fast", True, "2026-03-01T00:00:00Z"), _class("slow", True)]
    ctx = disks.run()
    assert (ctx.observed["storage_class"], ctx.observed["defaults"], ctx.warnings) == ("fast", ["fast", "slow"], [])
    assert ctx.observed["chosen"].startswith("fast, the newest of 2 default classes")


def test_several_default_classes_are_a_fault_where_the_cluster_refuses_claims_for_it():
    disks = Disks()
    disks.classes = [_class("fast", True), _class("slow", True)]
    disks.ctx.client.answers["/version"] = {"gitVersion": "v1.25.9-eks-1"}
    disks.assert_red("^2 StorageClasses are the default: fast, slow; before Kubernetes 1.26")
    disks.ctx.client.answers["/version"] = {"gitVersion": "v1.26.0"}
    disks.run()


def test_without_a_default_class_it_is_said_what_to_name():
    disks = Disks()
    disks.classes = [_class("fast"), _class("slow")]
    with pytest.raises(Inconclusive, match="^no StorageClass is the default; name the one to prove in "
                                           "storage_check_storage_class: fast, slow$"):
        disks.run()
    assert disks.ctx.created == []
    disks.ctx.options["storage_class"] = "fast"
    assert disks.run().observed["storage_class"] == "fast"
    disks.ctx.options["storage_class"] = "fats"
    disks.assert_red("there is no StorageClass fats; there are: fast, slow")


def test_a_cluster_without_any_class_has_no_storage_to_prove():
    disks = Disks()
    disks.classes = []
    assert Storage().applies(disks.ctx).startswith("the cluster has no StorageClass")
    disks.ctx.options["storage_class"] = "fast"
    disks.assert_red("there is no StorageClass fast; there are: none")


# ---- volumes of others ------------------------------------------------------------------------------------------------
def test_a_class_with_volumes_that_wait_for_a_claim_is_not_claimed_from():
    disks = Disks()
    disks.there = [_premade("pv-b"), _premade("pv-a")]
    with pytest.raises(Inconclusive, match=r"^2 volumes of StorageClass fast made beforehand wait for a claim \(pv-a, pv-b\), "
                                           r"and ours would take one .*; name another class in storage_check_storage_class$"):
        disks.run()
    assert disks.ctx.created == [] and disks.ctx.client.patched == []


@pytest.mark.parametrize("volume", [
    _premade(spec={"storageClassName": "slow"}), _premade(spec={"claimRef": {"name": "theirs"}}),
    _premade(spec={"accessModes": ["ReadWriteMany"]}), _premade(spec={"volumeMode": "Block"}),
    _premade(status={"phase": "Bound"}),
    _premade(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}), _premade(status={"phase": "Released"})])
def test_a_volume_that_our_claim_cannot_get_is_not_in_the_way(volume):
    disks = Disks()
    disks.there = [volume]
    assert disks.run().created


@pytest.mark.parametrize("volume", [
    _premade(status={}), {**_premade(spec={"storageClassName": ""}, metadata={"annotations": {
        "volume.beta.kubernetes.io/storage-class": "fast"}})}])
def test_what_will_wait_for_a_claim_soon_or_says_its_class_in_the_old_way_is(volume):
    assert volumes.waits_for_a_claim(volume, "fast", "ReadWriteOnce", "1Gi")


@pytest.mark.parametrize(("has", "waits"), [
    ("1Gi", True), ("1073741824", True), ("2e9", True), ("10T", True), ("odd", True), (None, True), ("1G", False), ("1023Mi", False)])
def test_a_volume_that_is_too_small_for_our_claim_is_not_in_the_way(has, waits):
    volume = _premade(spec={"capacity": {"storage": has}})
    assert volumes.waits_for_a_claim(volume, "fast", "ReadWriteOnce", "1Gi") is waits


@pytest.mark.parametrize(("quantity", "size"), [
    ("1", 1.0), ("1k", 1e3), ("1Ki", 1024.0), ("1.5Gi", 1.5 * 2 ** 30), ("1e3", 1e3), ("2E", 2e18), ("500m", 0.5), ("1K", None),
    ("", None), (None, None), ("Gi", None)])
def test_quantities(quantity, size):
    assert volumes.amount(quantity) == size


def test_a_class_without_a_provisioner_is_never_claimed_from():
    disks = Disks()
    disks.classes = [_class("fast", True, provisioner="kubernetes.io/no-provisioner")]
    with pytest.raises(Inconclusive, match="^volumes of StorageClass fast are made by hand"):
        disks.run()
    assert disks.ctx.created == []


def test_without_the_right_to_see_volumes_nothing_is_claimed():
    disks = Disks()
    disks.ctx.client.answers["/api/v1/persistentvolumes"] = api_error(403, "cannot list resource \"persistentvolumes\"")
    with pytest.raises(Exception, match="cannot list"):
        disks.run()
    assert disks.ctx.created == []


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
@pytest.mark.parametrize("writer", [None, (3, "the new volume holds: customers.db"), (1, "dd: Read-only file system")])
def test_a_volume_that_was_there_before_is_somebodys_and_is_neither_changed_nor_judged(policy, writer):
    theirs = _volume(persistentVolumeReclaimPolicy=policy)
    theirs["metadata"] = {"name": "pv-a", "creationTimestamp": "2025-01-01T00:00:00Z"}
    disks = Disks(theirs)
    disks.ctx.client.answers["/api/v1/persistentvolumes/pv-a"] = theirs
    disks.results["writer"] = writer or disks.results["writer"]
    with pytest.raises(Inconclusive, match=f"^claim data-{NONCE} was given volume pv-a, which was not made for it"):
        disks.run()
    assert disks.ctx.client.patched == [] and disks.ctx.adopted == [] and disks.ctx.deleted == []
    assert not disks.ctx.seen(kind="storage")


@pytest.mark.parametrize(("name", "uid", "annotations", "born", "ours"), [
    ("pvc-0f0f", "0f0f", {}, "", True), ("pvc-0f0e", "0f0f", {}, "2026-02-02T00:00:00Z", False),
    ("vol-7", "0f0f", MADE_BY, "2026-02-02T00:00:00Z", True), ("vol-7", "0f0f", MADE_BY, "2026-02-01T23:59:59Z", False),
    ("vol-7", "0f0e", MADE_BY, "2026-02-02T00:00:00Z", False), ("vol-7", "0f0f", MADE_BY, "", False),
    ("vol-7", "0f0f", {}, "2026-02-02T00:00:00Z", False)])
def test_whose_a_volume_is(name, uid, annotations, born, ours):
    meta = {"name": name, "annotations": annotations, "creationTimestamp": born}
    volume = {"metadata": meta, "spec": {"claimRef": {"uid": uid}}}
    assert volumes.made_for(volume, CLAIM) is ours


# ---- volumes of ours --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("writer", [None, (1, "dd: Input/output error")])
def test_a_volume_of_ours_in_a_class_that_retains_goes_with_its_claim_whatever_the_pods_say(writer):
    disks = Disks(_volume(persistentVolumeReclaimPolicy="Retain"))
    disks.results["writer"] = writer or disks.results["writer"]
    ctx = disks.assert_red("ended with 1") if writer else disks.run()
    assert ctx.client.patched == [(PV_PATH, TO_DELETE)] and ctx.adopted == [("PersistentVolume", PV)]
    assert (ctx.observed["reclaim_policy"], ctx.observed["made_for_the_claim"]) == ("Retain", True)


def test_it_is_held_while_the_pod_still_waits(clock):
    disks = Disks(_volume(persistentVolumeReclaimPolicy="Retain"))
    disks.state = {"waiting": {"reason": "ContainerCreating"}}
    ctx = disks.assert_red("with its volume ends: not within 180 s; the claim is Bound")
    assert ctx.client.patched == [(PV_PATH, TO_DELETE)]


def test_a_volume_that_we_may_not_change_is_told_and_left_as_it_is():
    disks = Disks(_volume(persistentVolumeReclaimPolicy="Retain"))
    disks.ctx.client.refuse_patch = api_error(403, "cannot patch resource")
    ctx = disks.run()
    assert ctx.warnings == [f"volume {PV} is left, as its class retains volumes and we may not change that"]
    assert ("PersistentVolumeClaim", f"data-{NONCE}") not in ctx.deleted and ctx.adopted == [("PersistentVolume", PV)]


@pytest.mark.parametrize(("policy", "said", "stops"), [
    ("Retain", {"allowed": False}, True), ("Retain", {"allowed": True}, False), ("Retain", {}, False), ("Retain", None, False),
    ("Delete", {"allowed": False}, False)])
def test_where_our_volume_would_stay_for_good_none_is_claimed(policy, said, stops):
    """One disk a night, of each cluster, that nobody sees."""
    disks = Disks(_volume(persistentVolumeReclaimPolicy=policy))
    disks.classes[0]["reclaimPolicy"] = policy
    asked = []
    disks.ctx.client.answers[REVIEWS] = api_error(404, "no such API") if said is None else \
        lambda body: asked.append(body["spec"]["resourceAttributes"]) or {"status": said}
    if stops:
        with pytest.raises(Inconclusive, match="^StorageClass fast retains volumes, and our user may not patch persistentvolumes"):
            disks.run()
        assert disks.ctx.created == [] and asked == [{"resource": "persistentvolumes", "verb": "patch"}]
    else:
        assert disks.run().created and (policy == "Retain" or asked == [])


def test_a_volume_of_a_class_that_deletes_is_not_changed():
    disks = Disks()
    assert disks.run().client.patched == [] and disks.ctx.adopted == [("PersistentVolume", PV)]


# ---- bounds -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seconds", [5, 180, 1800])
def test_the_checks_own_limit_leaves_room_for_what_its_options_promise(seconds):
    check = Storage()
    check.bounds({"provision_limit": seconds})
    assert check.limit >= 2 * seconds + 300
    unset = Storage()
    unset.bounds({})
    assert unset.limit == Storage.limit


def test_storage_pods_stay_off_what_the_user_leaves_out():
    disks = Disks()
    disks.run()
    for role in ("writer", "reader"):
        assert disks.affinity(role)["matchExpressions"] == disks.ctx.fleet.choice.affinity()
