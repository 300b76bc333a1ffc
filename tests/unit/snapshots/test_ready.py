# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is waited for after a revert: heartbeats of now, clocks that agree; on a cluster that answers as told."""
from __future__ import annotations

import itertools
import time
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, Interrupted, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.snapshots import ready as snapshot_ready
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.ready import Cluster

OLD = "2026-11-20T10:00:00.000000Z"


class Api:
    """A cluster whose kubelets write their Leases, each by a clock that is off by so many seconds, or not at all (None)."""

    server, uid = "https://c1:6443", "uid-of-c1"
    readyz = ["ok\n"]

    def __init__(self, skews: dict[str, float | None], not_ready: tuple[str, ...] = (), errors: int = 0, late: int = 0) -> None:
        """not_ready: nodes that say so by a fresh heartbeat; late: so many looks find no node yet."""
        self.skews, self.not_ready, self.errors, self.late, self.looks = skews, not_ready, errors, late, itertools.count()

    def get(self, path: str, **_more: Any) -> Any:
        if self.errors:
            self.errors -= 1
            raise ApiError("unreachable", None, "Refused", "connection refused", "GET", path)
        if path == "/readyz":
            return self.readyz.pop(0) if len(self.readyz) > 1 else self.readyz[0]
        if path.endswith("/kube-system"):
            return {"metadata": {"uid": self.uid}}
        if path.endswith("/nodes"):
            self.late -= 1
            return {"items": [{"metadata": {"name": n}, "status": {"conditions": [
                {"type": "MemoryPressure", "status": str(n in self.not_ready)},
                {"type": "Ready", "status": str(n not in self.not_ready)}]}}
                for n in (self.skews if self.late < 0 else ())]}
        first = next(self.looks) == 0
        return {"items": [{"metadata": {"name": n}, "spec": {"renewTime": OLD if first or s is None else _iso(time.time() + s)}}
                          for n, s in self.skews.items()]}

    def request(self, _method: str, path: str, **_more: Any) -> Any:
        return self.get(path)

    def starting(self, _error: ApiError) -> bool:
        return False


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_ready, "_AGAIN", 0.01)
    monkeypatch.setattr(snapshot_ready, "_CLOCK_LOOK", 0.01)


def cluster(api: Api, seconds: float = 60.0, **params: Any) -> tuple[Cluster, Job]:
    job = Job(environ={})
    job.limit(seconds)
    made = Cluster({"kubeconfig": "x", "clock_skew": 5, **params}, job, None)
    made._client = api  # type: ignore[assignment]  # pylint: disable=protected-access
    return made, job


def test_nodes_are_ready_by_heartbeats_of_now() -> None:
    made, job = cluster(Api({"n1": 0.0, "n2": 0.0}, errors=2))
    assert made.wait_nodes() == [{"name": "n1", "ready": True}, {"name": "n2", "ready": True}]
    assert [line.split(":")[0] for line in job.lines] == ["node n1", "node n2"]


def test_a_node_that_is_ready_by_an_old_heartbeat_is_not() -> None:
    """As etcd brings it back from the snapshot: Ready, by a kubelet that has not started."""
    made, _job = cluster(Api({"n1": 0.0, "n2": None}), seconds=0.3)
    with pytest.raises(Interrupted, match="the time was up while waiting for nodes to be Ready: n2"):
        made.wait_nodes()


def test_a_node_whose_kubelet_says_that_it_is_not_ready_is_not() -> None:
    """Its heartbeat is of now: the kubelet is up, and its network is not."""
    api = Api({"n1": 0.0, "n2": 0.0}, not_ready=("n2",))
    made, job = cluster(api, seconds=0.3)
    with pytest.raises(Interrupted, match="the time was up while waiting for nodes to be Ready: n2"):
        made.wait_nodes()
    assert [line.split(":")[0] for line in job.lines] == ["node n1"]
    api.not_ready = ()
    assert [n["name"] for n in cluster(api)[0].wait_nodes()] == ["n1", "n2"]


