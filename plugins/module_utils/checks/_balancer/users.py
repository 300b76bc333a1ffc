# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A user's own Service of type LoadBalancer: it has ready endpoints and an address, and takes connections from outside."""
from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from .._shared import user_service
from .._shared.text import listed, url_host
from .address import given

if TYPE_CHECKING:
    from ...engine.context import Context
    from .outside import Controller, Heard, Probe

_TRIES, _PAUSE = 3, 1.0
# Whatever else was said to a plain request: somebody took the connection.
_NOBODY = re.compile(r"no answer|refused|unreachable|[Nn]o route|timed? ?out|timeout|does not resolve|not permitted")


def _connects(who: Controller | Probe, host: str, port: int) -> Heard:
    for number in range(_TRIES):
        heard = who.ask(host, port, "/")
        if heard.text or not _NOBODY.search(heard.error) or number == _TRIES - 1:
            break
        time.sleep(_PAUSE)
    return heard


def prove(ctx: Context, who: Controller | Probe, label: str) -> None:
    """label: NAMESPACE/NAME."""
    space, slash, name = label.partition("/")
    if not slash:
        ctx.inconclusive(f"balanced_service: must be NAMESPACE/NAME, not {label!r}")
    with ctx.step(f"Service {label} has ready endpoints"):
        service, _endpoints = user_service.ready(ctx, space, name)
        if service["spec"].get("type") != "LoadBalancer":
            ctx.inconclusive(f"Service {label} is of type {service['spec'].get('type')}, not LoadBalancer")
    with ctx.step(f"Service {label} takes connections from outside the cluster"):
        addresses = given(service)
        ctx.expect(addresses, f"Service {label} has got no address", service=label)
        ports = [int(p["port"]) for p in service["spec"].get("ports") or () if p.get("protocol", "TCP") == "TCP"]
        bad = {}
        for address in addresses:
            for port in ports:
                target, heard = f"{url_host(address.host)}:{port}", _connects(who, address.host, port)
                error = "" if heard.text or not _NOBODY.search(heard.error) else heard.error
                ctx.see(kind="balancer", variant="theirs", target=target, ok=not error, error=error)
                bad |= {target: error} if error else {}
        ctx.expect(not bad, f"Service {label} takes no connection from {who.words} at "
                            f"{listed(f'{t} ({e})' for t, e in bad.items())}",
                   service=label, failed_at=bad)
