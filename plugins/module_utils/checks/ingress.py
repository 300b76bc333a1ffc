# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An Ingress of each class leads names of ours to our pods, with our certificate, and nowhere once it is deleted."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..common import controllers
from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..kube.errors import ApiError, MissingLibrary
from ..kube.kinds import path_of
from ._edge import certificate as certificates
from ._edge.controllers import Surroundings, complaint, look, note
from ._edge.ingress_classes import choose, controller_of, is_default, known, name_of, used
from ._edge.proof import NAMED, REACHED, Proof
from ._edge.site import ECHO_PATH, HTTP, HTTPS, NAME_PATH, PORT, Backends, Site, address_of, make_backends
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context

API = "networking.k8s.io/v1"
LABEL = "assay.clusters/ingress"
SUFFIX = "assay.test"
_REST = 120.0
# Seconds that a class which nobody seems to serve is waited for beside those that have their address.
_LONE = 30.0
# Seconds that an Ingress which somebody writes again and again is looked at.
_TURNS = 6.0


class Ingress(Check):
    """An Ingress for each class, all asked at once, stage by stage. Of our pods only two harmless paths are given to the
    world."""

    name = "ingress"
    domain = "load_balancing"
    proves = "An Ingress of each class leads its hosts and paths to our pods with our certificate, and nowhere when deleted."
    options = (
        Option("ingress_classes", "The IngressClasses to prove; by default all of them, but those whose controllers make a "
               "balancer of a cloud for each Ingress. They may be named by who may not list them, too.", type="list",
               elements="str", example=["nginx"]),
        Option("ingress_addresses", "Where the controllers are reached from outside, by IngressClass, for those that write "
               "no address into an Ingress or one that is not reached from here: an address, or a dictionary with address, "
               "http_port and https_port (0 for a port that is not asked).", type="dict",
               example={"nginx": {"address": "192.0.2.10", "http_port": 30080, "https_port": 30443}}),
        Option("ingress_annotations", "Annotations of our Ingresses, such as the group of a shared balancer.", type="dict",
               example={"alb.ingress.kubernetes.io/group.name": "shared"}),
        Option("ingress_host_suffix", "The domain in which our Ingresses have their host names. Nothing resolves them; "
               "external-dns makes records for names in its zones.", default=SUFFIX, example="apps.example.com"),
        Option("ingress_limit", "Seconds until a controller must have given our Ingress an address, and until it must have "
               "followed any other change. Balancers of clouds take minutes.", type="int", default=120, minimum=5,
               maximum=1800),
    )
    permissions = (
        Permission(("get", "list"), ("ingressclasses",), "networking.k8s.io"),
        Permission(("create", "delete", "get", "patch"), ("ingresses",), "networking.k8s.io"),
        Permission(("create", "delete", "get"), ("services",)),
        Permission(("create", "delete"), ("secrets",), power="edge_certificates"),
        Permission(("patch",), ("pods",)),
        Permission(("list",), ("endpointslices",), "discovery.k8s.io", optional=True),
        Permission(("list",), ("events",), optional=True),
        Permission(("list",), ("networkpolicies",), "networking.k8s.io", optional=True),
        Permission(("list",), ("ingresses",), "networking.k8s.io", optional=True, everywhere=True),
        Permission(("list",), ("services",), optional=True, everywhere=True),
        Permission(("list",), ("deployments", "daemonsets"), "apps", optional=True, everywhere=True),
    )
    images = ("agnhost",)
    objects = ("Ingress", "Secret", "Service")
    expected = 60.0
    limit = 3 * 120.0 + NAMED + REACHED + _REST
    probes = 1

    def bounds(self, options: dict[str, Any]) -> None:
        """An address, a certificate with its routes, and the end, each in its time."""
        self.limit = 3.0 * options.get("ingress_limit", 120) + NAMED + REACHED + _REST

    def applies(self, ctx: Context) -> str:
        self._classes = known(ctx)
        if self._classes or ctx.options.get("ingress_classes"):
            return ""
        return "the cluster has no IngressClass, so no controller takes an Ingress by its class"

    def run(self, ctx: Context) -> None:
        self._patience = float(ctx.options.get("ingress_limit", 120))
        self._told: dict[str, set[tuple[str, ...]]] = {}
        self._versions: dict[str, set[str]] = {}
        with ctx.step("there is an IngressClass to prove"):
            chosen = choose(ctx, self._classes)
            if not chosen:
                ctx.skip("every IngressClass here is of a controller that makes a balancer of the cloud for each Ingress, "
                         "which costs money; name one in load_balancing_check_ingress_classes")
            given = self._given(ctx)
        with ctx.step("an Ingress of each class is accepted"):
            backends = make_backends(ctx, LABEL)
            sites = [self._make(ctx, number, one, backends, given) for number, one in enumerate(chosen)]
        with ctx.step("its controller gives it an address"):
            sites = self._addresses(ctx, sites, chosen)
        with ctx.step("one controller alone gives it its address"):
            self._touch(ctx, sites)
        proof = Proof(ctx, "ingress", sites, backends, min(self._patience, 60.0))
        self._traffic(ctx, proof)
        with ctx.step("one controller alone gives it its address"):
            self._alone(ctx, sites)
        with ctx.step("after its deletion our host leads nowhere"):
            for site in sites:
                ctx.delete("Ingress", site.obj[2], api_version=API)
            proof.gone(self._patience)
        with ctx.step("the way from outside is proved"):
            proof.settle()

    def _traffic(self, ctx: Context, proof: Proof) -> None:
        """Between the stages the status is looked at: two controllers write it in turn."""
        stages = {"the controller answers at the address": proof.reached, "TLS is with our certificate": proof.encrypted,
                  "our host and path lead to our pod": proof.routed,
                  "a second path and a second host lead to others": proof.second,
                  "a host and a path that nobody named do not lead to us": proof.strange}
        for claim, stage in stages.items():
            with ctx.step(claim):
                stage()
                for site in proof.sites:
                    self._status(ctx, site.obj[2])
        proof.redirected()

    def _touch(self, ctx: Context, sites: list[Site]) -> None:
        """Change what changes nothing: of two controllers the one that did not write the status now does."""
        for site in sites:
            ctx.client.patch(path_of(API, "Ingress", ctx.namespace, site.obj[2]),
                             {"metadata": {"annotations": {"assay.clusters/touched": ctx.nonce}}})

    def _alone(self, ctx: Context, sites: list[Site]) -> None:
        """No two lists of addresses were in the status that have nothing in common."""
        bad = {}
        for site in sites:
            end = min(ctx.deadline, time.monotonic() + _TURNS)
            # What nobody else writes has the versions of its making, its address, and our change.
            while len(self._versions.get(site.obj[2], ())) > 3 and not self._turns(site) and time.monotonic() < end:
                time.sleep(0.07)
                self._status(ctx, site.obj[2])
            if turns := self._turns(site):
                bad[site.name] = turns
        ctx.expect(not bad,
                   "the address of an Ingress changes while nobody changes it, as if two controllers served its class: "
                   + listed(f"{n} ({' and '.join(a)})" for n, a in bad.items()), addresses_in_turn=bad)

    def _turns(self, site: Site) -> list[str]:
        """Lists of addresses of which two have nothing in common; none where there are no such."""
        seen = sorted(self._told.get(site.obj[2], ()))
        return [", ".join(s) for s in seen] if any(not set(a) & set(b) for a in seen for b in seen if a < b) else []

    # ---- what is made -----------------------------------------------------------------------------------------
    def _given(self, ctx: Context) -> dict[str, tuple[str, int | None, int | None]]:
        """Addresses of the option by class."""
        found = {}
        for name, told in (ctx.options.get("ingress_addresses") or {}).items():
            try:
                found[str(name)] = address_of(told)
            except ValueError as e:
                ctx.inconclusive(f"load_balancing_check_ingress_addresses: the value of {name} {e}")
        return found

    def _pair(self, ctx: Context, *names: str) -> certificates.Pair:
        try:
            return certificates.make(*names)
        except MissingLibrary as e:
            ctx.inconclusive(f"no certificate of our own could be made: {e}")

    def _make(self, ctx: Context, number: int, one: dict[str, Any], backends: Backends,
              given: dict[str, tuple[str, int | None, int | None]]) -> Site:
        suffix = (ctx.options.get("ingress_host_suffix") or SUFFIX).strip(".")
        name, host, other = (f"{ctx.nonce}-{what}{number}" for what in ("ing", "a", "b"))
        pair = None
        if controller_of(one) not in controllers.PAID:
            pair = self._pair(ctx, f"{host}.{suffix}", f"{other}.{suffix}")
            pair = certificates.put(ctx, pair, f"{name}-tls")
        site = Site(f"IngressClass {name_of(one)}", controller_of(one), ("IngressClass", name_of(one), name),
                    f"{host}.{suffix}",
                    f"{other}.{suffix}", pair)
        site.address, http, https = given.get(name_of(one), ("", None, None))
        site.given = bool(site.address)
        site.http_port, site.https_port = HTTP if http is None else http, HTTPS if https is None else https
        site.notes["controller"] = site.controller
        ctx.touches("IngressClass", name_of(one))
        ctx.create(self._ingress(ctx, name, site, backends))
        return site

    def _ingress(self, ctx: Context, name: str, site: Site, backends: Backends) -> dict[str, Any]:
        def path(value: str, service_name: str) -> dict[str, Any]:
            return {"path": value, "pathType": "Exact",
                    "backend": {"service": {"name": service_name, "port": {"number": PORT}}}}

        rules = [{"host": site.host, "http": {"paths": [path(NAME_PATH, backends.first), path(ECHO_PATH, backends.second)]}},
                 {"host": site.other, "http": {"paths": [path(NAME_PATH, backends.second)]}}]
        spec: dict[str, Any] = {"ingressClassName": site.obj[1], "rules": rules}
        if site.tls:
            spec["tls"] = [{"hosts": [site.host, site.other], "secretName": f"{name}-tls"}]
        notes = {str(k): str(v) for k, v in (ctx.options.get("ingress_annotations") or {}).items()}
        return {"apiVersion": API, "kind": "Ingress", "metadata": {"name": name, "annotations": notes}, "spec": spec}

    # ---- addresses --------------------------------------------------------------------------------------------
    def _addresses(self, ctx: Context, sites: list[Site], chosen: list[dict[str, Any]]) -> list[Site]:
        """Those sites that have one; the others are told where that is no fault of the cluster, else they fail."""
        start = time.monotonic()

        def told() -> bool:
            for site in sites:
                site.address = site.address or self._status(ctx, site.obj[2])
            return all(s.address for s in sites)

        end, seen = min(ctx.deadline, start + self._patience), False
        while not told() and time.monotonic() < end:
            time.sleep(0.5)
            late = time.monotonic() > start + _LONE and not seen and any(s.address for s in sites)
            if late:  # one that nobody serves is not waited for beside those that are served
                seen, around = True, look(ctx)
                if all(self._nobodys(ctx, s, around, chosen) for s in sites if not s.address):
                    break
        for site in sites:
            if not site.given:
                ctx.see(kind="ingress", variant="address", target=site.obj[2], ok=bool(site.address),
                        error="" if site.address else f"{site.name}: no address")
        without = [s for s in sites if not s.address]
        if without:
            self._without(ctx, without, chosen, len(sites) > len(without))
        else:
            ctx.measure("Ingresses to their addresses", time.monotonic() - start, "s")
        return [s for s in sites if s.address]

    def _nobodys(self, ctx: Context, site: Site, around: Surroundings, chosen: list[dict[str, Any]]) -> bool:
        """Whether the class may be left out: nobody named it, it is not the default, nothing looks like its controller,
        nobody uses it."""
        one = next(c for c in chosen if name_of(c) == site.obj[1])
        return (around.known and not ctx.options.get("ingress_classes") and not is_default(one)
                and not around.of(site.controller) and not used(ctx, site.obj[1]))

    def _status(self, ctx: Context, name: str) -> str:
        try:
            item = ctx.client.get(path_of(API, "Ingress", ctx.namespace, name))
        except ApiError as e:
            if e.status == 404:
                ctx.fail(f"Ingress {name} was deleted by somebody else")
            raise
        self._versions.setdefault(name, set()).add(str((item.get("metadata") or {}).get("resourceVersion")))
        given = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        told = tuple(sorted(str(one.get("ip") or one.get("hostname")) for one in given if one.get("ip") or one.get("hostname")))
        if told:
            self._told.setdefault(name, set()).add(told)
        return str(given[0].get("ip") or given[0].get("hostname") or "") if told else ""

    def _without(self, ctx: Context, without: list[Site], chosen: list[dict[str, Any]], others: bool) -> None:
        """Sites that got no address: the controller's own, where it writes none; told, where a class has nobody; else
        failed."""
        around, bad = note(ctx, without), {}
        for site in without:
            asleep = around.asleep(site.controller)
            before = used(ctx, site.obj[1])
            if not before and not asleep and (found := around.address(site.controller)):
                site.address, site.notes["address"] = found, "of its controller's Service, as the Ingress has none"
                continue
            if others and self._nobodys(ctx, site, around, chosen):
                ctx.warn(f"{site.name} was left out: nothing here looks like its controller {site.controller}, and its "
                         "Ingresses have no address")
                continue
            nobody = around.known and not around.of(site.controller) and not before
            why = [f"nothing here looks like its controller {site.controller}"] if nobody else [
                *asleep, complaint(ctx, "Ingress", site.obj[2])]
            if before:
                why.append(f"others of the class have one: {listed(before)}")
            bad[site.name] = "; ".join(w for w in why if w) or "nothing says why"
        ctx.expect(not bad, f"no address within {self._patience:.0f} s: " + listed(f"{n} ({w})" for n, w in bad.items()),
                   without_address=bad)
