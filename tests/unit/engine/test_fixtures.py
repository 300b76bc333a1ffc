# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The run namespace as other clusters want it: given, without Pod Security labels, OpenShift's users, pull secrets."""
from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import names
from ansible_collections.assay.clusters.plugins.module_utils.common.journal import Journal, read
from ansible_collections.assay.clusters.plugins.module_utils.engine import context
from ansible_collections.assay.clusters.plugins.module_utils.engine import fixtures as module
from ansible_collections.assay.clusters.plugins.module_utils.engine.context import Context, Shared
from ansible_collections.assay.clusters.plugins.module_utils.engine.declared import Declared
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive
from ansible_collections.assay.clusters.plugins.module_utils.engine.execute import execute
from ansible_collections.assay.clusters.plugins.module_utils.engine.fixtures import Fixtures, Once
from ansible_collections.assay.clusters.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.assay.clusters.plugins.module_utils.engine.terms import Terms
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.patient import PatientClient
from ansible_collections.assay.clusters.tests.unit.engine.fake_api import FakeApi

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"securityContext": {"runAsUser": 65534}, "containers": []}}
OWN = "/api/v1/namespaces/assay-r1"


@pytest.fixture
def fixtures(api: FakeApi, tmp_path: Path) -> Iterator[Callable[..., Fixtures]]:
    """fixtures(**terms); the default ServiceAccount is there."""
    done: list[Fixtures] = []

    def make(account: bool = True, **terms: Any) -> Fixtures:
        if account:
            api.put(f"/api/v1/namespaces/{terms.get('namespace', 'assay-r1')}/serviceaccounts/default")
        client = Client(Connection.resolve({"host": api.url}, {}))
        done.append(Fixtures(PatientClient(client, lambda: time.monotonic() + 60, lambda e: None), "r1", names.labels("r1", 60),
                             Journal(tmp_path, "r1", "c", api.url), time.monotonic() + 60, Terms(**terms)))
        return done[-1]
    yield make
    for one in done:
        one.stop()


# ---- our own namespace ------------------------------------------------------------------------------------------
def test_the_namespace_has_our_labels_those_that_are_wanted_and_pod_security(api: FakeApi, fixtures: Any) -> None:
    fixtures(labels={"cost": "7"}, annotations={"why": "test"}).namespace()
    meta = api.objects[OWN]["metadata"]
    assert meta["labels"].items() >= {"cost": "7", names.RUN: "r1", "pod-security.kubernetes.io/enforce": "restricted"}.items()
    assert meta["annotations"] == {"why": "test"}


def test_no_level_is_asked_for_where_none_is_wanted(api: FakeApi, fixtures: Any) -> None:
    fixtures(pod_security="none").namespace()
    assert not [k for k in api.objects[OWN]["metadata"]["labels"] if k.startswith("pod-security")]


def test_labels_of_pod_security_that_only_some_may_set_are_done_without(api: FakeApi, fixtures: Any) -> None:
    def refuse(request: Any) -> None:
        labelled = request.method == "POST" and "pod-security" in json.dumps(request.data)
        api.refuse = {("POST", "/api/v1/namespaces"): (403, "Forbidden", "you need updatepsa")} if labelled else {}
    api.before = refuse
    made = fixtures()
    made.namespace()
    assert not [k for k in api.objects[OWN]["metadata"]["labels"] if k.startswith("pod-security")]
    assert made.notes == ["the run namespace has no Pod Security labels, with them it was refused: you need updatepsa"]
    assert [o["kind"] for o in read(made.journal.path).objects] == ["Namespace"]


def test_without_the_right_to_make_one_it_is_asked_for_once(api: FakeApi, fixtures: Any) -> None:
    api.refuse["POST", "/api/v1/namespaces"] = (403, "Forbidden", 'User "u" cannot create resource "namespaces" in API group ""')
    with pytest.raises(Inconclusive, match="^the run namespace could not be created: User.*; validate_namespace names an existing one"):
        fixtures().namespace()
    assert len(api.server.asked("POST")) == 1


