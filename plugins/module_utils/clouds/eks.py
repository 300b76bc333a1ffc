# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""boto3 for EKS: clients from the settings, errors in AWS's own words, pages, the signed address that makes a token."""
from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ..jobs.errors import BadOption, PlatformError
from ..results import redact

_MISSING = {"ResourceNotFoundException", "NoSuchEntity", "NoSuchEntityException"}


def _boto3() -> Any:
    try:
        import boto3
    except ImportError as e:
        raise BadOption(f"the Python package boto3 is needed by {sys.executable} and cannot be imported ({e}); install it "
                        "there, for example with pip install boto3") from None
    return boto3


class Session:
    """Settings have the names of amazon.aws; what is not given comes from where boto3 itself takes it."""

    def __init__(self, settings: Mapping[str, Any]):
        boto3 = _boto3()
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        self._client_error, self._core_error = ClientError, BotoCoreError
        keys = {"aws_access_key_id": "access_key", "aws_secret_access_key": "secret_key",
                "aws_session_token": "session_token"}
        redact.register(*(settings.get(n) for n in ("secret_key", "session_token")))
        with self._told("the credentials of AWS"):
            self._session = boto3.session.Session(profile_name=settings.get("profile"), region_name=settings.get("region"),
                                                  **{k: settings[n] for k, n in keys.items() if settings.get(n)})
        self.region = self._session.region_name
        if not self.region:
            raise BadOption("eks.region: is missing, and neither AWS_REGION nor the profile tells it")
        config = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "max_attempts": 5})
        verify = settings.get("ca_bundle") or settings.get("validate_certs", True)
        self._options = {"endpoint_url": settings.get("endpoint_url"), "verify": verify, "config": config}
        self._clients: list[Any] = []

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except self._client_error as e:
            error = e.response.get("Error", {})
            message = " ".join(str(error.get("Message")).split())
            raise PlatformError(f"{what}: {error.get('Code')}: {message}", code=error.get("Code")) from None
        except self._core_error as e:
            raise PlatformError(f"{what}: {e}") from None

    def client(self, service: str) -> Any:
        with self._told(f"the client of {service}"):
            made = self._session.client(service, **self._options)
        self._clients.append(made)
        return made

    def call(self, client: Any, method: str, **arguments: Any) -> dict[str, Any]:
        """PlatformError with AWS's code (also as detail `code`) and message."""
        with self._told(f"AWS {client.meta.service_model.service_name}, {method.replace('_', ' ')}"):
            return getattr(client, method)(**arguments)

    def pages(self, client: Any, method: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        with self._told(f"AWS {client.meta.service_model.service_name}, {method.replace('_', ' ')}"):
            yield from client.get_paginator(method).paginate(**arguments)

    @staticmethod
    @contextlib.contextmanager
    def unless_missing() -> Iterator[None]:
        """What is not there is no error inside."""
        try:
            yield
        except PlatformError as e:
            if e.details.get("code") not in _MISSING:
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

        sts.meta.events.register("provide-client-params.sts.GetCallerIdentity", keep)
        sts.meta.events.register("before-sign.sts.GetCallerIdentity", add)
        with self._told("a token for the API server"):
            return str(sts.generate_presigned_url("get_caller_identity", Params={"Cluster": cluster}, ExpiresIn=seconds,
                                                  HttpMethod="GET"))

    def close(self) -> None:
        for client in self._clients:
            client.close()
