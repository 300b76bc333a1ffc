# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics sent to a Pushgateway: a group for each cluster, so that a run on some of them leaves those of the others."""
from __future__ import annotations

import base64
import http.client
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ..jobs.errors import BadOption, PlatformError
from . import exposed
from .families import LABELS

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# Characters of what a Pushgateway answers.
_WIDTH = 200


class PushFailed(PlatformError):
    """One sentence. The metrics of the clusters before are there."""


def checked(params: Mapping[str, Any]) -> None:
    """BadOption for an address or a grouping key that is none."""
    try:
        address = urlsplit(params["pushgateway"] if "://" in params["pushgateway"] else f"http://{params['pushgateway']}")
        fits = address.scheme in ("http", "https") and bool(address.hostname) and (address.port is None or address.port > 0)
    except ValueError:
        fits = False
    if not fits:
        raise BadOption("pushgateway: must be the address of a Pushgateway, such as http://pushgateway.example.com:9091")
    if address.username or address.password:
        raise BadOption("pushgateway: has a log-in in its address; set username and password instead")
    if bool(params["username"]) != bool(params["password"]):
        raise BadOption("username and password: one is set without the other")
    if not params["job"]:
        raise BadOption("job: must not be empty")
    _grouping(params["grouping_key"])
    _context(params)


def _grouping(given: Mapping[str, Any]) -> None:
    for name in given:
        if not _LABEL.fullmatch(str(name)) or str(name).startswith("__"):
            raise BadOption(f"grouping_key: {name!r} is no name of a label, which has letters, digits and '_'")
        if name in LABELS or name == "job":
            raise BadOption(f"grouping_key: {name} is a label of the metrics already; choose another name")


def push(params: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> tuple[list[str], str]:
    """(The clusters whose metrics are there now, why the others' are not). It ends at the first that fails."""
    done: list[str] = []
    for run in runs:
        try:
            _push(params, run)
        except PushFailed as e:
            return done, f"{e} ({len(done)} of {len(runs)} clusters were pushed)"
        done.append(run["cluster"])
    return done, ""


def _push(params: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    address, library = params["pushgateway"], exposed.library(".exposition")
    group = {"cluster": run["cluster"], **{str(k): str(v) for k, v in params["grouping_key"].items()}}
    try:
        library.push_to_gateway(address, job=params["job"], registry=exposed.registry([run]), grouping_key=group,
                                timeout=params["timeout"], handler=_handler(params, library.default_handler))
    except urllib.error.HTTPError as e:
        with e:
            said = " ".join(e.read(4096).decode("utf-8", "replace").split())[:_WIDTH]
        why = f"{e.code} {e.reason}" + (f": {said}" if said else "")
        raise PushFailed(f"pushgateway: {address} did not take the metrics: {why}") from None
    except (OSError, http.client.HTTPException, ValueError) as e:
        reason = getattr(e, "reason", None) or e
        raise PushFailed(f"pushgateway: {address} cannot be reached: {' '.join(str(reason).split())[:_WIDTH]}") from None


def _handler(params: Mapping[str, Any], default: Callable[..., Any]) -> Callable[..., Callable[[], None]]:
    """The library's own, where nothing is said of certificates."""
    own = partial(_request, _context(params)) if params["ca_path"] or params["validate_certs"] is False else default
    login = f"{params['username']}:{params['password']}" if params["username"] else ""

    def handle(url: str, method: str, timeout: float, headers: list[tuple[str, str]], data: bytes) -> Callable[[], None]:
        more = [("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")] if login else []
        return own(url, method, timeout, [*headers, *more], data)

    return handle


def _context(params: Mapping[str, Any]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=params["ca_path"] or None)
    except (OSError, ssl.SSLError) as e:
        raise BadOption(f"ca_path: {params['ca_path']} cannot be read as certificates: {e.strerror or e}") from None
    if params["validate_certs"] is False:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _request(context: ssl.SSLContext, url: str, method: str, timeout: float, headers: list[tuple[str, str]],
             data: bytes) -> Callable[[], None]:
    def send() -> None:
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
        with opener.open(urllib.request.Request(url, data, dict(headers), method=method), timeout=timeout):
            pass

    return send
