# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules image_prepull and images_info: from their options to their results."""
from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..common.words import plural
from ..engine.terms import Terms
from ..jobs import access
from ..jobs.errors import BadOption, Interrupted, PlatformError
from ..jobs.job import Job
from ..kube.client import Client
from ..kube.errors import BadInput
from . import findings, nodes, remove, room, sources
from .references import Reference, parse
from .result import ABSENT, FAILED, IN_USE, MB, PRESENT, PULLED, REMOVED, Result
from .run import Prepull, Settings, missing_nodes
from .space import Space

# The minor version from which on kubelets check by which credentials an image came, if nobody says otherwise (KEP-2535).
_VERIFIES = 35
_BOUNDS = {"per_registry": 1, "per_node": 1, "pull_timeout": 1, "timeout": 1, "retries": 0, "join_timeout": 0, "min_mb_per_second": 0}


def _check(params: Mapping[str, Any]) -> None:
    for name, least in _BOUNDS.items():
        if params[name] < least:
            raise BadOption(f"{name}: must be at least {least}, not {params[name]:g}")
    if params["state"] == "absent" and params["join_timeout"]:
        raise BadOption("join_timeout: is for state present; images are removed from the nodes that there are")
    nodes.check_names(params["nodes"])
    for rule in params["rewrite"]:
        parse(f"{rule['to'].rstrip('/')}/x", "rewrite")


def _terms(params: Mapping[str, Any]) -> Terms:
    """On which the cluster takes us; BadOption for what no API server would take."""
    level = params["pod_security"] or "restricted"
    if params["state"] == "absent" and level != "none":
        level = "privileged"
    made = Terms(params["namespace"], dict(params["labels"]), dict(params["annotations"]), tuple(params["pull_secrets"]), level)
    try:
        made.check()
    except BadInput as e:
        raise BadOption(str(e)) from None
    return dataclasses.replace(made, pull_secrets=())


def _listed(client: Client, params: Mapping[str, Any]) -> tuple[list[nodes.Object], dict[str, str]]:
    """The chosen nodes that there are. BadOption for names that are none, and for an empty choice."""
    selector = {"labelSelector": params["selector"]} if params["selector"] else None
    found = client.get("/api/v1/nodes", selector)["items"]
    chosen, left_out = nodes.chosen(found, params["nodes"])
    if params.get("join_timeout"):
        return chosen, left_out
    there = {n["metadata"]["name"] for n in found}
    absent = [n for n in params["nodes"] if n not in there]
    if absent:
        raise BadOption(f"nodes: there is no node {', '.join(absent)}; there are {', '.join(sorted(there)[:20]) or 'none'}")
    if not chosen:
        why = "; ".join(f"{n}: {w}" for n, w in left_out.items())
        by = f" with labels {params['selector']}" if params["selector"] else ""
        raise BadOption(f"nodes: there is no node{by} to work on" + (f" ({why})" if why else ""))
    return chosen, left_out


# ---- images_info ------------------------------------------------------------------------------------------------
def _told(item: nodes.Object, images: Sequence[Reference]) -> dict[str, Any]:
    told = nodes.told_images(item)
    return {"node": item["metadata"]["name"], "complete": nodes.tells_all(item),
            "images": [{"name": n, "bytes": s} for n, s in sorted(told.items())],
            "wanted": [{"image": str(i), "present": nodes.has(item, i)} for i in images]}


