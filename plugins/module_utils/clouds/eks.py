# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS for EKS: several services by one set of settings, what is missing is no error, the signed address that makes a token."""
from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..jobs.errors import BadOption
from ..results import redact
from .aws import AwsError, Ec2, connect

_MISSING = {"ResourceNotFoundException", "NoSuchEntity", "NoSuchEntityException"}


class Session:
    """Settings and environment as clouds/aws.py takes them; an option that is wrong is told as one of `eks`. patient: of its clients."""

    def __init__(self, settings: Mapping[str, Any], environ: Mapping[str, str], patient: Callable[[Callable[[], Any]], Any]):
        self._patient = patient
        redact.register(*(settings.get(n) for n in ("secret_key", "session_token")))
        self._settings, self._environ = settings, environ
        self._clients: list[Ec2] = []
        self.region = self.client("eks").region

    def client(self, service: str) -> Ec2:
        try:
            self._clients.append(connect(self._settings, self._environ, service))
        except BadOption as e:
            if str(e).startswith("region: not told"):
                raise BadOption("eks.region: is missing, and neither AWS_REGION, AWS_DEFAULT_REGION nor the profile tells it") from None
            raise BadOption(f"eks.{e}") from None
        self._clients[-1].patient = self._patient
        return self._clients[-1]

    @staticmethod
    @contextlib.contextmanager
    def unless_missing() -> Iterator[None]:
        """What is not there is no error inside."""
        try:
            yield
        except AwsError as e:
            if e.code not in _MISSING:
                raise

    def identity_url(self, cluster: str, seconds: int) -> str:
        """A signed address of sts:GetCallerIdentity with the header x-k8s-aws-id, as aws-iam-authenticator takes it."""
        sts = self.client("sts")

        def keep(params: dict[str, Any], context: dict[str, Any], **_more: Any) -> None:
            if "Cluster" in params:
                context["cluster"] = params.pop("Cluster")

        def add(request: Any, **_more: Any) -> None:
            if "cluster" in request.context:
                request.headers["x-k8s-aws-id"] = request.context["cluster"]

        sts.listen("provide-client-params.sts.GetCallerIdentity", keep)
        sts.listen("before-sign.sts.GetCallerIdentity", add)
        return sts.signed("GetCallerIdentity", seconds, Cluster=cluster)

    def close(self) -> None:
        for client in self._clients:
            client.close()
