# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking from outside the cluster: the controller itself, or a probe that the inventory names.

The probe is `agnhost netexec`, which runs anywhere that clients are and asks by its /dial:
https://github.com/kubernetes/kubernetes/tree/master/test/images/agnhost#netexec
"""
from __future__ import annotations

import http.client
import ipaddress
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from ...common import nodes as node_of
from ...kube import library
from ...kube.json_text import json_of

if TYPE_CHECKING:
    from ...engine.context import Context

TIMEOUT = 3.0
# The probe gives up a question after 5 s.
_PROBE_TIMEOUT = 12.0
_LARGEST = 64 << 10


class CannotAsk(Exception):
    """The probe outside does not answer, which says nothing of the cluster."""


@dataclass(frozen=True)
class Heard:
    """text: of the answer, with its status where that is an error; error: why there is none. own: the asker's address."""

    text: str = ""
    error: str = ""
    own: str = ""

    @property
    def unresolved(self) -> bool:
        return self.error.startswith("the name does not resolve")

    @property
    def refused(self) -> bool:
        return "refused" in self.error or "reset" in self.error


def _words(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return f"the name does not resolve: {error.strerror}"
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT:.0f} s"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _own_address(host: str, port: int) -> str:
    """From which address this machine would ask there; nothing is sent for that. Empty where no way leads there."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as asked:
            asked.connect(address)
            return str(asked.getsockname()[0])
    except OSError:
        return ""


class Controller:
    """Where the playbook runs. Proxies of its environment are not used: what is proved is the way to the address."""

    words = "the controller"

    def ask(self, host: str, port: int, path: str = "/hostname") -> Heard:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
        own = _own_address(host, port)
        try:
            connection.connect()
            own = str(connection.sock.getsockname()[0])
            connection.request("GET", path, headers={"Connection": "close"})
            answer = connection.getresponse()
            text = answer.read(_LARGEST).decode(errors="replace").strip()
            return Heard(text if answer.status == 200 else f"{answer.status} {text}", "", own)
        except (OSError, http.client.HTTPException) as e:
            return Heard("", _words(e), own)
        finally:
            connection.close()

    def names(self, host: str) -> bool:
        """Whether the name has an address."""
        try:
            return bool(socket.getaddrinfo(host, None))
        except OSError:
            return False


class Probe:
    """An agnhost netexec outside the cluster, by its address. CannotAsk where it is not there."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CannotAsk(f"outside_probe_url: must be like http://jump.example.com:8080, not {url!r}")
        self._url, self.host = url.rstrip("/"), parts.hostname
        self.words = f"the probe {parts.netloc}"
        self._pool = library.load().urllib3.PoolManager(retries=False)

    def _dial(self, host: str, port: int, path: str) -> Mapping[str, Any]:
        query = urlencode({"host": host.strip("[]"), "port": port, "protocol": "http", "tries": 1, "request": path.lstrip("/")})
        errors = library.load().urllib3.exceptions.HTTPError
        try:
            answer = self._pool.request("GET", f"{self._url}/dial?{query}", timeout=_PROBE_TIMEOUT)
            data = json_of(answer.data[:_LARGEST])
        except (errors, ValueError) as e:
            raise CannotAsk(f"{self.words} cannot be asked: {e}") from e
        if answer.status != 200 or not isinstance(data, dict):
            raise CannotAsk(f"{self.words} cannot be asked: it answered {answer.status}; agnhost netexec is what has to run "
                            "there")
        return data

    def ask(self, host: str, port: int, path: str = "/hostname") -> Heard:
        said = self._dial(host, port, path)
        for text in said.get("responses") or ():
            return Heard(str(text).strip())
        error = str((said.get("errors") or ["no answer"])[0]).strip()
        if "no such host" in error or "lookup" in error and "dial tcp" in error:
            error = f"the name does not resolve: {error}"
        return Heard("", "connection refused" if "connection refused" in error else error)

    def names(self, host: str) -> bool:
        return not self.ask(host, 80).unresolved


def asker(options: Mapping[str, Any]) -> Controller | Probe:
    """Who asks, by the options asked_from and outside_probe_url. CannotAsk for a probe without an address."""
    wanted, url = options.get("asked_from") or "auto", str(options.get("outside_probe_url") or "")
    if wanted == "probe" and not url:
        raise CannotAsk("asked_from is probe, and outside_probe_url does not name one")
    return Probe(url) if url and wanted != "controller" else Controller()


def networks(ctx: Context) -> list[Any]:
    """Addresses of nodes, and of their pods: who asks from one of them is no outsider."""
    found: list[Any] = []
    for node in ctx.fleet.nodes.values():
        texts = [a["address"] for a in (node.get("status") or {}).get("addresses") or () if a.get("type") in (
            "InternalIP", "ExternalIP")]
        texts += (node.get("spec") or {}).get("podCIDRs") or ()
        for text in texts:
            try:
                found.append(ipaddress.ip_network(text, strict=False))
            except ValueError:
                continue
    return found


def inside(address: str, known: Iterable[Any]) -> bool:
    """Whether an address, with a port or without, is one of a node or pod."""
    try:
        one = ipaddress.ip_address(bare(address))
    except ValueError:
        return False
    return any(one.version == n.version and one in n for n in known)


def bare(address: str) -> str:
    """The address of HOST:PORT, as /clientip of agnhost answers."""
    host, _colon, port = address.strip().rpartition(":")
    has_port = host and port.isdigit() and (":" not in host or host.startswith("["))
    return host.strip("[]") if has_port else address.strip("[] ")


def node_addresses(ctx: Context) -> dict[str, str]:
    """name -> the first internal address, of nodes that are there."""
    out = {}
    for name, node in ctx.fleet.nodes.items():
        found = [a["address"] for a in (node.get("status") or {}).get("addresses") or () if a.get("type") == "InternalIP"]
        if found and not node_of.unfit(node):
            out[name] = found[0]
    return out


__all__ = ["CannotAsk", "Controller", "Heard", "Probe", "asker", "bare", "inside", "networks",
           "node_addresses"]
