# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rights that were just given: the API server follows roles and bindings by a watch of its own, and may be late."""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def wait_until_allowed(post: Callable[[str, dict[str, Any]], dict[str, Any]], user: str, verb: str, resource: str,
                       namespace: str = "", seconds: float = 60.0) -> None:
    """post: sends a body to a path of the API, and gives the answer. resource: of the core group; its last right will do."""
    kind, _slash, below = resource.partition("/")
    asked = {"verb": verb, "resource": kind, "subresource": below, "namespace": namespace}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
              "spec": {"user": user, "resourceAttributes": asked}}
    end = time.monotonic() + seconds
    while not post(_REVIEWS, review)["status"].get("allowed"):
        assert time.monotonic() < end, f"{user} may not {verb} {resource}"
        time.sleep(0.1)
