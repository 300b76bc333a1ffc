# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each API server by its own address, where that can be reached from here and is surely its own: a load balancer hides a
dead one, and a private address may be somebody else's."""
from __future__ import annotations

import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...engine.errors import StepFailed
from ...kube.errors import ApiError
from .._shared.endpoints import endpoints
from .._shared.optional import optional_get
from .._shared.text import listed
from .health import Health, Unreachable, ask, tls

if TYPE_CHECKING:
    from ...engine.context import Context

KUBERNETES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
# What every namespace has for its pods, a moment after it was made: the CA of the cluster's own API servers.
ROOT_CA = "kube-root-ca.crt"
_PUBLISHED = 5.0
# What pods ask API servers by.
_INSIDE = ("kubernetes.default.svc", "kubernetes")


def _not_from_here(ctx: Context) -> str:
    """Why addresses of the cluster say nothing here; empty where they may be what they are there."""
    connection = ctx.client.raw.connection
    if getattr(connection.configuration, "proxy", None):
        return "the API server is reached through a proxy"
    if urlsplit(connection.server).path.strip("/"):
        return "the API server is reached through another server, below a path of it"
    return ""


def _own_ca(ctx: Context) -> str:
    """The CA that pods of the cluster trust, as PEM; empty where it is not told."""
    key = (ctx.namespace, ROOT_CA)
    try:
        found = ctx.wait("configmaps", lambda items: items.get(key), "the cluster's own CA", seconds=_PUBLISHED)
    except (StepFailed, ApiError):
        return ""
    return str((found.get("data") or {}).get("ca.crt") or "")


def _trust(ctx: Context) -> tuple[ssl.SSLContext, tuple[str, ...]]:
    """(TLS settings, names that a certificate may be for): those of the cluster itself, else those of our connection."""
    settings, server = ctx.client.raw.connection.configuration, ctx.client.raw.connection.server
    name = getattr(settings, "tls_server_name", None) or urlsplit(server).hostname or ""
    if ca := _own_ca(ctx):
        try:
            return tls(None, True, ca), (*_INSIDE, name)
        except (ssl.SSLError, ValueError):
            ctx.observe(own_ca="ConfigMap kube-root-ca.crt holds no certificate that can be read")
    return tls(settings.ssl_ca_cert, settings.verify_ssl), (name,)


def prove(ctx: Context) -> None:
    """Every API server that is reached is ready."""
    item = optional_get(ctx, KUBERNETES)
    addresses = [(e.address, e.port("https") or 443) for e in endpoints([item] if item else []) if e.ready]
    ctx.observe(api_servers=len(addresses))
    if why := _not_from_here(ctx):
        ctx.observe(not_asked_directly=why)
        return
    if not addresses:
        return
    context, names = _trust(ctx)

    def one(where: tuple[str, int]) -> Health | Unreachable:
        try:
            return ask(*where, "/readyz?verbose=true", names, context)
        except Unreachable as e:
            return e

    told = {f"{address}:{port}": t for (address, port), t in zip(addresses, ctx.in_parallel(one, addresses))}
    unreached = {label: why for label, t in told.items() if (why := _not_told(t))}
    for label, t in told.items():
        if isinstance(t, Unreachable) and t.tls and not t.foreign:
            ctx.warn(f"the certificate of API server {label} does not verify: {t}")
    if unreached:
        ctx.observe(not_asked_directly=unreached)
    _judge(ctx, {label: t for label, t in told.items() if isinstance(t, Health) and label not in unreached}, len(told))


def _not_told(told: Health | Unreachable) -> str:
    """Why an answer says nothing about an API server of this cluster; empty where it does."""
    if isinstance(told, Unreachable):
        return f"its certificate is not of this cluster's CA: {told}" if told.foreign else str(told)
    if told.status in (401, 403):
        return f"does not tell its health to strangers ({told.status})"
    return "" if told.known else f"what answers there is not an API server ({told.status})"


def _judge(ctx: Context, told: dict[str, Health], there: int) -> None:
    bad = {}
    for label, t in told.items():
        ctx.see(kind="api", target=label, variant="replica", ok=t.ok, error=listed(t.failed))
        if not t.ok:
            bad[label] = f"{t.status} {listed(t.failed)}".strip()
    ctx.expect(not bad, f"{len(bad)} of {there} API servers are not ready: "
               + listed(f"{n} ({w})" for n, w in bad.items()), not_ready=bad)