# ---- a namespace that is there ----------------------------------------------------------------------------------
def test_a_given_namespace_is_used_as_it_is(api: FakeApi, fixtures: Any) -> None:
    api.put("/api/v1/namespaces/shop")
    made = fixtures(namespace="shop")
    created = made.create(POD)
    assert (made.namespace(), created["metadata"]["namespace"], made.unique("probe")) == ("shop", "shop", "probe-r1")
    assert api.changes == ["POST /api/v1/namespaces/shop/pods/p"]
    assert [(o["kind"], o["namespace"]) for o in read(made.journal.path).objects] == [("Pod", "shop")]


def test_in_a_namespace_of_our_own_names_are_plain(fixtures: Any) -> None:
    assert fixtures().unique("probe") == "probe"


def test_in_a_namespace_that_was_made_a_moment_ago_its_account_is_waited_for(api: FakeApi, fixtures: Any) -> None:
    api.put("/api/v1/namespaces/shop")
    threading.Timer(0.4, api.put, ("/api/v1/namespaces/shop/serviceaccounts/default",)).start()
    fixtures(account=False, namespace="shop").create(POD)
    asked = [r.path for r in api.server.asked("GET")].count("/api/v1/namespaces/shop/serviceaccounts/default")
    assert asked >= 2 and "/api/v1/namespaces/shop/serviceaccounts/default" in api.objects


@pytest.mark.parametrize("refusal", [(403, "Forbidden", "you may not"), (404, "NotFound", "none")])
def test_who_may_not_see_the_account_of_a_given_namespace_or_finds_none_goes_on(
        api: FakeApi, fixtures: Any, monkeypatch: pytest.MonkeyPatch, refusal: Any) -> None:
    monkeypatch.setattr(module, "ACCOUNT_LIMIT", 0.1)
    api.put("/api/v1/namespaces/shop")
    api.refuse["GET", "/api/v1/namespaces/shop/serviceaccounts"] = refusal
    assert fixtures(account=False, namespace="shop").create(POD)["metadata"]["namespace"] == "shop"


def test_a_tenant_may_work_where_it_may_not_look(api: FakeApi, fixtures: Any) -> None:
    api.refuse["GET", "/api/v1/namespaces/shop"] = (403, "Forbidden", "you may not")
    assert fixtures(namespace="shop").create(POD)["metadata"]["namespace"] == "shop"


def test_a_given_namespace_that_is_not_there_is_said(fixtures: Any) -> None:
    with pytest.raises(Inconclusive, match="^validate_namespace: there is no namespace shop$"):
        fixtures(namespace="shop").namespace()


def test_of_a_given_namespace_only_what_is_ours_is_watched(api: FakeApi, fixtures: Any) -> None:
    api.put("/api/v1/namespaces/shop")
    api.put("/api/v1/namespaces/shop/pods/theirs", labels={"app": "theirs"})
    made = fixtures(namespace="shop")
    made.create(POD)
    assert made.watch("pods").wait(set, time.monotonic() + 60) == {("shop", "p")}
    made.stop()


# ---- users and secrets ------------------------------------------------------------------------------------------
def openshift(api: FakeApi, path: str, seconds: float = 0.0) -> None:
    """The group that only OpenShift has, and the annotation that comes a moment after the namespace."""
    api.put("/apis/security.openshift.io")

    def annotate() -> None:
        while path not in api.objects:
            time.sleep(0.02)
        api.objects[path]["metadata"]["annotations"] = {"openshift.io/sa.scc.uid-range": "1000680000/10000"}
    threading.Timer(seconds, annotate).start()


def test_on_openshift_pods_run_as_the_user_that_the_namespace_gets(api: FakeApi, fixtures: Any) -> None:
    openshift(api, OWN, 0.3)
    assert fixtures().create(POD)["spec"]["securityContext"] == {"runAsUser": 1000680000}


