# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS through boto3: the connection from options named as in amazon.aws, and AWS's errors as one sentence."""
from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from ..jobs.errors import BadOption, Passing, PlatformError

# What EC2 answers, and what helps: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_KEYS = "check access_key, secret_key and session_token, or the profile"
_EXPIRED = "the session has expired: log in again, or renew session_token"
_THROTTLED = "AWS throttles this account's calls even after retries: lower parallel"
_HINTS = {
    "AuthFailure": _KEYS, "InvalidClientTokenId": _KEYS, "SignatureDoesNotMatch": _KEYS, "UnrecognizedClientException": _KEYS,
    "ExpiredToken": _EXPIRED, "ExpiredTokenException": _EXPIRED, "RequestExpired": f"{_EXPIRED}; or this clock is wrong",
    "UnauthorizedOperation": "the right {service}:{operation} is missing", "AccessDenied": "the right {service}:{operation} is missing",
    "AccessDeniedException": "the right {service}:{operation} is missing",
    "RequestLimitExceeded": _THROTTLED, "Throttling": _THROTTLED, "ThrottlingException": _THROTTLED,
    "SnapshotCreationPerVolumeRateExceeded": "a volume allows one new snapshot in 15 seconds",
    "InvalidSnapshot.InUse": "an image is made of it: deregister the image first",
    "OptInRequired": "this account has not enabled the region",
}
# What is answered otherwise a moment later, besides all with status 5xx.
_PASSING = {"RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
            "RequestThrottled", "RequestTimeout", "InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable"}
# As policies of IAM call a service that signatures call otherwise.
_IAM_NAMES = {"tagging": "tag"}
_ATTEMPTS = 6
# How names of operations begin that change nothing.
_READS = ("Describe", "List", "Get")
# EC2 alone answers with everything at once unless it is asked for pages, and throttles or cuts off who does so in a large
# account: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-pagination.html
_PAGE = 500
_ENV_KEYS = {"access_key": ("AWS_ACCESS_KEY_ID",), "secret_key": ("AWS_SECRET_ACCESS_KEY",),
             "session_token": ("AWS_SESSION_TOKEN",)}
_ENV = {"region": ("AWS_REGION", "AWS_DEFAULT_REGION")}
# How the AWS SDKs call a service in the variables that hold addresses of their own.
_ENV_NAMES = {"ec2": "EC2", "elb": "ELASTIC_LOAD_BALANCING", "elbv2": "ELASTIC_LOAD_BALANCING_V2", "route53": "ROUTE_53",
              "logs": "CLOUDWATCH_LOGS", "autoscaling": "AUTO_SCALING",
              "resourcegroupstaggingapi": "RESOURCE_GROUPS_TAGGING_API"}


class AwsError(PlatformError):
    """code: AWS's own word for what went wrong."""

    def __init__(self, sentence: str, code: str = "", **details: Any) -> None:
        super().__init__(sentence, **details)
        self.code = code


class AwsPassing(AwsError, Passing):
    """AWS, or the way to it, did not answer, or with an error that passes; boto3 has tried again already."""


class AwsLate(AwsError):
    """The time was up before AWS was asked, or had answered."""


def _boto3() -> Any:
    try:
        return import_module("boto3")
    except ImportError as e:
        raise PlatformError(f"the Python package boto3 is missing or broken for {sys.executable}: {e}") from None


def _sentence(service: str, operation: str, error: Mapping[str, Any]) -> tuple[str, str]:
    code, text = str(error.get("Code", "")), str(error.get("Message", ""))
    # what follows is only readable for those who may call sts:DecodeAuthorizationMessage, and fills a screen
    text = " ".join(text.partition("Encoded authorization failure message")[0].split()).rstrip(".")
    hint = _HINTS.get(code, "").format(service=_IAM_NAMES.get(service, service), operation=operation)
    return f"AWS refused {operation}: {code}: {text}" + (f" ({hint})" if hint else ""), code


