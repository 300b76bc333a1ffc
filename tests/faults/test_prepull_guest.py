# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""image_prepull on clusters that look like strangers': what admission wants of its pods, and where they may be."""
from __future__ import annotations

from typing import Any

import pytest

from tests.faults import test_prepull
from tests.lab.like.admission import in_force, refusing
from tests.lab.like.stranger import namespace
from tests.lab.registry_faults import FaultyRegistry
from tests.rights import wait_until_allowed

pytestmark = [pytest.mark.faults, pytest.mark.lab]
registry, task, statuses = test_prepull.registry, test_prepull.task, test_prepull.statuses
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.mark.parametrize("name", ["openshift", *(pytest.param(n, marks=pytest.mark.gauntlet) for n in ("mesh", "required_labels"))])
def test_it_is_green_where_admission_wants_something_of_pods(lab: Any, task: Any, registry: FaultyRegistry, name: str) -> None:
    with lab.like(name) as stranger:
        result = task(images=[registry.add()], **stranger.settings)
        assert not result["failed"] and statuses(result) == {"pulled": lab.workers}


@pytest.mark.gauntlet
def test_labels_of_pod_security_that_only_some_may_set_are_done_without(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    """Rancher's webhook refuses them to who lacks updatepsa."""
    rule = {"expression": "!has(object.metadata.labels) || !object.metadata.labels.exists(k, k.startsWith('pod-security'))",
            "message": "you are not authorized to change PSA labels"}

    def refused() -> bool:
        body = {"metadata": {"name": "tried", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
        try:
            lab.api("/api/v1/namespaces?dryRun=All", "POST", body)
        except OSError:
            return True
        return False

    with in_force(lab, refusing("lab-no-psa", "namespaces", [rule]), refused):
        result = task(images=[registry.add()])
    assert statuses(result) == {"pulled": lab.workers}
    assert any("the run namespace has no Pod Security labels" in note for note in result["notes"])


def test_in_one_namespace_with_the_rights_of_the_guide(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    """Who sees the nodes, and has pods in one namespace only, where others work, too."""
    user = f"prepull-{registry.host.partition('.')[0]}"
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]
    core = {"apiGroups": [""]}
    in_space = [{**core, "resources": ["pods"], "verbs": ["create", "list", "watch", "get", "delete"]}, {
        **core, "resources": ["events"], "verbs": ["list", "watch"]}]
    with namespace(lab, "prepull-guest", {"pod-security.kubernetes.io/enforce": "restricted"}) as space:
        made = [("clusterroles", {"rules": [{**core, "resources": ["nodes"], "verbs": ["list", "watch"]}]}, ""),
                ("clusterrolebindings", {"subjects": subjects, "roleRef": {"kind": "ClusterRole", "name": user}}, ""),
                ("roles", {"rules": in_space}, f"/namespaces/{space}"),
                ("rolebindings", {"subjects": subjects, "roleRef": {"kind": "Role", "name": user}}, f"/namespaces/{space}")]
        for plural, body, where in made:
            lab.api(f"{RBAC}{where}/{plural}", "POST", {"metadata": {"name": user}, **body})
        try:
            wait_until_allowed(lambda path, body: lab.api(path, "POST", body), user, "list", "nodes")
            result = task(images=[registry.add()], impersonate_user=user, namespace=space)
            assert statuses(result) == {"pulled": lab.workers} and all(r["seconds"] > 0 for r in result["results"])
            assert lab.api(f"/api/v1/namespaces/{space}/pods")["items"] == []
        finally:
            for plural, _body, where in reversed(made):
                lab.api(f"{RBAC}{where}/{plural}/{user}", "DELETE")
