# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users who have a part of a cluster."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..base import wait_for
from .stranger import Stranger, kubeconfig, namespace, pod

if TYPE_CHECKING:
    from ..cluster import Lab

_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
# Seconds that the token is good for.
_LIFE = 7200


@contextmanager
def tenant(lab: Lab) -> Iterator[Stranger]:
    """The built-in role `admin` in the namespace team-a, by a ServiceAccount's token; nothing of the cluster, no other namespace."""
    bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/team-a/rolebindings"
    binding = {"metadata": {"name": "tenant"}, "subjects": [{"kind": "ServiceAccount", "name": "tenant", "namespace": "team-a"}],
               "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"}}
    accounts = "/api/v1/namespaces/team-a/serviceaccounts"

    def allowed() -> Any:
        asked = {"verb": "create", "resource": "pods", "namespace": "team-a"}
        review = {"spec": {"user": "system:serviceaccount:team-a:tenant", "resourceAttributes": asked}}
        return lab.api(_REVIEWS, "POST", review)["status"].get("allowed")

    with (namespace(lab, "team-b"), lab.fault.extra("/api/v1/namespaces/team-b/pods", pod("theirs")),
          namespace(lab, "team-a", {"pod-security.kubernetes.io/enforce": "restricted"}),
          lab.fault.extra("/api/v1/namespaces/team-a/configmaps", {"metadata": {"name": "work"}, "data": {"of": "team-a"}}),
          lab.fault.extra(accounts, {"metadata": {"name": "tenant"}}), lab.fault.extra(bindings, binding)):
        wait_for("the rights of the tenant", allowed, 60)
        token = lab.api(f"{accounts}/tenant/token", "POST", {"spec": {"expirationSeconds": _LIFE}})["status"]["token"]
        authority = (lab.folder / "pki/ca.crt").read_bytes()
        with kubeconfig(lab, "tenant", f"https://{lab.control_plane}:6443", authority, token, "team-a") as file:
            yield Stranger("tenant", file, {"namespace": "team-a"}, {"namespace": "team-a", "other": "team-b"})
