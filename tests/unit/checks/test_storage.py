# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Classes, movable volumes, and what is made of the ends of the storage pods."""
from __future__ import annotations

import subprocess

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._storage.attachments import ATTACHMENTS
from ansible_collections.assay.clusters.plugins.module_utils.checks._storage.pods import (
    READ, WRITE, content, digest, ending, pod)
from ansible_collections.assay.clusters.plugins.module_utils.checks._storage.classes import CLASSES, VOLUMES
from ansible_collections.assay.clusters.plugins.module_utils.checks._storage.volumes import others, usable_on
from ansible_collections.assay.clusters.plugins.module_utils.checks.storage import Storage
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, api_error

NONCE = FakeContext.nonce
MARK = "storageclass.kubernetes.io/is-default-class"


PV = "pvc-0f0f"
PV_PATH = f"{VOLUMES}/{PV}"


def _class(name, default=False, made="2026-01-01T00:00:00Z", provisioner="disk.test"):
    return {"metadata": {"name": name, "annotations": {MARK: "true"} if default else None, "creationTimestamp": made},
            "provisioner": provisioner, "volumeBindingMode": "WaitForFirstConsumer"}


def _node(name, zone="a", **spec):
    return {"metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": name}},
            "spec": spec, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}


def _volume(key=None, values=(), **spec):
    affinity = {"nodeAffinity": {"required": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": key, "operator": "In", "values": list(values)}]}]}}} if key else {}
    return {"metadata": {"name": PV}, "spec": {
        "storageClassName": "fast", "persistentVolumeReclaimPolicy": "Delete",
        "claimRef": {"namespace": FakeContext.namespace, "name": f"data-{NONCE}"}, **affinity, **spec}}


class Disks:
    """A cluster that gives one volume; tests spoil a part of it."""

    def __init__(self, volume=None, **options):
        self.volume = volume or _volume("topology.kubernetes.io/zone", ["a"])
        self.classes = [_class("fast", True), _class("slow")]
        self.results = {"writer": (0, digest(NONCE)), "reader": (0, f"{digest(NONCE)} {NONCE}")}
        self.state, self.gone, self.there = None, True, []
        self.ctx = FakeContext({
            CLASSES: lambda params: {"items": self.classes},
            VOLUMES: lambda params: {"items": self.there},
        }, nodes=[_node("n1"), _node("n2"), _node("n3", "b"), _node("n4", unschedulable=True)], **options)
        self.ctx.client.answers[PV_PATH] = self.volume
        self.ctx.on_create, delete = self.created, self.ctx.delete

        def deleted(kind, name, wait=True):
            delete(kind, name, wait)
            if kind == "PersistentVolumeClaim" and self.gone:
                del self.ctx.client.answers[PV_PATH]

        self.ctx.delete = deleted

    def created(self, manifest):
        key, role = (self.ctx.namespace, manifest["metadata"]["name"]), manifest["metadata"]["name"].split("-")[0]
        if manifest["kind"] == "PersistentVolumeClaim":
            self.ctx.items["persistentvolumeclaims"] = {key: {
                **manifest, "metadata": {**manifest["metadata"], "uid": "0f0f", "creationTimestamp": "2026-02-02T00:00:00Z"},
                "spec": {**manifest["spec"], "volumeName": self.volume["metadata"]["name"]}, "status": {"phase": "Bound"}}}
            return manifest
        status, message = self.results[role]
        state = self.state or {"terminated": {"exitCode": status, "message": message}}
        self.ctx.items["pods"] = {key: {
            **manifest, "spec": {**manifest["spec"], "nodeName": "n1" if role == "writer" else "n2"},
            "status": {"phase": "Pending", "containerStatuses": [{"name": "storage", "state": state}]}}}
        return manifest

    def run(self):
        check = Storage()
        assert check.applies(self.ctx) == ""
        check.run(self.ctx)
        return self.ctx

    def assert_red(self, match):
        with pytest.raises(StepFailed, match=match):
            self.run()
        return self.ctx

    def affinity(self, role="reader"):
        """The one term by which the pod's node is chosen."""
        made = next(m for m in self.ctx.created if m["metadata"]["name"].startswith(role))
        [term] = made["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        return term


def test_healthy_volume_moves_within_its_zone_and_goes():
    disks = Disks()
    ctx = disks.run()
    assert disks.affinity()["matchFields"] == [{"key": "metadata.name", "operator": "NotIn", "values": ["n1"]}]
    assert ctx.observed["volume_moves"] == "between nodes"
    assert (ctx.observed["written_on"], ctx.observed["read_on"]) == ("n1", "n2")
    assert ctx.deleted == [("Pod", f"writer-{NONCE}"), ("Pod", f"reader-{NONCE}"),
                           ("PersistentVolumeClaim", f"data-{NONCE}")]
    assert len(ctx.seen(kind="storage", ok=True)) == 2
    assert {"StorageClass", "PersistentVolume", "Node"} <= {k for k, _ns, _n in ctx.path}


@pytest.mark.parametrize("volume", [_volume("kubernetes.io/hostname", ["n1"]), _volume(hostPath={"path": "/x"}),
                                    _volume(local={"path": "/x"})])
def test_a_volume_of_one_node_is_a_capability_not_a_failure(volume):
    disks = Disks(volume)
    assert disks.run().observed["volume_moves"].startswith("no:")
    assert "matchFields" not in disks.affinity()


def test_changed_data_is_told_from_a_failed_pod():
    disks = Disks()
    disks.results["reader"] = (0, f"{'0' * 64} {NONCE}")
    ctx = disks.assert_red("data was changed")
    assert ctx.steps[-1] == "another pod reads what was written"
    assert len(ctx.seen(variant="reader", ok=False)) == 1
    disks = Disks()
    disks.results["writer"] = (1, "dd: error writing '/data/blob': No space left on device")
    assert "checksum" not in disks.assert_red("ended with 1: dd: error writing").observed


def test_a_missing_image_says_nothing_about_storage():
    disks = Disks()
    disks.state = {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}}
    with pytest.raises(Inconclusive, match="ImagePullBackOff: manifest unknown"):
        disks.run()


def test_a_pod_that_never_starts_names_the_last_warnings():
    disks = Disks(provision_limit=25)
    disks.state = {"waiting": {"reason": "ContainerCreating"}}
    events = [{"reason": "ProvisioningFailed", "message": "quota", "type": "Warning", "lastTimestamp": "2"},
              {"reason": "Older", "message": "x", "type": "Warning", "lastTimestamp": "1"},
              {"reason": "ExternalProvisioning", "message": "waiting", "type": "Normal", "lastTimestamp": "3"}]
    disks.ctx.client.answers[f"/api/v1/namespaces/{disks.ctx.namespace}/events"] = lambda params: {
        "items": events if "data-" in params["fieldSelector"] else []}
    disks.assert_red("not within 25 s; the claim is Bound; ProvisioningFailed: quota; ContainerCreating")


FULL = "0/4 nodes are available: 3 Insufficient cpu, 1 node(s) were unschedulable."


def test_a_pod_that_no_node_takes_is_not_waited_for():
    """A claim that waits for its first pod is not bound, and a node that is cordoned may come back."""
    disks = Disks()
    disks.ctx.fleet.watch.there.pop("n4")
    created = disks.ctx.on_create

    def unplaced(manifest):
        created(manifest)
        for item in disks.ctx.items.get("pods", {}).values():
            item["spec"].pop("nodeName")
            item["status"] = {"phase": "Pending", "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": FULL}]}
        return manifest

    disks.ctx.on_create = unplaced
    start = disks.ctx.deadline
    ctx = disks.assert_red(f"^pod writer-{NONCE} with its volume ends: no node takes pod writer-{NONCE}, of which the scheduler says the "
                           r"same for 12 s; the claim is Bound; Unschedulable: 0/4 nodes")
    assert ctx.deadline == start and ctx.left() > 580


