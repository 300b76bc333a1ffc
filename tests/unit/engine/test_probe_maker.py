# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Probes on the nodes that are asked: where they go, how they are waited for, and what is said of those that are not there."""
from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import selectors
from ansible_collections.assay.clusters.plugins.module_utils.common.names import RUN
from ansible_collections.assay.clusters.plugins.module_utils.engine import probe_maker
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply, Inconclusive
from ansible_collections.assay.clusters.plugins.module_utils.engine.fleet import Choice, Fleet, lot
from ansible_collections.assay.clusters.plugins.module_utils.engine.probes import APP, Probes
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.checks.fakes import fleet, node
from ansible_collections.assay.clusters.tests.unit.engine.test_patience import event
from tests.fakes.clock import Clock

MINE = {**APP, RUN: "r1"}


def pod(name: str, ready: bool = True, run: str = "r1", scheduled: bool = True, reason: str = "", message: str = "",
        **status: Any) -> dict[str, Any]:
    """A probe of the DaemonSet for the node; reason, message: what it waits for."""
    wanted = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}]}}}
    conditions = [{"type": "Ready", "status": str(ready)}]
    if not scheduled:
        conditions.append({"type": "PodScheduled", "status": "False", "reason": reason, "message": message})
    containers = [{"name": "netexec", "state": {"waiting": {"reason": reason, "message": message}}}] if reason and scheduled else []
    return {"metadata": {"name": f"probe-{name}", "labels": {**MINE, RUN: run}}, "spec": {"affinity": wanted, **({"nodeName": name} if scheduled else {})},
            "status": {"phase": "Pending", "podIP": "10.0.0.1", "conditions": conditions, "containerStatuses": containers, **status}}


