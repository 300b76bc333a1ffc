# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rights that were just given: the API server follows roles and bindings by a watch of its own, and may be late."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.lab.base import wait_for

_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def wait_until_allowed(post: Callable[[str, dict[str, Any]], dict[str, Any]], user: str, verb: str, resource: str,
                       namespace: str = "") -> None:
    """post: sends a body to a path of the API, and gives the answer. resource: of the core group; its last right will do."""
    kind, _slash, below = resource.partition("/")
    asked = {"verb": verb, "resource": kind, "subresource": below, "namespace": namespace}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
              "spec": {"user": user, "resourceAttributes": asked}}
    wait_for(f"the right of {user} to {verb} {resource}", lambda: post(_REVIEWS, review)["status"].get("allowed"), 60)
