# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The generated roles on a real API server: the suite is green with them, and what they do not allow is refused."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.kinds import path_of
from tests.integration.conftest import eventually
from tests.proved import SKIPPED
from tests.rights import wait_until_allowed

pytestmark = pytest.mark.lab
USER, SPACE = "least-privileged", "assay-proofs"
SUBJECTS = '[{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "least-privileged"}]'


@pytest.fixture
def guest(lab: Any, playbook: Any, tmp_path: Path) -> Iterator[Any]:
    """guest(scope): the playbook `rbac` has written roles, they are made, and the inventory's user has them only."""
    made: list[dict[str, Any]] = []

    def make(scope: str) -> Any:
        mine = {"cluster_kubeconfig": str(lab.kubeconfig), "cluster_impersonate_user": USER}
        book = playbook(c={**mine, "validate_namespace": SPACE} if scope == "namespace" else mine)
        done = book.run("-e", f'{{"rbac_file": "{tmp_path}/roles.yml", "rbac_scope": "{scope}", "rbac_namespace": "{SPACE}", '
                              f'"rbac_name": "test-least-privilege", "rbac_subjects": {SUBJECTS}}}', playbook="rbac")
        assert done.returncode == 0
        for document in yaml.safe_load_all((tmp_path / "roles.yml").read_text()):
            if document:
                lab.api(path_of(document["apiVersion"], document["kind"], document["metadata"].get("namespace", "")), "POST", document)
                made.append(document)
        verb, what = ("create", "pods") if scope == "namespace" else ("create", "namespaces")
        wait_until_allowed(lambda path, body: lab.api(path, "POST", body), USER, verb, what, SPACE if scope == "namespace" else "")
        return book

    yield make
    for document in reversed(made):
        meta = document["metadata"]
        lab.api(path_of(document["apiVersion"], document["kind"], meta.get("namespace", ""), meta["name"]), "DELETE")


@pytest.mark.parametrize("scope", ["namespace", "cluster"])
def test_the_suite_is_green_with_only_the_generated_roles(guest: Any, lab: Any, scope: str) -> None:
    book = guest(scope)
    done = book.run()
    wrong = {r["check"]: (r["verdict"], r["message"]) for r in book.records() if r["verdict"] not in ("passed", "warned")}
    assert {check: verdict for check, (verdict, _message) in wrong.items()} == dict.fromkeys(("audit_log", *SKIPPED), "skipped"), wrong
    assert done.returncode == 0 and not [r for r in book.records() if r["leftovers"]]
    if scope == "namespace":
        left = {kind: [i["metadata"]["name"] for i in lab.api(path_of(version, kind, SPACE))["items"]] for version, kind in (
            ("v1", "Pod"), ("v1", "Service"), ("v1", "PersistentVolumeClaim"), ("apps/v1", "DaemonSet"), ("v1", "Secret"))}
        assert not any(left.values()), left


def test_a_preflight_lacks_nothing_with_them_and_names_what_is_taken_away(guest: Any, lab: Any) -> None:
    book = guest("namespace")
    done = book.run(playbook="preflight")
    assert done.returncode == 0 and "nothing is missing" in done.stdout and not book.results.exists()
    path = path_of("rbac.authorization.k8s.io/v1", "Role", SPACE, "test-least-privilege")
    lab.api(path, "PUT", {**lab.api(path), "rules": []})
    wanted = f"c  missing  permission: may not create, get, delete daemonsets.apps in the namespace {SPACE}"
    eventually("the rights are gone", lambda: wanted in book.run(playbook="preflight").stdout)


POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "escape"}, "spec": {
    "containers": [{"name": "c", "image": "registry.k8s.io/pause:3.10"}]}}
HOST = {**POD, "spec": {**POD["spec"], "volumes": [{"name": "h", "hostPath": {"path": "/"}}]}}
RBAC_API = "/apis/rbac.authorization.k8s.io/v1"
ADMIN = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "escape"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
         "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}]}
ESCAPES: dict[str, tuple[str, str, Any]] = {
    "a pod beside a system component": ("POST", "/api/v1/namespaces/kube-system/pods", POD),
    "a pod with the node's disk in our own namespace": ("POST", f"/api/v1/namespaces/{SPACE}/pods", HOST),
    "a secret of the system": ("GET", "/api/v1/namespaces/kube-system/secrets", None),
    "a secret of our own namespace": ("GET", f"/api/v1/namespaces/{SPACE}/secrets", None),
    "a token of a controller": ("POST", "/api/v1/namespaces/kube-system/serviceaccounts/default/token",
                                {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}),
    "the administrator's role": ("POST", f"{RBAC_API}/clusterrolebindings", ADMIN),
    "more rights for our own role": ("PATCH", f"{RBAC_API}/namespaces/{SPACE}/roles/test-least-privilege", {"rules": []}),
    "a command by way of a kubelet": ("GET", "/api/v1/nodes/{node}/proxy/pods", None),
    "another node's labels": ("PATCH", "/api/v1/nodes/{node}", {"metadata": {"labels": {"escape": "1"}}}),
    "the log of a system component": ("GET", "/api/v1/namespaces/kube-system/pods/{pod}/log", None),
    "a namespace of others": ("DELETE", "/api/v1/namespaces/default", None),
    "a volume of others": ("POST", "/api/v1/persistentvolumes", {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "escape"}, "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/"}}}),
}


def test_who_has_the_roles_gets_no_further(guest: Any, lab: Any) -> None:
    guest("namespace")
    client = Client(Connection.resolve({"kubeconfig": str(lab.kubeconfig), "impersonate_user": USER}, {}))
    pod = lab.api("/api/v1/namespaces/kube-system/pods")["items"][0]["metadata"]["name"]
    got_through = []
    for what, (method, path, body) in ESCAPES.items():
        try:
            client.request(method, path.format(node=lab.node_name("n1"), pod=pod), body=body)
            got_through.append(what)
        except ApiError as e:
            assert e.status == 403, (what, e)
    assert got_through == []
