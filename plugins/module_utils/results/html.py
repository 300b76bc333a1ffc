# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as one offline page: data is prepared here, html_template.py only lays it out."""
from __future__ import annotations

import base64
import hashlib
import json
import re
import statistics
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from ..common.words import plural
from . import causes, notes, text
from .causes import CauseGroup
from .html_style import SCRIPT, STYLE
from .html_template import TEMPLATE
from .record import FAILED, INCONCLUSIVE, PASSED, SKIPPED, VERDICTS, WARNED, worst

# Above this many checks the columns of the matrix are too narrow for words.
_WIDE_CHECKS = 9
# Up to this many clusters all of them are open; above, only those with something to look at.
_OPEN_CLUSTERS = 2
# Of one cause, the different pieces of evidence and the commands on the page; the clusters have all of them.
_EVIDENCE_BLOCKS, _COMMANDS = 4, 12
# Units of time in seconds.
_TIME = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_WORDS = {PASSED: "passed", WARNED: "warned", FAILED: "failed", SKIPPED: "skipped", INCONCLUSIVE: "inconclusive"}


def _anchor(*parts: str) -> str:
    """An id for any names; the digest keeps "a-b" + "c" apart from "a" + "b-c"."""
    joined = "-".join(re.sub(r"[^A-Za-z0-9]+", "-", p).strip("-").lower() for p in parts)
    return f"{joined}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:6]}"


def _words(name: str) -> str:
    """"pod_network" as people say it."""
    return name.replace("_", " ")


def _moment(iso: str) -> str:
    """"2026-03-14 09:26:53 UTC"; other texts as they are."""
    match = re.match(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z|\+00:00)?$", iso)
    return f"{match[1]} {match[2]}" + (" UTC" if match[3] else "") if match else iso


# ---- the headline ----------------------------------------------------------------------------------------------
def _headline(runs: list[dict[str, Any]]) -> str:
    verdicts = [r["verdict"] for r in runs]
    verdict = worst(verdicts)
    if not runs:
        return "No cluster was tested"
    many = len(runs) > 1
    name, count = runs[0]["cluster"], verdicts.count(verdict)
    what = "hosts" if notes.same_clusters(runs) else "clusters"
    of = f"{count} of {len(runs)} {what}" if count < len(runs) else f"All {count} {what}"
    if verdict == FAILED:
        return f"{of} failed" if many else f"{name} failed"
    if verdict == INCONCLUSIVE:
        return f"{of} could not be tested fully" if many else f"{name} could not be tested fully"
    if verdict == WARNED:
        return f"All {len(runs)} {what} work, {count} with warnings" if many else f"{name} works, with warnings"
    if verdict == SKIPPED:
        return "Nothing was tested"
    return f"All {len(runs)} {what} work" if many else f"{name} works"


def _explanation(groups: list[CauseGroup], counts: dict[str, int]) -> str:
    unmet = counts[FAILED] + counts[INCONCLUSIVE]
    if not groups:
        tested = sum(counts.values()) - counts[SKIPPED]
        return f"{plural(tested, 'check')} proved from the user's side." if tested else ""
    known = [g for g in groups if g.code.partition(".")[0] != causes.UNKNOWN]
    explained = sum(len(g.records) for g in known)
    if not known:
        return f"No cause was found for {plural(unmet, 'check')}; the evidence is below."
    what = "One cause explains" if len(known) == 1 else f"{len(known)} causes explain"
    which = f"{explained} of {unmet}" if explained < unmet else "the one" if unmet == 1 else f"all {unmet}"
    return f"{what} {which} {'check' if unmet == 1 else 'checks'} that did not pass."


# ---- causes ----------------------------------------------------------------------------------------------------
def _link(record: dict[str, Any], many: bool) -> dict[str, str]:
    label = _words(record["check"])
    return {"href": "#" + _anchor(record["cluster"], record["check"]), "label": label, "verdict": record["verdict"],
            "cluster": record["cluster"] if many else ""}


def _layer(layer: int | None) -> str:
    if layer is None:
        return ""
    name = causes.LAYERS[layer] if 0 <= layer < len(causes.LAYERS) else ""
    return f"layer {layer}" + (f", {name}" if name else "")