class World:
    """The run namespace as time goes on. pods: a function of the seconds; events: likewise."""

    def __init__(self, nodes: Fleet, pods: Callable[[float], list[dict[str, Any]]], events: Callable[[float], list[dict[str, Any]]]):
        self.clock, self.fleet, self.pods, self.events = Clock(), nodes, pods, events
        self.sets: Callable[[float], list[dict[str, Any]]] = lambda _s: []
        self.created: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.patched: list[Any] = []
        self.refusal: ApiError | None = None
        self.learnt: list[tuple[list[str], int]] = []
        self.start, self.watched = self.clock.monotonic(), set()

    def seconds(self) -> float:
        return self.clock.monotonic() - self.start

    def watch(self, plural: str) -> Any:
        self.watched.add(plural)

        def items() -> dict[Any, Any]:
            found = {"pods": self.pods, "events": self.events, "daemonsets": self.sets}[plural](self.seconds())
            return {(str(i), item["metadata"].get("name", "")): item for i, item in enumerate(found)}
        return SimpleNamespace(items=items, wait=lambda predicate, _deadline: predicate(items()))

    def patch(self, path: str, body: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.patched.append((path, body))

    def make(self, limit: float | None = None, deadline: float = 1e9, serves: float = 0.0) -> Probes:
        fixtures = SimpleNamespace(
            unique=lambda name: name, run_id="r1", notes=self.notes, name="assay-r1", deadline=self.start + deadline, create=self.created.append,
            watch=self.watch, client=SimpleNamespace(raw=None, patch=self.patch, persist=lambda call, timeout: call(timeout)))
        maker = probe_maker.ProbeMaker(fixtures, self.fleet, "agnhost", limit=limit, serves=serves)
        maker.http.learn = lambda pods, port: self.learnt.append((list(pods), port))
        return maker.make()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    def make(nodes: Any, pods: Any, events: Any = ()) -> World:
        made = World(nodes if isinstance(nodes, Fleet) else fleet([node(n) for n in nodes]),
                     pods if callable(pods) else lambda _s: list(pods), events if callable(events) else lambda _s: list(events))
        monkeypatch.setattr(probe_maker, "time", made.clock)
        return made
    return make


def test_probes_that_are_there_are_taken_at_once_and_no_event_is_asked_for(world: Any) -> None:
    one = world(["n1", "n2"], [pod("n1"), pod("n2"), pod("n1", run="other", ready=False)])
    found = one.make()
    assert ([p.node for p in found.all], found.missing, found.nodes, one.watched) == (["n1", "n2"], {}, ["n1", "n2"], {"pods"})
    assert one.learnt == [(["probe-n1", "probe-n2"], 8080)]
    assert found.seconds < 1 and found.bound(lambda *a: None).seconds == found.seconds


def test_the_daemon_set_goes_to_nodes_that_take_pods_whatever_their_taints(world: Any) -> None:
    one = world(["n1"], [pod("n1")])
    one.make()
    spec = one.created[0]["spec"]
    (term,) = spec["template"]["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term == {"matchExpressions": Choice().affinity()} and spec["template"]["spec"]["tolerations"] == [{"operator": "Exists"}]
    assert spec["selector"]["matchLabels"] == MINE == spec["template"]["metadata"]["labels"]


def _ran(image: str, *more: dict[str, Any]) -> dict[str, Any]:
    return {"containers": [*more, {"name": "netexec", "image": image}]}


def test_an_image_that_admission_put_in_the_place_of_the_probes_is_told(world: Any) -> None:
    """A mesh's sidecar has an image of its own, and is none of ours."""
    pods = [pod(n) for n in ("n1", "n2", "n3")]
    for one, image in zip(pods, ("mirror/agnhost", "agnhost", "mirror/agnhost"), strict=True):
        one["spec"].update(_ran(image, {"name": "proxy", "image": "mesh/proxy"}))
    one = world(["n1", "n2", "n3"], pods)
    one.make()
    assert one.notes == ["admission made mirror/agnhost of the probes' image agnhost on 2 nodes, so that is what was asked with"]


def test_an_image_that_stayed_is_not_told(world: Any) -> None:
    one = world(["n1"], [pod("n1") | {"spec": {"nodeName": "n1", **_ran("agnhost")}}])
    one.make()
    assert one.notes == []


def test_a_node_that_is_virtual_by_its_taint_alone_gets_no_pod(world: Any) -> None:
    """The pods tolerate every taint, and a label that says so is not there."""
    virtual, labelled = node("vk"), node("aci", type="virtual-kubelet")
    for one in (virtual, labelled):
        one["spec"] = {"taints": [{"key": "virtual-kubelet.io/provider", "value": "x", "effect": "NoSchedule"}]}
    one = world(fleet([node("n1"), virtual, labelled]), [pod("n1")])
    assert one.make().nodes == ["n1"]
    (term,) = one.created[0]["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchFields"] == [{"key": "metadata.name", "operator": "NotIn", "values": ["vk"]}]


def _probe(serves: float) -> dict[str, Any]:
    spec = probe_maker.manifest("agnhost", "probe", "r1", Choice(), serves=serves)["spec"]["template"]["spec"]
    return dict(spec["containers"][0])


def _run(tmp_path: Path, seconds: float, netexec: str, stop: bool = False) -> tuple[int, list[str]]:
    """What the container's command does, with an agnhost that is a script: its exit status, and what was started."""
    told = tmp_path / "told"
    (tmp_path / "agnhost").write_text(f'#!/bin/sh\necho "$@" >>{told}\n[ "$1" = pause ] || {{ {netexec}; }}\n')
    (tmp_path / "agnhost").chmod(0o755)
    probe = _probe(60)
    process = subprocess.Popen(probe["command"], env={"PATH": f"{tmp_path}:/usr/bin:/bin", "SERVES": str(seconds), "R": str(tmp_path / "over")})
    if stop:
        while not told.exists():
            time.sleep(0.05)
        process.terminate()
    return process.wait(30), told.read_text().splitlines()


NETEXEC = "netexec --http-port=8080 --udp-port=8081"


@pytest.mark.parametrize(("seconds", "netexec", "stop", "status", "then"), [
    # Its time is over, of which netexec makes a good end: a process that serves nothing takes its place.
    (0.2, 'trap "exit 0" TERM; sleep 60 & wait', False, 0, ["pause"]), (0.2, "exec sleep 60", False, 0, ["pause"]),
    (60, "exit 3", False, 3, []), (60, "exit 0", False, 0, []),  # what ends before is started anew by the kubelet, which tells of it
    (60, "exec sleep 60", True, 0, [])])  # the run is over: it goes at once
def test_a_probe_serves_for_its_time_and_no_longer(tmp_path: Path, seconds: float, netexec: str, stop: bool, status: int, then: list[str]) -> None:
    assert _run(tmp_path, seconds, netexec, stop) == (status, [NETEXEC, *then])


def test_probes_are_told_how_long_they_serve(world: Any) -> None:
    one = world(["n1"], [pod("n1")])
    one.make(serves=2700.0)
    (container,) = one.created[0]["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "SERVES", "value": "2700"}] and " ".join(container["command"][4:]) == NETEXEC
    assert _probe(0)["args"] == NETEXEC.split() and "command" not in _probe(0)


def test_of_a_sample_only_its_nodes_get_a_probe(world: Any) -> None:
    asked = fleet([node(f"n{i}") for i in range(9)], Choice(size=2))
    one = world(asked, lambda _s: [pod(n) for n in asked.asked])
    found = one.make()
    terms = one.created[0]["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert [t["matchFields"][0]["values"] for t in terms] == [[n] for n in one.fleet.asked] and len(terms) == 2
    assert all(t["matchExpressions"] == Choice().affinity() for t in terms) and found.nodes == one.fleet.asked


@pytest.mark.parametrize(("one", "events", "says"), [
    (pod("n2", False, scheduled=False, reason="Unschedulable", message="0/2 nodes: Insufficient cpu"), [],
     "the probe pod waits for room: 0/2 nodes: Insufficient cpu"),
    (pod("n2", False, reason="ImagePullBackOff", message="no such image"), [], "ImagePullBackOff: no such image"),
    (pod("n2", False, reason="ContainerCreating"), [], "still starting: ContainerCreating"),
    (pod("n2", False, phase="Failed", **{"reason": ""}), [], "the probe pod is Failed and not ready"),
    (None, [event("FailedCreate", "probe", "denied by a webhook")], "no probe pod could be made: denied by a webhook"),
    (None, [], "no probe pod was made for the node")])
def test_what_is_said_of_a_node_without_a_probe(world: Any, one: Any, events: list[Any], says: str) -> None:
    found = world(["n1", "n2"], [pod("n1"), *([one] if one else [])], events).make()
    assert (found.missing, [p.node for p in found.all]) == ({"n2": says}, ["n1"])


def test_a_pod_that_the_kubelet_refused_tells_its_words(world: Any) -> None:
    refused = pod("n2", False, phase="Failed")
    refused["status"] |= {"reason": "OutOfpods", "message": "Node didn't have enough resource: pods"}
    found = world(["n1", "n2"], [pod("n1"), refused]).make()
    assert found.missing == {"n2": "the probe pod is Failed and not ready (OutOfpods: Node didn't have enough resource: pods)"}


@pytest.mark.parametrize(("pods", "events", "message"), [
    ([], [event("FailedCreate", "probe", "denied by a webhook")], "no probe became ready (n1: no probe pod could be made: denied by a webhook)"),
    ([pod("n1", False, scheduled=False, reason="Unschedulable", message="Too many pods")], [],
     "no probe became ready (n1: the probe pod waits for room: Too many pods)")])
def test_what_no_waiting_helps_is_told_soon(world: Any, pods: Any, events: Any, message: str) -> None:
    one = world(["n1"], pods, events)
    with pytest.raises(Inconclusive) as caught:
        one.make()
    assert str(caught.value) == message and one.seconds() < 25


@pytest.mark.parametrize(("limit", "deadline", "seconds"), [(None, 1e9, 90), (40.0, 1e9, 40), (400.0, 1e9, 400), (None, 20.0, 20)])
def test_a_pull_is_waited_for_until_the_limit(world: Any, limit: float | None, deadline: float, seconds: int) -> None:
    one = world(["n1", "n2"], [pod("n1"), pod("n2", False, reason="ContainerCreating")])
    assert one.make(limit, deadline).missing == {"n2": "still starting: ContainerCreating"}
    assert seconds <= one.seconds() < seconds + 2


def test_nodes_that_leave_are_not_missed_and_those_that_join_are_not_asked(world: Any) -> None:
    nodes = fleet([node("n1"), node("n2")])
    one = world(nodes, lambda s: [pod("n1"), pod("n3"), *([pod("n2", False, reason="ContainerCreating")] if s < 10 else [])])

    def change(seconds: float) -> list[Any]:
        if seconds >= 10:
            nodes.watch.there.pop("n2", None)
            nodes.watch.there["n3"] = node("n3")
        return []
    one.events = change
    found = one.make()
    assert ([p.node for p in found.all], found.missing, found.nodes) == (["n1"], {}, ["n1"]) and one.seconds() < 12


def test_a_node_that_is_not_ready_is_not_waited_for(world: Any) -> None:
    away = node("n2")
    away["status"]["conditions"][0]["status"] = "Unknown"
    one = world(fleet([node("n1"), away]), [pod("n1"), pod("n2", False, reason="ContainerCreating")])
    assert one.make().missing == {"n2": "the node is not Ready"} and one.seconds() < 1


def test_where_nodes_may_not_be_listed_the_probes_tell_them(world: Any) -> None:
    one = world(Fleet(), lambda s: [pod("n1"), *([pod("n2", False, scheduled=False, reason="Unschedulable", message="full")] if s > 3 else [])])
    one.sets = lambda _s: [{"metadata": {"name": "probe"}, "status": {"desiredNumberScheduled": 2}}]
    found = one.make()
    assert ([p.node for p in found.all], found.nodes) == (["n1"], ["n1", "n2"])
    assert found.missing == {"n2": "the probe pod waits for room: full"}


def _tenants(world: Any, size: int, nodes: int) -> Any:
    """A namespace of somebody who may not list nodes; the controller makes two pods a second, and obeys."""
    def pods(seconds: float) -> list[dict[str, Any]]:
        made = [pod(f"n{i}", ready=seconds > i) for i in range(min(nodes, 2 + 2 * int(seconds)))]
        for one_pod in made:
            one_pod["spec"]["containers"] = [{"name": "netexec", "image": "mirror/agnhost"}]
        asked = {f["values"][0] for _path, body in one.patched for t in _terms(body) for f in t["matchFields"]}
        return [p for p in made if not asked or p["spec"]["nodeName"] in asked or seconds < 20]

    one = world(Fleet(Choice(selectors.parse("pool=web", "x"), size)), pods)
    one.sets = lambda seconds: [{"metadata": {"name": "probe"}, "status": {"desiredNumberScheduled": nodes if seconds > 1 else 0}}]
    return one


def _terms(body: dict[str, Any]) -> Any:
    affinity = body["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
    return affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]


def test_where_nodes_may_not_be_listed_a_sample_is_chosen_among_those_that_the_first_probes_tell(world: Any) -> None:
    one = _tenants(world, 2, 5000)
    found = one.make()
    assert len(found.all) == 2 and found.missing == {} and one.fleet.sampled == "2 of 5,000 nodes asked"
    assert found.nodes == one.fleet.asked == sorted(p.node for p in found.all) and one.fleet.known is False
    assert one.fleet.asked == sorted(sorted(["n0", "n1", "n2", "n3"], key=lot)[:2]), "by lot, so that runs can be compared"
    assert one.seconds() < 15, "nobody waits for the nodes that are not asked"
    assert "on 2 nodes" in one.notes[0], "nor is anything said of their pods"
    ((path, body),) = one.patched
    assert path == "/apis/apps/v1/namespaces/assay-r1/daemonsets/probe"
    assert [f["values"] for t in _terms(body) for f in t["matchFields"]] == [[n] for n in one.fleet.asked]
    first = one.created[0]["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
    expressions = first["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"][0]["matchExpressions"]
    assert all(t["matchExpressions"] == expressions for t in _terms(body)), "nodes that can take no pod stay left out"


@pytest.mark.parametrize(("size", "nodes"), [(3, 3), (0, 5), (300, 5)])
def test_a_cluster_that_is_no_larger_than_a_sample_is_asked_as_a_whole(world: Any, size: int, nodes: int) -> None:
    one = _tenants(world, size, nodes)
    assert len(one.make().all) == nodes and one.patched == [] and one.fleet.sampled == ""


def test_where_the_number_of_nodes_is_not_told_the_pods_are_counted(world: Any) -> None:
    one = _tenants(world, 3, 50)
    one.sets = lambda _s: []
    assert len(one.make().all) == 3 and one.fleet.sampled == "3 of 4 nodes asked"


def test_where_no_sample_can_be_taken_it_is_said_how_one_can(world: Any) -> None:
    one = _tenants(world, 3, 5000)
    one.refusal = ApiError("http", 403, "Forbidden", "no", "PATCH", "/x")
    with pytest.raises(Inconclusive, match="^validate_node_sample: 5,000 nodes would get a probe, more than 3, and our user may neither "
                                           "list nodes nor patch DaemonSets, so that no sample can be taken; "):
        one.make()
    one = _tenants(world, 3, 5000)
    one.refusal = ApiError("http", 500, "InternalError", "disk full", "PATCH", "/x")
    with pytest.raises(Inconclusive, match="^the probes could not be made: disk full$"):
        one.make()


def test_nodes_that_can_never_take_a_probe_are_no_fault(world: Any) -> None:
    virtual = node("fargate-1", **{"eks.amazonaws.com/compute-type": "fargate"})
    with pytest.raises(DoesNotApply, match="^no node here can take a probe: it is a virtual node, without a machine of its own$"):
        world(fleet([virtual]), []).make()


@pytest.mark.parametrize(("nodes", "why"), [
    (fleet([node("n1"), node("w", **{"kubernetes.io/os": "windows"})], Choice(selectors.parse("pool=web", "x"))),
     "no node is left to ask: its operating system is windows; validate_node_selector leaves it out"),
    (fleet([]), "the cluster has no nodes"),
    (Fleet(), "no probe became ready .the DaemonSet made no pod, and our user may not list nodes.")])
def test_without_a_node_to_ask_it_is_said_why(world: Any, nodes: Fleet, why: str) -> None:
    with pytest.raises(Inconclusive, match=f"^{why}$"):
        world(nodes, []).make()
