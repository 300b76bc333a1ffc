# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module results_coverage: from its options to its result."""
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ..badges import svg
from ..engine import registry
from ..history.entry import moment
from ..history.place import opened
from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..jobs.results import of_this_play
from ..results.clean import clean_run
from ..testgrid import files
from . import measure, page, plan
from .measure import Coverage, Row, Seen
from .template import GENERATOR

# A page says within so many characters whose it is.
_BEGIN = 2000


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _checked(params: Mapping[str, Any]) -> None:
    gate, dest = params["gate_percent"], params["dest"]
    if gate is not None and not 0 <= gate <= 100:
        raise BadOption(f"gate_percent: must be from 0 to 100, not {gate:g}")
    if params["days"] < 1:
        raise BadOption(f"days: must be 1 or more days, not {params['days']}")
    if dest and not dest.endswith(".html"):
        raise BadOption(f"dest: must be a file that ends in .html, not {dest!r}")
    if params["badge"] and not params["badge"].endswith(".svg"):
        raise BadOption(f"badge: must be a file that ends in .svg, not {params['badge']!r}")
    for option in ("dest", "badge"):
        if params[option] and not os.path.isdir(os.path.dirname(_path(params[option]))):
            raise BadOption(f"{option}: there is no folder {os.path.dirname(_path(params[option]))}")


def _path(dest: str) -> str:
    return os.path.abspath(os.path.expanduser(dest))


def _iso(started: str) -> str:
    try:
        return moment(started).isoformat()
    except ValueError:
        return ""


def _of_results(params: Mapping[str, Any]) -> Iterable[Seen]:
    if not params["results_dir"]:
        return
    for run in map(clean_run, of_this_play(params)):
        for r in run["records"]:
            yield Seen(run["cluster"], r["check"], r["verdict"], r["cause"], _iso(run["started"]))


def _of_history(params: Mapping[str, Any], job: Job, problems: list[str]) -> Iterable[Seen]:
    if not params["history"]:
        return
    with opened(params["history"], params, job, option="history") as kept:
        runs, said = kept.read(_now() - timedelta(days=params["days"]))
    problems += said
    for run in runs:
        if not params["clusters"] or run.cluster in params["clusters"]:
            for r in run.results:
                yield Seen(run.cluster, r.check, r.verdict, r.cause, run.started.isoformat())


def _text(dest: str) -> str | None:
    """The page that is there. BadOption for a file that is not ours."""
    try:
        found = Path(dest).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as e:
        raise BadOption(f"dest: {dest} cannot be read: {getattr(e, 'strerror', None) or e}") from None
    if GENERATOR not in found[:_BEGIN]:
        raise BadOption(f"dest: {dest} is there and was not written by this module; choose another name")
    return found


def _told(row: Row) -> dict[str, Any]:
    return {"tcid": row.case.tcid, "name": row.case.name, "feature": row.case.feature, "state": row.state,
            "checks": list(row.checks), "implemented": row.implemented, "clusters": _worst(row.seen)}


def _worst(seen: Iterable[Seen]) -> dict[str, str]:
    """Of each cluster."""
    found: dict[str, str] = {}
    for one in seen:
        found[one.cluster] = min(found.get(one.cluster, one.verdict), one.verdict, key=measure.STATES.index)
    return found


def _result(found: Coverage) -> dict[str, Any]:
    return {"coverage": found.shown, "percent": round(found.percent, 2), "planned": len(found.rows), "valid": found.valid,
            "invalid": list(found.invalid), "deprecated": list(found.deprecated), "states": found.states,
            "tests": list(map(_told, found.rows)), "notes": list(found.warnings)}


def _there(params: Mapping[str, Any]) -> dict[str, str | None]:
    """Of each file that is asked for, by its option, what it has now. BadOption before anything is done."""
    of = {"dest": _text, "badge": lambda path: svg.there(Path(path), "badge")}
    return {option: of[option](_path(params[option])) for option in of if params[option]}


def _files(found: Coverage, seen: list[Seen], params: Mapping[str, Any]) -> dict[str, str]:
    gate, last = params["gate_percent"], max((s.started for s in seen), default="")
    made = f"{last[:16].replace('T', ' ')} UTC" if last else ""
    badge = svg.badge(found.plan.name, f"{found.shown} covered", page.verdict(found, gate), page.sentence(found))
    return {"dest": page.page(found, gate, made), "badge": badge}


def _write(params: Mapping[str, Any], before: Mapping[str, str | None], after: Mapping[str, str]) -> None:
    for option, text in before.items():
        folder, name = os.path.split(_path(params[option]))
        files.write(Path(folder), option, {} if text is None else {name: text}, {name: after[option]})


def _found(params: Mapping[str, Any], job: Job, problems: list[str]) -> tuple[Coverage, list[Seen]]:
    loaded = plan.load(params["plan"])
    seen = measure.newest([*_of_results(params), *_of_history(params, job, problems)])
    known = {*registry.names(), *(s.check for s in seen)}
    return measure.coverage(loaded, params["checks"], plan.of_pipelines(params["ci_files"]), known, seen), seen


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Measures, writes the page, then fails where less is implemented than is wanted."""
    _checked(params)
    before, problems, gate = _there(params), list[str](), params["gate_percent"]
    found, seen = _found(params, job, problems)
    after = _files(found, seen, params)
    changed = any(after[option] != text for option, text in before.items())
    if changed and not job.check_mode:
        _write(params, before, after)
    result = {**_result(found), "problems": problems, "path": _path(params["dest"]) if params["dest"] else ""}
    if gate is not None and not found.reaches(gate):
        share = f"{found.percent:.1f} percent ({found.valid} of {len(found.rows)} tests)"
        why = f"coverage of {found.plan.name} is {share}, and gate_percent wants {gate:g}"
        raise PlatformError(why, changed=changed, **result)
    return {**result, "changed": changed, "msg": f"coverage {found.shown}: {page.sentence(found)}"}
