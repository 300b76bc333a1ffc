# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes in a clean-up: ours go whatever their class says, or are told; those of others stay, and so does what keeps them."""
from __future__ import annotations

import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common.names import EXPIRES, MANAGED_BY, MANAGER, RUN
from ansible_collections.assay.clusters.plugins.module_utils.engine import cleanup, sweep
from ansible_collections.assay.clusters.tests.unit.engine.test_cleanup import OURS, SPACE, VOLUMES, _run_in, remove

__all__ = ["remove"]
CLAIM = f"{SPACE}/persistentvolumeclaims/data"
KEPT = "kept by its reclaim policy Retain"


def _theirs(api, policy):
    """Somebody's volume, to which the claim of the run is bound; the run's objects."""
    made = _run_in(api)
    [new] = api.names("persistentvolumes")
    del api.objects[f"{VOLUMES}/{new}"]
    api.objects[CLAIM]["spec"]["volumeName"] = "pv-a"
    api.put(f"{VOLUMES}/pv-a", spec={"persistentVolumeReclaimPolicy": policy, "claimRef": {"name": "data"}})
    return made


def _as_it_was(api, policy):
    found = api.objects[f"{VOLUMES}/pv-a"]
    return found["spec"]["persistentVolumeReclaimPolicy"] == policy and not found["metadata"]["labels"]


def test_a_volume_of_ours_in_a_class_that_retains_goes(api, remove):
    assert remove(*_run_in(api, policy="Retain")) == [] and api.objects == {}
    [patched] = api.server.asked("PATCH")
    assert patched.data["metadata"]["labels"][RUN] == "r1" and patched.data["metadata"]["labels"][MANAGED_BY] == MANAGER
    assert api.changes.index(f"PATCH {patched.path}") < api.changes.index(f"DELETE {CLAIM}")


def test_one_that_we_may_not_change_is_told_by_every_clean_up_until_it_is_gone(api, remove):
    made = _run_in(api, policy="Retain")
    [name] = api.names("persistentvolumes")
    api.refuse[("PATCH", VOLUMES)] = (403, "Forbidden", "cannot patch")
    line = f"persistentvolume/{name} ({KEPT})"
    assert remove(*made) == [line] and list(api.objects) == [f"{VOLUMES}/{name}"]
    assert len(api.server.asked("GET", f"{VOLUMES}/{name}")) <= 3, "nobody waits for what is kept"
    made.append(("v1", "PersistentVolume", "", name))
    assert remove(*made) == [line]
    api.refuse.clear()
    api.objects[f"{VOLUMES}/{name}"]["metadata"]["labels"] = OURS
    assert remove(*made) == [] and api.objects == {}


@pytest.mark.parametrize("labels", [{}, {RUN: "r2"}])
def test_a_volume_that_only_a_journal_names_is_told_and_not_changed(api, remove, labels):
    api.put(f"{VOLUMES}/pvc-7", labels, spec={"persistentVolumeReclaimPolicy": "Retain"})
    assert remove(("v1", "PersistentVolume", "", "pvc-7")) == [f"persistentvolume/pvc-7 ({KEPT})"]
    assert api.changes == []


def test_a_volume_that_comes_while_its_claim_goes_goes_too(api, remove):
    made = _run_in(api, policy="Retain")
    [name] = api.names("persistentvolumes")
    late = api.objects.pop(f"{VOLUMES}/{name}")
    del api.objects[CLAIM]["spec"]["volumeName"]

    def arrives(request):
        if request.method == "DELETE" and request.path == CLAIM:
            api.objects[f"{VOLUMES}/{name}"] = {**late, "status": {"phase": "Released"}}

    api.before = arrives
    assert remove(*made) == [] and api.objects == {}


