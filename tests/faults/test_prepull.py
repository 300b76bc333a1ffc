# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""image_prepull on real nodes, behind a registry that is slow, strict or broken, and on a node without room."""
from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.prepull.space import docker_config
from ansible_collections.assay.clusters.plugins.modules.image_prepull import SPEC
from tests.faults.conftest import node_to_lose
from tests.lab.registry_faults import FaultyRegistry
from tests.rights import wait_until_allowed

pytestmark = [pytest.mark.faults, pytest.mark.lab]


@pytest.fixture
def task(lab: Any, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Calls the module; nothing of it may be left in the cluster, whatever became of the images."""
    def call(check_mode: bool = False, **given: Any) -> dict[str, Any]:
        options = {n: s.get("default") for n, s in SPEC.argument_spec.items()}
        result = SPEC.run({**options, "kubeconfig": str(lab.kubeconfig), "journal_dir": str(tmp_path), "retries": 0, **given},
                          Job(say=print, check_mode=check_mode))
        print(result["msg"])
        assert result.get("leftovers", []) == [] and list(tmp_path.glob("*.jsonl")) == []
        mine = lab.api("/api/v1/namespaces?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dassay.clusters")["items"]
        assert [n["metadata"]["name"] for n in mine if n["metadata"]["name"].startswith("assay-prepull")] == []
        return {"failed": False, **result}

    return call


@pytest.fixture
def registry(lab: Any) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(lab) as made:
        yield made


def statuses(result: dict[str, Any]) -> dict[str, int]:
    return result["summary"]["counts"]


def causes(result: dict[str, Any]) -> list[tuple[str, list[str], str]]:
    """All that is claimed: cause, scope, confidence."""
    return [(f["cause"], f["scope"], f["confidence"]) for f in result["findings"]]


def test_an_image_without_a_program_comes_to_every_node_once(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    images = [registry.add(1), registry.add(1)]
    planned = task(check_mode=True, images=images)
    assert planned["changed"] and len(planned["plan"]) == 2 * lab.workers
    assert not [r for r in registry.requests if "/blobs/" in r]
    first = task(images=images)
    assert first["changed"] and not first["failed"] and statuses(first) == {"pulled": 2 * lab.workers}
    assert {r["digest"] for r in first["results"]} == {registry.digest_of(i) for i in images}
    assert all(r["bytes"] > 1e6 and r["seconds"] > 0 for r in first["results"])
    again = task(images=images)
    assert not again["changed"] and statuses(again) == {"present": 2 * lab.workers}


def test_by_digest_and_by_rewriting(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    image = registry.add()
    name = image.removesuffix(":1").removeprefix(f"{registry.host}/")
    result = task(images=[f"published.example.com/{name}@{registry.digest_of(image)}"], nodes=[lab.node_name("n1")],
                  rewrite=[{"from": "published.example.com", "to": registry.host}])
    assert statuses(result) == {"pulled": 1}
    assert result["results"][0]["image"] == f"{registry.host}/{name}@{registry.digest_of(image)}"


def test_removed_again_but_not_what_is_used(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    image, used = registry.add(), "registry.k8s.io/coredns/coredns:v1.14.2"
    task(images=[image])
    removed = task(images=[image, used], state="absent")
    assert removed["changed"] and statuses(removed)["removed"] >= lab.workers and statuses(removed)["in_use"] >= 1
    again = task(images=[image], state="absent")
    assert not again["changed"] and statuses(again) == {"absent": lab.workers}


def test_a_strict_registry_and_its_pull_secret(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    registry.users = {"reader": "planted-password"}
    image = registry.add()
    refused = task(images=[image])
    denied = [("image.auth", [f"image/{image}"], "confirmed")]
    assert refused["failed"] and causes(refused) == denied
    wrong = task(images=[image], credentials=[{"registry": registry.host, "username": "reader", "password": "not-this-one"}])
    assert wrong["failed"] and causes(wrong) == denied
    right = [{"registry": registry.host, "username": "reader", "password": "planted-password"}]
    good = task(images=[image], credentials=right)
    assert statuses(good) == {"pulled": lab.workers} and "planted-password" not in repr(good)


def _spoil(registry: FaultyRegistry, image: str, part: str, change: Callable[[str, bytes], tuple[str, bytes]]) -> None:
    """Change what the registry answers for all manifests, or the largest blob, of an image."""
    path = f"/v2{image.removeprefix(registry.host).removesuffix(':1')}/{part}/"
    mine = [k for k in registry._blobs if k.startswith(path)]
    for key in mine if part == "manifests" else [max(mine, key=lambda k: len(registry._blobs[k][1]))]:
        registry._blobs[key] = change(*registry._blobs[key])


SPOILT: dict[str, tuple[str, Callable[[str, bytes], tuple[str, bytes]], str, str]] = {
    "a page of a portal": ("manifests", lambda _kind, _data: ("text/html", b"<html>Sign in</html>"),
                           "image.registry-unreachable", "confirmed"),
    "other bytes": ("blobs", lambda kind, data: (kind, b"x" * len(data)), "image.corrupt", "confirmed"),
    "half of them": ("blobs", lambda kind, data: (kind, data[:len(data) // 2]), "image.corrupt", "probable"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_registry_that_sends_something_else_does_not_lack_the_images(
        lab: Any, task: Any, registry: FaultyRegistry, what: str) -> None:
    part, change, cause, sure = SPOILT[what]
    images = [registry.add(), registry.add()]
    for image in images:
        _spoil(registry, image, part, change)
    result = task(images=images, nodes=[lab.node_name("n1")])
    assert result["failed"] and causes(result) == [(cause, [f"registry/{registry.host}"], sure)]


def test_a_registry_that_is_busy_in_its_own_words(lab: Any, task: Any, registry: FaultyRegistry,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    handler = http.server.BaseHTTPRequestHandler
    monkeypatch.setattr(handler, "responses", {**handler.responses, 429: ("come back later", "")})
    registry.busy = 10**6
    image = registry.add()
    result = task(images=[image], nodes=[lab.node_name("n1")])
    assert result["failed"] and causes(result) == [("image.throttled", [f"image/{image}"], "confirmed")]
    assert "429 come back later" in result["results"][0]["error"]


def test_a_node_that_takes_no_more_pods(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    with lab.fault.full("n2"):
        result = task(images=[registry.add()])
    assert result["failed"] and causes(result) == [("sched.insufficient", [f"node/{lab.node_name('n2')}"], "confirmed")]
    assert statuses(result) == {"failed": 1, "pulled": lab.workers - 1}


def test_a_pull_secret_of_the_cluster(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    registry.users = {"reader": "planted-password"}
    path, name = "/api/v1/namespaces/default/secrets", f"prepull-{registry.host.partition('.')[0]}"
    data = docker_config([{"registry": registry.host, "username": "reader", "password": "planted-password"}])
    lab.api(path, "POST", {"metadata": {"name": name}, "type": "kubernetes.io/dockerconfigjson",
                           "data": {".dockerconfigjson": data}})
    try:
        good = task(images=[registry.add()], pull_secrets=[f"default/{name}"])
        assert statuses(good) == {"pulled": lab.workers}
    finally:
        lab.api(f"{path}/{name}", "DELETE")


def test_with_the_permissions_of_the_guide_and_without_events(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    name, rbac = f"prepull-{registry.host.partition('.')[0]}", "/apis/rbac.authorization.k8s.io/v1"
    may = {"nodes": "list watch", "namespaces": "create get list watch delete", "serviceaccounts": "list watch",
           "pods": "create get list watch delete"}
    lab.api(f"{rbac}/clusterroles", "POST", {"metadata": {"name": name}, "rules": [
        {"apiGroups": [""], "resources": [r], "verbs": v.split()} for r, v in may.items()]})
    lab.api(f"{rbac}/clusterrolebindings", "POST", {
        "metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}]})
    wait_until_allowed(lambda path, body: lab.api(path, "POST", body), name, "create", "pods")
    try:
        good = task(images=[registry.add()], impersonate_user=name)
        assert statuses(good) == {"pulled": lab.workers} and all(r["seconds"] > 0 for r in good["results"])
        absent = f"{registry.host}/no/such:1"
        bad = task(images=[absent], impersonate_user=name)
        assert causes(bad) == [("image.not-found", [f"image/{absent}"], "confirmed")]
    finally:
        lab.api(f"{rbac}/clusterrolebindings/{name}", "DELETE")
        lab.api(f"{rbac}/clusterroles/{name}", "DELETE")


@pytest.mark.gauntlet
def test_a_throttled_registry_is_left_in_peace_and_asked_again(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    image = registry.add()
    registry.busy = 100_000
    red = task(images=[image])
    assert red["failed"] and causes(red) == [("image.throttled", [f"image/{image}"], "confirmed")]
    each = (100_000 - registry.busy) // lab.workers  # a runtime asks some times by itself
    registry.busy = each + 1
    green = task(images=[image], retries=3)
    assert not green["failed"] and statuses(green) == {"pulled": lab.workers}
    assert max(r["attempts"] for r in green["results"]) > 1


def test_a_certificate_that_nobody_knows(lab: Any, task: Any) -> None:
    with FaultyRegistry(lab, tls=True) as registry:
        image = registry.add()
        result = task(images=[image])
        assert causes(result) == [("image.registry-unreachable", [f"image/{image}"], "confirmed")]
        assert "x509" in result["findings"][0]["evidence"][0]


def test_an_image_that_is_not_there(task: Any, registry: FaultyRegistry) -> None:
    there, absent = registry.add(), f"{registry.host}/no/such:1"
    result = task(images=[there, absent])
    assert result["failed"] and result["changed"] and causes(result) == [
        ("image.not-found", [f"image/{absent}"], "confirmed")]


@pytest.mark.gauntlet
def test_a_registry_that_says_nothing_is_no_cause(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    """A time-out alone names none."""
    registry.mute = True
    image = registry.add()
    result = task(images=[image], nodes=[lab.node_name("n1")], pull_timeout=40)
    assert causes(result) == [("unknown.timeout", [f"image/{image}"], "suspected")]
    assert "the pull has begun" in result["results"][0]["error"]


@pytest.mark.gauntlet
def test_a_limit_that_all_share(task: Any, registry: FaultyRegistry) -> None:
    registry.rate_all = 1.5e6
    result = task(images=[registry.add(5), registry.add(5)])
    assert statuses(result) == {"pulled": 6}
    assert ("image.throttled", [f"registry/{registry.host}"], "probable") in causes(result), result["registries"]
    assert result["registries"][0]["shared_limit"] and not result["failed"]


@pytest.mark.gauntlet
def test_a_limit_that_each_has(task: Any, registry: FaultyRegistry) -> None:
    registry.rate_each = 1e6
    result = task(images=[registry.add(4), registry.add(4)])
    assert causes(result) == [("image.slow", [f"registry/{registry.host}"], "confirmed")], result["registries"]
    assert not result["registries"][0]["shared_limit"]


def test_slow_here_and_fast_there(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    registry.rate_of = {"n2": 0.4e6}
    result = task(images=[registry.add(4)], min_mb_per_second=1)
    assert causes(result) == [("image.slow", [f"node/{lab.node_name('n2')}"], "confirmed")], result["results"]


@pytest.mark.gauntlet
def test_a_node_without_room(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    image, node = registry.add(), lab.node_name("n2")
    with lab.fault.fill_disk("n2"):
        red = task(images=[image])
    assert red["failed"] and causes(red) == [("node.pressure", [f"node/{node}"], "probable")]
    assert statuses(red) == {"pulled": lab.workers - 1, "failed": 1}
    assert statuses(task(images=[image])) == {"present": lab.workers - 1, "pulled": 1}


@pytest.mark.gauntlet
def test_a_node_that_joins_later(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    """For a selector a node joins when it gets the label."""
    label, path = f"prepull-{registry.host.partition('.')[0]}", "/api/v1/nodes/{}"
    late, early = (path.format(lab.node_name(n)) for n in ("n2", "n1"))
    lab.api(early, "PATCH", {"metadata": {"labels": {label: "yes"}}})
    timer = threading.Timer(8.0, lambda: lab.api(late, "PATCH", {"metadata": {"labels": {label: "yes"}}}))
    timer.start()
    try:
        result = task(images=[registry.add()], selector=label, join_timeout=25)
        assert {(r["node"], r["status"]) for r in result["results"]} == {
            (lab.node_name(n), "pulled") for n in ("n1", "n2")}
    finally:
        timer.join()
        for node in (late, early):
            lab.api(node, "PATCH", {"metadata": {"labels": {label: None}}})


def test_a_named_node_that_never_joins(task: Any, registry: FaultyRegistry) -> None:
    result = task(images=[registry.add()], nodes=["nobody"], join_timeout=5)
    assert causes(result) == [("node.not-joined", ["node/nobody"], "confirmed")]


@pytest.mark.gauntlet
def test_an_api_server_that_is_away_for_a_while(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    registry.rate_all = 0.5e6

    def restart() -> None:
        time.sleep(6)
        with lab.fault.stop("cp", "kube-apiserver"):
            time.sleep(3)

    away = threading.Thread(target=restart)
    away.start()
    result = task(images=[registry.add(3)])
    away.join()
    assert statuses(result) == {"pulled": lab.workers} and not result["failed"]


@pytest.mark.gauntlet
def test_a_node_that_is_off(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    short = node_to_lose(lab)
    with lab.fault.node_power_off(short):
        result = task(images=[registry.add()])
    assert causes(result) == [("node.unreachable", [f"node/{lab.node_name(short)}"], "probable")]
