# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""After the deletion of a Service: its finalizer, its address, its name and its load balancer are gone."""
from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...jobs.errors import PlatformError
from ...kube.errors import ApiError
from .._shared.text import listed
from .address import events, said
from .traffic import Way

if TYPE_CHECKING:
    from ...engine.context import Context
    from .aws import Aws

_LOOK, _CLOUD = 0.5, 10.0


def _item(ctx: Context, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = ctx.client.get(f"/api/v1/namespaces/{ctx.namespace}/services/{name}")
        return found
    except ApiError as e:
        if e.status == 404:
            return None
        raise


def deleted(ctx: Context, name: str, seconds: float) -> None:
    """Delete the Service and wait until its controller lets it go."""
    start = time.monotonic()
    ctx.delete("Service", name, wait=False)
    while (item := _item(ctx, name)) is not None:
        passed = time.monotonic() - start
        if passed > seconds or ctx.left() < 5.0:
            held = item["metadata"].get("finalizers") or []
            ctx.fail(f"Service {name} gone: not within {passed:.0f} s" + (f", held by finalizer {listed(held)}" if held else "")
                     + said(events(ctx, name)), finalizers=held, service=f"{ctx.namespace}/{name}")
        time.sleep(_LOOK)
    ctx.measure("the Service is gone after", time.monotonic() - start, "s")


def silent(way: Way, seconds: float) -> None:
    """Its address leads to our pods no more; that somebody else answers there is nothing of ours."""
    start = time.monotonic()
    gone, heard = way.silent(seconds)
    way.see("after", "" if gone else "our pods still answer")
    way.ctx.expect(gone, f"{way.target} still leads to our pods {seconds:.0f} s after the Service is gone")
    way.ctx.measure("the address is silent after", time.monotonic() - start, "s")
    if heard.text:
        way.ctx.observe(address_answers_now=f"somebody else, as {heard.text[:80]!r}")


def nameless(way: Way, seconds: float) -> None:
    """Its name has no address any more."""
    if not way.address.name:
        return
    start = time.monotonic()
    while way.who.names(way.address.host):
        passed = time.monotonic() - start
        if passed > seconds or way.ctx.left() < 5.0:
            way.ctx.fail(f"the name {way.address.host} still has an address {passed:.0f} s after the Service is gone")
        time.sleep(_CLOUD)
    way.ctx.measure("the name is gone after", time.monotonic() - start, "s")


def opened(ctx: Context, options: Mapping[str, Any], service: Mapping[str, Any]) -> Aws | None:
    """AWS, where the options name it; Inconclusive where it cannot be asked."""
    if not options.get("aws"):
        return None
    from .aws import Aws

    meta = service["metadata"]
    try:
        return Aws(options, os.environ, meta["namespace"], meta["name"], str(meta.get("uid") or ""))
    except PlatformError as e:
        ctx.inconclusive(f"AWS cannot be asked: {e}", provider_unasked=str(e))


def provider(ctx: Context, aws: Aws | None, seconds: float) -> None:
    """Nothing of it is left at AWS; network interfaces that hold its security group leave some minutes late."""
    if aws is None:
        return
    start = time.monotonic()
    try:
        while left := aws.found():
            passed = time.monotonic() - start
            if passed > seconds or ctx.left() < 5.0:
                ctx.fail(f"AWS still has {listed(left)} {passed:.0f} s after the Service is gone", left_at_provider=left)
            time.sleep(min(_CLOUD, seconds / 4))
    except PlatformError as e:
        ctx.inconclusive(f"whether something is left at AWS was not to be seen: {e}", provider_unasked=str(e))
    ctx.measure("nothing is left at AWS after", time.monotonic() - start, "s")
