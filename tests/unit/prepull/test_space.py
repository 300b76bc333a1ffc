# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The namespace of a prepull on a fake API server, and the modules from their options to their results."""
from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common.names import RUN
from ansible_collections.assay.clusters.plugins.module_utils.engine import fixtures
from ansible_collections.assay.clusters.plugins.module_utils.engine.terms import Terms
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.prepull.space import Space, docker_config
from ansible_collections.assay.clusters.plugins.module_utils.results import redact
from ansible_collections.assay.clusters.tests.unit.engine.fake_api import FakeApi
from tests.fakes.guards import Guards

DOCKER = "kubernetes.io/dockerconfigjson"


def written(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "journals").glob("*.jsonl"))


@pytest.mark.parametrize("level", ["restricted", "privileged"])
def test_the_namespace_is_written_down_labelled_and_gone_at_the_end(api: FakeApi, guards: Guards, tmp_path: Path,
                                                                    level: str) -> None:
    made = Space(Connection.resolve({"host": api.url}, {}), str(tmp_path / "journals"), "c1", 600.0, Terms(pod_security=level))
    made.make()
    [path] = written(tmp_path)
    assert made.name in path.read_text()
    labels = api.objects[f"/api/v1/namespaces/{made.name}"]["metadata"]["labels"]
    levels = {labels[f"pod-security.kubernetes.io/{m}"] for m in ("enforce", "warn", "audit")}
    assert labels[RUN] == made.run_id and levels == {level}
    made.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pull-1"}, "spec": {}})
    assert api.objects[f"/api/v1/namespaces/{made.name}/pods/pull-1"]["metadata"]["labels"][RUN] == made.run_id
    for _twice in range(2):
        made.delete_pod("pull-1")
    assert made.close() == [] and guards.said == ["start", "dismiss"]
    assert written(tmp_path) == [] and api.names("namespaces") == []


def test_what_is_left_is_told_and_left_to_the_guardian(space: Space, api: FakeApi, guards: Guards, tmp_path: Path) -> None:
    space.make()
    api.held[space.name] = {"type": "NamespaceContentRemaining", "status": "True", "message": "some pods"}
    left = space.close()
    assert left == [f"namespace/{space.name} (NamespaceContentRemaining: some pods)"]
    assert guards.said == ["start", "hand over"] and written(tmp_path) != [], "the journal is what the guardian goes by"


def test_a_clean_up_that_is_refused_is_left_over(space: Space, api: FakeApi, guards: Guards, tmp_path: Path) -> None:
    space.make()
    api.refuse["GET", "/api/v1/namespaces"] = api.refuse["DELETE", "/api/v1/namespaces"] = (403, "Forbidden", "you may not")
    [left] = space.close()
    assert left.startswith(f"namespace/{space.name} (") and guards.said == ["start", "hand over"] and written(tmp_path) != []


def test_what_is_abandoned_is_left_to_the_guardian(space: Space, api: FakeApi, guards: Guards, tmp_path: Path) -> None:
    space.make()
    space.abandon()
    assert guards.said == ["start", "hand over"] and written(tmp_path) != [] and api.names("namespaces") == [space.name]


def test_without_its_account_a_namespace_is_of_no_use(space: Space, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixtures, "ACCOUNT_LIMIT", 0.2)
    api.before = lambda request: None
    with pytest.raises(PlatformError, match="has no default ServiceAccount after 0 s.* is kube-controller-manager running"):
        space.make()
    assert space.close() == []


# ---- pull secrets -----------------------------------------------------------------------------------------------
def secret(api: FakeApi, name: str, kind: str, data: dict[str, str]) -> None:
    api.put(f"/api/v1/namespaces/shop/secrets/{name}", type=kind, data=data)


def encoded(content: object) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


@pytest.mark.parametrize(("kind", "key", "content"), [
    (DOCKER, ".dockerconfigjson", {"auths": {"r.io": {"auth": "cGxhbnRlZDpzZWNyZXQ="}}}),
    ("kubernetes.io/dockercfg", ".dockercfg", {"r.io": {"auth": "cGxhbnRlZDpzZWNyZXQ="}})])
def test_pull_secrets_are_copied_without_what_else_they_hold(space: Space, api: FakeApi, kind: str, key: str,
                                                             content: object) -> None:
    held = encoded(content)
    secret(api, "pull", kind, {key: held, "more": "eA=="})
    space.make()
    names = space.secrets(["shop/pull"], [{"registry": "r.io", "username": "u", "password": "pl4nted"}])
    copies = [api.objects[f"/api/v1/namespaces/{space.name}/secrets/{n}"] for n in names]
    assert [(c["type"], list(c["data"])) for c in copies] == [(kind, [key]), (DOCKER, [".dockerconfigjson"])]
    assert copies[0]["data"] == {key: held} and copies[0]["metadata"]["labels"][RUN] == space.run_id
    assert held not in redact.redact(f"said {held} of it")


@pytest.mark.parametrize(("content", "why"), [
    ({"auths": {"r.io": {}}, "credsStore": "desktop"}, "it only says credsStore, which works on the machine where it was written"),
    ({"auths": {"r.io": {}}, "credHelpers": {"r.io": "ecr-login"}}, "it only says credHelpers"),
    ({"auths": {}}, "it names no registry with a log-in"), ({}, "it names no registry with a log-in"), ([], "it is not a mapping")])
def test_a_pull_secret_without_a_log_in_is_told_before_the_first_pod(space: Space, api: FakeApi, content: object, why: str) -> None:
    secret(api, "pull", DOCKER, {".dockerconfigjson": encoded(content)})
    with pytest.raises(BadOption, match=f"^pull_secrets: Secret shop/pull holds no credentials: {why}"):
        space.secrets(["shop/pull"], [])


@pytest.mark.parametrize(("reference", "sentence"), [
    ("pull", "'pull' is not namespace/name"), ("shop/", "'shop/' is not namespace/name"),
    ("a/b/c", "'a/b/c' is not namespace/name"),
    ("shop/none", "there is no Secret none in namespace shop"),
    ("shop/opaque", "Secret shop/opaque is of type Opaque, which is no pull secret"),
    ("shop/empty", f"Secret shop/empty is of type {DOCKER}, which is no pull secret")])
def test_what_is_no_pull_secret(space: Space, api: FakeApi, reference: str, sentence: str) -> None:
    secret(api, "opaque", "Opaque", {".dockerconfigjson": "eA=="})
    secret(api, "empty", DOCKER, {})
    with pytest.raises(BadOption, match=f"^pull_secrets: {sentence}"):
        space.secrets([reference], [])


def test_a_refused_secret_is_no_bad_option(space: Space, api: FakeApi) -> None:
    api.refuse["GET", "/api/v1/namespaces/shop"] = (403, "Forbidden", "you may not")
    with pytest.raises(Exception, match="you may not") as caught:
        space.secrets(["shop/pull"], [])
    assert not isinstance(caught.value, BadOption)


def test_credentials_as_a_kubelet_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redact, "_default", redact.Redactor())
    made = json.loads(base64.b64decode(docker_config([
        {"registry": "docker.io", "username": "u", "password": "pl4nted-1"},
        {"registry": "r.io:5000", "username": "v", "password": "pl4nted-2"}])))
    assert list(made["auths"]) == ["https://index.docker.io/v1/", "r.io:5000"]
    assert base64.b64decode(made["auths"]["r.io:5000"]["auth"]) == b"v:pl4nted-2"
    assert redact.redact("pl4nted-1 " + made["auths"]["r.io:5000"]["auth"]) == f"{redact.MASK} {redact.MASK}"
