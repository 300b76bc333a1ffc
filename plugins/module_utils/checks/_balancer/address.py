# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Until a Service of type LoadBalancer has an address, or it is clear that nobody gives it one."""
from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ...kube.errors import ApiError
from .._shared.optional import optional_get
from .._shared.tellers import teller
from .._shared.text import listed
from . import makers as makers_of

if TYPE_CHECKING:
    from ...engine.context import Context

# Seconds without any sign (an event, a finalizer) after which nobody is taken to be there: where something tells that load
# balancers are made, and where nothing does. Cloud controllers set their finalizer before they do anything else.
QUIET, NOTHING = 60.0, 20.0
# Seconds from a controller's word that it has no address to give, which it says once, to the end of the wait.
_EXHAUSTED = 10.0
_LOOK, _EVENTS = 0.5, 3.0
# Of Kubernetes itself, about Services of any type. An API server that has not heard of a new Service's address writes
# "ClusterIPNotAllocated ... repairing", which is none: pkg/registry/core/service/ipallocator/controller/repairip.go.
_NO_MAKERS = frozenset({"ipallocator-repair-controller", "portallocator-repair-controller", "endpoint-controller",
                        "endpoint-slice-controller", "endpoint-slice-mirroring-controller", "kube-proxy"})


@dataclass(frozen=True)
class Address:
    """One that was given: an IP address or a name. proxy: whether the balancer ends connections itself (ipMode Proxy), as those
    do that are known by a name, mostly."""

    host: str
    name: bool = False
    proxy: bool = False


def given(service: Mapping[str, Any]) -> list[Address]:
    return [Address(i.get("ip") or i["hostname"], not i.get("ip"), i.get("ipMode") == "Proxy" or not i.get("ip"))
            for i in makers_of.addresses(service)]


def writers(service: Mapping[str, Any]) -> set[str]:
    """Who wrote the addresses, as the API server knows it: always the last one only, as the list is written as a whole."""
    return {str(m.get("manager")) for m in service["metadata"].get("managedFields") or ()
            if "f:loadBalancer" in ((m.get("fieldsV1") or {}).get("f:status") or {})}


def events(ctx: Context, name: str) -> list[dict[str, Any]]:
    """Those about the Service as a load balancer, the last one at the end; none where we may not see them."""
    found = optional_get(ctx, f"/api/v1/namespaces/{ctx.namespace}/events",
                         {"fieldSelector": f"involvedObject.kind=Service,involvedObject.name={name}"}) or {}
    return sorted((e for e in found.get("items") or () if teller(e) not in _NO_MAKERS),
                  key=lambda e: (e.get("type") == "Warning", e.get("lastTimestamp") or e.get("eventTime") or ""))


def said(found: list[dict[str, Any]]) -> str:
    """The end of a message: what was said last, a warning before anything else."""
    return f"; {found[-1].get('reason')}: {found[-1].get('message')}"[:600] if found else ""


def wanted_class(ctx: Context) -> str:
    return str(ctx.options.get("load_balancer_class") or "")


def nobody_makes_them(ctx: Context, makers: makers_of.Makers) -> None:
    """Skip where it is certain that our Service would wait in vain, as another one does."""
    if makers.none and not wanted_class(ctx):
        have = "has" if len(makers.waiting) == 1 else "have"
        ctx.skip(f"nothing makes load balancers here: {listed(makers.waiting)} {have} waited for an address for more than ten minutes, "
                 "no other Service has one, and no controller is known", waiting=makers.waiting[:5])


class Wait:
    """One wait for an address. limit: seconds. makers: who may give it."""

    def __init__(self, ctx: Context, name: str, limit: float, makers: makers_of.Makers):
        self.ctx, self.name, self.limit, self.makers = ctx, name, limit, makers
        self.wanted = wanted_class(ctx)
        self._start, self._asked = time.monotonic(), 0.0
        self._events: list[dict[str, Any]] = []
        self._refused = 0.0

    def _service(self) -> dict[str, Any]:
        return self.ctx.watch("services").items().get((self.ctx.namespace, self.name)) or {}

    def _look(self) -> None:
        if time.monotonic() - self._asked > _EVENTS:
            self._events, self._asked = events(self.ctx, self.name), time.monotonic()
            if any(e.get("reason") == "AllocationFailed" for e in self._events):
                self._refused = self._refused or time.monotonic()

    def _signs(self, item: Mapping[str, Any]) -> bool:
        return bool(self._events) or any(f in makers_of.FINALIZERS for f in item.get("metadata", {}).get("finalizers") or ())

    def addresses(self) -> list[Address]:
        """Those that the Service was given; raises StepFailed, Inconclusive or DoesNotApply."""
        found: list[Address] = self.ctx.until(self._once, f"Service {self.name} gets an address", every=_LOOK)
        self.ctx.measure("address given after", time.monotonic() - self._start, "s")
        return found

    def _once(self) -> list[Address]:
        item = self._service()
        if found := given(item):
            return found
        self._look()
        passed = time.monotonic() - self._start
        quiet = QUIET if self.makers.any or self.wanted else NOTHING
        if not self._signs(item) and passed > min(quiet, self.limit):
            self._nobody(passed)
        if passed > self.limit or self.ctx.left() < 2.0 or self._refused and time.monotonic() - self._refused > _EXHAUSTED:
            self._none(passed)
        return []

    def _told(self) -> dict[str, Any]:
        return {"service": f"{self.ctx.namespace}/{self.name}", "makers": self.makers.workloads,
                "served": self.makers.served[:5],
                "load_balancer_class": self.wanted, "metallb": makers_of.metallb(self.ctx)}

    def _nobody(self, passed: float) -> NoReturn:
        """No address, no event and no finalizer: is there anybody who makes load balancers?"""
        nothing = f"after {passed:.0f} s our Service of type LoadBalancer has no address, no event and no finalizer"
        told = self._told()
        if self.makers.any or self.wanted:
            of = f" of class {self.wanted}" if self.wanted else ""
            hint = self.makers.words() or "nothing shows who would serve that class"
            self.ctx.fail(f"Service {self.name}{of} has got no address: {nothing}, and {hint}", signs=[], **told)
        if self.makers.unseen:
            self.ctx.inconclusive(f"{nothing}, and whether the cluster has a controller for it is not ours to see: we may "
                                  f"not list {listed(self.makers.unseen.values())} ({self._refusal()}); let our user list them in all "
                                  "namespaces, or leave the check out by validate_exclude", **told)
        self.ctx.skip(f"nothing makes load balancers here: {nothing}, no other Service has an address, and no controller is "
                      "known")

    def _refusal(self) -> str:
        """What keeps us from seeing it, in the API server's own words; it is asked once more, as the reason of an end."""
        try:
            self.ctx.client.get(next(iter(self.makers.unseen)), params={"limit": 1})
        except ApiError as e:
            return e.message or e.reason
        return "it is told now, and was not at first"

    def _none(self, passed: float) -> NoReturn:
        found = events(self.ctx, self.name)
        self.ctx.fail(f"Service {self.name} has got no address within {passed:.0f} s{said(found)}",
                      signs=sorted({str(e.get("reason")) for e in found}), **self._told())