class Ec2:
    """The API of EC2, or of another service, in one region. Thread-safe, as boto3 clients are.

    round_trips counts requests, retries too. until: of time.monotonic(); nothing more is asked then, not even the next page of
    a list, or once more what failed. patient: may ask again what changes nothing and ended with AwsPassing, so after boto3's own
    attempts; as jobs/patience.py does.
    """

    def __init__(self, client: Any, region: str) -> None:
        self._client, self.region = client, region
        self._service = client.meta.service_model
        self.round_trips, self.until = 0, float("inf")
        self.patient: Callable[[Callable[[], Any]], Any] = lambda ask: ask()
        self._lock = threading.Lock()
        client.meta.events.register(f"before-send.{self._service.service_id.hyphenize()}", self._count)

    def _count(self, **_event: Any) -> None:
        if time.monotonic() >= self.until:
            raise AwsLate(f"the time was up before all of {self._service.service_name} was listed")
        with self._lock:
            self.round_trips += 1

    def call(self, operation: str, subject: str = "", **arguments: Any) -> dict[str, Any]:
        """One request. operation as AWS writes it ("CreateSnapshots"); subject: whom it is about, for the sentence."""
        from botocore import xform_name

        def ask() -> dict[str, Any]:
            with _told(self._service.signing_name, operation, subject):
                return getattr(self._client, xform_name(operation))(**arguments)

        return self.patient(ask) if operation.startswith(_READS) else ask()

    def pages(self, operation: str, key: str, subject: str = "", **arguments: Any) -> list[dict[str, Any]]:
        """All items of a list that comes in pages."""
        from botocore import xform_name

        def ask() -> list[dict[str, Any]]:
            with _told(self._service.signing_name, operation, subject):
                found, size = [], {"PageSize": self._page(operation)}
                for page in self._client.get_paginator(xform_name(operation)).paginate(PaginationConfig=size, **arguments):
                    found += page.get(key, [])
                return found

        return self.patient(ask)

    def _page(self, operation: str) -> int | None:
        """Items of a page, no more than the operation allows; None: the service's own number."""
        most = self._service.operation_model(operation).input_shape.members.get("MaxResults")
        return min(_PAGE, most.metadata.get("max", _PAGE)) if most and self._service.service_name == "ec2" else None

    def listen(self, event: str, act: Any) -> None:
        """act is called at an event of botocore's."""
        self._client.meta.events.register(event, act)

    def signed(self, operation: str, seconds: int, **arguments: Any) -> str:
        """An address that asks this for somebody who has no keys, for so long; nothing is asked of AWS for it."""
        from botocore import xform_name

        with _told(self._service.signing_name, operation, ""):
            return str(self._client.generate_presigned_url(xform_name(operation), Params=arguments, ExpiresIn=seconds,
                                                           HttpMethod="GET"))

    def close(self) -> None:
        self._client.close()