def test_on_openshift_a_given_namespace_has_its_user_already(api: FakeApi, fixtures: Any) -> None:
    api.put("/api/v1/namespaces/shop")["metadata"]["annotations"] = {"openshift.io/sa.scc.uid-range": "77/10"}
    assert fixtures(namespace="shop").create(POD)["spec"]["securityContext"] == {"runAsUser": 77}


def test_without_the_annotation_the_usual_user_is_taken_after_a_while(
        api: FakeApi, fixtures: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ANNOTATED", 0.1)
    api.put("/apis/security.openshift.io")
    assert fixtures().create(POD)["spec"]["securityContext"] == {"runAsUser": 65534}


def test_elsewhere_the_usual_user_is_taken_and_one_question_asked(api: FakeApi, fixtures: Any) -> None:
    made = fixtures()
    for number in range(3):
        made.create({**POD, "metadata": {"name": f"p{number}"}})
    assert [r.path for r in api.server.asked("GET")].count("/apis/security.openshift.io") == 1


def test_pull_secrets_are_copied_once_and_named_in_each_pod(api: FakeApi, fixtures: Any) -> None:
    data = {".dockerconfigjson": base64.b64encode(b'{"auths": {"r.io": {"auth": "dTpw"}}}').decode()}
    api.put("/api/v1/namespaces/ops/secrets/pull", type="kubernetes.io/dockerconfigjson", data=data)
    made = fixtures(pull_secrets=("ops/pull",))
    pods = [made.create({**POD, "metadata": {"name": f"p{n}"}}) for n in range(2)]
    assert [p["spec"]["imagePullSecrets"] for p in pods] == [[{"name": "pull-0"}]] * 2
    copy = api.objects[f"{OWN}/secrets/pull-0"]
    assert copy["data"] == data and copy["metadata"]["labels"][names.RUN] == "r1"
    assert [o["name"] for o in read(made.journal.path).objects].count("pull-0") == 1


def test_a_pull_secret_of_the_given_namespace_is_named_and_not_copied(api: FakeApi, fixtures: Any) -> None:
    api.put("/api/v1/namespaces/shop")
    made = fixtures(namespace="shop", pull_secrets=("pull", "shop/more"))
    assert made.create(POD)["spec"]["imagePullSecrets"] == [{"name": "pull"}, {"name": "more"}]
    assert api.changes == ["POST /api/v1/namespaces/shop/pods/p"]


def test_a_pull_secret_that_is_none_is_a_missing_precondition(fixtures: Any) -> None:
    with pytest.raises(Inconclusive, match="^validate_pull_secrets: there is no Secret pull in namespace ops$"):
        fixtures(pull_secrets=("ops/pull",)).create(POD)


# ---- the clock of a check ---------------------------------------------------------------------------------------
class Sample(Declared):
    name, domain, proves, expected, limit = "sample", "own", "x", 0.2, 0.4

    def applies(self, _ctx: Context) -> str:
        return ""

    def run(self, ctx: Context) -> None:
        self.before = ctx.left()
        self.probes = ctx.probes
        self.after = ctx.left()


class Clock:
    """Time that goes on only as the test says: nothing here depends on how busy the machine is."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def test_what_is_made_for_all_is_not_the_time_of_one(fixtures: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images come slowly on first contact; that is no slow DNS."""
    made, clock = fixtures(), Clock()
    monkeypatch.setattr(context, "time", clock)
    made.deadline = clock.now + 60
    watched: list[bool] = []

    class Found:
        def bound(self, _persist: Any) -> Any:
            return self

    def slowly() -> Found:
        clock.now += 30
        watched.append(ctx.overdue(0.0))
        return Found()
    shared = Shared("c", "r1", made.client.raw, made, Once(Fleet), Once(slowly), {}, "")
    check = Sample()
    ctx = Context(check, {}, shared, clock.now + check.limit)
    done = execute(check, ctx)
    assert (done.ctx.finding.verdict, watched, ctx.waited) == ("passed", [False], 30)
    assert check.after == pytest.approx(check.before) and check.after > 0.0
