# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A user's own Service: it has ready endpoints, and pods on every node can connect to it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kube.errors import ApiError
from ._asked import Asked
from ._endpoints import SERVICE_LABEL, Endpoint, endpoints
from ._optional import optional_get
from ._text import listed, url_host

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe

# Endpoints that are connected to directly, to tell the Service from its pods.
DIRECT = 3
CONNECT = "c(){ E=$(/agnhost connect --timeout=3s $2 2>&1)&&E=OK;echo $1 $E;};"


@dataclass(frozen=True)
class Target:
    """An address to connect to; variant is "vip" or "pod"."""

    address: str
    port: int
    variant: str
    node: str = ""

    def __str__(self) -> str:
        return f"{url_host(self.address)}:{self.port}"


def targets(service: dict[str, Any], ready: list[Endpoint]) -> list[Target]:
    """What a client connects to: the cluster address on every TCP port, and the first endpoints directly."""
    out = []
    vip = service["spec"].get("clusterIP")
    for port in service["spec"].get("ports") or ():
        if port.get("protocol", "TCP") != "TCP":
            continue
        if vip and vip != "None":
            out.append(Target(vip, int(port["port"]), "vip"))
        for e in ready[:DIRECT]:
            number = e.port(port.get("name", ""))
            if number:
                out.append(Target(e.address, number, "pod", e.node))
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


def prove(ctx: Context, asked: Asked, probes: list[Probe], namespace: str, name: str) -> None:
    """The steps for the Service namespace/name; raises StepFailed."""
    label = f"{namespace}/{name}"
    with ctx.step(f"Service {label} has ready endpoints"):
        service, found = _read(ctx, namespace, name)
        if service["spec"].get("type") == "ExternalName":
            ctx.inconclusive(f"Service {label} is an ExternalName, which has no address to connect to")
        ready = _has_endpoints(ctx, service, found, label)
    wanted = targets(service, ready)
    if not wanted:
        ctx.warn(f"Service {label} has no TCP port; only its endpoints were proved")
        return

    def ask(probe: Probe) -> list[tuple[Target, str]]:
        shell = probe.shell(script(wanted), timeout=15.0)
        return parse(shell.output, wanted, shell.error)

    with ctx.step(f"Service {label} accepts connections from pods on every node"):
        claimed = "vip" if any(t.variant == "vip" for t in wanted) else "pod"
        bad = {}
        for node, results in asked.all(probes, ask).items():
            for target, error in results:
                ctx.see(kind="service", from_node=node, to_node=target.node, target=str(target), variant=target.variant,
                        ok=not error, error=error)
                if error and target.variant == claimed:
                    bad[node] = f"{target}: {error}"
        ctx.expect(not bad, f"Service {label} fails from {len(bad)} of {len(probes)} nodes: "
                   + listed(f"{n} ({w})" for n, w in bad.items()), service=label, failed_from=bad)