# ---- pods that others end -----------------------------------------------------------------------------------------
class _Goes(dict):
    """Pods that are there at the first look, and gone at the next ones."""

    looks = 0

    def get(self, key, default=None):
        self.looks += 1
        return super().get(key, default) if self.looks < 2 else default


def _ended(disks, role, times, **status):
    """The first pods of that role are ended: by a status of theirs, else deleted."""
    created, left = disks.ctx.on_create, [times]

    def ended(manifest):
        made = created(manifest)
        if manifest["metadata"]["name"].startswith(role) and left[0]:
            left[0] -= 1
            [[key, item]] = disks.ctx.items["pods"].items()
            item["status"] = {"phase": "Running", **status}
            disks.ctx.items["pods"] = {key: item} if status else _Goes({key: item})
        return made

    disks.ctx.on_create = ended
    return disks


EVICTED = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}


@pytest.mark.parametrize("role", ["writer", "reader"])
@pytest.mark.parametrize(("status", "words"), [({}, "deleted"), (EVICTED, "Evicted: The node was low on resource: memory.")])
@pytest.mark.parametrize("times", [1, 3])
def test_a_pod_that_others_end_is_made_again(role, status, words, times):
    disks = _ended(Disks(), role, times, **status)
    ctx = disks.run()
    made = [m for m in ctx.created if m["metadata"]["name"] == f"{role}-{NONCE}"]
    assert len(made) == times + 1 and ctx.observed[f"{role}_ended"] == [f"on {'n1' if role == 'writer' else 'n2'}: {words}"] * times
    mine = [next(e["value"] for e in m["spec"]["containers"][0]["env"] if e["name"] == "MINE") for m in made]
    assert mine == ["", *["|blob|log"] * times], "what the one before wrote is its own"


