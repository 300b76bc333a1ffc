# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which Prometheis should scrape what is made in the namespace of the run, and why others need not."""
from __future__ import annotations

from typing import TYPE_CHECKING

from .._shared.text import listed
from .selection import SELECTORS, Prometheus, space_labels, words

if TYPE_CHECKING:
    from ...engine.context import Context

# Where OpenShift has its own Prometheus, which is for its own namespaces, and the one for those of users.
_PLATFORM, _USERS = "openshift-monitoring", "openshift-user-workload-monitoring"


def why_not(one: Prometheus, kind: str) -> str:
    """Why it looks for no monitors of ours, in words."""
    if not one.replicas:
        return "it has no replicas"
    if one.selector(kind) is None:
        return f"it selects no {kind}s at all"
    spaces = one.spaces(kind)
    return "it looks in its own namespace only" if spaces is None else f"it looks in namespaces with {words(spaces)} only"


def chosen(ctx: Context, everybody: list[Prometheus], named: list[str]) -> dict[str, list[Prometheus]]:
    """By kind of monitor, those that look for such ones in the run's namespace; skipped, or inconclusive, where there is none.

    named: those that must be among them, as namespace/name; all others are left out then.
    """
    if not everybody:
        ctx.skip("there is no Prometheus object: nothing scrapes what ServiceMonitors and PodMonitors name")
    for ref in named:
        if not any(p.ref == ref for p in everybody):
            ctx.fail(f"there is no Prometheus {ref}, which observability_check_prometheuses names")
    labels = space_labels(ctx, ctx.namespace)
    out: dict[str, list[Prometheus]] = {kind: [] for kind in SELECTORS}
    others: dict[str, dict[str, str]] = {kind: {} for kind in SELECTORS}
    for one in [p for p in everybody if not named or p.ref in named]:
        for kind, found in out.items():
            if one.selector(kind) is not None and one.replicas and one.takes_space(kind, ctx.namespace, labels):
                found.append(one)
            else:
                others[kind][one.ref] = why_not(one, kind)
    ctx.observe(scraping={kind: [p.ref for p in found] for kind, found in out.items()}, not_scraping=others)
    if not any(out.values()):
        _nobody(ctx, everybody, named)
    for kind, found in out.items():
        looking = {p.ref for p in everybody if p.selector(kind) is not None and p.replicas}
        _told(ctx, kind, {ref: why for ref, why in others[kind].items() if ref in looking and (ref in named or not found)})
    return out


def _nobody(ctx: Context, everybody: list[Prometheus], named: list[str]) -> None:
    """Clusters in which there is nothing to prove."""
    if not named and any(p.namespace == _PLATFORM for p in everybody) and not any(p.namespace == _USERS for p in everybody):
        ctx.skip(f"OpenShift's Prometheus in {_PLATFORM} is for the platform's own namespaces, and monitoring of users' ones "
                 "is not enabled (enableUserWorkload in its ConfigMap cluster-monitoring-config)")
    if not any(p.selector(k) is not None and p.replicas for p in everybody for k in SELECTORS):
        ctx.skip("no Prometheus object with replicas selects ServiceMonitors or PodMonitors")


def _told(ctx: Context, kind: str, others: dict[str, str]) -> None:
    """Where one that must scrape does not look here, or none does: nothing can be proved of it."""
    for ref in others:
        namespace, _slash, name = ref.partition("/")
        ctx.touches("Prometheus", name, namespace)
    if others:
        ctx.inconclusive(f"no {kind} in namespace {ctx.namespace} is looked for by Prometheus "
                         + listed(f"{ref} ({why})" for ref, why in others.items())
                         + "; name a namespace where it does in validate_namespace, or give the labels in validate_labels")
