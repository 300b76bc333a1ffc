# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cluster that a job works on: from its options to a client, with its errors as sentences for people."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..kube.client import Client
from ..kube.connection import NAMES, Connection
from ..kube.errors import ApiError, BadInput
from ..kube.patient import PATIENCE
from ..kube.steady import SteadyClient
from ..results import redact
from .errors import BadOption, PlatformError
from .job import Job


def connection(params: Mapping[str, Any], job: Job) -> Connection:
    """From the connection options, else K8S_AUTH_* of the job's environment. BadOption where they name no cluster."""
    try:
        made = Connection.resolve({n: params.get(n) for n in NAMES}, job.environ)
    except BadInput as e:
        raise BadOption(str(e)) from None
    made.tell_secrets(redact.register)
    redact.register(params.get("password"))
    return made


@contextlib.contextmanager
def spoken(server: str) -> Iterator[None]:
    """Errors of the cluster inside become a PlatformError that names it."""
    try:
        yield
    except ApiError as e:
        raise PlatformError(f"{server}: {e}") from None
    except BadInput as e:
        raise BadOption(str(e)) from None


@contextlib.contextmanager
def connected(params: Mapping[str, Any], job: Job, patience: float = PATIENCE) -> Iterator[SteadyClient]:
    """A client of the cluster that the options name, which asks again while errors pass; credentials on disk are gone after it."""
    made = connection(params, job)
    try:
        with spoken(made.server):
            client = Client(made)
            try:
                yield SteadyClient(client, patience)
            finally:
                client.close()
    finally:
        made.close()
