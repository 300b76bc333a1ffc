# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""image_prepull and images_info from their options to their results; on fake kubelets."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.terms import Terms
from ansible_collections.assay.clusters.plugins.module_utils.jobs import access
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.prepull import entry
from tests.fakes.clock import Clock
from tests.fakes.kubelets import FakeKubelets, came, failed, node, was_there
from tests.integration import machines

A, B = "r.io/a:1", "r.io/b:1"
PODS = {"items": []}


class Made(FakeKubelets):
    """A Space, too; how it ended is in `ends`."""

    left: tuple[str, ...] = ()

    def __init__(self, clock: Clock, *names: str) -> None:
        super().__init__(clock, *names)
        self.ends: list[str] = []
        self.answers["/api/v1/pods"] = PODS

    def get(self, path: str, params: Any = None, **more: Any) -> Any:
        if path == "/api/v1/nodes":
            wanted = dict(p.split("=") for p in (params or {}).get("labelSelector", "").split(",") if p)
            return {"items": [n for n in self.nodes.values() if wanted.items() <= n["metadata"]["labels"].items()]}
        return super().get(path, params, **more)

    def make(self) -> None:
        self.pods.clear()
        self.events.clear()
        self.ends.append("make")

    def secrets(self, _references: list[str], _credentials: list[Any]) -> list[str]:
        return []

    def close(self) -> list[str]:
        self.ends.append("close")
        return list(self.left)

    def abandon(self) -> None:
        self.ends.append("abandon")


class Login:
    """In place of a connection."""

    server, context = "https://c1", "c1"

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def login() -> Login:
    return Login()


@pytest.fixture
def cluster(clock: Clock, login: Login, monkeypatch: pytest.MonkeyPatch) -> Made:
    made = Made(clock, "n1", "n2")
    monkeypatch.setattr("ansible_collections.assay.clusters.plugins.module_utils.prepull.run.Watch",
                        lambda client, path, selector, name: made.watch(name))
    monkeypatch.setattr(entry, "time", clock)
    monkeypatch.setattr(entry, "Space", lambda *args: made)
    monkeypatch.setattr(access, "connection", lambda params, job: login)

    def request(_method: str, path: str, params: Any = None, **_more: Any) -> Any:
        return made.get(path, params)

    monkeypatch.setattr(access, "Client", lambda connection: SimpleNamespace(request=request, close=lambda: None))
    return made


def prepull(check: bool = False, **options: Any) -> dict[str, Any]:
    return machines.run("image_prepull", {"images": [A, B], "helper_image": "r.io/busybox:1", **options}, check)


def test_what_came_is_told_by_image_and_node(cluster: Made, login: Login) -> None:
    cluster.pulls.update({A: [came(4)], B: [was_there()]})
    done = prepull()
    assert done["changed"] and [(r["image"], r["node"], r["status"]) for r in done["results"]] == [
        (A, "n1", "pulled"), (A, "n2", "pulled"), (B, "n1", "present"), (B, "n2", "present")]
    assert done["msg"].startswith("2 images on 2 nodes in ") and done["msg"].endswith("s: 2 pulled (80 MB), 2 there already")
    assert done["leftovers"] == [] and cluster.ends == ["make", "close"] and login.closed == 1
    cluster.pulls[A] = [was_there()]
    assert not prepull()["changed"]


def test_what_did_not_come_fails_with_its_cause_and_all_that_came(cluster: Made) -> None:
    cluster.pulls.update({("n1", A): [failed("401 Unauthorized")]})
    done = prepull()
    assert done["failed"] and done["changed"] and done["summary"]["counts"] == {"pulled": 3, "failed": 1}
    assert [(f["cause"], f["scope"], f["fails"]) for f in done["findings"]] == [("image.auth", ["node/n1"], True)]
    assert "image.auth: r.io/a:1 not on n1" in done["msg"] and cluster.ends == ["make", "close"]


def test_a_node_that_is_full_afterwards_may_remove_it_again(cluster: Made, clock: Clock) -> None:
    clock.after(1.0, lambda: cluster.set_node("n1", pressure="True"))
    cluster.pulls["n1", A] = [came(1.5)]
    done = prepull(images=[A])
    assert not done.get("failed") and [(f["cause"], f["scope"]) for f in done["findings"]] == [("node.pressure", ["node/n1"])]


