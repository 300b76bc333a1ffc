# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose leftovers a sweep removes: those of dead runs by journal, those of expired runs by label, and no others."""
from __future__ import annotations

import email.utils
import json
import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common.journal import Journal
from ansible_collections.assay.clusters.plugins.module_utils.common.names import EXPIRES, MANAGED_BY, MANAGER, RUN
from ansible_collections.assay.clusters.plugins.module_utils.engine import sweep
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection

SPACES = "/api/v1/namespaces"


@pytest.fixture
def client(api):
    connection = Connection.resolve({"host": api.url}, {})
    made = Client(connection)
    yield made
    made.close()
    connection.close()


def _labels(run, lives=0.0):
    return {MANAGED_BY: MANAGER, RUN: run, EXPIRES: str(int(time.time() + lives))}


def _journal(folder, client, run, dead, *more):
    """A journal of a run with its namespace and `more`; dead: of a process that is gone."""
    made = Journal(folder, run, "c", client.server)
    made.intend("Namespace", f"assay-{run}", "", "v1")
    for item in more:
        made.intend(*item)
    if dead:
        first, _end, rest = made.path.read_text().partition("\n")
        made.path.write_text(json.dumps({**json.loads(first), "boot_id": "an earlier boot", "started": 1}) + "\n" + rest)
    return made


def test_only_expired_namespaces_of_ours_are_swept(api, client, tmp_path):
    api.put(f"{SPACES}/assay-old", _labels("old", -60))
    api.put(f"{SPACES}/assay-living", _labels("living", 3600))
    api.put(f"{SPACES}/assay-odd", {**_labels("odd"), EXPIRES: "soon"})
    api.put(f"{SPACES}/assay-norun", {MANAGED_BY: MANAGER, EXPIRES: "1"})
    api.put(f"{SPACES}/helm", {MANAGED_BY: "Helm", RUN: "helm", EXPIRES: "1"})
    api.put(f"{SPACES}/assay-00000000")
    expected = {"swept": ["old"], "remaining": []}
    assert sweep.find(client, tmp_path) == expected and api.changes == []
    assert sweep.sweep(client, tmp_path) == expected
    assert api.names("namespaces") == ["assay-00000000", "assay-living", "assay-norun", "assay-odd", "helm"]


def test_everything_takes_living_runs_too_but_never_other_peoples(api, client, tmp_path):
    api.put(f"{SPACES}/assay-living", _labels("living", 3600))
    api.put(f"{SPACES}/helm", {MANAGED_BY: "Helm", RUN: "helm", EXPIRES: "1"})
    assert sweep.find(client, tmp_path, everything=True)["swept"] == ["living"]
    assert sweep.sweep(client, tmp_path, everything=True)["swept"] == ["living"]
    assert api.names("namespaces") == ["helm"]


def test_the_clock_is_the_api_servers(api, client, tmp_path):
    api.put(f"{SPACES}/assay-a", _labels("a", -60))
    served = api.server.respond
    early = email.utils.formatdate(time.time() - 7200, usegmt=True)

    def respond(request):
        request.handler.date_time_string = lambda timestamp=None: early
        served(request)

    api.server.respond = respond
    assert sweep.sweep(client, tmp_path) == {"swept": [], "remaining": []}


@pytest.mark.parametrize(("headers", "now"), [
    ({"Date": "Thu, 01 Jan 1970 00:01:00 GMT"}, 60.0), ({"date": "Thu, 01 Jan 1970 00:01:00 GMT"}, 60.0)])
def test_the_date_header_is_read(headers, now):
    assert sweep.now_of(headers) == now


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}, None])
def test_without_a_usable_date_header_our_own_clock_counts(headers):
    before = time.time()
    assert before <= sweep.now_of(headers) <= time.time()


def test_claims_go_before_their_namespace(api, client, tmp_path):
    labels = _labels("old", -60)
    api.put(f"{SPACES}/assay-old", labels)
    api.put(f"{SPACES}/assay-old/persistentvolumeclaims/data", labels, spec={"volumeName": "pv"})
    api.put("/api/v1/persistentvolumes/pv", spec={})
    assert sweep.sweep(client, tmp_path)["swept"] == ["old"]
    assert api.changes == [f"DELETE {SPACES}/assay-old/persistentvolumeclaims/data", f"DELETE {SPACES}/assay-old"]
    assert api.objects == {}


