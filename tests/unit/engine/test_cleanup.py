# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clean-up over HTTP: its order, what it never touches, what it names when something stays, and whom it outlasts."""
from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import journal
from ansible_collections.assay.clusters.plugins.module_utils.common.names import RUN
from ansible_collections.assay.clusters.plugins.module_utils.engine import cleanup, removal
from ansible_collections.assay.clusters.plugins.module_utils.engine.cleanup import Remover
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.kinds import path_of
from ansible_collections.assay.clusters.plugins.module_utils.kube.watch import Watch

OURS = {RUN: "r1"}
SPACE = "/api/v1/namespaces/assay-r1"
VOLUMES = "/api/v1/persistentvolumes"


@pytest.fixture
def remove(api):
    """Remove journaled (api_version, kind, namespace, name) of run r1 within some seconds."""
    connection = Connection.resolve({"host": api.url}, {})
    client = Client(connection)

    def call(*objects, seconds=10.0, spaces=None):
        made = [dict(zip(("api_version", "kind", "namespace", "name"), o)) for o in objects]
        return Remover(client, "r1", time.monotonic() + seconds, spaces).remove(made)

    call.client = client

    yield call
    client.close()
    connection.close()


def _run_in(api, claim=True, policy="Delete", **volume):
    """A run's namespace with a pod on a claim with a volume, as journal tuples."""
    api.put(SPACE, OURS)
    api.put(f"{SPACE}/pods/writer", OURS)
    made = [("v1", "Namespace", "", "assay-r1"), ("v1", "Pod", "assay-r1", "writer")]
    if claim:
        data = api.put(f"{SPACE}/persistentvolumeclaims/data", OURS)
        name = f"pvc-{data['metadata']['uid']}"
        data["spec"] = {"volumeName": name}
        api.put(f"{VOLUMES}/{name}", spec={"persistentVolumeReclaimPolicy": policy}, **volume)
        made.insert(1, ("v1", "PersistentVolumeClaim", "assay-r1", "data"))
    return made


def test_the_namespace_goes_with_its_content_in_one_request(api, remove):
    assert remove(*_run_in(api, claim=False)) == []
    assert api.changes == [f"DELETE {SPACE}"] and api.objects == {}


def test_pods_then_claims_then_the_namespace_and_the_volume_is_gone(api, remove):
    assert remove(*_run_in(api)) == []
    assert api.changes == [f"DELETE {SPACE}/pods/writer", f"DELETE {SPACE}/persistentvolumeclaims/data",
                           f"DELETE {SPACE}"]
    assert api.objects == {}
    pod = next(r for r in api.server.asked("DELETE") if "/pods/" in r.path)
    assert "gracePeriodSeconds" not in pod.data and pod.data["propagationPolicy"] == "Background"


def test_a_volume_that_stays_is_named_with_who_holds_it_and_the_namespace_goes_all_the_same(api, remove):
    made = _run_in(api, finalizers=("external-attacher/csi",))
    [volume] = api.names("persistentvolumes")
    assert remove(*made, seconds=0.5) == [f"persistentvolume/{volume} (held by finalizer external-attacher/csi)"]
    assert list(api.objects) == [f"{VOLUMES}/{volume}"]


def test_a_volume_that_is_not_ours_to_see_is_not_waited_for(api, remove):
    made = _run_in(api, finalizers=("kubernetes.io/pv-protection",))
    api.refuse[("GET", VOLUMES)] = (403, "Forbidden", "cannot get")
    assert remove(*made) == []


def test_what_lies_outside_the_namespace_goes_last_made_first(api, remove):
    role, elsewhere = ("rbac.authorization.k8s.io/v1", "ClusterRole", "", "r"), ("v1", "ConfigMap", "default", "c")
    for made in (role, elsewhere):
        api.put(path_of(*made), OURS)
    assert remove(role, elsewhere) == []
    assert api.changes == [f"DELETE {path_of(*elsewhere)}", f"DELETE {path_of(*role)}"]


@pytest.mark.parametrize("labels", [{}, {RUN: "r2"}, {"app.kubernetes.io/managed-by": "assay.clusters"}])
def test_nobody_elses_object_of_the_same_name_is_touched(api, remove, labels):
    api.put(SPACE, labels)
    api.put(f"{SPACE}/pods/writer", labels)
    api.put(f"{SPACE}/persistentvolumeclaims/data", labels, spec={})
    assert remove(("v1", "Namespace", "", "assay-r1"), ("v1", "Pod", "assay-r1", "writer"),
                  ("v1", "ConfigMap", "default", "c"), seconds=0.2) == []
    assert api.changes == [] and SPACE in api.objects


def test_an_object_that_was_replaced_between_look_and_delete_is_left(api, remove):
    role = ("rbac.authorization.k8s.io/v1", "ClusterRole", "", "r")
    api.put(path_of(*role), OURS)

    def replace(request):
        if request.method == "DELETE":
            api.put(path_of(*role), {RUN: "somebody else's"})

    api.before = replace
    assert remove(role) == []
    assert api.changes == [] and path_of(*role) in api.objects


