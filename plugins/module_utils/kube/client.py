# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to an API server: raw JSON over kept-alive connections, a bounded number in flight, errors told apart."""
from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from . import library, listing
from .answer import PACKED, TooMuch, whole
from .connection import Connection
from .errors import ApiError
from .json_text import json_of
from .listing import Listing
from .pages import is_page, words
from .reading import date_of, status_of

# Seconds for a TCP and TLS handshake; an address that drops packets is found out sooner than a slow answer.
CONNECT_TIMEOUT = 5.0
# What OpenSSL says of bytes that are no TLS at all, and so no certificate.
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")
# What request() of urllib3's pools calls, and in 1.26 only after it has joined the groups that are impersonated. In one piece
# ansible-test takes its name for that of urllib's function.
_REQUEST = "".join(("url", "open"))
_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
# A server that is busy is asked again so often, after at most so many seconds each time; who has more patience asks on.
_RETRIES, _LONGEST = 3, 5.0
# So long after its start an API server may refuse what it allows, and not know its kinds (seconds).
_STARTING = 10.0


def _chain(error: BaseException) -> list[BaseException]:
    """A transport error and what is behind it; the innermost last."""
    seen: list[BaseException] = []
    current: Any = error
    while current is not None and len(seen) < 8:
        seen.append(current)
        current = getattr(current, "reason", None) if isinstance(getattr(current, "reason", None), BaseException) \
            else current.__cause__ or current.__context__
    return seen


class Verbs:
    """Requests by their names in Kubernetes' words, for those who have `request`."""

    request: Callable[..., Any]

    def get(self, path: str, params: Any = None, timeout: float = 10.0, **more: Any) -> Any:
        return self.request("GET", path, params=params, timeout=timeout, **more)

    def list(self, path: str, params: Any = None, timeout: float = 10.0, page: int = listing.PAGE, most: int | None = None,
             **more: Any) -> Listing:
        """All objects of a collection (the first `most`), asked for page by page; timeout: seconds for each page.

        params: selectors, and {"resourceVersion": "0"} where a state of some moments ago does no harm: the server then answers
        from its memory. metadata_only: labels, annotations and owners without the rest. strip(object): each as
        it is kept, without what nobody needs. Raises ApiError, also where what answers is no list.
        """
        return listing.read(self, path, params, timeout, page, most, **more)

    def create(self, path: str, body: dict[str, Any], timeout: float = 10.0) -> Any:
        return self.request("POST", path, body=body, timeout=timeout)

    def patch(self, path: str, body: Any, content_type: str = "application/merge-patch+json",
              timeout: float = 10.0) -> Any:
        return self.request("PATCH", path, body=body, content_type=content_type, timeout=timeout)

    def delete(self, path: str, body: dict[str, Any] | None = None, timeout: float = 10.0) -> Any:
        return self.request("DELETE", path, body=body, timeout=timeout)


