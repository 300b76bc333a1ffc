# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stores of logs that are asked for our audit events: any that answers JSON over HTTP, and CloudWatch Logs."""
from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode, urlsplit

from ...clouds.aws import AwsError, connect
from ...jobs.errors import BadOption, PlatformError
from ...kube import library, tls
from ...kube.json_text import json_of
from ...results import redact
from .events import Event, anywhere
from .files import NoSource, Source

# Clocks differ, and what is written now may be filed under a time of some minutes ago (seconds).
_AROUND = 600.0
_TIMEOUT, _LARGEST = 20.0, 16 << 20
_AWS = ("region", "access_key", "secret_key", "session_token", "profile", "endpoint_url")
_DENIED = ("AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "InvalidSignatureException",
           "ExpiredTokenException", "InvalidClientTokenId")


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    """The value with our {words} in all of its texts; other braces stay."""
    if isinstance(value, str):
        for name, text in words.items():
            value = value.replace("{" + name + "}", text)
        return value
    if isinstance(value, Mapping):
        return {k: _filled(v, words) for k, v in value.items()}
    return [_filled(v, words) for v in value] if isinstance(value, list) else value


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Query(Source):
    """One request that brings all events with our mark."""

    def __init__(self, options: Mapping[str, Any], mark: str):
        self._options, self._mark = options, mark
        url = str(options.get("audit_query_url") or "")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            got = f", not {url!r}" if url else ""
            raise NoSource(f"audit_query_url: must be like https://logs.example.com/path{got}", "option")
        self._url, self._host = url, parts.hostname
        self.words = f"what {parts.hostname} answers"
        headers = {str(k): str(v) for k, v in (options.get("audit_query_headers") or {}).items()}
        if token := options.get("audit_query_token"):
            headers["Authorization"] = f"Bearer {token}"
        redact.register(*(v.rpartition(" ")[2] for v in headers.values()))
        self._headers = {"Accept": "application/json", **headers}
        self._expression = _expression(str(options.get("audit_query_events") or ""))
        self._start = time.time() - _AROUND
        try:
            context = tls.context(options.get("audit_query_validate_certs") is not False,
                                  os.path.expanduser(options.get("audit_query_ca_cert") or "") or None)
        except OSError as e:
            raise NoSource(f"audit_query_ca_cert: {e.strerror or e}", "option") from e
        self._pool = library.load().urllib3.PoolManager(ssl_context=context, retries=False)

    def _words(self) -> dict[str, str]:
        start, end = self._start, time.time() + _AROUND
        return {"marker": self._mark, "start": str(int(start)), "end": str(int(end)), "start_ns": str(int(start * 1e9)),
                "end_ns": str(int(end * 1e9)), "start_iso": _iso(start), "end_iso": _iso(end)}

    def start(self) -> None:
        """It is asked once before: a store that does not answer is told of before anything waits for it."""
        list(self.look())

    def look(self) -> Iterable[Event]:
        answer = self._ask()
        if self._expression:
            try:
                answer = self._expression.search(answer)
            except Exception as e:  # of jmespath's own kinds, for functions on what is no fit
                raise NoSource(f"audit_query_events: {e}", "option") from e
        return list(anywhere(answer, self._host))

    def _ask(self) -> Any:
        words = self._words()
        url, body = _filled(self._url, words), self._options.get("audit_query_body")
        if params := self._options.get("audit_query_params"):
            url += ("&" if "?" in url else "?") + urlencode(_filled(params, words), doseq=True)
        headers = {**self._headers, **({"Content-Type": "application/json"} if body else {})}
        data = json.dumps(_filled(body, words)).encode() if body else None
        errors = library.load().urllib3.exceptions
        try:
            response = self._pool.request("POST" if body else "GET", url, headers=headers, body=data, timeout=_TIMEOUT,
                                          preload_content=False)
            text = response.read(_LARGEST + 1, decode_content=True)
            response.release_conn()
        except (errors.HTTPError, OSError) as e:
            raise NoSource(f"{self._host} does not answer: {getattr(e, 'reason', None) or e}", "down") from e
        return self._understood(response.status, text)

    def _understood(self, status: int, text: bytes) -> Any:
        if status >= 300:
            kind = "forbidden" if status in (401, 403) else "down" if status >= 500 or status == 429 else "option"
            said = " ".join(text.decode("utf-8", "replace").split())[:200]
            raise NoSource(f"{self._host} answers the query with status {status}: {said}", kind)
        if len(text) > _LARGEST:
            words = f"the answer is longer than {_LARGEST >> 20} MiB; ask for {{marker}} alone"
            raise NoSource(f"audit_query_params: {words}", "option")
        try:
            return json_of(text)
        except ValueError as e:
            raise NoSource(f"{self._host} answers the query with something that is not JSON", "option") from e

    def stop(self) -> None:
        self._pool.clear()


def _expression(text: str) -> Any:
    if not text:
        return None
    try:
        import jmespath
        from jmespath.exceptions import JMESPathError
    except ImportError as e:
        raise NoSource(str(library.missing("jmespath", e)), "option") from e
    try:
        return jmespath.compile(text)
    except JMESPathError as e:
        raise NoSource(f"audit_query_events: {text!r} is no JMESPath expression: {e}".replace("\n", " "), "option") from e


class CloudWatch(Source):
    """The events of a log group with our mark."""

    def __init__(self, options: Mapping[str, Any], mark: str, environ: Mapping[str, str]):
        self._group, self._streams = str(options.get("audit_log_group") or ""), str(options.get("audit_log_streams") or "")
        self._mark = mark
        if not self._group:
            raise NoSource("audit_log_group: names no log group of CloudWatch Logs", "option")
        self.words = f"log group {self._group}"
        redact.register(*(str(options[n]) for n in ("secret_key", "session_token") if options.get(n)))
        self._start = int((time.time() - _AROUND) * 1000)
        try:
            self._logs = connect({n: options.get(n) for n in _AWS}, environ, "logs")
        except BadOption as e:
            raise NoSource(str(e), "option") from e
        except PlatformError as e:
            raise NoSource(str(e), "option") from e

    def start(self) -> None:
        list(self.look())

    def look(self) -> Iterable[Event]:
        more = {"logStreamNamePrefix": self._streams} if self._streams else {}
        try:
            found = self._logs.pages("FilterLogEvents", "events", self.words, logGroupName=self._group, startTime=self._start,
                                     filterPattern=f'{{ $.auditID = "{self._mark}-*" }}', **more)
        except AwsError as e:
            kind = "forbidden" if e.code in _DENIED else "absent" if e.code == "ResourceNotFoundException" else "down"
            raise NoSource(str(e), kind) from e
        except BadOption as e:
            raise NoSource(str(e), "option") from e
        return [e for item in found for e in anywhere(item.get("message"), str(item.get("logStreamName") or ""))]

    def stop(self) -> None:
        self._logs.close()
