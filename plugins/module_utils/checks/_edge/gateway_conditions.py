# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Conditions of the Gateway API: which of them are of the object as it is now, and which are not met."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError

if TYPE_CHECKING:
    from ...engine.context import Context

# Seconds after which a condition that says no is believed: what is made at the same moment may be seen one after the other.
HOLDS = 12.0
Unmet = dict[str, str]


def unmet(told: Any, types: Iterable[str], generation: int, of: str, always: bool = True) -> list[Unmet]:
    """{object, type, status, reason, message} of each that is not True, or not of this generation. told: a list of conditions.
    always: whether one that is not there counts as unmet."""
    found = {c.get("type"): c for c in told or () if isinstance(c, dict)}
    out = []
    for kind in types:
        one = found.get(kind)
        if one is None or int(one.get("observedGeneration") or 0) < generation:
            if always or one is not None:
                out.append({"object": of, "type": kind, "status": "Unknown", "reason": "", "message": "nobody has set it"})
        elif one.get("status") != "True":
            out.append({"object": of, "type": kind, **{k: str(one.get(k) or "") for k in ("status", "reason", "message")}})
    return out


def words(one: Unmet) -> str:
    said = ": ".join(t for t in (one["reason"], one["message"]) if t)
    return f"{one['object']} {one['type']}={one['status']}" + (f" ({said})" if said else "")


def of_gateway(item: dict[str, Any], listeners: Iterable[str] = ()) -> list[Unmet]:
    """Of the Gateway, and of its listeners, or of those that are named. A listener's tell more than the Gateway's: they come
    first."""
    status, generation = item.get("status") or {}, int(item["metadata"].get("generation") or 0)
    wanted, out = set(listeners), []
    name = f"Gateway {item['metadata'].get('namespace')}/{item['metadata']['name']}"
    for one in status.get("listeners") or ():
        if not wanted or one.get("name") in wanted:
            out += unmet(one.get("conditions"), ("Accepted", "ResolvedRefs", "Programmed"), generation,
                         f"{name} listener {one.get('name')}", always=False)
    out += unmet(status.get("conditions"), ("Accepted", "Programmed"), generation, name)
    return out


def of_route(item: dict[str, Any]) -> list[Unmet]:
    """Of all its parents; of one that no parent has looked at, as unknown."""
    generation, name = int(item["metadata"].get("generation") or 0), f"HTTPRoute {item['metadata']['name']}"
    parents = (item.get("status") or {}).get("parents") or [{}]
    return [u for p in parents for u in unmet(p.get("conditions"), ("Accepted", "ResolvedRefs"), generation, name)]


def settled(ctx: Context, path: str, look: Callable[[dict[str, Any]], list[Unmet]], seconds: float) \
        -> tuple[dict[str, Any], list[Unmet]]:
    """(the object, what is not met of it) as soon as all is met, or what says no has said so for a while, or the time is
    over."""
    end, refused = min(ctx.deadline, time.monotonic() + seconds), 0.0
    while True:
        try:
            item = ctx.client.get(path)
        except ApiError as e:
            if e.status != 404:
                raise
            ctx.fail(f"{path.rpartition('/')[2]} was deleted by somebody else")
        left, now = look(item), time.monotonic()
        no = any(u["status"] == "False" for u in left)
        refused = (refused or now) if no else 0.0
        if not left or now > end or (no and now > refused + HOLDS):
            return item, left
        time.sleep(0.5)
