# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One HTTP question to an address under a name of our own: from this machine, or from a probe inside the cluster.

No name is resolved but the address itself: the name goes into SNI and the Host header alone. The certificate is not verified
but compared.
"""
from __future__ import annotations

import hashlib
import http.client
import shlex
import socket
import ssl
from dataclasses import dataclass
from typing import Protocol

from ...engine.probes import Probe
from ...kube.pages import words as page_words
from ...kube.transport import TransportError
from .._shared.text import url_host

# Seconds until a connection is there, and for the answer.
CONNECT, ANSWER = 4.0, 8.0
_MOST = 4096
# How curl ends without an answer (its exit status).
_CURL = {6: "its name does not resolve", 7: "connection refused", 28: "no answer in time", 35: "the TLS handshake failed",
         52: "an empty answer", 56: "connection reset", 90: "another certificate"}
_MARK = "edge-status"


@dataclass(frozen=True)
class Answer:
    """status: 0 where there was none, with the reason in `error`. where: of a redirect. certificate: DER of what was served,
    empty where it was not seen; ours: whether it is ours, None where that was not asked. connected: whether anybody took the
    connection.
    """

    status: int = 0
    text: str = ""
    where: str = ""
    certificate: bytes = b""
    ours: bool | None = None
    error: str = ""
    connected: bool = False

    @property
    def words(self) -> str:
        """What came back, in a few words; of a page its title."""
        if not self.status:
            return self.error or "no answer"
        first = page_words(self.text)[:60].removeprefix(f"{self.status} ")
        return f"{self.status} to {self.where}" if self.where else f"{self.status} {first}".strip()

    @property
    def behind(self) -> bool:
        """Whether somebody at the address says, or shows by its silence, that it does not reach who is behind it."""
        return self.status in (500, 502, 503, 504) or (self.connected and not self.status)


@dataclass(frozen=True)
class Question:
    """host: the name that is asked for. tls: with it. fingerprint, pin: of the certificate that is ours."""

    address: str
    port: int
    host: str
    path: str
    tls: bool = False
    fingerprint: str = ""
    pin: str = ""


class Asker(Protocol):
    """From where questions are asked."""

    place: str

    def __call__(self, question: Question) -> Answer:
        """The answer, whatever it is."""


def reason(error: Exception) -> str:
    """Why there is no answer, in words that are the same on every machine."""
    if isinstance(error, socket.gaierror):
        return "its name does not resolve"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionResetError):
        return "connection reset"
    if isinstance(error, ssl.SSLError):
        return f"the TLS handshake failed ({(error.reason or str(error)).lower().replace('_', ' ')})"
    if isinstance(error, http.client.HTTPException):
        return "an empty answer" if isinstance(error, http.client.RemoteDisconnected) else "an answer that is no HTTP"
    return (getattr(error, "strerror", "") or str(error) or type(error).__name__).lower()


class Outside:
    """Asks from this machine, past any proxy: as a client outside the cluster does."""

    place = "here"

    def __call__(self, question: Question) -> Answer:
        connected = False
        certificate = b""
        try:
            with socket.create_connection((question.address, question.port), timeout=CONNECT) as plain:
                connected = True
                plain.settimeout(ANSWER)
                if not question.tls:
                    return self._answer(plain, question, certificate)
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                with context.wrap_socket(plain, server_hostname=question.host) as secure:
                    certificate = secure.getpeercert(binary_form=True) or b""
                    return self._answer(secure, question, certificate)
        except (OSError, http.client.HTTPException, ValueError) as e:
            return Answer(error=reason(e), certificate=certificate, ours=_ours(certificate, question), connected=connected)

    def _answer(self, sock: socket.socket, question: Question, certificate: bytes) -> Answer:
        words = (f"GET {question.path} HTTP/1.1", f"Host: {question.host}", "User-Agent: assay.clusters", "Connection: close", "", "")
        sock.sendall("\r\n".join(words).encode("ascii"))
        response = http.client.HTTPResponse(sock, method="GET")
        response.begin()
        text = response.read(_MOST).decode("utf-8", "replace")
        return Answer(response.status, text, response.headers.get("Location") or "", certificate, _ours(certificate, question),
                      connected=True)


def _ours(certificate: bytes, question: Question) -> bool | None:
    if not certificate or not question.fingerprint:
        return None
    return hashlib.sha256(certificate).hexdigest() == question.fingerprint


class Inside:
    """Asks from a probe with its image's curl; what others' certificates are is not seen there."""

    def __init__(self, probe: Probe):
        self.probe, self.place = probe, f"a pod on {probe.node}"

    def __call__(self, question: Question) -> Answer:
        try:
            first = self._once(question, pinned=bool(question.tls and question.pin))
            if first.ours is False:  # what it answers all the same
                second = self._once(question, pinned=False)
                return Answer(second.status, second.text, second.where, b"", False, second.error, True)
            return first
        except TransportError as e:
            return Answer(error=f"the probe could not be asked: {e}")

    def _once(self, question: Question, pinned: bool) -> Answer:
        shell = self.probe.shell(command(question, pinned), timeout=CONNECT + ANSWER + 5.0)
        return parsed(shell.output, pinned, shell.error)


def command(question: Question, pinned: bool) -> str:
    """The shell command; its last line is HTTP status, seconds until it was connected, where a redirect leads, exit status."""
    scheme, there = "https" if question.tls else "http", f"{url_host(question.address)}:{question.port}"
    words = ["curl", "-gsk", "--noproxy", "*", "--http1.1", "--connect-timeout", f"{CONNECT:.0f}", "--max-time",
             f"{CONNECT + ANSWER:.0f}", "--connect-to", f"{question.host}:{question.port}:{there}",
             "-w", f"\\n{_MARK} %{{http_code}} %{{time_connect}} %{{redirect_url}}"]
    words += ["--pinnedpubkey", f"sha256//{question.pin}"] if pinned else []
    url = f"{scheme}://{question.host}:{question.port}{question.path}"
    return f"{shlex.join([*words, url])}; echo \" $?\""


def parsed(output: str, pinned: bool, error: str = "") -> Answer:
    """What `command` printed, as an Answer; error: what the shell said, where it printed something else."""
    text, mark, rest = output.rpartition(_MARK)
    told = rest.split()
    if not mark or len(told) < 3 or not told[-1].isdigit() or not told[0].isdigit():
        return Answer(error=f"the probe's image has no curl that answers ({(error or output).strip()[:80]})")
    code, status, connected = int(told[-1]), int(told[0]), told[1].strip("0.") != ""
    if code == 90:
        return Answer(error=_CURL[90], ours=False, connected=True)
    if not status:
        return Answer(error=_CURL.get(code, f"curl ended with {code}"), connected=connected)
    return Answer(status, text[:-1], " ".join(told[2:-1]), b"", True if pinned else None, connected=True)