def test_no_nodes_at_all_are_not_all_nodes() -> None:
    """An API server that has only just come up lists none yet."""
    assert [n["name"] for n in cluster(Api({"n1": 0.0}, late=3))[0].wait_nodes()] == ["n1"]
    made, _job = cluster(Api({}), seconds=0.2)
    with pytest.raises(Interrupted, match="the time was up while waiting for nodes to be Ready"):
        made.wait_nodes()


def test_the_last_word_of_the_api_is_told() -> None:
    made, _job = cluster(Api({"n1": 0.0}, errors=10 ** 6), seconds=0.2)
    with pytest.raises(Interrupted, match="waiting for the API server .at last: .*connection refused"):
        made.wait_api()


def test_the_api_server_is_waited_for_until_it_says_that_it_is_ready() -> None:
    api = Api({"n1": 0.0}, errors=2)
    api.readyz = ["[-]etcd failed", "[-]etcd failed", "ok"]
    made, job = cluster(api, cluster_id="uid-of-c1")
    assert made.wait_api() == "uid-of-c1" and job.lines[0].startswith("API server ready, ") and api.readyz == ["ok"]
    api.readyz = ["[+]etcd ok"]
    with pytest.raises(Interrupted, match="the time was up while waiting for the API server"):
        cluster(api, seconds=0.1)[0].wait_api()


def test_another_cluster_is_not_taken_for_the_one_that_is_meant() -> None:
    """Before the revert, when nothing is lost yet; and after it, when the address may lead to another."""
    other, _job = cluster(Api({}), cluster_id="uid-of-c2")
    for look in (other.compare_before, other.wait_api):
        with pytest.raises(BadOption, match=r"cluster_id: the cluster behind kubeconfig \(https://c1:6443\) is uid-of-c1, not uid-of-c2"):
            look()
    cluster(Api({}), cluster_id="uid-of-c1")[0].compare_before()
    cluster(Api({}))[0].compare_before()


def test_one_error_that_passes_leaves_no_question_out() -> None:
    made, _job = cluster(Api({}, errors=1), cluster_id="uid-of-c2")
    with pytest.raises(BadOption, match="cluster_id: the cluster behind kubeconfig"):
        made.compare_before()


def test_a_cluster_that_does_not_answer_is_broken_and_may_be_reverted() -> None:
    made, job = cluster(Api({}, errors=9), cluster_id="uid-of-c2")
    made.compare_before()
    assert "cluster_id was not compared before: the cluster does not answer" in job.lines[0]


def test_a_clock_that_is_off_is_named() -> None:
    assert set(cluster(Api({"n1": 1.0, "n2": -1.0}))[0].clocks()) == {"n1", "n2"}
    with pytest.raises(PlatformError, match=r"clocks are wrong after the revert: n2 -7199\.\d s|n2 -7200\.0 s") as caught:
        cluster(Api({"n1": 0.0, "n2": -7200.0}))[0].clocks()
    assert abs(caught.value.details["skews"]["n1"]) < 1
    assert cluster(Api({"n1": 0.0, "n2": -7200.0}), clock_skew=0)[0].clocks()["n2"] == pytest.approx(-7200, abs=1)


def test_clocks_that_agree_with_each_other_accuse_this_machine() -> None:
    with pytest.raises(PlatformError, match="the clocks of all nodes agree, and differ from this machine's"):
        cluster(Api({"n1": 90.0, "n2": 91.0}))[0].clocks()


def test_without_a_cluster_only_tools_are_waited_for() -> None:
    made = Cluster({}, Job(environ={}), None)
    assert made.waits("tools") and not made.waits("api") and not made.waits("nodes")
    assert Cluster({}, Job(environ={"K8S_AUTH_KUBECONFIG": "x"}), None).waits("clocks")
    assert not Cluster({"kubeconfig": "x"}, Job(environ={}), ()).waits("api")
    assert Cluster({"kubeconfig": "x"}, Job(environ={}), ("nodes",)).waits("api")
