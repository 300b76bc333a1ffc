# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Monitors of users: some Prometheus selects each of them, and their targets are up."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...common.selectors import matches
from .._shared.optional import optional_get
from .._shared.text import listed
from .ask import replicas
from .scraped import Column, Monitor, Scraped, columns
from .selection import GROUP, SELECTORS, Prometheus, requirements, space_labels, words

if TYPE_CHECKING:
    from ...engine.context import Context

# Seconds for targets that should be there already: a scrape interval, and some.
SECONDS = 75.0
# Of a monitor, where its endpoints are.
_ENDPOINTS = {"ServiceMonitor": "endpoints", "PodMonitor": "podMetricsEndpoints"}


def named(ctx: Context, refs: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """(kind, object) of all that are called so; of each name there must be one."""
    out = []
    for ref in refs:
        namespace, slash, name = ref.partition("/")
        base = f"/apis/{GROUP}/v1/namespaces/{namespace}"
        found = [(kind, optional_get(ctx, f"{base}/{kind.lower()}s/{name}")) for kind in SELECTORS]
        there = [(kind, item) for kind, item in found if item] if slash and name else []
        if not there:
            ctx.fail(f"there is no ServiceMonitor or PodMonitor {ref} (namespace/name) that we may see, which "
                     "observability_check_monitors names")
        out += there
    return out


def _spaces(item: dict[str, Any]) -> tuple[str, ...]:
    """Namespaces in which it looks for targets; none for all of them."""
    selector = (item.get("spec") or {}).get("namespaceSelector") or {}
    return () if selector.get("any") else tuple(selector.get("matchNames") or [item["metadata"]["namespace"]])


def _unselected(kind: str, item: dict[str, Any], everybody: list[Prometheus], space: dict[str, str] | None) -> dict[str, str]:
    """Why each Prometheus does not select it, by its name."""
    meta, out = item["metadata"], {}
    labels = ", ".join(f"{k}={v}" for k, v in sorted((meta.get("labels") or {}).items())) or "none"
    for one in everybody:
        if one.selector(kind) is None:
            out[one.ref] = f"it selects no {kind}s at all"
        elif not one.takes(kind, meta.get("labels") or {}):
            out[one.ref] = f"it selects {kind}s with {words(one.selector(kind))}, and the labels are {labels}"
        else:
            spaces = one.spaces(kind)
            has = ", ".join(f"{k}={v}" for k, v in sorted((space or {}).items())) or "none"
            both = f"it looks in namespaces with {words(spaces)}, and the labels of {meta['namespace']} are {has}"
            out[one.ref] = "it looks in its own namespace only" if spaces is None else both
    return out


def prove(ctx: Context, scraped: Scraped, everybody: list[Prometheus], found: list[tuple[str, dict[str, Any]]]) -> None:
    """found: the monitors, as `named` gives them."""
    wanted: list[Column] = []
    told: dict[str, str] = {}
    items = {}
    for kind, item in found:
        meta = item["metadata"]
        space = space_labels(ctx, meta["namespace"])
        monitor = Monitor(kind, meta["namespace"], meta["name"], _spaces(item))
        items[monitor] = item
        ctx.touches(kind, meta["name"], meta["namespace"])
        taking = [p for p in everybody if p.replicas and p.takes(kind, meta.get("labels") or {})
                  and p.takes_space(kind, meta["namespace"], space)]
        wanted += columns(monitor, [(p, replicas(ctx, p)[0]) for p in taking])
        if not taking:
            why = _unselected(kind, item, everybody, space)
            for ref, text in why.items():
                ctx.see(kind="selected", target=monitor.ref, variant=ref, ok=False, error=text)
            told[f"no Prometheus selects {monitor.ref}"] = listed(f"{ref}: {text}" for ref, text in why.items())
    good, bad = scraped.up(wanted, SECONDS)
    told.update(scraped.told(good, bad))
    for monitor in dict.fromkeys(c.monitor for c, looks in bad.items() if not any(look.active for look in looks)):
        if text := mismatch(ctx, monitor, items[monitor]):
            ctx.see(kind="endpoints", target=monitor.ref, variant=monitor.kind, ok=False, error=text)
            told.update({str(c): f"{told[str(c)]}; {text}" for c in bad if c.monitor == monitor})
    if told:
        ctx.fail("targets are not up: " + listed(f"{who}: {why}" for who, why in told.items()))


# ---- monitors that lead nowhere -------------------------------------------------------------------------------------
def mismatch(ctx: Context, monitor: Monitor, item: dict[str, Any]) -> str:
    """What in the monitor fits no object of the cluster, in words; empty where all fits, or where that may not be seen."""
    plural = "services" if monitor.kind == "ServiceMonitor" else "pods"
    paths = [f"/api/v1/namespaces/{s}/{plural}" for s in monitor.spaces] or [f"/api/v1/{plural}"]
    lists = [optional_get(ctx, path) for path in paths]
    if any(one is None for one in lists):
        return ""
    selector = (item.get("spec") or {}).get("selector") or {}
    found = [i for one in lists for i in (one or {}).get("items") or ()
             if matches(requirements(selector), i["metadata"].get("labels") or {})]
    where = f"in namespace {', '.join(monitor.spaces)}" if monitor.spaces else "in any namespace"
    if not found:
        return f"it selects {plural} with {words(selector)}, and there is none {where}"
    ports = sorted({p for i in found for p in _ports(monitor.kind, i)})
    asked = [e.get("port") for e in (item.get("spec") or {}).get(_ENDPOINTS[monitor.kind]) or ()]
    wrong = [p for p in asked if p and p not in ports]
    names = listed(i["metadata"]["name"] for i in found)
    if wrong:
        called = ", ".join(ports) or "nothing"
        return f"it names the port {listed(wrong)}, and the ports of {plural} {names} are called {called}"
    return ""


def _ports(kind: str, item: dict[str, Any]) -> list[str]:
    spec = item.get("spec") or {}
    if kind == "ServiceMonitor":
        return [p["name"] for p in spec.get("ports") or () if p.get("name")]
    return [p["name"] for c in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
            for p in c.get("ports") or () if p.get("name")]
