# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""That nothing stays of a Certificate: no Secret, request, Order or Challenge, no solver, and no record in the zone."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError
from ...kube.kinds import path_of
from .._external_dns.servers import Servers
from .._shared.optional import optional_get
from .._shared.text import listed
from .course import moment
from .issuers import API, DNS01, Wanted

if TYPE_CHECKING:
    from ...engine.context import Context

SOLVER = "acme.cert-manager.io/http01-solver=true"
_EVERY = 1.0
# Seconds until owners' objects have followed, and records are away from every name server.
_GONE = 120.0


def _of_solvers(ctx: Context, api: str, kind: str) -> list[dict[str, Any]]:
    return list((optional_get(ctx, path_of(api, kind, ctx.namespace), {"labelSelector": SOLVER}) or {}).get("items") or ())


def solver_pods(ctx: Context) -> list[dict[str, Any]]:
    """The pods that answer our http01 challenges; none where they are not ours to see."""
    return _of_solvers(ctx, "v1", "Pod")


def solvers(ctx: Context, *kinds: tuple[str, str]) -> list[str]:
    """What cert-manager has for our http01 challenges, as kind/name; nothing where it is not ours to see."""
    wanted = kinds or (("v1", "Pod"), ("v1", "Service"), ("networking.k8s.io/v1", "Ingress"))
    return [f"{kind.lower()}/{i['metadata']['name']}" for api, kind in wanted for i in _of_solvers(ctx, api, kind)]


class Ends:
    """limit: seconds."""

    def __init__(self, ctx: Context, wanted: list[Wanted], limit: float):
        self.ctx, self.wanted, self.limit = ctx, wanted, min(limit, _GONE)
        self.records: list[tuple[str, str, str]] = []
        self._called: dict[str, str] = {}

    def find(self) -> None:
        """Which name servers must know nothing of our records in the end: those of the zone, as far as they answer."""
        servers = Servers(self.ctx)
        for one in [w for w in self.wanted if w.way == DNS01]:
            # Of the domain: nobody is to remember that a name of ours was not there.
            zone = servers.own_families(servers.zone(one.host.partition(".")[2]))
            found = servers.ask((s, zone.apex, "SOA") for s in zone.servers)
            good = [s for (s, _name, _kind), r in found.items() if r.authoritative and r.data("SOA")]
            self._called |= {s: f"{zone.servers[s]} ({s})" for s in good}
            self.records += [(s, f"_acme-challenge.{one.host}", "TXT") for s in good or [""]]
        if any(not s for s, _name, _kind in self.records):
            self.ctx.warn("the zone's own name servers do not answer from here: whether records of challenges go is asked of the name "
                          "server of pods alone")

    def _texts(self) -> list[str]:
        if not self.records:
            return []
        found = Servers(self.ctx).ask(self.records)
        return [f"TXT {name} at {self._called.get(server, 'the name server of pods')}"
                for (server, name, _kind), reply in found.items() if reply.data("TXT")]

    def prove(self) -> None:
        for one in self.wanted:
            self.ctx.delete("Certificate", one.object, api_version=API)
        kept = [f"{one.object}-tls" for one in self.wanted if not self._delete_secret(f"{one.object}-tls")]
        end = min(self.ctx.deadline, time.monotonic() + self.limit)
        while True:
            now = moment(self.ctx)
            left = [*(x for one in self.wanted for x in now.left(one)), *solvers(self.ctx)]
            if not left:
                left = self._texts()
            if not left or time.monotonic() + _EVERY > end:
                break
            time.sleep(_EVERY)
        self.ctx.see(kind="cert_manager", ok=not left, variant="gone", target="what was made", error=listed(left, 5))
        self.ctx.expect(not left, f"after {self.limit:.0f} s there is still {listed(left, 5)}", left=left)
        if kept:
            self.ctx.observe(secrets_left_to_the_end_of_the_run=kept)

    def _delete_secret(self, name: str) -> bool:
        """False where that is not ours to do: then it goes with the run."""
        try:
            self.ctx.client.raw.delete(path_of("v1", "Secret", self.ctx.namespace, name))
        except ApiError as e:
            if e.status in (401, 403):
                return False
            if e.status != 404:
                raise
        self.ctx.until(lambda: self._absent(name), f"Secret {name} gone", seconds=30.0, every=0.5)
        return True

    def _absent(self, name: str) -> bool:
        try:
            self.ctx.client.quiet.get(path_of("v1", "Secret", self.ctx.namespace, name))
        except ApiError as e:
            return e.status == 404
        return False
