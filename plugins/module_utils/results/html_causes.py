# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The view of the causes: each once, what it struck, what followed, and what to do."""
from __future__ import annotations

from typing import Any

from ..common.words import plural
from . import causes, text
from .causes import CauseGroup
from .html_parts import anchor, moment, words

# Of one cause, the different pieces of evidence and the commands on the page; the clusters have all of them.
_EVIDENCE_BLOCKS, _COMMANDS, _MESSAGES = 4, 12, 6
# Clusters of one cause that are named without unfolding them, and causes that are not folded.
_CLUSTERS, _UNFOLDED = 12, 5


def _link(record: dict[str, Any]) -> dict[str, str]:
    return {"href": "#" + anchor(record["cluster"], record["check"]), "label": words(record["check"])}


def _layer(layer: int | None) -> str:
    if layer is None:
        return ""
    name = causes.LAYERS[layer] if 0 <= layer < len(causes.LAYERS) else ""
    return f"layer {layer}" + (f", {name}" if name else "")


def _by_cluster(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, str]]] = {}
    for record in records:
        found.setdefault(record["cluster"], []).append(_link(record))
    return [{"cluster": name, "links": links} for name, links in found.items()]


def _first_seen(group: CauseGroup, history: dict[str, Any]) -> tuple[str, str]:
    """(When, how often since): of the history, where it knows the cause, else of this run."""
    began = min((r["started"] for r in group.records if r["started"]), default="")
    past = history.get("since", {}).get(group.code)
    if not past:
        return moment(began), ""
    often = f"in {plural(past['runs'], 'run')} on {plural(past['clusters'], 'cluster')} in {plural(2 * history['days'], 'day')}"
    return moment(past["first"]), often


def cause(group: CauseGroup, index: int, fleet: bool, history: dict[str, Any], meaning: str = "") -> dict[str, Any]:
    """index: its place among all; fleet: whether there are several clusters. history: as html_history.view gives it, or {}.

    meaning: what its code stands for.
    """
    scope, (first, often) = group.scope, _first_seen(group, history)
    members, consequences = _by_cluster(group.members), _by_cluster(group.consequences)
    return {
        "id": anchor("cause", group.code), "code": group.code, "verdict": group.verdict, "layer": _layer(group.layer),
        "confidence": group.confidence, "level": group.confidence.split(",")[0],
        "open": index == 0, "unfolded": index < _UNFOLDED,
        "message": text.shorten(group.messages[0], 400) if group.messages else "",
        "messages": group.messages[1:_MESSAGES], "more_messages": max(len(group.messages) - _MESSAGES, 0),
        "meaning": meaning, "known": group.known, "first": first, "often": often,
        "scope": scope[:12], "more_scope": scope[12:], "evidence": _evidence(group),
        "remedies": group.remedies, "commands": [{"clusters": c, "text": t} for c, t in group.commands[:_COMMANDS]],
        "hidden_commands": max(len(group.commands) - _COMMANDS, 0),
        "members": members[:_CLUSTERS], "more_members": members[_CLUSTERS:],
        "consequences": consequences[:_CLUSTERS], "more_consequences": consequences[_CLUSTERS:],
        "all_clusters": group.clusters, "clusters": group.clusters if fleet else [], "results": len(group.records),
        "checks": [words(c) for c in group.checks], "followed": len(group.consequences),
        "domains": text.unique(r["domain"] for r in group.records),
    }


def _evidence(group: CauseGroup) -> dict[str, Any]:
    """Verbatim lines with their origin; of several records the first few that differ."""
    found: dict[tuple[str, ...], list[str]] = {}
    for record in group.members:
        if record["evidence"]:
            where = (f"{record['cluster']}: " if len(group.clusters) > 1 else "") + words(record["check"])
            found.setdefault(tuple(record["evidence"]), []).append(where)
    blocks = [{"where": text.listing(where, 120), "lines": list(lines)} for lines, where in found.items()]
    return {"blocks": blocks[:_EVIDENCE_BLOCKS], "more": max(len(blocks) - _EVIDENCE_BLOCKS, 0),
            "lines": sum(len(b["lines"]) for b in blocks[:_EVIDENCE_BLOCKS])}