def test_a_node_whose_kubelet_removes_images_soon_is_told(cluster: Made) -> None:
    cluster.answers.update({
        "/api/v1/nodes/n1/proxy/configz": {"kubeletconfig": {"imageGCHighThresholdPercent": 85}},
        "/api/v1/nodes/n1/proxy/stats/summary": {"node": {"runtime": {"imageFs": {"capacityBytes": 100, "availableBytes": 9}}}}})
    [found] = prepull(images=[A])["findings"]
    assert (found["cause"], found["scope"], found["confidence"], found["fails"]) == ("node.pressure", ["node/n1"], "probable", False)
    assert found["message"] == ("n1 uses 91 % of the disk of its images, of which its kubelet allows 85 %, and may remove again what was pulled")
    cluster.pulls[A] = [was_there()]
    assert prepull(images=[A])["findings"] == [], "nothing was pulled that could go again"


@pytest.mark.parametrize(("version", "secrets", "told"), [("v1.35.0", ["s"], 1), ("v1.34.9", ["s"], 0), ("v1.36.1", [], 0), ("", ["s"], 0)])
def test_for_whom_it_is_that_came_by_credentials_is_told(cluster: Made, monkeypatch: pytest.MonkeyPatch, version: str, secrets: list[str],
                                                         told: int) -> None:
    monkeypatch.setattr(cluster, "secrets", lambda *_given: secrets)
    for item in cluster.nodes.values():
        item["status"]["nodeInfo"] = {"kubeletVersion": version}
    notes = prepull(images=[A])["notes"]
    assert len(notes) == told and all("is for pods with the same credentials" in n for n in notes)
    cluster.notes.clear()
    cluster.pulls[A] = [was_there()]
    assert prepull(images=[A])["notes"] == []


def test_nodes_that_did_not_join_fail(cluster: Made) -> None:
    done = prepull(nodes=["n1", "n9"], join_timeout=30)
    assert done["failed"] and [(r["node"], r["status"], r.get("error")) for r in done["results"] if r["image"] == A] == [
        ("n1", "pulled", None), ("n9", "failed", "node n9 did not join within 30 s")]


def test_what_is_left_is_told_and_the_keys_stay_for_the_guardian(cluster: Made, login: Login) -> None:
    cluster.left = ("namespace/x (held)",)
    assert prepull()["leftovers"] == ["namespace/x (held)"] and login.closed == 0


@pytest.mark.parametrize("error", [RuntimeError("a fault of ours"), KeyboardInterrupt()])
def test_what_breaks_is_left_to_the_guardian(cluster: Made, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def make() -> None:
        raise error

    monkeypatch.setattr(cluster, "make", make)
    with pytest.raises(type(error)):
        prepull()
    assert cluster.ends == ["abandon"]


def test_a_playbook_that_ended_leaves_it_to_the_guardian(cluster: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "orphaned", lambda job: True)
    assert "the playbook ended" in prepull()["msg"] and cluster.ends == ["make", "abandon"]


def test_an_error_says_what_is_left(cluster: Made) -> None:
    cluster.left = ("namespace/x (held)",)
    done = prepull(nodes=["n9"])
    assert done["failed"] and done["leftovers"] == ["namespace/x (held)"]
    assert done["msg"] == "nodes: there is no node n9; there are n1, n2" and cluster.ends == ["close"]


# ---- removing ---------------------------------------------------------------------------------------------------
def test_images_are_removed_and_told(cluster: Made) -> None:
    def ends(of: FakeKubelets, pod: str, _image: str) -> None:
        of.logs[pod] = f"removed {A}\nabsent {B}"
        of.state(pod, {"terminated": {"exitCode": 0}}, "Succeeded")

    cluster.pulls["r.io/busybox:1"] = [ends]
    done = prepull(state="absent", nodes=["n1"])
    assert done["changed"] and [(r["image"], r["status"]) for r in done["results"]] == [(A, "removed"), (B, "absent")]
    assert done["msg"].endswith("s: 1 removed, 1 not there")


# ---- plans and options ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("state", "plan", "words"), [
    ("present", [("n1", B, False), ("n2", A, None), ("n2", B, None)], "3 of 4 images on nodes would be pulled"),
    ("absent", [("n1", A, True), ("n2", A, None), ("n2", B, None)], "3 of 4 images on nodes would be removed")])