def _by_cluster(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = text.unique(r["cluster"] for r in records)
    return [{"cluster": n, "links": [_link(r, False) for r in records if r["cluster"] == n]} for n in names]


def _cause(group: CauseGroup, index: int, fleet: bool) -> dict[str, Any]:
    scope = group.scope
    return {
        "id": _anchor("cause", group.code), "code": group.code, "verdict": group.verdict, "layer": _layer(group.layer),
        "confidence": group.confidence, "level": group.confidence.split(",")[0], "open": index == 0,
        "message": text.shorten(group.messages[0], 400) if group.messages else "",
        "more_messages": len(group.messages) - 1,
        "scope": scope[:12], "more_scope": scope[12:], "evidence": _evidence(group),
        "remedies": group.remedies, "commands": [{"clusters": c, "text": t} for c, t in group.commands[:_COMMANDS]],
        "hidden_commands": max(len(group.commands) - _COMMANDS, 0),
        "members": _by_cluster(group.members), "consequences": _by_cluster(group.consequences),
        "clusters": group.clusters if fleet else [], "results": len(group.records),
    }


def _evidence(group: CauseGroup) -> dict[str, Any]:
    """Verbatim lines with their origin; of several records the first few that differ."""
    found: dict[tuple[str, ...], list[str]] = {}
    for record in group.members:
        if record["evidence"]:
            where = (f"{record['cluster']}: " if len(group.clusters) > 1 else "") + _words(record["check"])
            found.setdefault(tuple(record["evidence"]), []).append(where)
    blocks = [{"where": text.listing(where, 120), "lines": list(lines)} for lines, where in found.items()]
    return {"blocks": blocks[:_EVIDENCE_BLOCKS], "more": max(len(blocks) - _EVIDENCE_BLOCKS, 0),
            "lines": sum(len(b["lines"]) for b in blocks[:_EVIDENCE_BLOCKS])}


# ---- the matrix ------------------------------------------------------------------------------------------------
def _columns(runs: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(domain, check) of all clusters, grouped by domain in the order first met."""
    found = list(dict.fromkeys((r["domain"], r["check"]) for run in runs for r in run["records"]))
    domains = text.unique(d for d, _c in found)
    return sorted(found, key=lambda column: domains.index(column[0]) if column[0] else -1)


def _matrix(runs: list[dict[str, Any]]) -> dict[str, Any]:
    columns = _columns(runs)
    rows = []
    for run in runs:
        by_check = {(r["domain"], r["check"]): r for r in run["records"]}
        cells = [_cell(run, by_check.get(column)) for column in columns]
        rows.append({"cluster": run["cluster"], "id": _anchor(run["cluster"]), "verdict": run["verdict"],
                     "cells": cells,
                     "seconds": text.duration(run["seconds"])})
    domains = [{"name": _words(d), "span": len(list(c))} for d, c in groupby(columns, key=lambda c: c[0])]
    starts = [i for i, c in enumerate(columns) if i == 0 or columns[i - 1][0] != c[0]]
    return {"domains": domains, "checks": [_words(c) for _d, c in columns], "rows": rows, "starts": starts,
            "followed": any(c and c["followed"] for row in rows for c in row["cells"]),
            "wide": len(columns) <= _WIDE_CHECKS}


def _cell(run: dict[str, Any], record: dict[str, Any] | None) -> dict[str, str] | None:
    if record is None:
        return None
    why = record["cause"] or text.first_line(record["message"])
    title = f"{_words(record['check'])} on {run['cluster']}: {record['verdict']}" + (f", {why}" if why else "")
    return {"href": "#" + _anchor(run["cluster"], record["check"]), "verdict": record["verdict"],
            "title": text.shorten(title, 160), "followed": bool(record["consequence_of"])}


# ---- measurements ----------------------------------------------------------------------------------------------
def _range(values: list[float], unit: str) -> str:
    if len(values) == 1 or min(values) == max(values):
        return f"{text.number(values[0])} {unit}".strip()
    return f"{text.number(min(values))}–{text.number(max(values))} {unit}".strip()


def _scale(unit: str) -> tuple[str, float]:
    """(what units are compared with each other, factor to it): ms and s are both time."""
    return ("time", _TIME[unit]) if unit in _TIME else (unit, 1.0)


def _bars(measurements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows for one check: one per name and unit; rows of one kind of unit share a scale. Positions in percent."""
    groups: dict[tuple[str, str], list[float]] = {}
    for m in measurements:
        groups.setdefault((m["unit"], m["name"]), []).append(float(m["value"]))
    top: dict[str, float] = {}
    for (unit, _name), values in groups.items():
        kind, factor = _scale(unit)
        top[kind] = max(top.get(kind, 0.0), *(v * factor for v in values))
    rows = []
    for (unit, name), values in groups.items():
        kind, factor = _scale(unit)
        scale = 100 * factor / (top[kind] or 1)
        middle = statistics.median(values)
        rows.append({"name": name, "bar": round(max(middle, 0) * scale, 2), "label": _range(values, unit),
                     "dots": [round(max(v, 0) * scale, 2) for v in values] if len(values) > 1 else [],
                     "middle": f"median {text.number(middle)} {unit} of {len(values)}" if len(values) > 1 else ""})
    return rows


def _compared(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For fleets: every measurement over all clusters on one line, the slowest cluster named."""
    found: dict[tuple[str, str], dict[tuple[str, str], list[tuple[float, str]]]] = {}
    for run in runs:
        for record in run["records"]:
            for m in record["measurements"]:
                line = found.setdefault((record["domain"], record["check"]), {}).setdefault((m["name"], m["unit"]), [])
                line.append((float(m["value"]), run["cluster"]))
    by_domain = len(found) > _WIDE_CHECKS  # a block per check would be a page of its own
    blocks: dict[str, list[dict[str, Any]]] = {}
    for column in [c for c in _columns(runs) if c in found]:
        rows = [_compared_row(name, unit, values) for (name, unit), values in found[column].items()
                if len({c for _v, c in values}) > 1]
        if rows and by_domain:
            named = [{**r, "name": f"{_words(column[1])}: {r['name']}"} for r in rows]
            blocks.setdefault(_words(column[0]), []).extend(named)
        elif rows:
            blocks.setdefault(_words(column[1]), []).extend(rows)
    return [{"title": title, "rows": rows, "open": not by_domain} for title, rows in blocks.items()]


def _compared_row(name: str, unit: str, values: list[tuple[float, str]]) -> dict[str, Any]:
    top, cluster = max(values)
    scale = 100 / top if top > 0 else 0
    middle = statistics.median(v for v, _c in values)
    dots = [{"at": round(max(v, 0) * scale, 2), "title": f"{c}: {text.number(v)} {unit}".strip()} for v, c in values]
    return {"name": name, "dots": dots, "label": _range([v for v, _c in values], unit), "top": cluster,
            "middle": round(middle * scale, 2), "median": f"{text.number(middle)} {unit}".strip()}


# ---- clusters --------------------------------------------------------------------------------------------------
def _time(record: dict[str, Any], slowest: float) -> dict[str, Any]:
    """Seconds against the limit; without one, against the slowest check of the cluster."""
    full = record["limit"] or slowest or 1
    share = min(100, record["seconds"] / full * 100)
    tick = record["expected"] / full * 100 if record["limit"] and record["expected"] else 0
    label = text.duration(record["seconds"])
    against = f"{label}, limit {text.duration(record['limit'])}" if record["limit"] else label
    if tick:
        against += f", expected at most {text.duration(record['expected'])}"
    return {"label": label, "share": round(max(share, 1), 2), "tick": round(tick, 2), "against": against,
            "limit": text.duration(record["limit"]) if record["limit"] else "",
            "over": bool(record["expected"] and record["seconds"] > record["expected"])}


def _check(record: dict[str, Any], slowest: float, roots: dict[int, CauseGroup]) -> dict[str, Any]:
    group = roots.get(id(record))
    root = group.code if group else ""
    observed = json.dumps(record["observed"], indent=2, ensure_ascii=False) if record["observed"] else ""
    parts = [plural(len(record["evidence"]), "line") + " of evidence" if record["evidence"] else "",
             "next command" if group and record["next_command"] else "", "observed values" if observed else ""]
    detail = ", ".join(p for p in parts if p)
    return {**record, "id": _anchor(record["cluster"], record["check"]), "name": _words(record["check"]),
            "unmet": bool(group), "root": root, "cause_href": "#" + _anchor("cause", root) if root else "",
            "followed": bool(group and record["cause"] != root), "time": _time(record, slowest),
            "observed_text": observed, "folded": bool(detail), "detail": detail[:1].upper() + detail[1:]}


def _facts(run: dict[str, Any], same: list[str]) -> list[tuple[str, str]]:
    ready = notes.probes_ready(run)
    facts = [("Address", run["server"]), ("Same cluster as", ", ".join(same)), ("Version", run["version"]),
             ("Run", run["run_id"]), ("Started", _moment(run["started"])),
             ("Duration", text.duration(run["seconds"])), ("Probes asked by", run["transport"]),
             ("Probes ready after", "" if ready is None else text.duration(ready)),
             ("Requests", str(run["requests"] or "")), *(("Note", note) for note in notes.about(run))]
    return [(n, v) for n, v in facts if v]


def _cluster(run: dict[str, Any], fleet_size: int, roots: dict[int, CauseGroup], same: list[str]) -> dict[str, Any]:
    slowest = max((r["seconds"] for r in run["records"]), default=0.0)
    order = _columns([run])
    records = sorted(run["records"], key=lambda r: order.index((r["domain"], r["check"])))
    domains = []
    for name, members in groupby(records, key=lambda r: r["domain"]):
        checks = [_check(r, slowest, roots) for r in members]
        domains.append({"name": _words(name), "checks": checks, "verdict": worst([c["verdict"] for c in checks])})
    trouble = run["verdict"] in (FAILED, INCONCLUSIVE)
    return {"name": run["cluster"], "id": _anchor(run["cluster"]), "verdict": run["verdict"],
            "counts": [(v, run["counts"][v]) for v in VERDICTS if run["counts"][v]], "version": run["version"],
            "seconds": text.duration(run["seconds"]), "domains": domains,
            "facts": _facts(run, same), "leftovers": causes.leftovers(run),
            "measured": [{"check": _words(r["check"]), "rows": _bars(r["measurements"])}
                         for r in records if r["measurements"]],
            "open": fleet_size <= _OPEN_CLUSTERS or (trouble and fleet_size <= 8)}


# ---- the page --------------------------------------------------------------------------------------------------
def collection_version() -> str:
    """The version of this collection, empty where it cannot be told (a module copied elsewhere)."""
    root = Path(__file__).resolve().parents[3]
    try:
        if (root / "MANIFEST.json").is_file():
            return str(json.loads((root / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]["version"])
        match = re.search(r"^version:\s*[\"']?([^\s\"'#]+)", (root / "galaxy.yml").read_text(encoding="utf-8"),
                          re.MULTILINE)
        return match[1] if match else ""
    except (OSError, ValueError, KeyError):
        return ""


def _footer(runs: list[dict[str, Any]], created: str) -> list[str]:
    versions, run_ids = (text.unique(r[name] for r in runs) for name in ("version", "run_id"))
    parts = [f"assay.clusters {collection_version()}".strip(), f"written {_moment(created)}" if created else "",
             f"Kubernetes {', '.join(versions)}" if versions else "",
             f"run {text.listing(run_ids, 80)}" if run_ids else ""]
    return [p for p in parts if p]


def view(runs: list[dict[str, Any]], created: str, more: Iterable[str] = ()) -> dict[str, Any]:
    """Everything the template shows, for cluster runs as `clean.clean_run` gives them. more: sentences about all of them."""
    groups = causes.group_causes(runs)
    totals = causes.totals(runs)
    counts = {v: totals[v] for v in VERDICTS}
    roots = {id(record): group for group in groups for record in group.records}
    fleet = len(runs) > 1
    checks = sum(counts.values())
    same = notes.same_as(runs)
    return {
        "fleet": fleet, "headline": _headline(runs), "explanation": _explanation(groups, counts), "checks": checks,
        "verdict": worst([r["verdict"] for r in runs]), "counts": [(v, counts[v]) for v in VERDICTS if counts[v]],
        "seconds": text.duration(max((r["seconds"] for r in runs), default=0.0)),
        "started": _moment(min((r["started"] for r in runs if r["started"]), default="")),
        "causes": [_cause(g, i, fleet) for i, g in enumerate(groups)], "matrix": _matrix(runs) if fleet else None,
        "compared": _compared(runs) if fleet else [], "notes": [*more, *notes.about_all(runs)],
        "clusters": [_cluster(r, len(runs), roots, same.get(r["cluster"], [])) for r in runs],
        "footer": _footer(runs, created), "words": _WORDS, "plural": plural,
    }


def page(runs: list[dict[str, Any]], created: str = "", more: Iterable[str] = ()) -> str:
    """report.html: one file that asks the network for nothing. Raises ImportError without Jinja2."""
    from jinja2 import Environment, StrictUndefined  # comes with ansible-core; the other writers do without it

    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE)
    from markupsafe import Markup

    return template.render(style=Markup(STYLE), script=Markup(SCRIPT), script_digest=digest, **view(runs, created, more))
