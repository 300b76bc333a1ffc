# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Services of ours whose names are asked for: one with an address, and one that stands for the addresses of its pods."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError
from .._shared.backends import BACKENDS, spread
from .._shared.endpoints import endpoints
from .._shared.manifests import service
from .._shared.news import LAG

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe

# Not that of other checks, which label the same probes at the same time.
LABEL = "assay.clusters/dns-backend"


@dataclass(frozen=True)
class Names:
    """What the questions are about. addresses: one for each family that the cluster has, the first one its own.

    pods: addresses behind the headless Service when it was made, pods_now: as they are when it is called; made: when all
    that was there, in time.monotonic seconds.
    """

    domain: str
    namespace: str
    service: str
    headless: str
    addresses: tuple[str, ...]
    pods: frozenset[str]
    pods_now: Callable[[], frozenset[str]]
    made: float

    @property
    def kubernetes(self) -> str:
        """The full name of a Service that every cluster has."""
        return self.full("kubernetes", "default")

    def full(self, name: str, namespace: str = "") -> str:
        return f"{name}.{namespace or self.namespace}.svc.{self.domain}."


def _label(ctx: Context, probes: list[Probe]) -> list[str]:
    """Label some probes; the names of the pods, without those that have gone meanwhile."""
    done = []
    for probe in spread(probes, BACKENDS):
        try:
            ctx.client.patch(f"/api/v1/namespaces/{ctx.namespace}/pods/{probe.pod}",
                             {"metadata": {"labels": {LABEL: ctx.nonce}}})
        except ApiError as e:
            if e.status != 404:
                raise
            continue
        done.append(probe.pod)
    return done


def _there(ctx: Context, name: str) -> bool:
    """Whether a pod of ours is still there, as far as the watch knows pods."""
    pods = ctx.watch("pods").items()
    item = pods.get((ctx.namespace, name))
    return not pods or bool(item and not item["metadata"].get("deletionTimestamp"))


def make(ctx: Context, domain: str, probes: list[Probe]) -> Names:
    """Make both, in each family of addresses that the cluster has, and wait until their pods are behind them."""
    port = {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}
    own, headless = f"dns-{ctx.nonce}", f"headless-{ctx.nonce}"
    wanted = _label(ctx, probes)
    made = ctx.create(service(own, {LABEL: ctx.nonce}, [port], ipFamilyPolicy="PreferDualStack"))
    ctx.create(service(headless, {LABEL: ctx.nonce}, [port], clusterIP="None", ipFamilyPolicy="PreferDualStack"))
    addresses = tuple(made["spec"].get("clusterIPs") or [made["spec"]["clusterIP"]])

    def now() -> frozenset[str]:
        return frozenset(e.address for e in endpoints(ctx.watch("endpointslices").items().values(), headless) if e.ready)

    def complete(items: dict[Any, Any]) -> frozenset[str] | None:
        ready = [e for e in endpoints(items.values(), headless) if e.ready]
        whole = {e.pod for e in ready} >= {p for p in wanted if _there(ctx, p)}
        return frozenset(e.address for e in ready) if ready and whole else None

    pods = ctx.wait("endpointslices", complete, "the endpoints of our Services hold the probes", seconds=LAG)
    ctx.observe(families=len(addresses), backends=len(pods))
    return Names(domain, ctx.namespace, own, headless, addresses, pods, now, time.monotonic())