def test_a_pod_that_others_end_each_time_proves_nothing():
    with pytest.raises(Inconclusive, match=f"pod writer-{NONCE} was ended by others 4 times before it was done, the last time on n1: deleted: "
                       "keep those that delete pods from those labelled assay.clusters/run"):
        _ended(Disks(), "writer", 9).run()


def test_a_pod_that_every_kubelet_evicts_is_red_in_its_words():
    _ended(Disks(), "writer", 9, **EVICTED).assert_red("ended with -1: Evicted: The node was low on resource: memory")


def test_a_pod_that_had_its_time_is_not_made_again():
    _ended(Disks(), "writer", 1, phase="Failed", reason="DeadlineExceeded").assert_red("ended with -1: DeadlineExceeded")


def test_a_volume_that_stays_fails():
    disks = Disks()
    disks.gone = False
    assert disks.assert_red("pvc-0f0f gone after its claim").steps[-1] == "the volume goes with its claim"


@pytest.mark.parametrize("operator, values, fits", [
    ("In", ["a"], True), ("NotIn", ["a"], False), ("Exists", None, True), ("DoesNotExist", None, False),
    ("Gt", ["1"], False), ("Unknown", ["a"], False)])
def test_node_selectors(operator, values, fits):
    term = {"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": operator, "values": values}]}
    volume = {"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}}}
    assert usable_on(volume, _node("n1")) is fits
    assert not usable_on({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{}]}}}}, _node("n1"))
    assert usable_on({"spec": {}}, _node("n1"))


def test_other_nodes_can_take_an_ordinary_pod():
    nodes = [_node("n1"), _node("n2", unschedulable=True), _node("n3", taints=[{"effect": "NoSchedule"}]), _node("n4")]
    assert others(_volume(), nodes, "n1") == ["n4"]
    nodes[3]["status"]["conditions"][0]["status"] = "Unknown"
    assert others(_volume(), nodes, "n1") == []


@pytest.mark.parametrize("labels", [{"kubernetes.io/os": "windows"}, {"eks.amazonaws.com/compute-type": "fargate"}])
def test_what_no_pod_of_ours_can_run_on_is_no_other_node(labels):
    other = _node("n2")
    other["metadata"]["labels"].update(labels)
    assert others(_volume(), [_node("n1"), other], "n1") == []


def test_ends_of_pods():
    assert ending({"status": {"phase": "Failed", "reason": "Evicted", "message": "low on disk"}}) == (
        -1, "Evicted: low on disk")
    assert ending({"status": {"phase": "Pending"}}) is None
    state = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    assert ending({"status": {"containerStatuses": [{"state": state}]}}) == (137, "OOMKilled")


def _shell(command, data, tmp, again=False):
    result = tmp / "result"
    env = {e["name"]: e["value"] for e in pod("p", "i", command, NONCE, "c", [], again=again)["spec"]["containers"][0]["env"]}
    text = command.replace("/tmp/", f"{tmp}/").replace("/data", str(data))
    done = subprocess.run(["sh", "-c", text], env={**env, "R": str(result), "PATH": "/usr/bin:/bin"},
                          capture_output=True, text=True, check=False)
    return done.returncode, result.read_text().strip() if result.exists() else done.stderr


def test_the_scripts_really_write_verify_and_append(tmp_path):
    data = tmp_path / "volume"
    data.mkdir()
    (data / "lost+found").mkdir()
    assert _shell(WRITE, data, tmp_path) == (0, digest(NONCE))
    assert (data / "blob").read_bytes() == content(NONCE)
    assert _shell(READ, data, tmp_path) == (0, f"{digest(NONCE)} {NONCE}")
    assert (data / "log").read_text().splitlines() == [NONCE, f"read {NONCE}"]
    (data / "blob").write_bytes(content(NONCE)[:-1] + b"x")
    assert _shell(READ, data, tmp_path)[1] != f"{digest(NONCE)} {NONCE}"
    status, text = _shell(WRITE, data, tmp_path)
    assert status == 3 and "the new volume holds" in text
    assert _shell(WRITE, data, tmp_path, again=True) == (0, digest(NONCE)), "a writer before it was ended"
    (data / "theirs").touch()
    assert _shell(WRITE, data, tmp_path, again=True) == (3, "the new volume holds: theirs")


