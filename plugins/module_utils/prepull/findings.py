# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From results of single pulls to what is wrong: each cause once, with its scope, the evidence and the next command."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.words import plural
from ..diagnosis.taxonomy import CAUSES, layer, next_command
from . import speed
from .result import FAILED, PULLED, Result

_LINES = 20


@dataclass(frozen=True)
class Found:
    """fails: the job has failed for it; otherwise it is worth a look. node, image: where and what to try by hand."""

    cause: str
    confidence: str
    scope: tuple[str, ...]
    message: str
    evidence: tuple[str, ...]
    fails: bool
    node: str = ""
    image: str = ""

    def to_dict(self) -> dict[str, Any]:
        subject = f"image/{self.image}" if self.image and self.cause.startswith("image.") else self.scope[0]
        return {"cause": self.cause, "confidence": self.confidence, "scope": list(self.scope), "message": self.message,
                "evidence": list(self.evidence), "remedy": CAUSES[self.cause].remedy, "fails": self.fails,
                "next_command": next_command(self.cause, subject, self.node)}


def _scope(failed: Sequence[Result], results: Sequence[Result]) -> list[str]:
    """Nodes where the same images came to others, a registry none of whose images came, the images otherwise."""
    cause = failed[0].cause
    nodes = sorted({r.node for r in failed})
    if cause.startswith(("node.", "sched.")):
        return [f"node/{n}" for n in nodes]
    images = {str(r.image) for r in failed}
    came = {str(r.image) for r in results if r.status == PULLED}
    if images <= came:
        return [f"node/{n}" for n in nodes]
    scope = []
    for registry in sorted({r.image.registry for r in failed}):
        own = sorted({str(r.image) for r in failed if r.image.registry == registry})
        others = {str(r.image) for r in results if r.image.registry == registry} - set(own)
        any_came = any(r.status == PULLED and r.image.registry == registry for r in results)
        scope += [f"registry/{registry}"] if len(own) > 1 and not any_came and not others else [f"image/{i}" for i in own]
    return scope


def _named(results: Sequence[Result]) -> tuple[str, str]:
    """(which images, which nodes), by name where there is one, else how many."""
    nodes, images = {r.node for r in results}, {str(r.image) for r in results}
    return (next(iter(images)) if len(images) == 1 else plural(len(images), "image"),
            next(iter(nodes)) if len(nodes) == 1 else plural(len(nodes), "node"))


# A kubelet lets pods use what was pulled with a Secret only with the same credentials (KEP-2535, by default since 1.35).
_ONLY_ITS_USE = ("{what}: the list of {where} has it, so it is its use that was refused: it was pulled with other credentials, "
                 "and the kubelet asks the registry again (imagePullCredentialsVerificationPolicy): {meaning}")


def of_errors(results: Sequence[Result]) -> list[Found]:
    """One finding for each cause of failed pulls, the lowest layer first; what is there and was refused, apart."""
    groups: dict[tuple[str, bool], list[Result]] = {}
    for r in results:
        if r.status == FAILED:
            groups.setdefault((r.cause, r.on_node), []).append(r)
    out = []
    for cause, on_node in sorted(groups, key=lambda g: (layer(g[0]), g)):
        failed = groups[cause, on_node]
        what, where = _named(failed)
        meaning = CAUSES[cause].meaning
        lines = list(dict.fromkeys(f"{r.node} {r.image}: {r.error}" for r in failed))
        sure = max((r.confidence for r in failed), key=("confirmed", "probable", "suspected").index)
        out.append(Found(cause, sure, tuple(_scope(failed, results)),
                         _ONLY_ITS_USE.format(what=what, where=where, meaning=meaning) if on_node
                         else f"{what} not on {where}: {meaning}", tuple(lines[:_LINES]), True, failed[0].node,
                         str(failed[0].image)))
    return out


