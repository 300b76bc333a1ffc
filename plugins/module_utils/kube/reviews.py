# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking the API server what our own user may do."""
from __future__ import annotations

from .client import Verbs
from .errors import ApiError

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def may(client: Verbs, verb: str, resource: str, group: str = "", namespace: str = "") -> bool:
    """Whether our user may do it; True also where nobody tells."""
    asked = {"verb": verb, "resource": resource, **({"group": group} if group else {}), **({"namespace": namespace} if namespace else {})}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": asked}}
    try:
        answer = client.create(REVIEWS, body)
    except ApiError:
        return True
    return bool((answer.get("status") or {}).get("allowed", True))
