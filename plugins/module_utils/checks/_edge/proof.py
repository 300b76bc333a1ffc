# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stages of a proof of a way into the cluster, the same for Ingresses and Gateways: the first that breaks is what failed.

All sites go through a stage before the next one begins, so that one broken class hides nothing of another.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ...kube.transport import TransportError
from .._shared import policies as policies_
from .._shared.endpoints import endpoints
from .._shared.optional import optional_get
from .._shared.text import listed, url_host
from .ask import Answer, Inside, Outside
from .certificate import whose
from .controllers import note
from .site import ECHO_PATH, NAME_PATH, OTHER_PATH, PORT, Backends, Site, answered_by, by_name

if TYPE_CHECKING:
    from ...engine.context import Context

# Seconds until an address that is there answers: one that was announced just now, and a name that was made just now.
REACHED, NAMED = 20.0, 300.0
# Seconds until a controller has followed what was made or deleted, where nothing else says that it is slow.
FOLLOWED = 30.0
_AGAIN = 0.5


class Proof:
    """kind: of the observations. limit: seconds until a controller has followed a change."""

    def __init__(self, ctx: Context, kind: str, sites: list[Site], backends: Backends, limit: float = FOLLOWED):
        self.ctx, self.kind, self.sites, self.backends, self.limit = ctx, kind, sites, backends, limit

    def _see(self, site: Site, variant: str, error: str, target: str = "", from_node: str = "") -> None:
        self.ctx.see(kind=self.kind, from_node=from_node, target=target or site.target, variant=variant, ok=not error,
                     error=f"{site.name}: {error}" if error else "")

    def _stage(self, one: Callable[[Site], str]) -> dict[str, str]:
        """Errors by site; of the controllers of those that have one it is written down what the cluster tells."""
        bad = by_name(self.sites, self.ctx.in_parallel(one, self.sites))
        if bad:
            note(self.ctx, [s for s in self.sites if s.name in bad])
        return bad

    def _poll(self, ask: Callable[[], Answer], good: Callable[[Answer], bool], seconds: float) -> Answer:
        """The first answer that is good, else the last one."""
        end = min(self.ctx.deadline, time.monotonic() + seconds)
        while True:
            answer = ask()
            if good(answer) or time.monotonic() + _AGAIN > end:
                return answer
            time.sleep(_AGAIN)

    # ---- the address ------------------------------------------------------------------------------------------
    def reached(self) -> None:
        """Somebody speaks HTTP at each address; from inside, where we do not reach it."""
        bad = self._stage(self._reach)
        self.ctx.expect(not bad, "nothing answers at the address of the controller: "
                        + listed(f"{n} ({e})" for n, e in bad.items()), unreached=bad)

    def _reach(self, site: Site) -> str:
        start, asker = time.monotonic(), Outside()
        host = site.nobody(self.ctx.nonce)

        def ask() -> Answer:
            first = asker(site.question(host, NAME_PATH))
            if first.status or not site.tls or not site.http_port:
                return first
            return asker(site.question(host, NAME_PATH, tls=False))

        named = not site.address.replace(".", "").isdigit() and ":" not in site.address
        answer = self._poll(ask, lambda a: bool(a.status) or a.connected, NAMED if named else REACHED)
        self._see(site, "outside", "" if answer.status or answer.connected else answer.words)
        if answer.status or answer.connected:
            site.asker = asker
            self.ctx.measure(f"{site.name}: its address answers after", time.monotonic() - start, "s")
            return ""
        site.outside = answer.words
        inside = self._from_inside(site, host)
        self._see(site, "inside", "" if inside.status or inside.connected else inside.words)
        if inside.status or inside.connected:
            return ""
        return f"{site.target} from here: {answer.words}; from a pod: {inside.words}"

    def _from_inside(self, site: Site, host: str) -> Answer:
        last = Answer(error="there is no probe to ask")
        for probe in self.ctx.probes.all[:2]:
            site.asker = Inside(probe)
            last = site.ask(host, NAME_PATH)
            if last.status or last.connected:
                return last
        return last

    # ---- TLS --------------------------------------------------------------------------------------------------
    def encrypted(self) -> None:
        bad = self._stage(self._certificate)
        self._excuse(bad)
        self.ctx.expect(not bad, "another certificate than ours is served for our host: "
                        + listed(f"{n} ({e})" for n, e in bad.items()), wrong_certificate=bad)

    def _certificate(self, site: Site) -> str:
        if not site.tls or site.pair is None:
            site.notes["TLS"] = "not proved: the certificate is not ours to give"
            return ""
        start = time.monotonic()
        answer = self._poll(lambda: site.ask(site.host, NAME_PATH), lambda a: a.ours is True, self.limit)
        if answer.ours:
            self._see(site, "tls", "")
            self.ctx.measure(f"{site.name}: our certificate is served after", time.monotonic() - start, "s")
            return ""
        error = (f"served is {whose(answer.certificate)}" if answer.certificate else "it is another one") \
            if answer.ours is False else answer.words
        self._see(site, "tls", error)
        # Whether the host is known at all tells a missing certificate from a missing route.
        http = site.ask(site.host, NAME_PATH, tls=False) if site.http_port else Answer()
        good = any(answered_by(a, self.backends.names(self.backends.first)) for a in (answer, http))
        self._see(site, "route", "" if good else f"{answer.words}; without TLS: {http.words}")
        return f"{error}; the host is " + ("routed to us" if good else f"not routed to us: {answer.words}")

    # ---- routes -----------------------------------------------------------------------------------------------
    def routed(self) -> None:
        bad = self._stage(partial(self._route, name="route", seconds=self.limit))
        self._excuse(bad)
        self.ctx.expect(not bad, "our host and path do not lead to our pod: " + listed(f"{n} ({e})" for n, e in bad.items()),
                        unrouted=bad)

    def _route(self, site: Site, name: str, seconds: float) -> str:
        start, wanted = time.monotonic(), self.backends.names(self.backends.first)
        answer = self._poll(lambda: site.ask(site.host, NAME_PATH), lambda a: answered_by(a, wanted), seconds)
        good = answered_by(answer, wanted)
        self._see(site, name, "" if good else self._wrong(answer))
        if good:
            self.ctx.measure(f"{site.name}: our host is routed after", time.monotonic() - start, "s")
            return ""
        site.notes["behind"] = answer.behind
        if not self._empty(self.backends.first):
            self._differential(site, self.backends.first)
        return f"{site.host}{NAME_PATH}: {self._wrong(answer)}"

    def _wrong(self, answer: Answer) -> str:
        if answered_by(answer, self.backends.everybody):
            return f"answered by {answer.text.strip()}, which is behind the other path"
        if answer.status == 200:
            return f"somebody else answers it: {answer.words}"
        return answer.words

    def _empty(self, service_name: str) -> bool:
        """Whether the Service has no ready endpoint, which is seen as such."""
        found = optional_get(self.ctx, f"/apis/discovery.k8s.io/v1/namespaces/{self.ctx.namespace}/endpointslices",
                             {"labelSelector": f"kubernetes.io/service-name={service_name}"})
        items = (found or {}).get("items") or ()
        empty = found is not None and not any(e.ready for e in endpoints(items, service_name))
        if empty:
            self.ctx.see(kind="service", variant="endpoints", target=f"{self.ctx.namespace}/{service_name}", ok=False,
                         error="it has no ready endpoint, though pods of ours are there for it")
        return empty

    def _differential(self, site: Site, service_name: str) -> None:
        """What the controller does not reach, asked by a pod of ours: the pods, and their Service."""
        asking = self.ctx.probes.all
        pods = self.backends.pods[service_name]
        probe = next((p for p in asking if p not in pods), asking[0])
        made = self.ctx.client.get(f"/api/v1/namespaces/{self.ctx.namespace}/services/{service_name}")
        for variant, address, port in (("pod", pods[0].ip, 8080), ("service", made["spec"].get("clusterIP") or "", PORT)):
            try:
                told = probe.dial(url_host(address), port, timeout=5.0)
            except TransportError:
                continue
            self._see(site, variant, "" if told.ok else listed(told.errors, 1) or "no answer", f"{address}:{port}", probe.node)

    def _excuse(self, bad: dict[str, str]) -> None:
        """Inconclusive where policies of our namespace may keep the controller from our pods, and it says that it is kept."""
        kept = [s for s in self.sites if s.name in bad and s.notes.get("behind")]
        if kept:
            policies_.excuse(self.ctx, f"{kept[0].name}: {bad[kept[0].name]}", whole=False,
                             allow="traffic from the namespace of the controller to pods of ours")

    def second(self) -> None:
        bad = self._stage(self._second)
        self.ctx.expect(not bad, "a second path or host does not lead to its own pods: "
                        + listed(f"{n} ({e})" for n, e in bad.items()), unrouted=bad)

    def _second(self, site: Site) -> str:
        wanted, path = self.backends.names(self.backends.second), f"{ECHO_PATH}?msg={self.ctx.nonce}"
        echo = self._poll(lambda: site.ask(site.host, path), lambda a: a.text.strip() == self.ctx.nonce, self.limit)
        error = "" if echo.text.strip() == self.ctx.nonce else f"{site.host}{ECHO_PATH}: {echo.words}"
        if not error:
            named = self._poll(lambda: site.ask(site.other, NAME_PATH), lambda a: answered_by(a, wanted), self.limit)
            error = "" if answered_by(named, wanted) else f"{site.other}{NAME_PATH}: {self._wrong(named)}"
        self._see(site, "second", error)
        return error

    # ---- what is not ours -------------------------------------------------------------------------------------
    def strange(self) -> None:
        """A host and a path that nothing names are not answered by our pods."""
        bad = self._stage(self._strange)
        self.ctx.expect(not bad, "a host or path that no rule names leads to our pods: "
                        + listed(f"{n} ({e})" for n, e in bad.items()), leaked=bad)

    def _strange(self, site: Site) -> str:
        nobody = site.nobody(self.ctx.nonce)
        host, path = site.ask(nobody, NAME_PATH), site.ask(site.host, OTHER_PATH)
        site.notes["an unknown host gets"] = host.words
        ours = [t for t, a in ((f"{nobody}{NAME_PATH}", host), (f"{site.host}{OTHER_PATH}", path))
                if answered_by(a, self.backends.everybody) or (t.endswith(OTHER_PATH) and _client_ip(a))]
        self._see(site, "unknown", f"{listed(ours)} is answered by us" if ours else "")
        return listed(ours)

    def redirected(self) -> None:
        """Told, whatever it is: whether what comes without TLS is sent to where there is."""
        for site in self.sites:
            if site.tls and site.http_port:
                answer = site.ask(site.host, NAME_PATH, tls=False)
                plain = "the same as with TLS" if answered_by(answer, self.backends.everybody) else answer.words
                moved = answer.where.startswith("https:")
                site.notes["without TLS"] = f"redirected to TLS ({answer.status})" if moved else plain

    def gone(self, seconds: float) -> None:
        """After what was made for them is deleted."""
        start = time.monotonic()
        bad = self._stage(partial(self._gone, seconds=seconds))
        self.ctx.expect(not bad, f"{seconds:.0f} s after its deletion our host is still routed to our pods: "
                        + listed(f"{n} ({e})" for n, e in bad.items()), still_routed=bad)
        self.ctx.measure("our hosts are gone after their deletion", time.monotonic() - start, "s")

    def _gone(self, site: Site, seconds: float) -> str:
        answer = self._poll(lambda: site.ask(site.host, NAME_PATH),
                            lambda a: not answered_by(a, self.backends.everybody), seconds)
        error = f"{site.host}{NAME_PATH}" if answered_by(answer, self.backends.everybody) else ""
        self._see(site, "gone", error)
        return error

    # ---- the end ----------------------------------------------------------------------------------------------
    def settle(self) -> None:
        """What was seen goes into the record; what was proved from inside alone is no proof of the way from outside."""
        for site in self.sites:
            told = {k: v for k, v in site.notes.items() if k != "behind"}
            self.ctx.observe(**{site.name: {"address": site.target, "asked from": site.asker.place if site.asker else "",
                                            **told}})
        kept = [s for s in self.sites if s.outside]
        if kept:
            one, place = kept[0], kept[0].asker.place if kept[0].asker else "a pod"
            self.ctx.inconclusive(
                f"{one.name}: everything holds from {place}, but {one.target} is not reached from here ({one.outside}): run the check "
                "from where its clients are, or let this machine reach it", not_reached_from_here=sorted(s.name for s in kept))


def _client_ip(answer: Answer) -> bool:
    """Whether it is what netexec says to this path: the address and port of who asks it."""
    host, colon, port = answer.text.strip().rpartition(":")
    plain = host.strip("[]").replace(":", "").replace(".", "")
    return answer.status == 200 and bool(colon) and port.isdigit() and plain.isalnum()
