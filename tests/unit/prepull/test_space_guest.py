# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A prepull as a guest: the users, labels and namespaces of strangers' clusters, on a fake API server."""
from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import journal
from ansible_collections.assay.clusters.plugins.module_utils.common.names import RUN
from ansible_collections.assay.clusters.plugins.module_utils.engine import fixtures
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.prepull import pods
from ansible_collections.assay.clusters.plugins.module_utils.prepull.space import Space
from ansible_collections.assay.clusters.tests.unit.engine.fake_api import FakeApi

Make = Callable[..., Space]


def pull(space: Space, name: str = "pull-1") -> dict[str, Any]:
    return pods.manifest(space.unique(name), "n1", ["r.io/a:1"], [], "IfNotPresent")


@pytest.fixture
def shop(api: FakeApi) -> str:
    """A namespace that is there, with somebody's pod."""
    api.put("/api/v1/namespaces/shop")
    api.put("/api/v1/namespaces/shop/serviceaccounts/default")
    api.put("/api/v1/namespaces/shop/pods/theirs", labels={"app": "theirs"})
    return "/api/v1/namespaces/shop"


def test_on_openshift_pods_run_as_the_user_that_the_namespace_gets(api: FakeApi, a_space: Make) -> None:
    made = a_space()
    api.put("/apis/security.openshift.io")

    def annotate() -> None:
        while not (found := api.objects.get(f"/api/v1/namespaces/{made.name}")):
            time.sleep(0.02)
        found["metadata"]["annotations"] = {"openshift.io/sa.scc.uid-range": "1000680000/10000"}

    threading.Timer(0.2, annotate).start()
    made.make()
    assert made.create(pull(made))["spec"]["securityContext"]["runAsUser"] == 1000680000


def test_elsewhere_it_is_nobody(a_space: Make) -> None:
    made = a_space()
    made.make()
    assert made.create(pull(made))["spec"]["securityContext"]["runAsUser"] == 65534


def test_what_policies_ask_for_is_on_everything_and_meshes_are_kept_out(api: FakeApi, a_space: Make) -> None:
    made = a_space(labels={"team": "a"}, annotations={"why": "test"})
    made.make()
    space, pod = api.objects[f"/api/v1/namespaces/{made.name}"]["metadata"], made.create(pull(made))["metadata"]
    assert space["labels"]["team"] == pod["labels"]["team"] == "a" and space["annotations"] == {"why": "test"}
    assert pod["labels"]["sidecar.istio.io/inject"] == "false" and pod["labels"][RUN] == made.run_id
    assert pod["annotations"].items() >= {"why": "test", "linkerd.io/inject": "disabled"}.items()


def test_labels_of_pod_security_that_only_some_may_set_are_done_without_and_told(api: FakeApi, a_space: Make) -> None:
    def refuse(request: Any) -> None:
        account(request)
        labelled = request.method == "POST" and "pod-security" in json.dumps(request.data)
        api.refuse = {("POST", "/api/v1/namespaces"): (403, "Forbidden", "you need updatepsa")} if labelled else {}

    account, api.before = api.before, refuse
    made = a_space()
    made.make()
    assert not [k for k in api.objects[f"/api/v1/namespaces/{made.name}"]["metadata"]["labels"] if k.startswith("pod-security")]
    assert made.notes == ["the run namespace has no Pod Security labels, with them it was refused: you need updatepsa"]


def test_who_may_make_no_namespace_is_told_of_the_other_way(api: FakeApi, a_space: Make) -> None:
    api.refuse["POST", "/api/v1/namespaces"] = (403, "Forbidden", 'User "u" cannot create resource "namespaces" in API group ""')
    with pytest.raises(PlatformError, match="could not be created: User.*; prepull_namespace names an existing one to work in"):
        a_space().make()


def test_in_a_namespace_that_is_there_only_what_is_ours_goes(api: FakeApi, a_space: Make, shop: str, tmp_path: Path) -> None:
    made = a_space(namespace="shop")
    made.make()
    first, second = (made.create(pull(made, f"pull-{n}"))["metadata"]["name"] for n in (1, 2))
    assert first == f"pull-1-{made.run_id}" and api.objects[f"{shop}/pods/{first}"]["metadata"]["labels"][RUN] == made.run_id
    assert made.watch("pods").wait(lambda items: len(items) == 2 and set(items), time.monotonic() + 60) == {
        ("shop", first), ("shop", second)}
    made.delete_pod(first)
    [path] = (tmp_path / "journals").glob("*.jsonl")
    entry = journal.read(path)
    assert entry and [o["name"] for o in entry.objects] == [second], "what is gone already is not asked for again"
    assert made.close() == [] and shop in api.objects
    assert [p for p in api.objects if p.startswith(f"{shop}/pods/")] == [f"{shop}/pods/theirs"]


def test_a_secret_of_a_namespace_that_is_there_is_used_as_it_is(api: FakeApi, a_space: Make, shop: str) -> None:
    data = {".dockerconfigjson": base64.b64encode(b'{"auths": {"r.io": {"auth": "dTpw"}}}').decode()}
    api.put("/api/v1/namespaces/ops/secrets/pull", type="kubernetes.io/dockerconfigjson", data=data)
    made = a_space(namespace="shop")
    made.make()
    own, same, copied = made.secrets(["mine", "shop/other", "ops/pull"], [])
    assert (own, same, copied) == ("mine", "other", f"pull-2-{made.run_id}")
    assert api.objects[f"{shop}/secrets/{copied}"]["data"] == data


def test_a_given_namespace_that_is_not_there_is_said(a_space: Make) -> None:
    with pytest.raises(PlatformError, match="^prepull_namespace: there is no namespace nowhere$"):
        a_space(namespace="nowhere").make()


def test_without_its_account_no_pod_is_tried(a_space: Make, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixtures, "ACCOUNT_LIMIT", 0.2)
    api.before = lambda request: None
    with pytest.raises(PlatformError, match="has no default ServiceAccount"):
        a_space().make()
    assert api.names("pods") == []