# ---- volumes of others ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("policy", ["Delete", "Recycle"])
def test_a_claim_that_would_take_somebodys_volume_with_it_stays_and_is_told(api, remove, policy):
    made = [*_theirs(api, policy), ("apps/v1", "DaemonSet", "assay-r1", "probe")]
    probes = "/apis/apps/v1/namespaces/assay-r1/daemonsets/probe"
    api.put(probes, OURS)
    assert remove(*made) == [
        "persistentvolumeclaim/assay-r1/data (its volume pv-a is somebody else's and would be deleted with it; give that the "
        "reclaim policy Retain)"]
    assert _as_it_was(api, policy) and CLAIM in api.objects and SPACE in api.objects
    assert probes not in api.objects, "what runs goes all the same"
    assert f"{SPACE}/pods/writer" not in api.objects
    api.objects[f"{VOLUMES}/pv-a"]["spec"]["persistentVolumeReclaimPolicy"] = "Retain"
    assert remove(*made) == [] and list(api.objects) == [f"{VOLUMES}/pv-a"]


def test_somebodys_volume_that_outlives_its_claim_is_neither_changed_nor_waited_for(api, remove):
    assert remove(*_theirs(api, "Retain"), seconds=60) == []
    assert list(api.objects) == [f"{VOLUMES}/pv-a"] and _as_it_was(api, "Retain")


# ---- sweeps -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("lives", "found"), [(-60, ["old"]), (3600, [])])
def test_a_volume_without_its_namespace_is_found_by_its_label_when_it_has_expired(api, remove, tmp_path, lives, found):
    labels = {MANAGED_BY: MANAGER, RUN: "old", EXPIRES: str(int(time.time() + lives))}
    api.put(f"{VOLUMES}/pvc-7", labels, spec={"persistentVolumeReclaimPolicy": "Retain"}, status={"phase": "Released"})
    expected = {"swept": found, "remaining": []}
    assert sweep.find(remove.client, tmp_path) == expected and api.changes == []
    assert sweep.sweep(remove.client, tmp_path) == expected
    assert api.names("persistentvolumes") == ([] if found else ["pvc-7"])


def test_volumes_that_we_may_not_list_keep_no_sweep_from_its_work(api, remove, tmp_path):
    api.put(SPACE, {MANAGED_BY: MANAGER, RUN: "r1", EXPIRES: "1"})
    api.refuse[("GET", VOLUMES)] = (403, "Forbidden", "cannot list")
    assert sweep.find(remove.client, tmp_path)["swept"] == ["r1"]
    assert sweep.sweep(remove.client, tmp_path) == {"swept": ["r1"], "remaining": []}


# ---- pods that hold them ----------------------------------------------------------------------------------------------
def test_pods_are_gone_before_their_claims_go_and_are_given_their_time(api, remove):
    made = _run_in(api)
    api.objects[f"{SPACE}/pods/writer"]["metadata"]["finalizers"] = ["unmounts"]

    def unmounted(request):
        if len(api.server.asked("GET", f"{SPACE}/pods/writer")) == 3:
            api.objects.pop(f"{SPACE}/pods/writer", None)

    api.before = unmounted
    assert remove(*made) == [] and api.objects == {}
    asked = [(r.method, r.path) for r in api.server.requests]
    assert asked.index(("DELETE", CLAIM)) > max(n for n, (_m, p) in enumerate(asked) if p.endswith("/pods/writer"))


def test_a_pod_that_stays_is_told_and_its_claim_is_not_waited_for(api, remove, monkeypatch):
    """As on a dead node: nothing is forced, and whoever comes later goes on."""
    monkeypatch.setattr(cleanup, "_PODS", 0.2)
    made = _run_in(api)
    api.objects[f"{SPACE}/pods/writer"]["metadata"]["finalizers"] = ["lab.test/runs-on-a-dead-node"]
    api.objects[CLAIM]["metadata"]["finalizers"] = ["kubernetes.io/pvc-protection"]
    api.held["assay-r1"] = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "kubernetes.io/pvc-protection"}
    monkeypatch.setattr(cleanup, "_HELD_SPACE", 0.2)
    left = remove(*made, seconds=600)
    assert left[0] == "pod/assay-r1/writer (held by finalizer lab.test/runs-on-a-dead-node)"
    assert left[1] == "persistentvolumeclaim/assay-r1/data (held by finalizer kubernetes.io/pvc-protection)"
    assert left[2].startswith("persistentvolume/pvc-") and left[3].startswith("namespace/assay-r1 (Namespace")
