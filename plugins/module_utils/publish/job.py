# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module results_publish: from its options to its result."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..results import redact
from ..runs import read
from ..runs.limits import SourceError
from ..runs.model import Run
from ..stores import prepared
from ..stores.store import Patience
from . import content, destinations, documents
from .content import Content
from .destinations import FOLDER, Destination
from .upload import Outcome, Upload

# Ids are seconds since 1970, or numbers of Prow, which have 19 digits.
_LARGEST = 10 ** 19


def _runs(params: Mapping[str, Any]) -> list[Run]:
    """Those of src that were meant, the oldest first, each with the cluster that it is of."""
    wanted = params.get("cluster") or ""
    try:
        found = list(read.read([Path(p).expanduser() for p in params["src"]], year=params.get("year") or 0))
    except SourceError as e:
        raise BadOption(f"src: {e}") from None
    known = sorted({r.cluster for r in found if r.cluster})
    if wanted and known:
        found = [r for r in found if r.cluster == wanted]
        if not found:
            raise BadOption(f"cluster: there is no run of {wanted} in src, which has {', '.join(known)}")
    for run in found:
        run.cluster = run.cluster or wanted
    return sorted(found, key=lambda r: r.started.epoch if r.started else 0)


def _targets(runs: list[Run], params: Mapping[str, Any]) -> list[Destination]:
    """Of each run, the place of its job. BadOption where runs of several clusters or plugins would share one."""
    given = params["dest"]
    found = [destinations.parse(given, {"cluster": r.cluster, "name": r.name}) for r in runs]
    used: dict[Destination, tuple[str, str]] = {}
    for run, at in zip(runs, found, strict=True):
        other = used.setdefault(at, (run.cluster, run.name))
        if other != (run.cluster, run.name):
            number = 0 if other[0] != run.cluster else 1
            first, second = (o[number] or "no name" for o in (other, (run.cluster, run.name)))
            or_else = "" if number else ", or set cluster to one of them"
            raise BadOption(f"dest: src has runs of {first} and {second}, which are jobs of their own; put "
                            f"{{{destinations.PLACES[number]}}} into dest{or_else}")
    return found


def _checked(params: Mapping[str, Any], runs: list[Run], targets: list[Destination]) -> int | None:
    """build_id as a number. BadOption for options that do not go together."""
    given = params.get("build_id") or ""
    if given and not (given.isdecimal() and given.isascii() and 0 < int(given) < _LARGEST):
        raise BadOption("build_id: must be a whole number of at most 19 digits, as ids of builds are compared by their size, "
                        f"not {given!r}")
    several = [o for o in ("build_id", "started", "finished") if params.get(o) and len(runs) > 1]
    if several:
        raise BadOption(f"{several[0]}: is of one run, and src has {len(runs)}; set cluster, or name the folder of one run in "
                        "src")
    if params.get("compress") and any(t.scheme == FOLDER for t in targets):
        raise BadOption("compress: is of buckets, which tell readers that a file is packed; files of a folder are written as "
                        "they are")
    for name, least in (("attempts", 1), ("timeout", 1)):
        if params[name] < least:
            raise BadOption(f"{name}: must be at least {least}, not {params[name]}")
    return int(given) if given else None


def _told(made: Content, outcome: Outcome, url: str) -> dict[str, Any]:
    run = made.run
    notes = [*outcome.notes, *made.notes, *(f.message for f in run.findings if f.severity != "note")]
    return {"cluster": run.cluster, "name": run.name, "url": url, "build_id": str(outcome.build), "action": outcome.action,
            "verdict": run.verdict, "passed": documents.passed(run), "result": documents.result(run),
            "counts": run.counts.to_dict(), "files": [f.about() for f in (made.started, *made.files, made.finished)],
            "written": outcome.written, "latest": outcome.latest, "notes": redact.redact(notes)}


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Publish, or plan it in check mode."""
    runs = _runs(params)
    targets = _targets(runs, params)
    build_id = _checked(params, runs, targets)
    job.limit(params["timeout"])
    builds: list[dict[str, Any]] = []
    try:
        for run, at in zip(runs, targets, strict=True):
            builds.append(_publish(run, at, build_id, params, job))
    except PlatformError as e:
        e.details.update(builds=builds, changed=any(b["written"] for b in builds) and not job.check_mode)
        raise
    return {"changed": any(b["written"] for b in builds), "builds": builds}


def _publish(run: Run, at: Destination, build_id: int | None, params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    compress = at.compresses if params.get("compress") is None else params["compress"]
    store = destinations.open_store(at, params, job)
    try:
        with prepared.work() as work:
            made = content.make(run, params, work, compress)
            upload = Upload(store, made, work, job, Patience(job, params["attempts"]), params["late"], build_id,
                            params["read_back"])
            outcome = upload.plan() if job.check_mode else upload.run()
            return _told(made, outcome, store.at(str(outcome.build)))
    finally:
        store.close()
