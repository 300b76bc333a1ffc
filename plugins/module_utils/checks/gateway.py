# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Gateway of each class, and routes at it, lead names of ours to our pods, with our certificate, and nowhere once they are
deleted."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..common import controllers
from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..kube.errors import ApiError, MissingLibrary
from ..kube.kinds import path_of
from ._edge import certificate as certificates
from ._edge import gateway_objects as objects
from ._edge.controllers import name_of, note
from ._edge.gateway_conditions import Unmet, of_gateway, of_route, settled, unmet, words
from ._edge.gateway_objects import API, CLASSES
from ._edge.proof import NAMED, REACHED, Proof
from ._edge.site import HTTP, HTTPS, Site, address_of, make_backends
from ._shared.optional import optional_get
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context

LABEL = "assay.clusters/gateway"
SUFFIX = "assay.test"
_REST = 120.0


class Gateway(Check):
    """A Gateway for each class with a listener for HTTP and one for HTTPS, or routes at one that is there."""

    name = "gateway"
    domain = "load_balancing"
    proves = "A Gateway of each class is programmed; its routes lead to our pods with our certificate, and nowhere when deleted."
    options = (
        Option("gateway_classes", "The GatewayClasses to prove; by default all of them. Each gets a Gateway for the time of "
               "the check, for which a cloud may make a balancer.", type="list", elements="str", example=["istio"]),
        Option("gateway", "An existing Gateway, as namespace/name, at which our routes are to be tried instead of at new ones. It "
               "may be named by who may not list GatewayClasses, too.",
               example="infra/shared"),
        Option("gateway_addresses", "Where Gateways are reached from outside, by GatewayClass, where that is another "
               "address than the one that they tell: an address, or a dictionary with address, http_port and https_port.",
               type="dict",
               example={"istio": "192.0.2.10"}),
        Option("gateway_annotations", "Annotations of our Gateways, and of what is made for them, such as a balancer's kind.",
               type="dict", example={"networking.gke.io/certmap": "ours"}),
        Option("gateway_host_suffix", "The domain in which our routes have their host names; by default that of the "
               "listener, where it has one.", example="apps.example.com"),
        Option("gateway_limit", "Seconds until a Gateway must be programmed and have an address, and until any other change "
               "must have been followed.", type="int", default=180, minimum=5, maximum=1800),
    )
    permissions = (
        Permission(("get", "list"), ("gatewayclasses",), "gateway.networking.k8s.io"),
        Permission(("create", "delete", "get"), ("gateways", "httproutes"), "gateway.networking.k8s.io"),
        Permission(("create", "delete", "get"), ("services",)),
        Permission(("create", "delete"), ("secrets",), power="edge_certificates"),
        Permission(("patch",), ("pods",)),
        Permission(("list",), ("endpointslices",), "discovery.k8s.io", optional=True),
        Permission(("list",), ("networkpolicies",), "networking.k8s.io", optional=True),
        Permission(("get", "list"), ("gateways",), "gateway.networking.k8s.io", optional=True, everywhere=True),
        Permission(("list",), ("services",), optional=True, everywhere=True),
        Permission(("list",), ("deployments", "daemonsets"), "apps", optional=True, everywhere=True),
    )
    images = ("agnhost",)
    objects = ("Gateway", "HTTPRoute", "Secret", "Service")
    expected = 90.0
    limit = 4 * 180.0 + NAMED + REACHED + _REST
    probes = 1

    def bounds(self, options: dict[str, Any]) -> None:
        """A class, a Gateway, its routes, and the end, each in its time."""
        self.limit = 4.0 * options.get("gateway_limit", 180) + NAMED + REACHED + _REST

    def applies(self, ctx: Context) -> str:
        try:
            self._classes = ctx.client.quiet.get(CLASSES).get("items") or []
        except ApiError as e:
            if e.status == 404:
                return "the cluster has no Gateway API: its definitions (gateway.networking.k8s.io/v1) are not installed"
            if e.status not in (401, 403):
                raise
            self._unseen(ctx, e)
            return ""
        return "" if self._classes else "the cluster has no GatewayClass, so nothing in it serves Gateways"

    def _unseen(self, ctx: Context, error: ApiError) -> None:
        """A Gateway that is there needs no class of ours to see."""
        self._classes = []
        if not ctx.options.get("gateway"):
            ctx.inconclusive(f"GatewayClasses may not be seen: {error.message or error.reason}; name a Gateway that takes our routes in "
                             "load_balancing_check_gateway, or let our user list them")
        ctx.observe(classes_not_seen=True)

    def run(self, ctx: Context) -> None:
        self._patience = float(ctx.options.get("gateway_limit", 180))
        self._unmet: list[Unmet] = []
        own = bool(ctx.options.get("gateway"))
        with ctx.step("its GatewayClass is accepted"):
            sites = [self._existing(ctx)] if own else self._accepted(ctx)
        with ctx.step("the Gateway is accepted and programmed, and has an address"):
            if not own:
                for site in sites:
                    self._make(ctx, site)
            self._programmed(ctx, sites)
        with ctx.step("its routes are accepted and what they name is found"):
            backends = make_backends(ctx, LABEL)
            for site in sites:
                for one in objects.routes(site, backends):
                    ctx.create(one)
            self._attached(ctx, sites)
        proof = Proof(ctx, "gateway", sites, backends, min(self._patience, 60.0))
        self._traffic(ctx, proof)
        with ctx.step("after their deletion our host leads nowhere"):
            for site in sites:
                for name in objects.route_names(site):
                    ctx.delete("HTTPRoute", name, api_version=API)
            proof.gone(self._patience)
            for site in sites if not own else ():
                ctx.delete("Gateway", site.obj[2], api_version=API)
        with ctx.step("the way from outside is proved"):
            proof.settle()

    def _traffic(self, ctx: Context, proof: Proof) -> None:
        with ctx.step("the Gateway answers at its address"):
            proof.reached()
        with ctx.step("TLS is with our certificate"):
            proof.encrypted()
        with ctx.step("our host and path lead to our pod"):
            proof.routed()
        with ctx.step("a second path and a second host lead to others"):
            proof.second()
        with ctx.step("a host and a path that nobody named do not lead to us"):
            proof.strange()
            proof.redirected()

    # ---- classes ----------------------------------------------------------------------------------------------
    def _accepted(self, ctx: Context) -> list[Site]:
        """A site for each class that is accepted; the others are told where nobody serves them, else they fail."""
        named = ctx.options.get("gateway_classes") or []
        missing = sorted(set(named) - set(map(name_of, self._classes)))
        if missing:
            ctx.inconclusive(f"there is no GatewayClass {listed(missing)}; there are {listed(map(name_of, self._classes), 9)}")
        good, bad = [], {}
        for one in [c for c in self._classes if not named or name_of(c) in named]:
            path = path_of(API, "GatewayClass", name=name_of(one))
            item, left = settled(ctx, path, self._class_of, min(self._patience, 30.0))
            ctx.touches("GatewayClass", name_of(one))
            controller = str(item["spec"].get("controllerName") or "")
            if left:
                bad[name_of(one)] = (controller, left)
            else:
                good.append(self._site(ctx, len(good), name_of(one), controller))
        self._refused(ctx, bad, bool(good) and not named)
        return good

    def _class_of(self, item: dict[str, Any]) -> list[Unmet]:
        return unmet((item.get("status") or {}).get("conditions"), ("Accepted",), int(item["metadata"].get("generation") or 0),
                     f"GatewayClass {name_of(item)}")

    def _refused(self, ctx: Context, bad: dict[str, tuple[str, list[Unmet]]], others: bool) -> None:
        if not bad:
            return
        around = note(ctx, [Site(f"GatewayClass {n}", c, ("", "", ""), "", "") for n, (c, _left) in bad.items()])
        failed: list[Unmet] = []
        for name, (controller, left) in bad.items():
            if others and around.known and not around.of(controller) and all(u["status"] != "False" for u in left):
                ctx.warn(f"GatewayClass {name} was left out: nobody accepts it, and nothing here looks like its controller "
                         f"{controller}")
            else:
                failed += left
        self._expect(ctx, failed, "a GatewayClass is not accepted")

    def _expect(self, ctx: Context, left: list[Unmet], what: str) -> None:
        """Nothing may be left; what is goes to the diagnosis as it was told."""
        for one in left:
            ctx.see(kind="gateway", variant="condition", target=one["object"], ok=False, error=words(one))
        ctx.expect(not left, f"{what}: {listed(map(words, left))}", unmet_conditions=left)

    # ---- Gateways ---------------------------------------------------------------------------------------------
    def _site(self, ctx: Context, number: int, class_name: str, controller: str) -> Site:
        suffix = (ctx.options.get("gateway_host_suffix") or SUFFIX).strip(".")
        name, host, other = (f"{ctx.nonce}-{what}{number}" for what in ("gw", "ga", "gb"))
        try:
            pair = certificates.make(f"{host}.{suffix}", f"{other}.{suffix}")
        except MissingLibrary as e:
            ctx.inconclusive(f"no certificate of our own could be made: {e}")
        site = Site(f"GatewayClass {class_name}", controller, ("Gateway", ctx.namespace, name), f"{host}.{suffix}",
                    f"{other}.{suffix}", pair)
        self._given(ctx, site, class_name)
        site.notes["controller"] = controller
        return site

    def _given(self, ctx: Context, site: Site, class_name: str) -> None:
        """What the option says of its address."""
        told = (ctx.options.get("gateway_addresses") or {}).get(class_name)
        if told is None:
            return
        try:
            site.address, http, https = address_of(told)
        except ValueError as e:
            ctx.inconclusive(f"load_balancing_check_gateway_addresses: the value of {class_name} {e}")
        site.given = True
        site.http_port, site.https_port = HTTP if http is None else http, HTTPS if https is None else https

    def _make(self, ctx: Context, site: Site) -> None:
        if site.pair is not None:
            site.pair = certificates.put(ctx, site.pair, f"{site.obj[2]}-tls")
        class_name = site.name.partition(" ")[2]
        others = (optional_get(ctx, f"/apis/{API}/gateways") or {}).get("items") or ()
        http, https = objects.ports(others, class_name)
        if not site.given and not site.controller.startswith(controllers.PORTS_OF_PODS):
            site.http_port, site.https_port = http, https
        notes = {str(k): str(v) for k, v in (ctx.options.get("gateway_annotations") or {}).items()}
        ctx.create(objects.gateway(site, class_name, http, https, notes))

    def _existing(self, ctx: Context) -> Site:
        """A site at the Gateway that the option names."""
        space, slash, name = str(ctx.options["gateway"]).partition("/")
        if not slash or not name:
            ctx.inconclusive(f"load_balancing_check_gateway: {ctx.options['gateway']!r} is not namespace/name")
        try:
            item = ctx.client.get(path_of(API, "Gateway", space, name))
        except ApiError as e:
            if e.status == 404:
                ctx.inconclusive(f"load_balancing_check_gateway: there is no Gateway {space}/{name}")
            raise
        class_name = item["spec"].get("gatewayClassName", "")
        mine = next((c for c in self._classes if name_of(c) == class_name), {"spec": {}})
        controller = str(mine["spec"].get("controllerName") or "")
        listener = objects.usable(item)
        if listener is None:
            ctx.inconclusive(f"Gateway {space}/{name} has no listener for HTTP or HTTPS of more than one host")
        wildcard = str(listener.get("hostname") or "").removeprefix("*.")
        suffix = (ctx.options.get("gateway_host_suffix") or wildcard or SUFFIX).strip(".")
        site = Site(f"Gateway {space}/{name}", controller, ("Gateway", space, name), f"{ctx.nonce}-ga.{suffix}",
                    f"{ctx.nonce}-gb.{suffix}")
        secure = listener.get("protocol") == "HTTPS"
        port = int(listener["port"])
        if controller.startswith(controllers.PORTS_OF_PODS):
            port = HTTPS if secure else HTTP
        site.http_port, site.https_port, site.unknown_certificate = (0, port, True) if secure else (port, 0, False)
        site.notes.update({"controller": controller, "listener": listener["name"]})
        ctx.touches("Gateway", name, space)
        ctx.touches("GatewayClass", class_name)
        return site

    def _programmed(self, ctx: Context, sites: list[Site]) -> None:
        start, left = time.monotonic(), []
        for site in sites:
            wanted = [site.notes["listener"]] if "listener" in site.notes else []
            path = path_of(API, "Gateway", site.obj[1], site.obj[2])
            item, found = settled(ctx, path, lambda i, w=wanted: of_gateway(i, w) or _unaddressed(i), self._patience)
            if not site.address:
                site.address = _address(item)
            # A controller that tells no address may still be reached at the option's.
            left += [u for u in found if u["type"] != "Address" or not site.address]
        if left:
            note(ctx, sites)
        self._expect(ctx, left, "a Gateway is not ready")
        ctx.measure("Gateways programmed after", time.monotonic() - start, "s")

    def _attached(self, ctx: Context, sites: list[Site]) -> None:
        start, left = time.monotonic(), []
        for site in sites:
            for name in objects.route_names(site):
                path = path_of(API, "HTTPRoute", ctx.namespace, name)
                left += settled(ctx, path, of_route, min(self._patience, 60.0))[1]
        if left:
            note(ctx, sites)
        self._expect(ctx, left, "a route is not accepted")
        ctx.measure("routes accepted after", time.monotonic() - start, "s")


def _address(item: dict[str, Any]) -> str:
    told = (item.get("status") or {}).get("addresses") or [{}]
    return str(told[0].get("value") or "")


def _unaddressed(item: dict[str, Any]) -> list[Unmet]:
    """In the form of a condition: that it has no address."""
    if _address(item):
        return []
    name = f"Gateway {item['metadata'].get('namespace')}/{item['metadata']['name']}"
    return [{"object": name, "type": "Address", "status": "Unknown", "reason": "", "message": "it has no address"}]