def of_admission(results: Sequence[Result]) -> list[Found]:
    """What policies made of the pods that pull, and will make of others."""
    out = []
    for image, ran in dict.fromkeys((str(r.image), r.ran) for r in results if r.ran):
        mine = [r for r in results if (str(r.image), r.ran) == (image, ran)]
        there = any(r.status != FAILED for r in mine)
        end = f"that image is on {_named(mine)[1]}, {image} is not known to be" if there else "that is what was tried"
        out.append(Found("admission.changed", "confirmed", (f"image/{image}",), f"admission made {ran} of {image}: {end}",
                         tuple(r.line() for r in mine[:_LINES]), False, mine[0].node, image))
    asked = [r for r in results if r.asked]
    if asked:
        words = ("admission makes pods ask the registry each time (imagePullPolicy: Always): what is on the nodes does not help "
                 "them while the registry is away")
        out.append(Found("admission.changed", "confirmed", tuple(dict.fromkeys(f"image/{r.image}" for r in asked)), words,
                         tuple(r.line() for r in asked[:_LINES]), False, asked[0].node,
                         str(asked[0].image)))
    return out


def of_speed(results: Sequence[Result], floor: float) -> list[Found]:
    """Slow nodes, limits that pulls share, registries below the floor (MB/s)."""
    registries = speed.of_registries(results)
    slow = speed.slow_nodes(results, registries)
    out = [Found("image.slow", "confirmed", (f"node/{s.node}",),
                 f"images of {s.registry} come slowly on {s.node} and fast elsewhere: {s.here:.1f} MB/s here, "
                 f"{s.there:.1f} MB/s there", tuple(_evidence(results, s.registry)), False, s.node,
                 _largest(results, s.registry)) for s in slow]
    known = {s.node for s in slow}
    for r in registries:
        rest = [x for x in speed.counted(results) if x.image.registry == r.name and x.node not in known]
        below = [x for x in rest if x.rate < floor]
        if not below or len(below) * 2 < len(rest):
            continue
        nodes = {x.node for x in rest}
        if r.shared:
            out.append(Found("image.throttled", "probable", (f"registry/{r.name}",),
                             f"pulls from {r.name} share one limit: {r.alone:.1f} MB/s alone, {r.crowded:.1f} MB/s each with "
                             f"{r.most:.0f} at once, so about {r.together:.1f} MB/s for all together",
                             tuple(_evidence(results, r.name)), False, below[0].node, _largest(results, r.name)))
        else:
            # from one node alone nobody can tell which of the two it is
            alone = tuple(f"node/{n}" for n in nodes) if len(nodes) == 1 else ()
            out.append(Found("image.slow", "confirmed", (f"registry/{r.name}", *alone),
                             f"images of {r.name} come at {r.median:.1f} MB/s, below the floor of {floor:g} MB/s"
                             + (", however many are pulled at once" if r.exponent is not None else ""),
                             tuple(_evidence(results, r.name)), False, below[0].node, _largest(results, r.name)))
    return out


def _largest(results: Sequence[Result], registry: str) -> str:
    """The image that tells most when it is pulled by hand."""
    return str(max((r for r in speed.counted(results) if r.image.registry == registry), key=lambda r: r.size).image)


def _evidence(results: Sequence[Result], registry: str) -> list[str]:
    """The slowest pulls first, with how many went on beside them."""
    crowd = speed.Crowd(r for r in results if r.status == PULLED)
    mine = sorted((r for r in speed.counted(results) if r.image.registry == registry), key=lambda r: r.rate)
    return [f"{r.line()}, {crowd.at_once(r):.1f} at once" for r in mine[:_LINES]]


def summary(results: Sequence[Result], seconds: float) -> dict[str, Any]:
    """Counts, bytes and time of the whole job."""
    counts = {s: sum(r.status == s for r in results) for s in dict.fromkeys(r.status for r in results)}
    return {"counts": counts, "nodes": len({r.node for r in results}), "images": len({str(r.image) for r in results}),
            "bytes": sum(r.size for r in results if r.status == PULLED), "seconds": round(seconds, 1)}


def registries(results: Sequence[Result]) -> list[Mapping[str, Any]]:
    return [{"registry": r.name, "pulls": r.pulls, "mb_per_second": round(r.median, 2), "alone": round(r.alone, 2),
             "crowded": round(r.crowded, 2), "most_at_once": round(r.most, 1), "shared_limit": r.shared}
            for r in speed.of_registries(results)]