@pytest.mark.parametrize(("kind", "finalizer"), [("ConfigMap", "example.com/hold"), ("Service", "load-balancer-cleanup")])
def test_no_finalizer_is_stripped_and_the_one_that_blocks_is_named(api, remove, kind, finalizer):
    held = ("v1", kind, "default", "x")
    api.put(path_of(*held), OURS, finalizers=(finalizer, "second"))
    assert remove(held, seconds=0.2) == [f"{kind.lower()}/default/x (held by finalizer {finalizer}, second)"]
    assert {r.method for r in api.server.requests} == {"GET", "DELETE"}
    assert api.objects[path_of(*held)]["metadata"]["finalizers"] == [finalizer, "second"]


@pytest.fixture(params=["the run's watch", "a watch that has ended", "a watch of its own"])
def spaces(request, api, remove):
    """The ways in which a clean-up may hear of its namespace."""
    if request.param == "a watch of its own":
        yield None
        return
    watch = Watch(remove.client, "/api/v1/namespaces")
    if "ended" in request.param:
        watch._end(ApiError("http", 403, "Forbidden", "cannot watch", "GET", "/api/v1/namespaces"))
    else:
        watch.start()
    yield watch
    watch.stop()


def test_a_namespace_that_stays_is_named_with_the_controllers_own_words(api, remove, spaces):
    api.held["assay-r1"] = {"type": "NamespaceDeletionDiscoveryFailure", "status": "True",
                            "message": "unable to retrieve metrics.k8s.io/v1beta1"}
    assert remove(*_run_in(api, claim=False), seconds=1.0, spaces=spaces) == [
        "namespace/assay-r1 (NamespaceDeletionDiscoveryFailure: unable to retrieve metrics.k8s.io/v1beta1)"]


def test_a_namespace_that_goes_is_seen_to_go(api, remove, spaces):
    assert remove(*_run_in(api, claim=False), spaces=spaces) == [] and api.objects == {}


def test_an_object_on_its_way_out_that_lost_its_labels_is_still_ours_and_its_successor_is_not(api, remove):
    held = ("v1", "ConfigMap", "default", "x")
    api.put(path_of(*held), OURS, finalizers=("example.com/hold",))

    def relabel(labels):
        def before(request):
            if "deletionTimestamp" in api.objects[path_of(*held)]["metadata"]:
                api.objects[path_of(*held)]["metadata"]["labels"] = labels
        return before

    api.before = relabel({})
    assert remove(held, seconds=0.2) == ["configmap/default/x (held by finalizer example.com/hold)"]
    api.objects[path_of(*held)]["metadata"].update(labels=OURS)
    api.before = relabel({RUN: "r2"})
    assert remove(held, seconds=60) == []


def _finish(api, tmp_path):
    """What a guardian does; the journal that it did it by."""
    made = journal.Journal(tmp_path, "r1", "c", api.url)
    made.intend("Namespace", "assay-r1", "", "v1")
    cleanup.finish(Connection.resolve({"host": api.url}, {}), made.path)


def test_a_guardian_keeps_the_journal_until_all_is_gone(api, tmp_path, monkeypatch):
    """It is told what is left by an error, so that it tries again."""
    monkeypatch.setattr(cleanup, "LIMIT", 0.3)
    api.put(SPACE, OURS)
    api.held["assay-r1"] = {"type": "NamespaceContentRemaining", "status": "True", "message": "some pods"}
    with pytest.raises(RuntimeError, match=r"^namespace/assay-r1 \(NamespaceContentRemaining: some pods\)$"):
        _finish(api, tmp_path)
    assert [e.run_id for e in journal.unfinished(tmp_path, None)] == ["r1"]
    api.held.clear()
    _finish(api, tmp_path)
    assert list(tmp_path.iterdir()) == [] and api.objects == {}


def test_an_api_server_that_is_away_is_outlasted(api, remove):
    made = _run_in(api)
    api.server.stop()
    back = threading.Timer(0.7, api.server.start)
    back.start()
    try:
        assert remove(*made, seconds=30) == [] and api.objects == {}
    finally:
        back.join()


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_an_api_server_that_cannot_just_now_is_asked_again(api, remove, monkeypatch, method, status):
    monkeypatch.setattr(removal, "AGAIN", 0.01)
    role = ("rbac.authorization.k8s.io/v1", "ClusterRole", "", "r")
    api.put(path_of(*role), OURS)
    api.refuse[(method, path_of(*role))] = (status, "Some", "not now")

    def third_time(request):
        if len(api.server.asked(method, path_of(*role))) == 3:
            api.refuse.clear()

    api.before = third_time
    assert remove(role, seconds=60) == [] and api.objects == {}


def test_an_api_server_that_stays_away_is_told_at_the_deadline(api, remove):
    made = _run_in(api)
    api.server.stop()
    with pytest.raises(ApiError) as e:
        remove(*made, seconds=0.3)
    assert e.value.kind == "unreachable"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_we_may_not_do_is_told_at_once_and_not_tried_for_ever(api, remove, method):
    api.refuse[(method, SPACE)] = (403, "Forbidden", f"cannot {method.lower()} resource \"namespaces\"")
    with pytest.raises(ApiError) as e:
        remove(*_run_in(api, claim=False), seconds=60)
    assert e.value.status == 403 and len(api.server.asked(method, SPACE)) == 1


def test_what_was_never_made_or_is_gone_already_is_no_leftover(api, remove):
    assert remove(("v1", "Namespace", "", "assay-r1"), ("v1", "PersistentVolumeClaim", "assay-r1", "data"),
                  ("apps/v1", "Deployment", "assay-r1", "d"), ("v1", "ConfigMap", "default", "c")) == []
    assert remove() == []
