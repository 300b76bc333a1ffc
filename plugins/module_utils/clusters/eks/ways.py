# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ways into a cluster of EKS: a kubeconfig that calls aws, or one with a token."""
from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ...clouds.eks import Session
from ...jobs.errors import PlatformError
from ...jobs.job import Job
from ..access import made_kubeconfig
from ..model import Cluster
from .look import Look

# A token is accepted for 15 minutes, whatever the address says that it is made of.
_ADDRESS_SECONDS = 60
_ENV = {"access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY", "session_token": "AWS_SESSION_TOKEN"}


class Ways:
    """Of clusters of one platform."""

    def __init__(self, session: Session, settings: Mapping[str, Any], job: Job, look: Look):
        self._session, self._settings, self._job, self._look = session, settings, job, look

    def _made(self, cluster: Cluster, user: Mapping[str, Any]) -> str:
        of = self._look.describe(cluster.name)
        if not of or not of.get("endpoint"):
            raise PlatformError(f"{cluster.name} has no address of an API server yet, it is {(of or {}).get('status')}")
        return made_kubeconfig(cluster.name, of["endpoint"], of["certificateAuthority"]["data"], user)

    def kubeconfig(self, cluster: Cluster) -> str:
        if self._settings.get("kubeconfig_auth") == "token":
            return self.access(cluster)
        env = {"AWS_PROFILE": self._settings["profile"]} if self._settings.get("profile") else {}
        if self._settings.get("access_key"):
            if self._settings.get("kubeconfig_credentials"):
                env = {v: self._settings[n] for n, v in _ENV.items() if self._settings.get(n)}
            else:
                self._job.tell(f"{cluster.name}: the kubeconfig holds no keys: whoever uses it needs AWS_ACCESS_KEY_ID and "
                               "AWS_SECRET_ACCESS_KEY, or a profile; eks.kubeconfig_credentials writes the keys into it")
        return self._made(cluster, {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "interactiveMode": "Never",
            "args": ["--region", self._session.region, "eks", "get-token", "--cluster-name", cluster.name],
            **({"env": [{"name": str(n), "value": str(v)} for n, v in env.items()]} if env else {})}})

    def access(self, cluster: Cluster) -> str:
        """By a token as `aws eks get-token` makes it: a signed address of the caller's identity, naming the cluster."""
        url = self._session.identity_url(cluster.name, _ADDRESS_SECONDS)
        token = "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
        return self._made(cluster, {"token": token})
