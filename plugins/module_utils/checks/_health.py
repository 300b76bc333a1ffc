# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Health endpoints of API servers, and how to ask one behind a load balancer without credentials."""
from __future__ import annotations

import http.client
import re
import ssl
from dataclasses import dataclass

from ..kube import tls as kube_tls

_LINE = re.compile(r"^\[([+-])\](\S+) ?(.*)$")


@dataclass(frozen=True)
class Health:
    """A health endpoint's answer: HTTP status, and the checks that it says to have failed, with its words."""

    status: int
    failed: dict[str, str]
    passed: int

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
    return Health(status, failed, passed)


class Unreachable(Exception):
    """An address could not be asked; tls tells that its certificate was the reason."""

    def __init__(self, text: str, tls: bool = False):
        super().__init__(text)
        self.tls = tls


class _NamedConnection(http.client.HTTPSConnection):
    """HTTPS to an address, where the certificate must hold another name."""

    def __init__(self, address: str, port: int, name: str, timeout: float, context: ssl.SSLContext):
        super().__init__(address, port, timeout=timeout, context=context)
        self._name, self._tls = name, context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


def tls(ca_file: str | None, verify: bool) -> ssl.SSLContext:
    """TLS settings that trust what the connection trusts."""
    made = kube_tls.context(verify, ca_file)
    made.check_hostname = verify
    return made


def ask(address: str, port: int, path: str, name: str, context: ssl.SSLContext, timeout: float = 3.0) -> Health:
    """GET path of one API server, without credentials; its certificate must hold `name` or its address.

    Raises Unreachable.
    """
    trouble = ""
    for wanted in dict.fromkeys((name, address)):
        connection = _NamedConnection(address, port, wanted, timeout, context)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return health(answer.status, answer.read(65536).decode("utf-8", "replace"))
        except ssl.SSLCertVerificationError as e:
            trouble = e.verify_message or str(e)
        except (OSError, http.client.HTTPException) as e:
            raise Unreachable(str(e) or type(e).__name__) from e
        finally:
            connection.close()
    raise Unreachable(trouble, tls=True)
