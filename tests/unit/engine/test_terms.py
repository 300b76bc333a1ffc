# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""On which terms we are a guest: users, labels, annotations, pull secrets, and what of it no cluster would take."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.terms import Terms, Users, fit, users_of
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput

OWN = {"assay.clusters/run": "r1"}
SPEC = {"securityContext": {"runAsNonRoot": True, "runAsUser": 65534, "fsGroup": 65534}, "containers": []}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"app": "x"}}, "spec": SPEC}
DAEMON_SET = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d"}, "spec": {
    "selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}, "spec": SPEC}}}


def pod_of(manifest: dict[str, Any]) -> dict[str, Any]:
    return manifest if manifest["kind"] == "Pod" else manifest["spec"]["template"]


@pytest.mark.parametrize(("annotations", "users"), [
    ({}, Users()),
    ({"openshift.io/sa.scc.uid-range": "1000680000/10000"}, Users(1000680000, 1000680000)),
    ({"openshift.io/sa.scc.uid-range": "1000-1999", "openshift.io/sa.scc.supplemental-groups": "5000/10"}, Users(1000, 5000)),
    ({"openshift.io/sa.scc.uid-range": "any"}, Users())])
def test_the_users_of_a_namespace_are_those_of_its_annotations(annotations: dict[str, str], users: Users) -> None:
    assert users_of({"metadata": {"annotations": annotations}}) == users and users_of({}) == Users()


@pytest.mark.parametrize("manifest", [POD, DAEMON_SET])
def test_pods_get_user_group_secrets_labels_and_annotations_wherever_they_are_made(manifest: dict[str, Any]) -> None:
    terms = Terms(labels={"team": "a", "app": "theirs"}, annotations={"why": "test"})
    made = fit(manifest, terms, OWN, Users(7, 8), ["s1"])
    pod = pod_of(made)
    assert pod["spec"]["securityContext"] == {"runAsNonRoot": True, "runAsUser": 7, "fsGroup": 8}
    assert pod["spec"]["imagePullSecrets"] == [{"name": "s1"}]
    assert pod["metadata"]["labels"].items() >= {"team": "a", "app": "x", **OWN}.items()
    assert pod["metadata"]["annotations"]["why"] == "test"
    assert made["metadata"]["labels"].items() >= {"team": "a", **OWN}.items()
    assert "s1" not in str(manifest) and pod_of(manifest)["spec"]["securityContext"]["runAsUser"] == 65534


def test_claims_that_a_stateful_set_makes_are_known_by_our_labels() -> None:
    spec = {**DAEMON_SET["spec"], "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    made = fit({**DAEMON_SET, "kind": "StatefulSet", "spec": spec}, Terms(labels={"team": "a"}), OWN, Users(), [])
    assert made["spec"]["volumeClaimTemplates"] == [{"metadata": {"name": "data", "labels": {"team": "a", **OWN}}}]


@pytest.mark.parametrize(("where", "key", "value"), [
    ("labels", "sidecar.istio.io/inject", "false"), ("annotations", "sidecar.istio.io/inject", "false"),
    ("labels", "istio.io/dataplane-mode", "none"), ("annotations", "linkerd.io/inject", "disabled"),
    ("labels", "kuma.io/sidecar-injection", "disabled"), ("annotations", "consul.hashicorp.com/connect-inject", "false")])
def test_pods_stay_out_of_meshes_unless_told_otherwise(where: str, key: str, value: str) -> None:
    assert pod_of(fit(DAEMON_SET, Terms(), OWN, Users(), []))["metadata"][where][key] == value
    told = pod_of(fit(DAEMON_SET, Terms(**{where: {key: "mine"}}), OWN, Users(), []))
    assert told["metadata"][where][key] == "mine"


def test_what_has_no_pods_gets_labels_only_and_pods_as_they_are_where_nothing_is_wanted() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"selector": {}}}
    assert fit(service, Terms(annotations={"a": "b"}), OWN, Users(1, 1), ["s"]) == {**service, "metadata": {"name": "s", "labels": OWN}}
    pod = fit(POD, Terms(), OWN, Users(), [])
    assert pod["spec"] == SPEC


@pytest.mark.parametrize(("terms", "sentence"), [
    (Terms(namespace="Shop"), "namespace: 'Shop' is no name of a namespace"),
    (Terms(pull_secrets=("pull",)), "pull_secrets: 'pull' must be namespace/name, as the run makes a namespace of its own"),
    (Terms(pull_secrets=("a/b/c",)), "pull_secrets: 'a/b/c' is not namespace/name"),
    (Terms(labels={"cost": 7}), "labels: the value of cost must be text in quotes, not 7"),
    (Terms(annotations={"on": True}), "annotations: the value of on must be text in quotes, not True"),
    (Terms(labels={"assay.clusters/run": "x"}), "labels: assay.clusters/run is what the run knows its own objects by"),
    (Terms(labels={"app.kubernetes.io/managed-by": "helm"}), "labels: app.kubernetes.io/managed-by is what the run knows")])
def test_terms_that_no_cluster_would_take(terms: Terms, sentence: str) -> None:
    with pytest.raises(BadInput, match=f"^{sentence}"):
        terms.check()


@pytest.mark.parametrize("terms", [Terms(), Terms(namespace="shop", pull_secrets=("pull", "shop/more")), Terms(pull_secrets=("shop/pull.x",)),
                                   Terms(labels={"a": "b"}, annotations={"c": ""})])
def test_terms_that_are_fine(terms: Terms) -> None:
    assert terms.check() is None