def test_pods_that_hold_claims_go_before_them(api, client, tmp_path):
    labels = _labels("old", -60)
    for path in ("", "/persistentvolumeclaims/data", "/pods/writer", "/pods/probe"):
        api.put(f"{SPACES}/assay-old{path}", labels, spec={})
    api.objects[f"{SPACES}/assay-old/pods/probe"]["metadata"]["ownerReferences"] = [{"kind": "DaemonSet", "name": "probe"}]
    assert sweep.sweep(client, tmp_path)["swept"] == ["old"]
    assert api.changes == [f"DELETE {SPACES}/assay-old{path}" for path in ("/pods/writer", "/persistentvolumeclaims/data", "")]


def test_a_set_that_would_make_its_pods_again_goes_before_its_claims(api, client, tmp_path):
    space, sets = f"{SPACES}/assay-old", "/apis/apps/v1/namespaces/assay-old/statefulsets/data"
    for path in (space, f"{space}/persistentvolumeclaims/data-0", sets):
        api.put(path, _labels("old", -60), spec={})
    assert sweep.sweep(client, tmp_path)["swept"] == ["old"]
    assert api.changes == [f"DELETE {path}" for path in (sets, f"{space}/persistentvolumeclaims/data-0", space)]


def test_a_dead_run_is_finished_by_its_journal_before_it_expires(api, client, tmp_path):
    role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/mine"
    for path in (f"{SPACES}/assay-dead", role):
        api.put(path, _labels("dead", 3600))
    _journal(tmp_path, client, "dead", True, ("ClusterRole", "mine", "", "rbac.authorization.k8s.io/v1"))
    assert sweep.find(client, tmp_path)["swept"] == ["dead"]
    assert sweep.sweep(client, tmp_path) == {"swept": ["dead"], "remaining": []}
    assert api.objects == {} and list(tmp_path.iterdir()) == []


def test_journals_of_the_living_of_other_clusters_and_of_nothing_made_are_left_alone(api, client, tmp_path):
    for run in ("living", "elsewhere"):
        api.put(f"{SPACES}/assay-{run}", _labels(run, 3600))
    living = _journal(tmp_path, client, "living", dead=False)
    elsewhere = _journal(tmp_path, client, "elsewhere", dead=True)
    elsewhere.path.write_text(elsewhere.path.read_text().replace(client.server, "https://other:6443"))
    assert sweep.sweep(client, tmp_path) == {"swept": [], "remaining": []}
    assert api.changes == [] and living.path.exists() and elsewhere.path.exists()


def test_a_run_that_cannot_be_seen_from_here_is_finished_by_its_label_with_its_journal(api, client, tmp_path):
    """Of another container of this machine: it may live until its time is over."""
    api.put(f"{SPACES}/assay-other", _labels("other", 3600))
    journal = _journal(tmp_path, client, "other", dead=False)
    first, _end, rest = journal.path.read_text().partition("\n")
    journal.path.write_text(json.dumps({**json.loads(first), "pid_namespace": "pid:[1]", "process_start": "1"}) + "\n" + rest)
    assert sweep.sweep(client, tmp_path)["swept"] == [] and journal.path.exists()
    api.objects[f"{SPACES}/assay-other"]["metadata"]["labels"] = _labels("other", -60)
    assert sweep.sweep(client, tmp_path)["swept"] == ["other"] and not journal.path.exists()


def test_ones_own_run_is_never_swept(api, client, tmp_path):
    api.put(f"{SPACES}/assay-own", _labels("own", -60))
    _journal(tmp_path, client, "own", dead=True)
    sweeper = sweep.Sweeper(client, tmp_path, "own")
    sweeper.by_journal()
    sweeper.by_label([api.objects[f"{SPACES}/assay-own"]], time.time())
    assert (sweeper.swept, sweeper.remaining, api.changes) == ([], [], [])