def info(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Which images are wanted, and what the nodes say of them; nothing is made."""
    nodes.check_names(params["nodes"])
    named = any(params[n] for n in ("images", "image_files", "manifests", "checks", "domains"))
    images = sources.images(params, job) if named else []
    result: dict[str, Any] = {"images": [str(i) for i in images], "registries": sorted({i.registry for i in images})}
    if not params["ask_cluster"]:
        return result
    with access.connected(params, job) as client:
        chosen, left_out = _listed(client, params)
    return {**result, "nodes": [_told(n, images) for n in chosen], "left_out": left_out}


# ---- image_prepull ----------------------------------------------------------------------------------------------
def _settings(params: Mapping[str, Any]) -> Settings:
    return Settings(tuple(params["nodes"]), params["selector"], params["join_timeout"], params["pull_policy"],
                    params["per_registry"], params["per_node"], params["pull_timeout"], params["retries"],
                    floor=params["min_mb_per_second"])


def _plan(client: Client, params: Mapping[str, Any], images: Sequence[Reference]) -> dict[str, Any]:
    """What would be done, as far as the nodes' own lists tell."""
    chosen, left_out = _listed(client, params)
    wanted = params["state"] == "present"
    pairs = [{"node": n["metadata"]["name"], "image": str(i), "present": nodes.has(n, i)} for n in chosen for i in images]
    todo = [p for p in pairs if p["present"] is not wanted]
    verb = "pulled" if wanted else "removed"
    return {"changed": bool(todo), "plan": todo, "images": [str(i) for i in images], "left_out": left_out,
            "msg": f"{len(todo)} of {len(pairs)} images on nodes would be {verb}, as far as the nodes' lists tell"}


def _sentence(results: Sequence[Result], found: Sequence[findings.Found], seconds: float) -> str:
    counts = {s: sum(r.status == s for r in results) for s in dict.fromkeys(r.status for r in results)}
    size = sum(r.size for r in results if r.status == PULLED)
    words = {PRESENT: "there already", PULLED: f"pulled ({size / MB:.0f} MB)", FAILED: "failed", REMOVED: "removed",
             IN_USE: "in use", ABSENT: "not there"}
    what = ", ".join(f"{n} {words[s]}" for s, n in counts.items())
    images, places = len({str(r.image) for r in results}), len({r.node for r in results})
    head = f"{plural(images, 'image')} on {plural(places, 'node')} in {seconds:.0f} s: {what}"
    return "; ".join([head, *(f"{f.cause}: {f.message} ({', '.join(f.scope)})" for f in found)])


def _after(run: Prepull) -> list[findings.Found]:
    """Nodes without room at the end: their kubelets remove images that nobody uses, and so what was pulled."""
    out = []
    for name, node in run.nodes.items():
        found = nodes.trouble(node.item)
        if found and found.cause == "node.pressure" and any(r.node == name and r.status == PULLED for r in run.results):
            out.append(findings.Found("node.pressure", "confirmed", (f"node/{name}",), f"{name} has no room left and may "
                                      "remove again what was pulled", (found.text,), False, name))
    known = {f.node for f in out}
    for t in room.tight(run.space.raw, {r.node for r in run.results if r.status == PULLED} - known):
        words = (f"{t.node} uses {t.used} % of the disk of its images, of which its kubelet allows {t.most} %, and may remove again "
                 "what was pulled")
        out.append(findings.Found("node.pressure", "probable", (f"node/{t.node}",), words, (t.text,), False, t.node))
    return out


def _usable(run: Prepull) -> list[str]:
    """For whom the images are, where they came by credentials."""
    versions = [str((n.item.get("status", {}).get("nodeInfo") or {}).get("kubeletVersion", "")) for n in run.nodes.values()]
    strict = any((m := re.match(r"v?1\.(\d+)", v)) and int(m[1]) >= _VERIFIES for v in versions)
    if not (strict and run.secrets and any(r.status == PULLED for r in run.results)):
        return []
    words = ("what was pulled with pull secrets is for pods with the same credentials: for others these kubelets ask the registry "
             "once more (imagePullCredentialsVerificationPolicy)")
    return [words]


def _make(space: Space, job: Job) -> None:
    space.make()
    for note in space.notes:
        job.tell(note)


def _pull(space: Space, params: Mapping[str, Any], images: list[Reference], job: Job) -> tuple[Prepull, list[Any]]:
    _listed(space.raw, params)
    _make(space, job)
    secrets = space.secrets(params["pull_secrets"], params["credentials"])
    run = Prepull(space, images, _settings(params), job, secrets)
    run.go()
    space.notes.extend(_usable(run))
    for name in missing_nodes(run):
        run.results += [Result(name, i, FAILED, attempts=0, error=f"node {name} did not join within "
                               f"{params['join_timeout']:g} s", cause="node.not-joined", confidence="confirmed")
                        for i in images]
    return run, [*findings.of_errors(run.results), *findings.of_admission(run.results),
                 *findings.of_speed(run.results, params["min_mb_per_second"]), *_after(run)]


def _remove(space: Space, params: Mapping[str, Any], images: list[Reference], job: Job) -> tuple[Any, list[Any]]:
    chosen, left_out = _listed(space.raw, params)
    _make(space, job)
    run = remove.Removal(space, images, chosen, left_out, job, params["helper_image"], params["per_registry"])
    run.go()
    return run, findings.of_errors(run.results)


def prepull(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """What the module returns; PlatformError with the same details where an image is not where it was wanted."""
    _check(params)
    terms = _terms(params)
    images = sources.images(params, job)
    if job.check_mode:
        with access.connected(params, job) as client:
            return _plan(client, params, images)
    job.limit(params["timeout"])
    started = time.monotonic()
    connection = access.connection(params, job)
    present = params["state"] == "present"
    with access.spoken(connection.server):
        try:
            space = Space(connection, params["journal_dir"], connection.context or "cluster", params["timeout"], terms)
        except BaseException:
            connection.close()
            raise
        try:
            run, found = (_pull if present else _remove)(space, params, images, job)
        except Interrupted:
            space.abandon()
            raise
        except PlatformError as e:
            left = _close(space, connection)
            raise type(e)(str(e), **{**e.details, "leftovers": left}) from None
        except BaseException:
            space.abandon()
            raise
        left = _close(space, connection)
    return _result(run, found, left, time.monotonic() - started, list(space.notes))


def _close(space: Space, connection: Any) -> list[str]:
    left = space.close()
    if not left:
        connection.close()  # otherwise the guardian needs it still
    return left


def _result(run: Any, found: list[findings.Found], left: list[str], seconds: float,
            notes: list[str]) -> dict[str, Any]:
    results: list[Result] = sorted(run.results, key=lambda r: (str(r.image), r.node))
    message = _sentence(results, found, seconds)
    out = {"changed": any(r.status in (PULLED, REMOVED) for r in results), "msg": message,
           "results": [r.to_dict() for r in results], "findings": [f.to_dict() for f in found],
           "summary": findings.summary(results, seconds), "registries": findings.registries(results),
           "left_out": run.left_out, "leftovers": left, "notes": notes}
    if any(f.fails for f in found) or any(r.status == FAILED for r in results):
        out.pop("msg")
        raise PlatformError(message, **out)
    return out
