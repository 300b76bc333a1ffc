# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Templates and classes that several clusters use: whose they are, who may change them, and with whom they go."""
from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clusters.cluster_api.things import LABEL, Things
from ansible_collections.assay.clusters.plugins.module_utils.common.names import MANAGED_BY, MANAGER
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job

OURS = {MANAGED_BY: MANAGER}


class FakeApi:
    """Objects by kind and name; a fake of cluster_api.api.Api. clusters: which are there; refuses: what a deletion is told."""

    namespace, version = "infra", "cluster.x-k8s.io/v1beta2"

    def __init__(self) -> None:
        self.there: dict[tuple[str, str], dict[str, Any]] = {}
        self.clusters, self.refuses, self.sent = {"infra/w1", "infra/w2"}, "", 0
        self.applier = SimpleNamespace(apply=self._apply)

    def _apply(self, item: dict[str, Any], _namespace: str, dry_run: bool = False, **_more: Any) -> dict[str, Any]:
        found = copy.deepcopy(self.there.get(self._key(item)) or {"metadata": {"resourceVersion": "1"}})
        for key, value in copy.deepcopy(item).items():
            found[key] = {**found[key], **{k: self._merged(found[key].get(k), v) for k, v in value.items()}} if key == "metadata" else value
        if not dry_run:
            self.there[self._key(item)], self.sent = found, self.sent + 1
        return found

    def tried(self, item: dict[str, Any]) -> dict[str, Any]:
        return self._apply(item, self.namespace, dry_run=True)

    @staticmethod
    def _merged(old: Any, new: Any) -> Any:
        if isinstance(new, dict):
            return {k: v for k, v in {**(old or {}), **new}.items() if v is not None}
        return [*(old or []), *(n for n in new if n not in (old or []))] if isinstance(new, list) else new

    @staticmethod
    def _key(item: dict[str, Any]) -> tuple[str, str]:
        return item["kind"], item["metadata"]["name"]

    def get(self, item: dict[str, Any]) -> dict[str, Any] | None:
        return copy.deepcopy(self.there.get(self._key(item)))

    def beside(self, item: dict[str, Any]) -> bool:
        return not item["kind"].endswith("Identity")

    def path(self, item: dict[str, Any]) -> str:
        return "/".join(self._key(item))

    def patch(self, item: dict[str, Any], change: dict[str, Any]) -> None:
        metadata = self.there[self._key(item)]["metadata"]
        for key, value in change["metadata"].items():
            metadata[key] = self._merged(metadata.get(key), value) if isinstance(value, dict) else value

    def call(self, method: str, path: str, **_more: Any) -> Any:
        if "/clusters/" in path:
            parts = path.split("/")
            return {"there": True} if f"{parts[-3]}/{parts[-1]}" in self.clusters else None
        if self.refuses:
            raise PlatformError(self.refuses, status=403)
        return self.there.pop(tuple(path.split("/")), None) if method == "DELETE" else None

    def labelled(self, selector: str) -> list[dict[str, Any]]:
        wanted = dict(part.split("=") for part in selector.split(","))
        return [o for o in self.there.values() if wanted.items() <= (o["metadata"].get("labels") or {}).items()]


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


def template(content: str = "a", kind: str = "Template") -> dict[str, Any]:
    return {"apiVersion": "x/v1", "kind": kind, "metadata": {"name": "shared"}, "spec": {"content": content}}


def owner(name: str) -> dict[str, Any]:
    return {"apiVersion": "cluster.x-k8s.io/v1beta2", "metadata": {"name": name, "uid": f"uid-{name}"}}


def things(api: FakeApi, name: str) -> Things:
    return Things(api, Job(), name)


def made(api: FakeApi, name: str, **more: Any) -> None:
    things(api, name).check([template(**more)])
    things(api, name).apply(template(**more), OURS, owner(name))


def gone(api: FakeApi, name: str, **more: Any) -> None:
    things(api, name).let_go([template(**more)])
    api.clusters.discard(f"infra/{name}")
    things(api, name).delete([template(**more)])


@pytest.mark.parametrize("kind", ["Template", "ClusterIdentity"])
def test_what_two_clusters_use_goes_with_the_last(api: FakeApi, kind: str) -> None:
    made(api, "w1", kind=kind)
    made(api, "w2", kind=kind)
    metadata = api.there[kind, "shared"]["metadata"]
    assert metadata["labels"][LABEL] == "w1"
    owners = ["uid-w1", "uid-w2"] if kind == "Template" else []
    assert [o["uid"] for o in metadata.get("ownerReferences", [])] == owners
    gone(api, "w1", kind=kind)
    metadata = api.there[kind, "shared"]["metadata"]
    assert metadata["labels"][LABEL] == "w2" and [o["uid"] for o in metadata["ownerReferences"]] == owners[1:]
    assert things(api, "w1").left() == [] and len(things(api, "w2").left()) == 1
    gone(api, "w2", kind=kind)
    assert not api.there


def test_what_a_cluster_that_is_gone_used_does_not_stay_for_it(api: FakeApi) -> None:
    made(api, "w1")
    made(api, "w2")
    api.clusters.discard("infra/w2")
    gone(api, "w1")
    assert not api.there


@pytest.mark.parametrize("labels", [{}, {MANAGED_BY: "flux"}])
def test_what_others_made_is_used_and_never_touched(api: FakeApi, labels: dict[str, str]) -> None:
    before = template()
    before["metadata"]["labels"] = labels
    api.there["Template", "shared"] = copy.deepcopy(before)
    made(api, "w1")
    gone(api, "w1")
    assert api.there == {("Template", "shared"): before} and api.sent == 0


@pytest.mark.parametrize(("whose", "words"), [("", "that assay.clusters did not make"), ("w2", "of infra/w2")])
def test_another_one_of_the_same_name_is_refused_before_anything_is_made(api: FakeApi, whose: str, words: str) -> None:
    if whose:
        made(api, whose, content="b")
    else:
        api.there["Template", "shared"] = template("b")
    before = copy.deepcopy(api.there)
    with pytest.raises(BadOption, match=f"there is a Template shared {words}, and it is another one"):
        things(api, "w1").check([template("a")])
    assert api.there == before


def test_its_own_is_applied_again(api: FakeApi) -> None:
    made(api, "w1")
    made(api, "w1", content="b")
    assert api.there["Template", "shared"]["spec"] == {"content": "b"}


def test_one_of_before_the_annotation_is_told_by_its_label(api: FakeApi) -> None:
    old = template()
    old["metadata"]["labels"] = {**OURS, LABEL: "w1"}
    api.there["Template", "shared"] = old
    with pytest.raises(BadOption, match="of infra/w1"):
        things(api, "w2").check([template("b")])
    gone(api, "w1")
    assert not api.there


def test_what_a_webhook_keeps_stays_and_is_told(api: FakeApi) -> None:
    made(api, "w1")
    api.refuses = 'admission webhook "validation.clusterclass.cluster.x-k8s.io" denied the request: it is used by other'
    of = things(api, "w1")
    of.delete([template()])
    assert any("Template shared stays: admission webhook" in line for line in of._job.lines)
    api.refuses = 'clusterclasses "shared" is forbidden: User "u" cannot delete resource'
    with pytest.raises(PlatformError, match="cannot delete"):
        of.delete([template()])
