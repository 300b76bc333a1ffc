# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server shows in a TLS handshake: asked from here, with STARTTLS where its protocol begins in the clear.

The chain as it was sent is told by Python's TLS since 3.13; before, by the same function of its inner object, which 3.10 to
3.12 have under another name. Where neither is there the first certificate alone is seen.
"""
from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...kube import tls as kube_tls

# Seconds until a connection is there, and for each word of the handshake.
CONNECT, ANSWER = 5.0, 10.0
STARTTLS = ("smtp", "imap", "pop3", "ldap", "postgres")
_DER = 2  # _ssl.ENCODING_DER
_MOST = 4096
# LDAP's extended request 1.3.6.1.4.1.1466.20037, as message 1 (RFC 4511, 4.14), and where its answer has the result.
_LDAP = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
_LDAP_DONE = bytes.fromhex("0a0100")
_POSTGRES = bytes.fromhex("0000000804d2162f")
# What OpenSSL says of a time that is not that of the certificate, which is judged by itself.
_OF_TIME = (9, 10)


class NotServed(Exception):
    """No certificate was seen; the message says why, in words that follow the address."""


@dataclass(frozen=True)
class Place:
    """Where a certificate is asked for. name: what the client asks for (SNI), and what the certificate has to be for."""

    host: str
    port: int
    name: str
    starttls: str = ""


# ---- before TLS ----------------------------------------------------------------------------------------------------
def _line(sock: socket.socket) -> bytes:
    """A line, without its end."""
    data = b""
    while not data.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte or len(data) >= _MOST:
            raise NotServed(f"closes before STARTTLS: {_shown(data)}" if data else "closes before STARTTLS")
        data += byte
    return data.rstrip(b"\r\n")


def _shown(data: bytes) -> str:
    return "".join(c if c.isprintable() else "?" for c in data.decode("ascii", "replace"))[:120]


def _smtp(sock: socket.socket) -> None:
    def answer(good: bytes) -> None:
        while (said := _line(sock))[3:4] == b"-":
            pass
        if not said.startswith(good):
            raise NotServed(f"does not start TLS: {_shown(said)}")

    answer(b"220")
    sock.sendall(b"EHLO assay.clusters\r\n")
    answer(b"250")
    sock.sendall(b"STARTTLS\r\n")
    answer(b"220")


def _by_line(greeting: bytes, request: bytes, good: bytes) -> Callable[[socket.socket], None]:
    def start(sock: socket.socket) -> None:
        said = _line(sock)
        if said.startswith(greeting):
            sock.sendall(request)
            while (said := _line(sock)).startswith(b"* "):
                pass
            if said.startswith(good):
                return
        raise NotServed(f"does not start TLS: {_shown(said)}")

    return start


def _ldap(sock: socket.socket) -> None:
    sock.sendall(_LDAP)
    said = sock.recv(_MOST)
    if _LDAP_DONE not in said[:24]:
        raise NotServed("does not start TLS: its LDAP server refuses the extended operation")


def _postgres(sock: socket.socket) -> None:
    sock.sendall(_POSTGRES)
    if sock.recv(1) != b"S":
        raise NotServed("does not start TLS: its PostgreSQL server has none")


_START: dict[str, Callable[[socket.socket], None]] = {
    "smtp": _smtp, "imap": _by_line(b"* OK", b"a1 STARTTLS\r\n", b"a1 OK"), "pop3": _by_line(b"+OK", b"STLS\r\n", b"+OK"),
    "ldap": _ldap, "postgres": _postgres}


# ---- TLS -----------------------------------------------------------------------------------------------------------
def _looking() -> ssl.SSLContext:
    """Takes whatever is shown: what is no good has to be seen, too. Nothing is sent by it but the handshake."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    return made


def sent(sock: Any) -> list[bytes]:
    """The chain of a handshake as DER, the server's own certificate first."""
    told = getattr(sock, "get_unverified_chain", None)
    inner = getattr(getattr(sock, "_sslobj", None), "get_unverified_chain", None)
    chain = told() if told else inner() if inner else None
    found = [bytes(c) if isinstance(c, (bytes, bytearray)) else c.public_bytes(_DER) for c in chain or ()]
    if not found and (first := sock.getpeercert(binary_form=True)):
        found = [first]
    return found


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _connected(place: Place, timeout: float) -> socket.socket:
    try:
        return socket.create_connection((place.host, place.port), timeout=min(CONNECT, timeout))
    except (OSError, UnicodeError) as e:
        raise NotServed(f"cannot be reached: {_words(e)}") from None


def _handshake(place: Place, context: ssl.SSLContext, timeout: float) -> list[bytes]:
    with _connected(place, timeout) as sock:
        sock.settimeout(timeout)
        if place.starttls:
            _START[place.starttls](sock)
        # The handshake is made by hand, as a server that wants to know its client may have shown itself before it ends it.
        secure = context.wrap_socket(sock, server_hostname=place.name or None, do_handshake_on_connect=False)
        with secure:
            try:
                secure.do_handshake()
            except ssl.SSLCertVerificationError:
                raise
            except (OSError, ValueError):
                if not (seen := _seen(secure)):
                    raise
                return seen
            return sent(secure)


def _seen(secure: Any) -> list[bytes]:
    try:
        return sent(secure)
    except (ValueError, AttributeError, OSError):
        return []


def chain(place: Place, timeout: float = ANSWER) -> list[bytes]:
    """What is served, as DER. NotServed where nothing is."""
    try:
        found = _handshake(place, _looking(), timeout)
    except (OSError, ValueError) as e:
        raise NotServed(f"does not speak TLS with us: {_words(e)}") from None
    if not found:
        raise NotServed("shows no certificate")
    return found


def distrust(place: Place, ca_file: str | None, ca: str = "", timeout: float = ANSWER) -> tuple[str, bool]:
    """(why OpenSSL does not trust what is served, in its own words, whether it took all of it). Where only a time is wrong
    there are no words, and it did not.

    Without ca_file and ca (PEM text) it is asked with the authorities of this machine. The name is not judged here.
    """
    context = kube_tls.context(True, ca_file, ca_data=ca)
    context.check_hostname = False
    try:
        _handshake(place, context, timeout)
    except ssl.SSLCertVerificationError as e:
        return ("" if e.verify_code in _OF_TIME else e.verify_message or str(e)), False
    except (OSError, ValueError, NotServed):
        return "", False  # it showed its certificate a moment ago; about trust nothing is known
    return "", True