def test_the_plan_is_what_nodes_tell_and_makes_nothing(cluster: Made, state: str, plan: list[Any], words: str) -> None:
    cluster.set_node("n1", images=((A, 5),))
    cluster.set_node("n2", images=tuple((f"x.y/z:{i}", 1) for i in range(50)))
    would = prepull(check=True, state=state)
    assert would["changed"] and [(p["node"], p["image"], p["present"]) for p in would["plan"]] == plan
    assert would["msg"].startswith(words) and cluster.ends == [] and cluster.manifests == []


@pytest.mark.parametrize(("options", "sentence"), [
    ({"per_registry": 0}, "per_registry: must be at least 1, not 0"), ({"per_node": 0}, "per_node: must be at least 1"),
    ({"pull_timeout": 0}, "pull_timeout: must be at least 1"), ({"timeout": 0}, "timeout: must be at least 1"),
    ({"retries": -1}, "retries: must be at least 0, not -1"), ({"join_timeout": -1}, "join_timeout: must be at least 0"),
    ({"min_mb_per_second": -0.5}, "min_mb_per_second: must be at least 0, not -0.5"),
    ({"state": "absent", "join_timeout": 5}, "join_timeout: is for state present"),
    ({"namespace": "Shop"}, "namespace: 'Shop' is no name of a namespace"),
    ({"labels": {"a": 1}}, "labels: the value of a must be text"),
    ({"annotations": {"assay.clusters/run": "x"}}, "annotations: assay.clusters/run is what the run knows"),
    ({"pull_secrets": ["mine"]}, "pull_secrets: 'mine' must be namespace/name, as the run makes a namespace of its own"),
    ({"nodes": ["N 1"]}, "nodes: 'N 1' is not the name of a node"),
    ({"selector": "a=b"}, "nodes: there is no node with labels a=b to work on")])
def test_options_that_cannot_be(cluster: Made, options: dict[str, Any], sentence: str) -> None:
    failed_ = prepull(**options)
    assert failed_["failed"] and failed_["msg"].startswith(sentence) and cluster.manifests == []


@pytest.mark.parametrize(("options", "level"), [({}, "restricted"), ({"pod_security": "none"}, "none"), ({"state": "absent"}, "privileged"),
                                                ({"state": "absent", "pod_security": "none"}, "none")])
def test_on_these_terms_it_is_a_guest(cluster: Made, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], level: str) -> None:
    given: list[Any] = []
    monkeypatch.setattr(entry, "Space", lambda *args: given.append(args[-1]) or cluster)
    cluster.notes = ["it has no labels"]
    cluster.pulls["r.io/busybox:1"] = [failed("no such host")]
    done = prepull(namespace="shop", labels={"a": "b"}, annotations={"c": "d"}, pull_secrets=["mine"], **options)
    assert given == [Terms("shop", {"a": "b"}, {"c": "d"}, (), level)] and "it has no labels" in done["progress"]
    assert done["notes"] == ["it has no labels"]


def test_nodes_that_are_of_no_use_say_why(cluster: Made) -> None:
    cluster.nodes = {("", "w1"): node("w1", **{"kubernetes.io/os": "windows"})}
    assert prepull()["msg"] == "nodes: there is no node to work on (w1: its operating system is windows)"


def test_retries_and_floor_reach_the_run(cluster: Made) -> None:
    cluster.pulls["n1", A] = [failed("pull QPS exceeded")]
    cluster.pulls["n2", A] = [came(20, size=40_000_000)]
    done = prepull(images=[A], retries=1, min_mb_per_second=3)
    assert [(r["node"], r["attempts"]) for r in done["results"]] == [("n1", 2), ("n2", 1)]
    assert [f["cause"] for f in done["findings"]] == ["image.kubelet-qps", "image.slow"]
    assert [f["cause"] for f in prepull(images=[A], retries=0, min_mb_per_second=1)["findings"]] == ["image.kubelet-qps"]


def test_info_tells_what_nodes_say(cluster: Made) -> None:
    cluster.set_node("n1", images=((A, 5),))
    cluster.nodes["", "w1"] = node("w1", **{"kubernetes.io/os": "windows"})
    told = machines.run("images_info", {"images": [A, B], "ask_cluster": True})
    assert told["registries"] == ["r.io"] and told["left_out"] == {"w1": "its operating system is windows"}
    assert told["nodes"][0] == {"node": "n1", "complete": True, "images": [{"name": A, "bytes": 5}],
                                "wanted": [{"image": A, "present": True}, {"image": B, "present": False}]}
    assert "nodes" not in machines.run("images_info", {"images": [A], "ask_cluster": False})