class _told:  # pylint: disable=invalid-name
    """Whatever boto3 raises inside, as an AwsError or BadOption that tells it in one sentence."""

    def __init__(self, service: str, operation: str, subject: str) -> None:
        self.service, self.operation, self.start = service, operation, f"{subject}: " if subject else ""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        from botocore import exceptions

        if isinstance(error, exceptions.ClientError):
            sentence, code = _sentence(self.service, self.operation, error.response.get("Error", {}))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0
            raise (AwsPassing if code in _PASSING or status >= 500 else AwsError)(self.start + sentence, code) from None
        if isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)):
            raise BadOption("access_key: no AWS credentials: set access_key and secret_key, a profile, or the variables "
                            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from None
        if isinstance(error, exceptions.EndpointConnectionError):
            raise AwsPassing(f"{self.start}AWS cannot be reached ({self.operation}): {_flat(error)}: is the region right, "
                             "and does a proxy stand between?") from None
        if isinstance(error, exceptions.HTTPClientError):
            raise AwsPassing(f"{self.start}AWS {self.operation}: {_flat(error)}") from None
        if isinstance(error, exceptions.BotoCoreError):
            raise AwsError(f"{self.start}AWS {self.operation}: {_flat(error)}") from None


def _flat(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _given(params: Mapping[str, Any], environ: Mapping[str, str], service: str) -> dict[str, str]:
    """The options, and what the environment of the task says of those that are not set. A profile that is set counts before
    keys of the environment, as in boto3. BadOption for half a key."""
    given = {n: str(params[n]) for n in ("access_key", "secret_key", "session_token", "profile", "region", "endpoint_url")
             if params.get(n)}
    if ("access_key" in given) != ("secret_key" in given):
        raise BadOption("access_key and secret_key: one is set without the other")
    if {"access_key", "profile"} <= set(given):
        raise BadOption(f"profile: not together with access_key; set one of them, not profile {given['profile']} as well")
    if not {"access_key", "profile"} & set(given):
        names = _ENV_KEYS if environ.get("AWS_ACCESS_KEY_ID") else {"profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")}
        given |= _from(environ, names)
    address = {"endpoint_url": (f"AWS_ENDPOINT_URL_{_ENV_NAMES.get(service, service.upper())}", "AWS_ENDPOINT_URL")}
    return {**_from(environ, {**_ENV, **address}), **given}


def _from(environ: Mapping[str, str], names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    found = {option: next((environ[v] for v in variables if environ.get(v)), "") for option, variables in names.items()}
    return {option: value for option, value in found.items() if value}


@functools.cache
def _descriptions(folders: str | None) -> Any:
    """botocore's reader of what it knows of services, one for all sessions of this process: each would read its megabytes anew."""
    from botocore.loaders import create_loader

    return create_loader(folders)


def _session(environ: Mapping[str, str]) -> Any:
    """botocore's, with files of configuration that the environment of the task names: its own it reads itself."""
    from botocore.session import Session

    session = Session()
    session.lazy_register_component("data_loader", lambda: _descriptions(session.get_config_variable("data_path")))
    for option, variable in (("config_file", "AWS_CONFIG_FILE"), ("credentials_file", "AWS_SHARED_CREDENTIALS_FILE")):
        if environ.get(variable):
            session.set_config_variable(option, environ[variable])
    return session


def connect(params: Mapping[str, Any], environ: Mapping[str, str], service: str = "ec2", **more: Any) -> Ec2:
    """params: region, access_key, secret_key, session_token, profile, endpoint_url, validate_certs, ca_bundle, parallel. more: of botocore's
    Config.

    Nothing is asked of AWS yet. BadOption for a profile that does not exist, and where no region is told.
    """
    boto3 = _boto3()
    from botocore import exceptions
    from botocore.config import Config

    given = _given(params, environ, service)
    config = Config(connect_timeout=10, read_timeout=60, max_pool_connections=max(10, int(params.get("parallel") or 0)),
                    retries={"mode": environ.get("AWS_RETRY_MODE") or "standard",
                             "total_max_attempts": int(environ.get("AWS_MAX_ATTEMPTS") or _ATTEMPTS)}, **more)
    verify = False if params.get("validate_certs") is False else params.get("ca_bundle") or environ.get("AWS_CA_BUNDLE") or None
    try:
        session = boto3.session.Session(
            botocore_session=_session(environ), profile_name=given.get("profile"), region_name=given.get("region"), aws_access_key_id=given.get("access_key"),
            aws_secret_access_key=given.get("secret_key"), aws_session_token=given.get("session_token"))
        if not session.region_name:
            raise BadOption("region: not told: set region, the variable AWS_REGION, or a profile that has one")
        client = session.client(service, endpoint_url=given.get("endpoint_url"), config=config, verify=verify)
    except exceptions.ProfileNotFound as e:
        raise BadOption(f"profile: {_flat(e)}") from None
    except (ValueError, exceptions.BotoCoreError) as e:
        raise BadOption(f"region, endpoint_url or profile: {_flat(e)}") from None
    return Ec2(client, session.region_name)
