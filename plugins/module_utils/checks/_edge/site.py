# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A way into the cluster that is proved: names of our own at the address of a controller, and our pods behind them."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...engine.errors import Inconclusive
from .._shared.backends import BACKENDS, spread
from .._shared.manifests import service
from .ask import Answer, Asker, Question
from .certificate import Pair

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe

# Of netexec, which has a shell, too: only these paths are given to the world.
NAME_PATH, ECHO_PATH, OTHER_PATH = "/hostname", "/echo", "/clientip"
PORT, TARGET = 80, 8080
HTTP, HTTPS = 80, 443


@dataclass(frozen=True)
class Backends:
    """Two Services of ours, each with its pods; with one probe both have it."""

    first: str
    second: str
    pods: dict[str, list[Probe]]

    def names(self, service_name: str) -> set[str]:
        return {p.pod for p in self.pods[service_name]}

    @property
    def everybody(self) -> set[str]:
        return {p.pod for pods in self.pods.values() for p in pods}


@dataclass
class Site:
    """One class of a controller, with what was made for it.

    name: of the class, as "IngressClass nginx". controller: its name. obj: kind and name of the object that tells the address.
    host, other: names of ours; the first has two paths, each with its Service, the second one path to the second Service.
    ports: 0 for a port that is not asked. given: the address is an option's. unknown_certificate: TLS is with somebody
    else's, which is not compared. asker: from where it is asked, once that is known.
    """

    name: str
    controller: str
    obj: tuple[str, str, str]
    host: str
    other: str
    pair: Pair | None = None
    address: str = ""
    http_port: int = HTTP
    https_port: int = HTTPS
    given: bool = False
    unknown_certificate: bool = False
    asker: Asker | None = None
    outside: str = ""
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def tls(self) -> bool:
        return bool(self.https_port) and (self.pair is not None or self.unknown_certificate)

    @property
    def target(self) -> str:
        return f"{self.address}:{self.https_port if self.tls else self.http_port}"

    def question(self, host: str, path: str, tls: bool | None = None) -> Question:
        """tls: None for what there is, TLS first."""
        secure = self.tls if tls is None else tls
        return Question(self.address, self.https_port if secure else self.http_port, host, path, secure,
                        self.pair.fingerprint if self.pair else "", self.pair.pin if self.pair else "")

    def ask(self, host: str, path: str, tls: bool | None = None) -> Answer:
        if self.asker is None:
            raise Inconclusive(f"{self.name}: its address is not known")
        return self.asker(self.question(host, path, tls))

    def nobody(self, nonce: str) -> str:
        """A name beside ours that nothing routes."""
        return f"nobody-{nonce}.{self.host.partition('.')[2]}"


def answered_by(answer: Answer, pods: set[str]) -> bool:
    """Whether one of these pods said its name, and nothing else."""
    return answer.status == 200 and answer.text.strip() in pods


def make_backends(ctx: Context, label: str) -> Backends:
    """Label some probes, half for each of two Services. label: its key, one for each check, as pods carry them all."""
    chosen = spread(ctx.probes.all, BACKENDS)
    half = max(1, len(chosen) // 2)
    groups = [chosen[:half], chosen[half:] or chosen[:half]]
    names = [f"{ctx.check.name.replace('_', '-')}-{which}-{ctx.nonce}" for which in ("a", "b")]
    shared = groups[0] is groups[1] or groups[0] == groups[1]
    for number, group in enumerate(groups):
        value = ctx.nonce if shared else f"{ctx.nonce}-{number}"
        for probe in group:
            ctx.client.patch(f"/api/v1/namespaces/{ctx.namespace}/pods/{probe.pod}", {"metadata": {"labels": {label: value}}})
            ctx.touches("Pod", probe.pod, ctx.namespace)
        ports = [{"name": "http", "port": PORT, "targetPort": TARGET, "protocol": "TCP"}]
        ctx.create(service(names[number], {label: value}, ports))
    return Backends(names[0], names[1], dict(zip(names, groups)))


def by_name(sites: list[Site], found: list[str]) -> dict[str, str]:
    """Errors by the name of the site, those without one left out."""
    return {s.name: error for s, error in zip(sites, found) if error}


def address_of(told: Any) -> tuple[str, int | None, int | None]:
    """(address, port of HTTP, port of HTTPS) of an option's value: a string, or a dictionary; ports are None where it has none.
    ValueError, with the reason, for what makes no sense."""
    if isinstance(told, str) and told.strip():
        return told.strip(), None, None
    if not isinstance(told, dict) or not str(told.get("address") or "").strip():
        raise ValueError("is neither an address nor a dictionary with address, http_port, https_port")
    ports: list[int | None] = []
    for name in ("http_port", "https_port"):
        value = told.get(name)
        if value is not None and not (str(value).isdigit() and int(value) < 65536):
            raise ValueError(f"has no port as {name}: {value}")
        ports.append(None if value is None else int(value))
    return str(told["address"]).strip(), ports[0], ports[1]