def test_what_stays_is_told_and_its_journal_is_kept_for_the_next_sweep(api, client, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "LIMIT", 0.3)
    config = f"{SPACES}/default/configmaps/held"
    api.put(config, _labels("dead"), finalizers=("example.com/hold",))
    journal = _journal(tmp_path, client, "dead", True, ("ConfigMap", "held", "default", "v1"))
    assert sweep.sweep(client, tmp_path) == {
        "swept": [], "remaining": ["configmap/default/held (held by finalizer example.com/hold)"]}
    assert journal.path.exists()
    api.objects[config]["metadata"]["finalizers"] = []
    assert sweep.sweep(client, tmp_path) == {"swept": ["dead"], "remaining": []}
    assert not journal.path.exists()


def test_one_run_that_cannot_be_removed_keeps_no_other_from_it(api, client, tmp_path):
    for run in ("a", "b", "c"):
        api.put(f"{SPACES}/assay-{run}", _labels(run, -60))
    api.refuse[("DELETE", f"{SPACES}/assay-b")] = (403, "Forbidden", "not b")
    api.refuse[("GET", f"{SPACES}/assay-a/")] = (500, "InternalError", "etcd is away")
    assert sweep.sweep(client, tmp_path) == {"swept": ["c"], "remaining": ["run a: etcd is away", "run b: not b"]}


def test_claims_that_we_may_not_see_keep_no_namespace(api, client, tmp_path):
    api.put(f"{SPACES}/assay-old", _labels("old", -60))
    api.refuse[("GET", f"{SPACES}/assay-old/")] = (403, "Forbidden", "cannot list")
    assert sweep.sweep(client, tmp_path) == {"swept": ["old"], "remaining": []}


@pytest.mark.parametrize("content", ["", "\n", "[]\n", "7\n", '{"other": 1}\n', "\0\0\0\n", '{"run": "x", "server'])
def test_a_file_that_is_no_journal_keeps_no_sweep_from_its_work(api, client, tmp_path, content):
    api.put(f"{SPACES}/assay-dead", _labels("dead", 3600))
    (tmp_path / "0-other.jsonl").write_text(content)
    (tmp_path / "1-folder.jsonl").mkdir()
    _journal(tmp_path, client, "dead", dead=True)
    assert sweep.sweep(client, tmp_path)["swept"] == ["dead"] and (tmp_path / "0-other.jsonl").exists()


def test_without_a_journal_folder_labels_are_enough(api, client, tmp_path):
    api.put(f"{SPACES}/assay-old", _labels("old", -60))
    assert sweep.sweep(client, tmp_path / "absent")["swept"] == ["old"]


def _three(folder):
    """Journals of runs on two clusters and of one that lives; the cluster `c` of the first is gone."""
    for run, cluster, server, dead in (("first", "c", "https://one", True), ("other", "d", "https://two", True),
                                       ("living", "c", "https://one", False)):
        made = Journal(folder, run, cluster, server)
        made.intend("Namespace", f"assay-{run}", "", "v1")
        if dead:
            first, _end, rest = made.path.read_text().partition("\n")
            made.path.write_text(json.dumps({**json.loads(first), "boot_id": "an earlier boot", "started": 1}) + "\n" + rest)


@pytest.mark.parametrize("server", ["https://one", ""])
def test_journals_of_a_cluster_that_is_gone_are_finished_without_it(tmp_path, server):
    _three(tmp_path)
    found = {"swept": ["first"], "remaining": []}
    assert sweep.forget(tmp_path, server, "c", change=False) == found and len(list(tmp_path.iterdir())) == 3
    assert sweep.forget(tmp_path, server, "c", change=True) == found
    assert sorted(p.name.partition("-")[0] for p in tmp_path.iterdir()) == ["living", "other"]


def test_a_name_alone_does_not_finish_journals_of_another_address(tmp_path):
    _three(tmp_path)
    assert sweep.forget(tmp_path, "https://three", "c", change=True)["swept"] == [] and len(list(tmp_path.iterdir())) == 3