def test_manifest_meets_the_restricted_level():
    spec = pod("p", "i", "true", NONCE, "c", [], "n1")["spec"]
    container = spec["containers"][0]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                            "capabilities": {"drop": ["ALL"]}}
    assert spec["automountServiceAccountToken"] is False
    assert set(container["resources"]) == {"requests", "limits"}


# ---- time ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("seconds", "limit", "within"), [(600.0, 180, 180), (600.0, 25, 25), (50.0, 180, 50)])
def test_a_pod_that_never_ends_is_told_in_time(clock, seconds, limit, within):
    """Its own limit or the end of the check, what comes first; what it waits for is told all the same."""
    disks = Disks(provision_limit=limit)
    disks.ctx.deadline = clock.monotonic() + seconds
    disks.state = {"waiting": {"reason": "ContainerCreating"}}
    disks.assert_red(f"with its volume ends: not within {within} s; the claim is Bound; ContainerCreating$")
    assert clock.passed == within


def test_a_volume_that_is_not_attached_is_told_with_whether_somebody_began(clock):
    disks = Disks(provision_limit=25)
    disks.state = {"waiting": {"reason": "ContainerCreating"}}
    spec = {"nodeName": "n1", "attacher": "disk.test", "source": {"persistentVolumeName": PV}}
    theirs = {**spec, "source": {"persistentVolumeName": "theirs"}}
    disks.ctx.client.answers[ATTACHMENTS] = {"items": [{"metadata": {"name": n}, "spec": s} for n, s in (("csi-1", spec), ("csi-2", theirs))]}
    disks.assert_red("with its volume ends: not within 25 s")
    assert [(o["target"], o["variant"], o["ok"], o.get("seconds")) for o in disks.ctx.seen(kind="attachment")] == [
        (PV, "taken", False, None), (PV, "attach", False, 25)]


def test_a_volume_that_comes_late_is_waited_for(clock):
    disks = Disks()
    disks.state = {"waiting": {"reason": "ContainerCreating"}}

    def comes():
        disks.state = None
        disks.created(disks.ctx.created[-1])

    clock.after(100, comes)
    ctx = disks.run()
    assert not ctx.seen(ok=False) and 100 <= ctx.measurements["writer pod, from its creation to its end"] <= 101


@pytest.mark.parametrize(("seconds", "within"), [(600.0, 30), (10.0, 10)])
@pytest.mark.parametrize("spoil", [{"status": {"phase": "Pending"}}, {"spec": {}}], ids=["pending", "without a volume"])
def test_a_claim_that_is_not_bound_though_its_pod_ran_is_told_in_time(clock, seconds, within, spoil):
    disks = Disks()
    disks.ctx.deadline = clock.monotonic() + seconds
    made = disks.ctx.on_create

    def unbound(manifest):
        answer = made(manifest)
        disks.ctx.items["persistentvolumeclaims"][(disks.ctx.namespace, f"data-{NONCE}")].update(spoil)
        return answer

    disks.ctx.on_create = unbound
    disks.assert_red(f"^claim data-{NONCE} is bound: not within {within} s$")
    assert clock.passed == within


@pytest.mark.parametrize(("seconds", "least", "most"), [(600.0, 298, 300), (50.0, 48, 50)])
def test_a_volume_that_stays_behind_its_claim_is_told_in_time(clock, seconds, least, most):
    disks = Disks()
    disks.gone = False
    disks.ctx.deadline = clock.monotonic() + seconds
    disks.assert_red(r"^volume pvc-0f0f gone after its claim: not within \d+ s$")
    assert least <= clock.passed <= most


def test_a_volume_that_goes_late_is_waited_for_over_an_absence_of_the_api_server(clock):
    disks = Disks()
    disks.gone = False
    path = PV_PATH
    clock.after(20, lambda: disks.ctx.client.answers.update({path: api_error(503)}))
    clock.after(40, lambda: disks.ctx.client.answers.pop(path))
    assert disks.run().measurements["volume gone after its claim's deletion"] == pytest.approx(40, abs=1)
