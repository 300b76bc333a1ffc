# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A management cluster that serves v1beta2 alone: a cluster is made, changed and disposed of, and what it leaves is found.

Cluster API's definitions are the real ones, its controllers are the fake.
"""
from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.leftovers import job as leftovers_job
from tests.fakes.cluster_api import fake_controllers
from tests.fakes.cluster_api.definitions import served
from tests.integration.management import newer_manifest, task, way
from tests.rights import wait_until_allowed

pytestmark = pytest.mark.lab
CORE, BOOT = "/apis/cluster.x-k8s.io/v1beta2/namespaces/default", "/apis/bootstrap.cluster.x-k8s.io/v1beta2/namespaces/default"
OURS = {"app.kubernetes.io/managed-by": "assay.clusters", "assay.clusters/cluster": "w1"}
OF = {"cluster.x-k8s.io/cluster-name": "w1"}
REF = {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "NoMachine", "name": "none"}
TEMPLATE = {"template": {"spec": {"preKubeadmCommands": ["true"]}}}
# Path, kind, labels and spec of a leak of each sort.
LEAKS = {
    "machine": (f"{CORE}/machines", "Machine", OF, {"clusterName": "w1", "bootstrap": {"dataSecretName": "x"}, "infrastructureRef": REF}),
    "template": (f"{BOOT}/kubeadmconfigtemplates", "KubeadmConfigTemplate", OURS, TEMPLATE),
    "secret": ("/api/v1/namespaces/default/secrets", "Secret", OF, None),
    "config_map": ("/api/v1/namespaces/default/configmaps", "ConfigMap", OURS, None)}


@pytest.fixture(scope="module")
def management(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with served(lab, tmp_path_factory.mktemp("conversion"), ("v1beta2",)):
        yield lab


def ask(lab: Any, kubeconfig: str = "", **params: Any) -> dict[str, Any]:
    with nullcontext(kubeconfig) if kubeconfig else way(lab) as config:
        own = {"kubeconfig": str(config), "namespace": "default"}
        return leftovers_job.entry({"providers": ["cluster_api"], "name": "w1", "wait": False, "wait_timeout": 0, "wait_sleep": 0.2, "before": None,
                                    "fail_on_leftovers": False, "cluster_api": own, **params}, Job(environ={}))


def leak(lab: Any, what: str, name: str = "left", **metadata: Any) -> str:
    path, kind, labels, spec = LEAKS[what]
    version = "v1" if path.startswith("/api/") else "/".join(path.split("/")[2:4])
    lab.api(path, "POST", {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": labels, **metadata},
                           **({"spec": spec} if spec else {})})
    return f"{path}/{name}"


def test_a_cluster_is_made_changed_and_disposed_of_where_v1beta2_is_alone(management: Any) -> None:
    version = management.api("/version")["gitVersion"]
    with fake_controllers(management, management.kubeconfig.read_text(), "v1beta2"), way(management) as kubeconfig:
        given = {"name": "w1", "platform": "cluster_api", "version": version, "nodes": 1, "wait_until": "platform", "cluster_api": {
            "kubeconfig": str(kubeconfig), "manifest": newer_manifest()}}
        assert ask(management, str(kubeconfig))["clean"]
        made = task.ensure(**given)
        assert not made["failed"] and made["changed"] and made["cluster"]["nodes"] == 1, made
        more = task.ensure(**{**given, "nodes": 3, "version": "v1.99.0"})
        assert more["changed"] and (more["cluster"]["nodes"], more["cluster"]["version"]) == (3, "v1.99.0"), more
        there = {t["kind"] for t in ask(management, str(kubeconfig))["leftovers"]}
        assert there >= {"Cluster", "MachineDeployment", "KubeadmControlPlane", "ConfigMap", "Secret"}
        assert task.ensure(**given, state="absent", disposable=True)["changed"]
        assert ask(management, str(kubeconfig), wait=True, wait_timeout=60)["msg"] == "nothing is left"


@pytest.mark.parametrize("what", LEAKS)
def test_a_leak_is_listed_until_it_is_removed(management: Any, what: str) -> None:
    path = leak(management, what)
    try:
        [found] = ask(management)["leftovers"]
        assert (found["kind"], found["name"], found["cause"]) == (LEAKS[what][1], "default/left", "")
        assert found["created"] and ask(management, name="w")["leftovers"] == ask(management, name="w10")["leftovers"] == []
    finally:
        management.api(path, "DELETE")
    assert ask(management)["clean"]


def test_what_a_finalizer_holds_says_so_and_what_others_use_is_not_left(management: Any) -> None:
    held = leak(management, "machine", finalizers=["machine.cluster.x-k8s.io"])
    shared = leak(management, "template", annotations={"used-by.assay.clusters/1": "default/w1", "used-by.assay.clusters/2": "default/w2"})
    try:
        management.api(held, "DELETE")
        [found] = ask(management)["leftovers"]
        assert (found["kind"], found["cause"], found["detail"]) == (
            "Machine", "finalizer", "held by finalizer machine.cluster.x-k8s.io")
    finally:
        management.api(held, "PATCH", {"metadata": {"finalizers": None}})
        management.api(shared, "DELETE")


def test_kinds_that_may_not_be_listed_are_unknown_and_no_secret_is_read(management: Any) -> None:
    management.api("/apis/rbac.authorization.k8s.io/v1/clusterroles", "POST", {"metadata": {"name": "leftovers-capi"}, "rules": [
        {"apiGroups": ["*"], "resources": ["machines", "configmaps"], "verbs": ["list"]}]})
    management.api("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "POST", {
        "metadata": {"name": "leftovers-capi"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "leftovers-capi"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "kube-public"}]})
    path = leak(management, "machine")
    try:
        token = management.api("/api/v1/namespaces/kube-public/serviceaccounts/default/token", "POST", {"spec": {}})["status"]["token"]
        config = json.loads(management.kubectl("config", "view", "--raw", "-o", "json"))
        config["users"] = [{"name": u["name"], "user": {"token": token}} for u in config["users"]]
        wait_until_allowed(lambda p, b: management.api(p, "POST", b), "system:serviceaccount:kube-public:default", "list", "configmaps")
        found = {(t["kind"], t["id"] != ""): t["cause"] for t in ask(management, json.dumps(config))["leftovers"]}
        assert found["Machine", True] == found["Secret", False] == found["Cluster", False] == "permission" and ("ConfigMap", False) not in found
    finally:
        management.api(path, "DELETE")
        for plural in ("clusterroles", "clusterrolebindings"):
            management.api(f"/apis/rbac.authorization.k8s.io/v1/{plural}/leftovers-capi", "DELETE")


def test_no_management_cluster_is_one_sentence(management: Any) -> None:
    with pytest.raises(BadOption, match="cluster_api.kubeconfig: is missing"):
        ask(management, cluster_api={})
