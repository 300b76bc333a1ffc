# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A user's own Service: it has ready endpoints, and pods on every node can connect to it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError
from .asked import Asked
from .endpoints import SERVICE_LABEL, Endpoint, endpoints
from .optional import optional_get
from .text import listed, url_host

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe

# Endpoints that are connected to directly, to tell the Service from its pods; and of a node from which it fails.
DIRECT, MOST = 3, 30
CONNECT = "c(){ E=$(/agnhost connect --timeout=3s $2 2>&1)&&E=OK;echo $1 $E;};"


@dataclass(frozen=True)
class Target:
    """An address to connect to; variant is "vip" or "endpoint"."""

    address: str
    port: int
    variant: str
    node: str = ""

    def __str__(self) -> str:
        return f"{url_host(self.address)}:{self.port}"


def targets(service: dict[str, Any], ready: list[Endpoint], most: int = DIRECT) -> list[Target]:
    """What a client connects to: the cluster addresses on every TCP port, and the first endpoints directly."""
    out = []
    vips = [a for a in service["spec"].get("clusterIPs") or [service["spec"].get("clusterIP")] if a and a != "None"]
    for port in service["spec"].get("ports") or ():
        if port.get("protocol", "TCP") != "TCP":
            continue
        out += [Target(vip, int(port["port"]), "vip") for vip in vips]
        for e in ready[:most]:
            number = e.port(port.get("name", ""))
            if number:
                out.append(Target(e.address, number, "endpoint", e.node))
    return out


def script(wanted: list[Target]) -> str:
    """The shell command that connects to all at once."""
    return CONNECT + "".join(f"c {i} {t}&" for i, t in enumerate(wanted)) + "wait"


def parse(output: str, wanted: list[Target], error: str = "") -> list[tuple[Target, str]]:
    """Each target with its error: empty for a connection, else TIMEOUT, REFUSED, DNS or OTHER with details."""
    found = {}
    for line in output.splitlines():
        number, _space, text = line.partition(" ")
        if number.isdigit():
            found[int(number)] = "" if text == "OK" else text or "no answer"
    return [(t, found.get(i, f"no answer from the probe's shell: {error}")) for i, t in enumerate(wanted)]


def _read(ctx: Context, namespace: str, name: str) -> tuple[dict[str, Any], list[Endpoint]]:
    ctx.touches("Service", name, namespace)
    try:
        service = ctx.client.get(f"/api/v1/namespaces/{namespace}/services/{name}")
    except ApiError as e:
        if e.status == 404:
            ctx.fail(f"there is no Service {namespace}/{name}")
        raise
    slices = ctx.client.get(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
                            params={"labelSelector": f"{SERVICE_LABEL}={name}"})
    return service, endpoints(slices.get("items") or [])


def _selected(ctx: Context, namespace: str, selector: dict[str, str]) -> int | None:
    """How many pods the selector matches; None when we may not know."""
    chosen = ",".join(f"{k}={v}" for k, v in sorted(selector.items()))
    pods = optional_get(ctx, f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": chosen, "limit": 500})
    return None if pods is None else len(pods.get("items") or [])


def _has_endpoints(ctx: Context, service: dict[str, Any], found: list[Endpoint], label: str) -> list[Endpoint]:
    namespace, selector = service["metadata"]["namespace"], service["spec"].get("selector") or {}
    ready = [e for e in found if e.ready]
    ctx.see(kind="service", target=label, variant="endpoints", ok=bool(ready),
            error="" if ready else f"{len(found)} endpoints, none ready")
    for e in ready[:DIRECT]:
        ctx.touches("Pod", e.pod, namespace)
    if ready:
        return ready
    pods = _selected(ctx, namespace, selector) if selector else None
    words = ",".join(f"{k}={v}" for k, v in sorted(selector.items())) or "none"
    why = {None: "", 0: " and matches no pod"}.get(pods, f" and matches {pods} pods, none of them a ready endpoint")
    ctx.fail(f"Service {label} has no ready endpoint; its selector is {words}{why}", service=label, selector=selector,
             matching_pods=pods, endpoints=len(found))


def ready(ctx: Context, namespace: str, name: str) -> tuple[dict[str, Any], list[Endpoint]]:
    """The Service and its ready endpoints; StepFailed where there is none."""
    service, found = _read(ctx, namespace, name)
    if service["spec"].get("type") == "ExternalName":
        ctx.inconclusive(f"Service {namespace}/{name} is an ExternalName, which has no address to connect to")
    return service, _has_endpoints(ctx, service, found, f"{namespace}/{name}")


def prove(ctx: Context, asked: Asked, probes: list[Probe], namespace: str, name: str) -> None:
    """The steps for the Service namespace/name; raises StepFailed."""
    label = f"{namespace}/{name}"
    with ctx.step(f"Service {label} has ready endpoints"):
        service, those = ready(ctx, namespace, name)
    wanted = targets(service, those)
    if not wanted:
        ctx.warn(f"Service {label} has no TCP port; only its endpoints were proved")
        return
    claimed = _claimed(ctx, service, those, probes, label)
    with ctx.step(f"Service {label} accepts connections from pods on every node"):
        _connect(ctx, asked, claimed, label, wanted, targets(service, those, MOST))
        ctx.observe(endpoints=len(those))


def _claimed(ctx: Context, service: dict[str, Any], ready: list[Endpoint], probes: list[Probe], label: str) -> list[Probe]:
    """The nodes that it must serve: those with a pod of it, where its traffic is to stay on the node."""
    if service["spec"].get("internalTrafficPolicy") != "Local":
        return probes
    there = [p for p in probes if p.node in {e.node for e in ready}]
    if not there:
        ctx.inconclusive(f"Service {label} serves only nodes that run its pods (internalTrafficPolicy: Local), and none of "
                         "them has a probe")
    ctx.observe(served_nodes=[p.node for p in there])
    return there


def _connect(ctx: Context, asked: Asked, probes: list[Probe], label: str, wanted: list[Target], more: list[Target]) -> None:
    """From every node, and from those where it fails once more, with more of the endpoints: one lost packet is no failure."""
    claimed = "vip" if any(t.variant == "vip" for t in wanted) else "endpoint"
    hidden: dict[str, str] = {}

    def failed(results: list[tuple[Target, str]]) -> list[str]:
        return [f"{t}: {error}" for t, error in results if error and t.variant == claimed]

    def once(probe: Probe, these: list[Target]) -> list[tuple[Target, str]]:
        shell = probe.shell(script(these), timeout=15.0)
        return parse(shell.output, these, shell.error)

    def ask(probe: Probe) -> list[tuple[Target, str]]:
        first = once(probe, wanted)
        if not failed(first):
            return first
        again = once(probe, more)
        if not failed(again):
            hidden[probe.node] = failed(first)[0]
        return again

    bad = {}
    for node, results in asked.all(probes, ask).items():
        for target, error in results:
            ctx.see(kind="service", from_node=node, to_node=target.node, target=str(target), variant=target.variant,
                    ok=not error, error=error)
        if errors := failed(results):
            bad[node] = errors[0]
    ctx.expect(not bad, f"Service {label} fails from {len(bad)} of {len(probes)} nodes: "
               + listed(f"{n} ({w})" for n, w in bad.items()), service=label, failed_from=bad,
               endpoints_asked=len([t for t in more if t.variant == "endpoint"]))
    if hidden:
        ctx.warn(f"Service {label} accepted a connection only at the second try from "
                 + listed(f"{n} ({w})" for n, w in sorted(hidden.items())))
