# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images of one registry only, which wants to be signed in to."""
from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..registry_faults import FaultyRegistry
from .admission import in_force, refusing
from .stranger import Stranger, namespace, pod, tried

if TYPE_CHECKING:
    from ..cluster import Lab


@contextmanager
def restricted_registry(lab: Lab, reason: str = "Forbidden") -> Iterator[Stranger]:
    """As Gatekeeper's K8sAllowedRepos: the company's mirror, by host; its pull secret lies in the namespace of its keepers."""
    def refused() -> bool:
        return "invalid image repo" in tried(lab, "lab-like-registry", pod("tried")).get("refused", "")

    password = secrets.token_urlsafe(12)
    with FaultyRegistry(lab) as mirror, namespace(lab, "lab-like-registry") as keepers:
        mirror.users = {"robot": password}
        entry = {"username": "robot", "password": password, "auth": base64.b64encode(f"robot:{password}".encode()).decode()}
        text = base64.b64encode(json.dumps({"auths": {mirror.host: entry}}).encode()).decode()
        secret = {"metadata": {"name": "mirror"}, "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": text}}
        rules = [{"expression": f"variables.all.all(c, c.image.startsWith('{mirror.host}/'))", "message": "an image is not allowed",
                  "messageExpression": "'container <' + variables.all[0].name + '> has an invalid image repo <' + variables.all[0].image + "
                                       f"'>, allowed repos are [\"{mirror.host}/\"]'"}]
        containers = {"all": "object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])"}
        with (lab.fault.extra(f"/api/v1/namespaces/{keepers}/secrets", secret),
              in_force(lab, refusing("lab-like-registry", "pods", rules, containers, reason), refused)):
            yield Stranger("restricted_registry", lab.kubeconfig,
                           {"image_registry": mirror.host, "pull_secrets": (f"{keepers}/mirror",)}, {"host": mirror.host})
