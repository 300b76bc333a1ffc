# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests of ours that an audit log must hold: to each API server by its own address, or through a balancer until all have
answered."""
from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...kube.client import Client
from ...kube.errors import ApiError
from ...kube.patient import PatientClient
from .._api.replicas import KUBERNETES, _not_from_here
from .._shared.endpoints import endpoints
from .._shared.nodes import moment
from .._shared.optional import optional_get
from .._shared.text import url_host
from .events import Marker

if TYPE_CHECKING:
    from ...engine.context import Context

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
_IDENTITY = {"labelSelector": "apiserver.kubernetes.io/identity=kube-apiserver"}
# By what every API server's certificate is good, wherever it is asked.
_INSIDE = "kubernetes.default.svc"
# How often each is asked everything, and how many new connections are tried through a balancer.
ROUNDS, _TRIES = 2, 14
_REACH = 4.0
# An API server renews its Lease every 10 s.
_SILENT = 60.0


@dataclass
class Replicas:
    """direct: those that are reached by their own address, with a client each. known: addresses of all that the cluster names.
    count: how many there are, by their addresses or Leases; 0 where nothing tells. why: what kept us from their addresses."""

    known: tuple[str, ...]
    count: int
    direct: dict[str, PatientClient] = field(default_factory=dict)
    why: str = ""

    def close(self) -> None:
        for client in self.direct.values():
            client.raw.close()


def patient(ctx: Context, client: Client) -> PatientClient:
    """As the check's own client, for requests whose errors are no trouble of the check."""
    return PatientClient(client, lambda: ctx.deadline, lambda _error: None)


def find(ctx: Context) -> Replicas:
    item = optional_get(ctx, KUBERNETES)
    known = tuple(f"{url_host(e.address)}:{e.port('https') or 443}" for e in endpoints([item] if item else []) if e.ready)
    leases = (optional_get(ctx, _LEASES, _IDENTITY) or {}).get("items") or []
    out = Replicas(known, max(len(known), _living(ctx, leases)))
    raw = ctx.client.raw
    out.why = _not_from_here(ctx)
    if not raw.connection.configuration.verify_ssl:  # our credentials go to nobody that proves nothing
        out.why = out.why or "certificates are not verified, so that an address alone does not tell who answers there"
    if not out.why:
        found = ctx.in_parallel(lambda where: _reach(ctx, where), known, workers=8)
        out.direct = {where: patient(ctx, got) for where, got in zip(known, found) if isinstance(got, Client)}
        out.why = next((got for got in found if isinstance(got, str)), "")
    return out


def _living(ctx: Context, leases: list[Any]) -> int:
    """How many Leases are renewed; those of API servers that are gone stay for an hour."""
    renewed = [moment((lease.get("spec") or {}).get("renewTime")) for lease in leases]
    return sum(ctx.client.raw.now() - when.timestamp() < _SILENT for when in renewed if when)


def _reach(ctx: Context, where: str) -> Client | str:
    """A client for one API server by its address, or why there is none."""
    client = Client(ctx.client.raw.connection.at(f"https://{where}", _INSIDE), in_flight=2)
    try:
        client.get("/api", timeout=_REACH)
    except ApiError as e:
        if e.kind != "http" or e.status == 401:
            client.close()
            return f"{where}: {e.message}"
    return client


def own_address(client: PatientClient) -> str:
    """By which address the API server behind a connection says that it is known; "" where it does not tell."""
    try:
        told = client.get("/api", timeout=_REACH).get("serverAddressByClientCIDRs") or []
    except ApiError:
        return ""
    return str(told[0].get("serverAddress") or "") if told and isinstance(told[0], dict) else ""


class Sender:
    """Sends the three requests about one object of ours, each with an id that is asked for later."""

    def __init__(self, ctx: Context, path: str):
        self.ctx, self.path = ctx, path
        self.prefix = f"assay-{ctx.nonce}"
        self._numbers = itertools.count(1)
        self.unheard: dict[str, str] = {}

    def all_kinds(self, client: PatientClient, replica: str) -> list[Marker]:
        nobody = [("Impersonate-User", f"assay-nobody-{self.ctx.nonce}")]
        sent = [
            self._send(client, replica, "write", "PATCH", "patch", {"data": {"marker": self.prefix}}),
            self._send(client, replica, "denied", "DELETE", "delete", None, dict(nobody)),
            self._send(client, replica, "read", "GET", "get")]
        return [m for m in sent if m]

    def _send(self, client: PatientClient, replica: str, kind: str, method: str, verb: str, body: Any = None,
              headers: dict[str, str] | None = None) -> Marker | None:
        """None where the request was not what it should be: a denied one that was allowed, or that no API server saw."""
        wanted = f"{self.prefix}-{next(self._numbers)}"
        more = {"Audit-ID": wanted, **(headers or {})}
        content = {"content_type": "application/merge-patch+json"} if body is not None else {}
        try:
            _answer, told = client.request(method, self.path, body=body, headers=more, with_headers=True, **content)
            code = 200
        except ApiError as e:
            if kind != "denied" or e.kind != "http":
                raise
            told, code = e.headers, int(e.status or 0)
        if kind == "denied" and code not in (401, 403):
            self.unheard[kind] = f"a user whom nobody knows was not refused (status {code})"
            return None
        returned = told.get("Audit-Id")
        if not returned:
            self.unheard[kind] = "the answer has no Audit-Id, so that no API server gave it"
            return None
        return Marker(str(returned), kind, replica, verb, code, time.monotonic())


def send(ctx: Context, sender: Sender, replicas: Replicas) -> list[Marker]:
    """The requests to all API servers that are reached."""
    markers = []
    for _round in range(ROUNDS):
        for where, client in replicas.direct.items():
            markers += sender.all_kinds(client, where)
    if not replicas.known or set(replicas.known) - set(replicas.direct):
        markers += _through_balancer(ctx, sender, replicas)
    return markers


def _enough(seen: dict[str, int], replicas: Replicas) -> bool:
    """Whether each API server has been asked everything, those by their own address included."""
    often = {where for where, times in seen.items() if times >= ROUNDS} | set(replicas.direct)
    return bool(replicas.count) and len(often) >= replicas.count


def _through_balancer(ctx: Context, sender: Sender, replicas: Replicas) -> list[Marker]:
    """New connections, as a balancer chooses anew for each; which API server it was is asked before and after."""
    markers: list[Marker] = []
    seen: dict[str, int] = {}
    for _try in range(_TRIES):
        if _enough(seen, replicas) or ctx.left() < 30:
            break
        client = patient(ctx, Client(ctx.client.raw.connection, in_flight=1))
        try:
            before = own_address(client)
            if before in replicas.direct and seen.get(before, 0) >= 1:
                continue
            made = sender.all_kinds(client, before)
            if own_address(client) != before:  # it does not stay with one
                made = [Marker(m.id, m.kind, "", m.verb, m.code, m.sent) for m in made]
        finally:
            client.raw.close()
        seen[before] = seen.get(before, 0) + 1
        markers += made
    return markers


def unseen(markers: list[Marker], replicas: Replicas) -> int:
    """How many API servers were not asked, as far as can be told."""
    return max(0, replicas.count - len({m.replica for m in markers if m.replica} or {""}))
