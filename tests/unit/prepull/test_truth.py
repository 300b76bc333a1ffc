# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""That pulled means what it says: other images than asked for, other users, and images that go again; on fake kubelets."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.prepull import findings, room
from ansible_collections.assay.clusters.plugins.module_utils.prepull.run import Prepull
from tests.fakes.kubelets import FakeKubelets, came, failed

A, B = "r.io/a:1", "r.io/b:1"
DIGEST = "sha256:" + "1" * 64


def becomes(**container: str) -> Any:
    """An admission that sets fields of the container."""
    def change(manifest: dict[str, Any]) -> dict[str, Any]:
        manifest["spec"]["containers"][0].update(container)
        return manifest

    return change


def found(run: Prepull) -> list[tuple[str, list[str], str, bool]]:
    return [(f.cause, list(f.scope), f.message, f.fails)
            for f in [*findings.of_errors(run.results), *findings.of_admission(run.results)]]


# ---- policies -----------------------------------------------------------------------------------------------------
def test_an_image_that_admission_made_another_is_told(prepull: Any, cluster: FakeKubelets) -> None:
    cluster.admission = becomes(image="m.io/a:1")
    done = prepull(A)
    assert {(r.status, r.to_dict()["ran"]) for r in done.results} == {("pulled", "m.io/a:1")}
    assert found(done) == [("admission.changed", [f"image/{A}"], f"admission made m.io/a:1 of {A}: that image is on 2 nodes, "
                            f"{A} is not known to be", False)]
    assert "n1: a:1 (as m.io/a:1) pulled" in "\n".join(done.job.lines)


def test_a_policy_that_asks_the_registry_each_time_is_told_once(prepull: Any, cluster: FakeKubelets) -> None:
    cluster.admission = becomes(imagePullPolicy="Always")
    [(cause, scope, message, fails)] = found(prepull(A, B))
    assert (cause, scope, fails) == ("admission.changed", [f"image/{A}", f"image/{B}"], False) and "imagePullPolicy: Always" in message
    cluster.admission = becomes()
    assert found(prepull(A, B)) == found(prepull(A, B, policy="Always")) == []


@pytest.mark.parametrize("digest", [DIGEST, "sha256:" + "2" * 64])
def test_what_the_registry_was_asked_for_in_vain_was_there(prepull: Any, cluster: FakeKubelets, digest: str) -> None:
    """So a second run changes nothing, whoever wants the registry asked."""
    cluster.set_node("n1", images=((f"r.io/a@{DIGEST}", 5),))
    cluster.digest = digest
    cluster.pulls[A] = [came(1)]
    told = {r.node: r.status for r in prepull(A, policy="Always").results}
    assert told == {"n1": "present" if digest == DIGEST else "pulled", "n2": "pulled"}
    assert {r.status for r in prepull(A).results} == {"pulled"}, "who does not ask for what is there, has pulled it"


# ---- for whom it is -----------------------------------------------------------------------------------------------
def test_of_an_image_that_is_there_only_its_use_was_refused(prepull: Any, cluster: FakeKubelets) -> None:
    cluster.set_node("n1", images=((A, 5),))
    cluster.pulls[A] = [failed("401 Unauthorized")]
    there, absent = found(done := prepull(A, retries=0))[::-1]
    assert {r.node: r.to_dict().get("on_node") for r in done.results} == {"n1": True, "n2": None}
    assert there[:2] == ("image.auth", ["node/n1"]) or there[0] == "image.auth"
    assert "the list of n1 has it, so it is its use that was refused" in there[2] and f"{A} not on n2" in absent[2]


@pytest.mark.parametrize("more", [{"policy": "Always"}, {}])
def test_who_asks_the_registry_anyway_was_not_refused_its_use(prepull: Any, cluster: FakeKubelets, more: dict[str, str]) -> None:
    cluster.set_node("n1", images=((A, 5),))
    cluster.pulls[A] = [failed("401 Unauthorized" if more else "cni plugin not initialized")]
    assert not any(r.on_node for r in prepull(A, retries=0, **more).results)


# ---- what goes again ----------------------------------------------------------------------------------------------
class Kubelets:
    """What nodes/proxy answers: node -> (percent in use, threshold), or an error."""

    def __init__(self, **told: Any) -> None:
        self.told, self.asked = told, []

    def get(self, path: str, **_more: Any) -> Any:
        node, what = path.split("/")[4], path.rpartition("/")[2]
        self.asked.append(node)
        answer = self.told[node]
        if isinstance(answer, Exception):
            raise answer
        if what == "configz":
            return {"kubeletconfig": {"imageGCHighThresholdPercent": answer[1]} if answer[1] else {}}
        return {"node": {"runtime": {"imageFs": {"capacityBytes": 1000, "availableBytes": 1000 - answer[0] * 10}}}}


def test_a_kubelet_that_is_about_to_remove_images_is_known() -> None:
    away = ApiError("http", 503, "Error", "away", "GET", "x")
    asked: Any = Kubelets(n1=(84, 85), n2=(85, 85), n3=away, n4=(99, 0), n5=(12, 10))
    assert room.tight(asked, ["n5", "n4", "n3", "n2", "n1"]) == [room.Tight("n2", 85, 85), room.Tight("n5", 12, 10)]


def test_without_the_right_it_is_asked_once() -> None:
    asked: Any = Kubelets(n1=ApiError("http", 403, "Forbidden", "no", "GET", "x"), n2=(99, 1))
    assert room.tight(asked, ["n1", "n2"]) == [] and asked.asked == ["n1"] and room.tight(asked, []) == []
