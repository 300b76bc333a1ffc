# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Health endpoints of API servers, and how to ask one behind a load balancer without credentials."""
from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from ...kube import tls as kube_tls

_LINE = re.compile(r"^\[([+-])\](\S+) ?(.*)$")
# What OpenSSL says of a certificate that is of the right CA: not yet valid, ended, and not for this name or address.
_OF_THE_CA = (9, 10, 62, 64)
_OTHER_NAME = (62, 64)


@dataclass(frozen=True)
class Health:
    """A health endpoint's answer: HTTP status, and the checks that it says to have failed, with its words. known: whether it
    is written as an API server writes it."""

    status: int
    failed: dict[str, str]
    passed: int
    known: bool = True

    @property
    def ok(self) -> bool:
        return self.status == 200


def health(status: int, text: str) -> Health:
    """Read "[+]name ok" and "[-]name failed: reason" lines; the HTTP status decides, the text names the check."""
    failed, passed = {}, 0
    for line in text.splitlines():
        found = _LINE.match(line.strip())
        if found and found[1] == "-":
            failed[found[2]] = found[3]
        elif found:
            passed += 1
    return Health(status, failed, passed, bool(failed or passed or text.strip() == "ok"))


class Unreachable(Exception):
    """An address could not be asked; tls tells that its certificate was the reason, foreign that it is of another CA: it is
    perhaps another server."""

    def __init__(self, text: str, tls: bool = False, foreign: bool = False):
        super().__init__(text)
        self.tls, self.foreign = tls, foreign


class _NamedConnection(http.client.HTTPSConnection):
    """HTTPS to an address, where the certificate must hold another name."""

    def __init__(self, address: str, port: int, name: str, timeout: float, context: ssl.SSLContext):
        super().__init__(address, port, timeout=timeout, context=context)
        self._name, self._tls = name, context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


def tls(ca_file: str | None, verify: bool, ca: str = "") -> ssl.SSLContext:
    """TLS settings that trust what the connection trusts, or a CA alone that is given as its PEM text."""
    made = kube_tls.context(verify or bool(ca), None if ca else ca_file, ca_data=ca)
    made.check_hostname = verify or bool(ca)
    return made


def ask(address: str, port: int, path: str, names: Sequence[str], context: ssl.SSLContext, timeout: float = 3.0) -> Health:
    """GET path of one API server, without credentials; its certificate must hold one of the names, or its address.

    Raises Unreachable.
    """
    trouble, foreign = "", False
    for wanted in dict.fromkeys((*names, address)):
        connection = _NamedConnection(address, port, wanted, timeout, context)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return health(answer.status, answer.read(65536).decode("utf-8", "replace"))
        except ssl.SSLCertVerificationError as e:
            trouble, foreign = e.verify_message or str(e), e.verify_code not in _OF_THE_CA
            if e.verify_code not in _OTHER_NAME:
                break
        except (OSError, http.client.HTTPException) as e:
            raise Unreachable(str(e) or type(e).__name__) from e
        finally:
            connection.close()
    raise Unreachable(trouble, tls=True, foreign=foreign)
