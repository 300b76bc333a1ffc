# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is looked at when a certificate is not issued: what its objects say, and who should have done it."""
from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from ...kube.transport import TransportError
from .._edge.controllers import kind_of, look, name_of, note, ready, space_of
from .._edge.ingress_classes import CLASSES, is_default
from .._shared.optional import optional_get
from .._shared.text import listed
from .course import Course
from .ends import solvers
from .issuers import HTTP01, Wanted
from .served import site_of

if TYPE_CHECKING:
    from ...engine.context import Context

# Of its images, whichever registry they come from: quay.io/jetstack/cert-manager-controller, bitnami/cert-manager.
_PARTS = ("cert-manager-controller", "cert-manager-webhook", "cert-manager-cainjector", "cert-manager")
_ASK = 8


def parts(workloads: Iterable[dict[str, Any]]) -> dict[str, tuple[str, int]]:
    """{deployment/NAMESPACE/NAME: (controller, webhook or cainjector; its ready pods)} of cert-manager."""
    found = {}
    for one in workloads:
        containers = ((one["spec"].get("template") or {}).get("spec") or {}).get("containers") or ()
        images = [str(c.get("image") or "").partition("@")[0].rpartition("/")[2].partition(":")[0] for c in containers]
        part = next((p for p in _PARTS if p in images), "")
        if part:
            what = part.removeprefix("cert-manager").strip("-") or "controller"
            found[f"{kind_of(one).lower()}/{space_of(one)}/{name_of(one)}"] = what, ready(one)
    return found


def _class_of(ctx: Context, solver: dict[str, Any]) -> str:
    """The IngressClass of a solver, or the default one."""
    told = (solver.get("http01") or {}).get("ingress") or {}
    named = str(told.get("ingressClassName") or told.get("class") or "")
    if named or "ingress" not in (solver.get("http01") or {}):
        return named
    items = (optional_get(ctx, CLASSES) or {}).get("items") or ()
    return next((name_of(i) for i in items if is_default(i)), "")


def _server(ctx: Context, url: str) -> None:
    """Whether a pod reaches the ACME server at all; its certificate is not looked at."""
    text = f"curl -gsk --noproxy '*' -o /dev/null --max-time {_ASK} -w '%{{http_code}}' {shlex.quote(url)}; echo \" $?\""
    for probe in ctx.probes.all[:1]:
        try:
            told = probe.shell(text, timeout=_ASK + 5.0).output.split()
        except TransportError:
            return
        if len(told) == 2:
            reasons = {"6": "its name does not resolve", "7": "connection refused", "28": "no answer in time"}
            error = "" if told[0] != "000" else reasons.get(told[1], f"curl ended with {told[1]}")
            ctx.see(kind="acme", ok=not error, from_node=probe.node, target=url, variant="directory", error=error)


def tell(ctx: Context, bad: list[tuple[Wanted, Course | None]], variant: str, seconds: float) -> NoReturn:
    """Write down what rules need, and fail."""
    around = look(ctx)
    found = parts(around.workloads)
    for ref in found:
        _kind, space, name = ref.split("/")
        ctx.touches("Deployment", name, space)
    for ref in solvers(ctx, ("v1", "Pod")):
        ctx.touches("Pod", ref.partition("/")[2], ctx.namespace)
    classes = {c for one, _course in bad if one.way == HTTP01 for c in [_class_of(ctx, one.solver)] if c}
    if classes:
        note(ctx, [site_of(ctx, c) for c in sorted(classes)], around)
    told = {one.name: {"issuer": one.issuer.ref, "server": one.issuer.server, "way": one.way, "host": one.host,
                       "certificate": f"{ctx.namespace}/{one.object}", **(course.told() if course else {})} for one, course in bad}
    for url in {one.issuer.server for one, course in bad if one.issuer.server and course and not course.told()["challenges"]}:
        _server(ctx, url)
    words = listed((f"{one.name} ({course.words() if course else 'the Certificate is not there any more'})" for one, course in bad), 2)
    ctx.fail(f"no certificate was {variant} within {seconds:.0f} s: {words}", not_issued=told, controller_known=around.known,
             parts={ref: {"part": part, "ready": pods} for ref, (part, pods) in found.items()})
