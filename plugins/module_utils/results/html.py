# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as one offline page: data is prepared in html_*.py, the templates only lay it out."""
from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..common.words import plural
from ..kube.json_text import json_of
from . import causes, html_history, notes, text
from .causes import CauseGroup
from .html_causes import cause
from .html_clusters import cluster
from .html_fleet import matrix
from .html_measured import compared
from .html_parts import moment, words
from .html_script import SCRIPT
from .html_style import STYLE
from .html_style_views import VIEWS
from .html_template import TEMPLATE
from .html_words import GLOSSARY
from .record import FAILED, INCONCLUSIVE, PASSED, SKIPPED, VERDICTS, WARNED, worst

# Above this many checks each of them is a line of words, so that a browser opens the page at once.
_COMPACT = 1500
_WORDS = {PASSED: "passed", WARNED: "warned", FAILED: "failed", SKIPPED: "skipped", INCONCLUSIVE: "inconclusive"}


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
        known = any(r["known"] for run in runs for r in run["records"])
        but = "with failures that are known" if known else "with warnings"
        return f"All {len(runs)} {what} work, {count} {but}" if many else f"{name} works, {but}"
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


# ---- the page --------------------------------------------------------------------------------------------------
def collection_version() -> str:
    """The version of this collection, empty where it cannot be told (a module copied elsewhere)."""
    root = Path(__file__).resolve().parents[3]
    try:
        if (root / "MANIFEST.json").is_file():
            return str(json_of((root / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]["version"])
        match = re.search(r"^version:\s*[\"']?([^\s\"'#]+)", (root / "galaxy.yml").read_text(encoding="utf-8"),
                          re.MULTILINE)
        return match[1] if match else ""
    except (OSError, ValueError, KeyError):
        return ""


def _footer(runs: list[dict[str, Any]], created: str) -> list[str]:
    versions, run_ids = (text.unique(r[name] for r in runs) for name in ("version", "run_id"))
    parts = [f"assay.clusters {collection_version()}".strip(), f"written {moment(created)}" if created else "",
             f"Kubernetes {', '.join(versions)}" if versions else "",
             f"run {text.listing(run_ids, 80)}" if run_ids else ""]
    return [p for p in parts if p]


def _find(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page can be narrowed down to; {} where there is nothing to choose."""
    domains = text.unique(r["domain"] for run in runs for r in run["records"])
    many = {"clusters": len(runs) if len(runs) > 1 else 0,
            "domains": [{"key": d, "name": words(d)} for d in domains] if len(domains) > 1 else []}
    return many if any(many.values()) else {}


def view(runs: list[dict[str, Any]], created: str, more: Iterable[str] = (),
         history: Mapping[str, Any] | None = None, meanings: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Everything the template shows, for cluster runs as `clean.clean_run` gives them.

    more: sentences about all of them. history: what the module history returned, None without one. meanings: of causes, by
    their codes without brackets.
    """
    groups, totals, past = causes.group_causes(runs), causes.totals(runs), html_history.view(history, runs)
    counts = {v: totals[v] for v in VERDICTS}
    roots = {id(record): group for group in groups for record in group.records}
    fleet, same, checks = len(runs) > 1, notes.same_as(runs), sum(counts.values())
    compact = checks > _COMPACT
    return {
        "fleet": fleet, "headline": _headline(runs), "explanation": _explanation(groups, counts),
        "checks": checks, "compact": compact, "find": _find(runs), "past": past,
        "verdict": worst([r["verdict"] for r in runs]), "counts": [(v, counts[v]) for v in VERDICTS if counts[v]],
        "seconds": text.duration(max((r["seconds"] for r in runs), default=0.0)),
        "started": moment(min((r["started"] for r in runs if r["started"]), default="")),
        "causes": [cause(g, i, fleet, past, (meanings or {}).get(g.code.partition("(")[0], "")) for i, g in enumerate(groups)],
        "matrix": matrix(runs) if fleet else None,
        "compared": compared(runs) if fleet else [], "notes": [*more, *notes.about_all(runs)],
        "clusters": [cluster(r, len(runs), roots, same.get(r["cluster"], []), compact) for r in runs],
        "footer": _footer(runs, created), "words": _WORDS, "plural": plural,
    }


def page(runs: list[dict[str, Any]], created: str = "", more: Iterable[str] = (),
         history: Mapping[str, Any] | None = None, meanings: Mapping[str, str] | None = None) -> str:
    """report.html: one file that asks the network for nothing. Raises ImportError without Jinja2."""
    from jinja2 import Environment, StrictUndefined  # comes with ansible-core; the other writers do without it

    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE)
    from markupsafe import Markup

    shown = view(runs, created, more, history, meanings)
    return template.render(style=Markup(STYLE + VIEWS), script=Markup(SCRIPT), script_digest=digest, glossary=GLOSSARY, **shown)
