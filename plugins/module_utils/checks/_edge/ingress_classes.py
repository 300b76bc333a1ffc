# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which IngressClasses are proved, and who uses them beside us."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...common import controllers
from ...kube.errors import ApiError
from .._shared.optional import optional_get
from .._shared.text import listed
from .controllers import name_of

if TYPE_CHECKING:
    from ...engine.context import Context

CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"


def known(ctx: Context) -> list[dict[str, Any]]:
    """Those of the cluster; where they are not ours to see those that the option names, whose controllers are not known then."""
    try:
        found: list[dict[str, Any]] = ctx.client.get(CLASSES).get("items") or []
        return found
    except ApiError as e:
        if e.status not in (401, 403):
            raise
        named = ctx.options.get("ingress_classes") or []
        if not named:
            ctx.inconclusive(f"IngressClasses may not be seen: {e.message or e.reason}; name those to prove in "
                             "load_balancing_check_ingress_classes, or let our user list them")
        ctx.observe(classes_not_seen=True)
        return [{"metadata": {"name": str(n)}, "spec": {}} for n in named]


def is_default(item: dict[str, Any]) -> bool:
    return (item["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"


def controller_of(item: dict[str, Any]) -> str:
    return str((item.get("spec") or {}).get("controller") or "")


def choose(ctx: Context, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that the option names, or all whose controllers make no balancer of a cloud for each Ingress."""
    named = ctx.options.get("ingress_classes") or []
    missing = sorted(set(named) - set(map(name_of, found)))
    if missing:
        ctx.inconclusive(f"there is no IngressClass {listed(missing)}; there are {listed(map(name_of, found), 9) or 'none'}")
    if named:
        return [c for c in found if name_of(c) in named]
    paid = [name_of(c) for c in found if controller_of(c) in controllers.PAID]
    if paid:
        ctx.observe(not_asked={n: "its controller makes a balancer of the cloud for each Ingress, which costs money; name "
                                  "it in load_balancing_check_ingress_classes" for n in paid})
    return [c for c in found if name_of(c) not in paid]


def used(ctx: Context, class_name: str) -> list[str]:
    """Other people's Ingresses of the class that have an address, as namespace/name."""
    items = (optional_get(ctx, "/apis/networking.k8s.io/v1/ingresses") or {}).get("items") or ()
    return [f"{i['metadata'].get('namespace')}/{name_of(i)}" for i in items
            if (i.get("spec") or {}).get("ingressClassName") == class_name and i["metadata"].get("namespace") != ctx.namespace
            and ((i.get("status") or {}).get("loadBalancer") or {}).get("ingress")]