class Client(Verbs):
    """One API server. Thread-safe; never shared over a fork. requests and connections count what was used."""

    def __init__(self, connection: Connection, in_flight: int = 8):
        self.connection, self.server, self.context = connection, connection.server, connection.context
        self.kubeconfig = connection.kubeconfig
        self._urllib3 = library.load().urllib3
        self._pool = connection.pool()
        self._slots = threading.BoundedSemaphore(in_flight)
        self._count = threading.Lock()
        self.requests = 0
        self._lost = float("-inf")
        self._ahead = 0.0

    def now(self) -> float:
        """Epoch seconds on the API server's clock, as its last answer told them; on ours where none has."""
        return time.time() + self._ahead

    def _hear(self, date: str | None) -> None:
        told = date_of(date)
        if told is not None:
            self._ahead = told - time.time()

    @property
    def connections(self) -> int:
        """TCP connections opened so far."""
        pools = self._pool.pools
        with pools.lock:
            return sum(pools._container[key].num_connections for key in list(pools._container))

    # ---- errors -----------------------------------------------------------------------------------------------
    def starting(self, error: ApiError) -> bool:
        """Whether a refusal may be of an API server that has just started: the connection to one was lost a moment ago."""
        return error.of_a_start and time.monotonic() < self._lost + _STARTING

    def _transport_error(self, e: Exception, method: str, path: str) -> ApiError:
        ex = self._urllib3.exceptions
        inner = e.reason if isinstance(e, ex.MaxRetryError) and e.reason else e
        chain = _chain(inner)
        text = str(chain[-1]) or type(chain[-1]).__name__
        # An end during the handshake is no word about certificates: a balancer whose servers are away does that.
        if any(isinstance(c, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) for c in chain):
            kind, reason = "unreachable", "ConnectionClosed"
        elif any(isinstance(c, ssl.SSLError) and c.reason in _NO_TLS for c in chain):
            kind, reason = "unreachable", "NotTLS"
            text = f"what answers at {self.server} does not speak TLS, as the https:// of its address says ({text})"
        elif isinstance(inner, ex.SSLError) or "SSL" in type(inner).__name__:
            kind, reason = "tls", "TLS"
        elif isinstance(inner, getattr(ex, "NameResolutionError", ())) or isinstance(
                inner.__cause__ or inner.__context__, socket.gaierror):
            kind, reason = "dns", "NameResolution"
        elif isinstance(inner, ex.ConnectTimeoutError) and not isinstance(inner, ex.NewConnectionError):
            kind, reason = "unreachable", "ConnectTimeout"
            text = f"connect to {self.server}: no answer within {CONNECT_TIMEOUT:.0f} s"
        elif isinstance(inner, ex.ReadTimeoutError):
            kind, reason = "timeout", "Timeout"
            text = f"no answer from {self.server} in time"
        else:
            kind, reason = "unreachable", type(inner).__name__
            text = f"by the proxy: {text}" if isinstance(inner, ex.ProxyError) else self._at(text)
        if kind == "unreachable":
            return self.lost_connection(text, path, method, reason)
        return ApiError(kind, None, reason, text, method, path)

    def _at(self, text: str) -> str:
        """A system's words, with the address that they are about; its number says nothing more."""
        return f"{self.server}: {_NUMBER.sub('', text)}"

    def lost_connection(self, text: str, path: str, method: str = "GET", reason: str = "ConnectionError") -> ApiError:
        """What is raised where the API server is not there; it may start anew."""
        self._lost = time.monotonic()
        return ApiError("unreachable", None, reason, text, method, path)

    @staticmethod
    def _status_error(response: Any, data: bytes, method: str, path: str) -> ApiError:
        text = data.decode("utf-8", "replace")
        body: dict[str, Any] | None = None
        with contextlib.suppress(ValueError):
            body = status_of(json_of(text))
        reason = (body or {}).get("reason") or response.reason or ""
        page = body is None and is_page(text)
        message = (body or {}).get("message") or (words(text) if page else text.strip()[:4000]) or reason
        error = ApiError("http", response.status, reason, message, method, path, response.headers, body)
        error.page = page
        return error

    # ---- requests ---------------------------------------------------------------------------------------------
    def _send(self, method: str, url: str, data: bytes | None, headers: Any, timeout: float) -> Any:
        with self._count:
            self.requests += 1
        limit = self._urllib3.Timeout(connect=min(CONNECT_TIMEOUT, timeout), read=timeout)
        return getattr(self._pool, _REQUEST)(method, url, body=data, headers=headers, timeout=limit, retries=False,
                                             redirect=False, preload_content=False, enforce_content_length=True)

    def _headers(self, more: dict[str, str] | None, content_type: str | None) -> Any:
        headers = library.load().HTTPHeaderDict({"Accept": "application/json", "User-Agent": "assay.clusters"})
        for name, value in self.connection.headers():
            headers.add(name, value)
        if content_type:
            headers["Content-Type"] = content_type
        for name, value in (more or {}).items():
            headers[name] = value
        return headers

    def _open(self, method: str, path: str, params: Any, data: bytes | None, headers: Any, timeout: float) -> Any:
        """An answer whose body is not read yet, unless it is an error, which is raised."""
        url = f"{self.server}{path}"
        if params:
            url += ("&" if "?" in path else "?") + urlencode(params, doseq=True)
        ex = self._urllib3.exceptions
        for last in (False, True):
            try:
                response = self._send(method, url, data, headers, timeout)
                break
            except ex.ProtocolError as e:
                # The server closed an idle connection just as it was used again: ask once more. What changes something
                # is repeated by who knows that it may have been done already.
                if last or method != "GET" or "RemoteDisconnected" not in repr(e):
                    raise self._transport_error(e, method, path) from None
            except ex.HTTPError as e:
                raise self._transport_error(e, method, path) from None
        self._hear(response.headers.get("Date"))
        if response.status >= 300:
            raise self._status_error(response, self._body(response, method, path), method, path)
        return response

    def _body(self, response: Any, method: str, path: str) -> bytes:
        try:
            return whole(response)
        except self._urllib3.exceptions.HTTPError as e:
            raise self._transport_error(e, method, path) from None
        except TooMuch as e:
            raise ApiError("http", response.status, "TooMuch", str(e), method, path) from None

    def request(self, method: str, path: str, params: Any = None, body: Any = None,
                content_type: str = "application/json", headers: dict[str, str] | None = None, timeout: float = 10.0,
                raw: bool = False, with_headers: bool = False) -> Any:
        """The parsed JSON of the answer (its text with raw; a pair with the headers, whatever their case, with with_headers).

        timeout: seconds for each part of the answer. Raises ApiError.
        """
        data = None if body is None else json.dumps(body).encode()
        ready = self._headers(headers, content_type if data is not None else None)
        if raw:
            ready["Accept"] = "*/*"
        elif method == "GET":
            ready["Accept-Encoding"] = PACKED  # of long answers a tenth goes over the wire
        for attempt in range(_RETRIES + 1):
            try:
                with self._slots:
                    response = self._open(method, path, params, data, ready, timeout)
                    found = self._body(response, method, path)
                break
            except ApiError as e:
                if not e.busy or attempt == _RETRIES:
                    raise
                time.sleep(min(e.pause(), _LONGEST))
        text = found.decode("utf-8", "replace")
        answer: Any = text
        if not raw:
            try:
                answer = json_of(text) if text else {}
            except ValueError:
                raise ApiError("http", response.status, "NotJSON", f"the answer is not JSON: {text[:200]}", method,
                               path) from None
        return (answer, response.headers) if with_headers else answer

    def stream(self, path: str, params: Any, timeout: float) -> Any:
        """An open answer whose lines are read as they come; timeout: seconds of silence. No slot is held."""
        return self._open("GET", path, params, None, self._headers(None, None), timeout)

    def transport_error(self, e: Exception, path: str) -> ApiError:
        """An error while a stream was read."""
        return self._transport_error(e, "GET", path)

    def close(self) -> None:
        self._pool.clear()
