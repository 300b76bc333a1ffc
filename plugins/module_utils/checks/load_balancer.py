# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Service of type LoadBalancer gets an address, leads from outside the cluster to its pods, and goes again without a
trace."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ._balancer import aws as balancer_aws, gone as balancer_gone, makers as makers_of, outside as outside_, policies, users
from ._balancer.address import Address, Wait, nobody_makes_them, wanted_class
from ._balancer.status import Statuses
from ._balancer.traffic import PORT, Way
from ._shared import meanwhile
from ._shared.backends import BACKENDS, spread
from ._shared.endpoints import endpoints
from ._shared.manifests import service
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe

LABEL = "assay.clusters/balanced"
# Seconds until a Service has the endpoints of pods that are there.
_SLICES = 30.0
# Until an address, and a name, lead to pods: a cloud asks their health first.
_SERVE, _SERVE_NAME = 60, 600
_HTTP = 8080


class LoadBalancer(Check):
    """One Service, so that one load balancer is paid for: it is changed from one policy to the next. Its pods are probes.

    It is deleted before anything else of the run, as controllers need it to find what they made.
    """

    name = "load_balancer"
    domain = "load_balancing"
    proves = "A Service of type LoadBalancer gets an address that leads to its pods from outside, and goes with it."
    options = (
        Option("load_balancer_class", "The C(loadBalancerClass) of our Service; by default the one that the cluster gives.",
               example="service.k8s.aws/nlb"),
        Option("service_annotations", "Annotations of our Service, such as those that make a load balancer internal or name "
               "its subnets.",
               type="dict", default={}, example={"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}),
        Option("source_ranges", "The C(loadBalancerSourceRanges) of our Service, where not everybody may come; who asks must "
               "be in them.", type="list", elements="str", default=[], example=["10.0.0.0/8"]),
        Option("asked_from", "From where the load balancer must be reached. C(controller) is where the playbook runs, "
               "C(probe) what O(outside_probe_url) names; C(auto) is the probe where it is named and the controller else, "
               "and says nothing of a load balancer that does not answer there while nothing else of the cluster does.",
               default="auto", choices=("auto", "controller", "probe")),
        Option("outside_probe_url", "The address of an C(agnhost netexec) that runs outside the cluster, where clients are. "
               "It has to be reached from the controller only, as it runs commands for whoever reaches it.",
               example="http://jump.example.com:8080"),
        Option("balanced_service", "A Service of yours of type LoadBalancer, as C(NAMESPACE/NAME), that must have ready "
               "endpoints and take connections at its address from outside, too.", example="shop/web"),
        Option("provision_limit", "Seconds until an address must be given.", type="int", default=300, minimum=5, maximum=7200),
        Option("serve_limit", "Seconds until our pods must answer at the address. Without it 60 for an address and 600 for a "
               "name.",
               type="int", minimum=5, maximum=3600),
        Option("gone_limit", "Seconds until the Service, and then its address, its name and what the provider made must be "
               "gone.",
               type="int", default=300, minimum=5, maximum=3600),
        *balancer_aws.OPTIONS,
    )
    permissions = (
        Permission(("create", "get", "patch", "delete", "list", "watch"), ("services",)),
        Permission(("list", "watch"), ("endpointslices",), "discovery.k8s.io"),
        Permission(("patch",), ("pods",)),
        Permission(("list",), ("events",), optional=True),
        Permission(("list",), ("networkpolicies",), "networking.k8s.io", optional=True),
        Permission(("get", "list"), ("services",), optional=True, everywhere=True),
        Permission(("list",), ("endpointslices",), "discovery.k8s.io", optional=True, everywhere=True),
        Permission(("list",), ("pods",), optional=True, everywhere=True),
        Permission(("list",), ("deployments", "daemonsets"), "apps", optional=True, everywhere=True),
        Permission(("list",), ("ipaddresspools", "l2advertisements", "bgpadvertisements"), "metallb.io", optional=True,
                   everywhere=True),
        Permission(("list",), ("ciliumloadbalancerippools",), "cilium.io", optional=True, everywhere=True),
    )
    cloud_permissions = balancer_aws.PERMISSIONS
    images = ("agnhost",)
    objects = ("Service",)
    expected = 240.0
    limit = 1500.0
    probes = 1

    def bounds(self, options: dict[str, Any]) -> None:
        given = float(options.get("provision_limit") or 300)
        serve, gone = float(options.get("serve_limit") or _SERVE_NAME), float(options.get("gone_limit") or 300)
        self.limit = given + serve + 2 * gone + 300.0

    def run(self, ctx: Context) -> None:
        o = ctx.options
        try:
            who = outside_.asker(o)
        except outside_.CannotAsk as e:
            ctx.inconclusive(str(e))
        gone = float(o.get("gone_limit") or 300)
        with ctx.step("a Service of type LoadBalancer is given an address"):
            makers = makers_of.look(ctx, wanted_class(ctx))
            nobody_makes_them(ctx, makers)
            backends = self._backends(ctx)
            made = self._make(ctx, backends)
            name = made["metadata"]["name"]
            addresses = Wait(ctx, name, float(o.get("provision_limit") or 300), makers).addresses()
            ctx.observe(addresses=[a.host for a in addresses], backends=len(backends), asked_from=who.words,
                        source_ranges=list(o.get("source_ranges") or ()))
            aws = balancer_gone.opened(ctx, o, made)
        item = ctx.client.get(f"/api/v1/namespaces/{ctx.namespace}/services/{name}")
        statuses = Statuses(ctx, name)
        ways = [self._way(ctx, statuses, who, a, backends, item) for a in addresses]
        with _asking(ctx):
            with statuses.steady():
                self._serves(ctx, name, ways, backends)
            with ctx.step("after its deletion nothing of it is left"):
                balancer_gone.deleted(ctx, name, gone)
                for way in ways:
                    balancer_gone.silent(way, gone)
                    balancer_gone.nameless(way, gone)
                balancer_gone.provider(ctx, aws, gone)
            if o.get("balanced_service"):
                users.prove(ctx, who, str(o["balanced_service"]))

    def _serves(self, ctx: Context, name: str, ways: list[Way], backends: list[Probe]) -> None:
        o = ctx.options
        with ctx.step("its address leads to our pods from outside the cluster"):
            for way in ways:
                way.reach(self._serve(o, way.address))
            self._is_outside(ctx, ways)
        with ctx.step("source ranges keep others out"):
            policies.ranges(ways[0], name, list(o.get("source_ranges") or ()))
        with ctx.step("with externalTrafficPolicy Local pods see their client's address"):
            port = policies.local(ways[0], name)
        with ctx.step("nodes with pods say at the health port that they have some, and others that they have none"):
            if port:
                policies.health(ways[0], port, backends)

    # ---- the Service ------------------------------------------------------------------------------------------
    def _backends(self, ctx: Context) -> list[Probe]:
        everybody = ctx.probes.all
        leaving = meanwhile.left(ctx)
        backends = spread([p for p in everybody if p.node not in leaving] or everybody, BACKENDS)
        for probe in backends:
            ctx.client.patch(f"/api/v1/namespaces/{ctx.namespace}/pods/{probe.pod}",
                             {"metadata": {"labels": {LABEL: ctx.nonce}}})
            ctx.touches("Pod", probe.pod, ctx.namespace)
        return backends

    def _make(self, ctx: Context, backends: list[Probe]) -> dict[str, Any]:
        """Its pods are there before it, so that it has endpoints as soon as its address is given."""
        o = ctx.options
        spec: dict[str, Any] = {"type": "LoadBalancer", "externalTrafficPolicy": "Cluster"}
        if o.get("load_balancer_class"):
            spec["loadBalancerClass"] = o["load_balancer_class"]
        if o.get("source_ranges"):
            spec["loadBalancerSourceRanges"] = list(o["source_ranges"])
        manifest = service(f"lb-{ctx.nonce}", {LABEL: ctx.nonce}, [
            {"name": "http", "port": PORT, "targetPort": _HTTP, "protocol": "TCP"}], **spec)
        manifest["metadata"]["annotations"] = {str(k): str(v) for k, v in (o.get("service_annotations") or {}).items()}
        made = ctx.create(manifest)
        name, pods = made["metadata"]["name"], {b.pod for b in backends}
        ctx.observe(service=f"{ctx.namespace}/{name}")
        ctx.wait("endpointslices", lambda items: {e.pod for e in endpoints(items.values(), name) if e.ready} == pods,
                 f"endpoints of Service {name} are {len(pods)} pods", seconds=_SLICES)
        return made

    def _way(self, ctx: Context, statuses: Statuses, who: Any, address: Address, backends: list[Probe],
             item: dict[str, Any]) -> Way:
        ports = item["spec"].get("ports") or [{}]
        return Way(ctx, statuses, who, address, frozenset(b.pod for b in backends), int(ports[0].get("nodePort") or 0),
                   sure=(ctx.options.get("asked_from") or "auto") != "auto")

    def _serve(self, options: dict[str, Any], address: Address) -> float:
        return float(options.get("serve_limit") or (_SERVE_NAME if address.name else _SERVE))

    def _is_outside(self, ctx: Context, ways: list[Way]) -> None:
        """A node of the cluster, or a pod, reaches the address without its load balancer."""
        from_inside = [w.own for w in ways if w.from_inside()]
        if not from_inside:
            return
        what = (f"it was asked from {listed(from_inside)}, an address of the cluster itself, where it may answer without its "
                "load balancer")
        if ways[0].sure:
            ctx.warn(what)
        else:
            ctx.inconclusive(f"{what}; name a probe outside (outside_probe_url), or set asked_from to controller to take it "
                             "for enough")


@contextlib.contextmanager
def _asking(ctx: Context) -> Iterator[None]:
    """That the probe outside cannot be asked says nothing of the cluster."""
    try:
        yield
    except outside_.CannotAsk as e:
        ctx.inconclusive(str(e))
