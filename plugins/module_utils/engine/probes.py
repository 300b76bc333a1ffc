# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Probes: pods of ours on nodes, that ask the questions users' pods would ask."""
from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ..kube.errors import ApiError
from ..kube.greeting import words
from ..kube.json_text import json_of
from ..kube.transport import PodHttp, TransportError

HTTP_PORT = 8080
UDP_PORT = 8081
APP = {"assay.clusters/probe": "netexec"}


@dataclass(frozen=True)
class DialAnswer:
    """What a probe got when it asked an address: one response or error per try."""

    responses: list[str]
    errors: list[str]
    seconds: float

    @property
    def ok(self) -> bool:
        return bool(self.responses) and not self.errors


@dataclass(frozen=True)
class ShellAnswer:
    output: str
    error: str
    seconds: float


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def _by_netexec(data: Any, dialled: bool) -> bool:
    """Whether it writes so: lists of texts for a dial, texts for a command; what is empty it leaves out."""
    names = ("responses", "errors") if dialled else ("output", "error")
    return isinstance(data, dict) and all(
        n in names and (v is None or (_texts(v) if dialled else isinstance(v, str))) for n, v in data.items())


def dialled(text: str) -> tuple[list[str], list[str]] | None:
    """(answers, errors) of a dial, as netexec tells them; None where it does not say."""
    with contextlib.suppress(ValueError):
        if _by_netexec(data := json_of(text), dialled=True):
            return data.get("responses") or [], data.get("errors") or []
    return None


class Probe:
    """One probe pod. Its calls raise TransportError when the probe itself cannot be asked."""

    def __init__(self, node: str, pod: str, ip: str, http: PodHttp, persist: Callable[..., Any]):
        self.node, self.pod, self.ip = node, pod, ip
        self._http, self._persist = http, persist

    def beside(self, node: str, pod: str, ip: str) -> Probe:
        """Another pod that answers as a probe does, asked in the same way."""
        return Probe(node, pod, ip, self._http, self._persist)

    def _get(self, path: str, timeout: float) -> tuple[str, float]:
        answer = self._persist(lambda seconds: self._http.get(self.pod, HTTP_PORT, path, timeout=seconds), timeout)
        return answer.text, answer.seconds

    def _json(self, path: str, timeout: float, dialled: bool) -> dict[str, Any]:
        """The probe says 200 and JSON whatever became of the question; anything else is of who stands before it: a proxy whose
        servers are away, a firewall, a page to sign in. That passes, or the probe cannot be asked, and nothing has failed."""
        def ask(seconds: float) -> dict[str, Any]:
            answer = self._http.get(self.pod, HTTP_PORT, path, timeout=seconds)
            data = None
            with contextlib.suppress(ValueError):
                data = json_of(answer.text)
            if answer.status == 200 and _by_netexec(data, dialled):
                return dict(data)
            way, _query, _rest = path.partition("?")
            said = f"{answer.status} {words(answer.text)}".strip()
            if answer.status in (429, 500, 502, 503, 504):
                raise ApiError("http", 503, "NotTheProbe", f"something before the probe answered: {said}", "GET", way)
            raise TransportError(f"pod {self.pod}: something before it answered: {said}")

        return self._persist(ask, timeout)

    def http(self, path: str, timeout: float = 5.0) -> str:
        """GET on the probe itself; the body of the answer."""
        return self._get(path, timeout)[0]

    def dial(self, host: str, port: int, request: str = "hostname", protocol: str = "http", timeout: float = 5.0,
             tries: int = 1) -> DialAnswer:
        """The probe asks host:port, `tries` times with a new connection each; timeout is for all of them."""
        query = urlencode({"host": host, "port": port, "request": request, "protocol": protocol, "tries": tries})
        start = time.monotonic()
        # netexec gives up a dial by itself after 5 s; the outer request must outlast it.
        data = self._json(f"/dial?{query}", timeout + 6.0, dialled=True)
        return DialAnswer(data.get("responses") or [], data.get("errors") or [], time.monotonic() - start)

    def shell(self, command: str, timeout: float = 10.0) -> ShellAnswer:
        """A command in the probe's shell; error is its exit status and stderr as text, empty when it ended with 0."""
        start = time.monotonic()
        data = self._json("/shell?" + urlencode({"shellCommand": command}), timeout, dialled=False)
        return ShellAnswer(data.get("output") or "", data.get("error") or "", time.monotonic() - start)


class Probes:
    """The probes that are ready, and why others are not. seconds: until all were there, or nothing more was to come."""

    def __init__(self, found: list[Probe], missing: dict[str, str], nodes: list[str], seconds: float = 0.0):
        self.all, self.missing, self.nodes, self.seconds = found, missing, nodes, seconds

    def bound(self, persist: Callable[..., Any]) -> Probes:
        """The same probes, asked with the patience of one check."""
        return Probes([Probe(p.node, p.pod, p.ip, p._http, persist) for p in self.all], self.missing, self.nodes, self.seconds)
