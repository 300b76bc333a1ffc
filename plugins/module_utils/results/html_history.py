# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The view of the past: what the module history returned, chosen and worded. Nothing is measured here."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import redact, text
from .html_parts import anchor, moment, words
from .record import VERDICTS

# Rows of checks and of failures that are alike; what does not fit is counted.
_CHECKS, _FAILURES = 60, 10
# What of a difference is said, by its key.
_NEWS = {"new_failures": "new", "other_cause": "other cause", "not_proved": "not proved", "fixed": "fixed"}
# The keys without which it is no result of that module.
_NEEDED = ("answer", "clusters", "checks", "failures", "differences", "last_runs", "causes", "days", "runs")


def fits(history: Any) -> bool:
    """Whether this is what the module history returned, of a task that came to measure."""
    return isinstance(history, Mapping) and all(key in history for key in _NEEDED)


def view(history: Mapping[str, Any] | None, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What the template shows of it beside these runs; {} without a history, or with one that holds no run."""
    if not history or not fits(history) or not history["runs"]:
        return {}
    history = redact.redact({key: history[key] for key in _NEEDED})
    here = {r["cluster"]: r for r in runs}
    domains = {r["check"]: r["domain"] for run in runs for r in run["records"]}
    ids = {(r["cluster"], r["check"]): anchor(r["cluster"], r["check"]) for run in runs for r in run["records"]}
    rows = [_check(row, ids, domains) for row in history["checks"] if _unsteady(row)]
    return {"words": str(history["answer"]["words"]), "whose": str(history["answer"]["whose"]), "against": _against(history),
            "days": int(history["days"]), "runs": int(history["runs"]), "clusters": _clusters(history, here), "checks": rows[:_CHECKS],
            "more_checks": max(len(rows) - _CHECKS, 0), "failures": [_failure(f) for f in history["failures"][:_FAILURES]],
            "more_failures": max(len(history["failures"]) - _FAILURES, 0),
            "since": {str(c["cause"]): {"first": str(c["first"]), "runs": int(c["runs"]), "clusters": len(c["clusters"])}
                      for c in history["causes"]}}


def _against(history: Mapping[str, Any]) -> str:
    return "the rest of the fleet" if any(d["baseline"] == "fleet" for d in history["differences"]) else "the run before"


def _clusters(history: Mapping[str, Any], here: Mapping[str, Any]) -> list[dict[str, Any]]:
    news = {d["cluster"]: d for d in history["differences"]}
    return [_cluster(name, last, history["clusters"].get(name), news.get(name), name in here)
            for name, last in sorted(history["last_runs"].items(), key=lambda item: text.natural(item[0]))]


def _cluster(name: str, last: list[Mapping[str, Any]], counts: Mapping[str, Any] | None, news: Mapping[str, Any] | None,
             here: bool) -> dict[str, Any]:
    """here: it is in this report. counts: None where it did not run in the days that are measured."""
    ended = f"{counts['bad']} of {counts['runs']}" if counts else "none"
    return {"name": name, "href": "#" + anchor(name) if here else "", "marks": [_mark(run) for run in last], "bad": ended,
            "last": moment(str(last[-1]["started"]))[:16] if last else "", "news": _news(news) if news and here else []}


def _mark(run: Mapping[str, Any]) -> dict[str, str]:
    verdict = run["verdict"] if run["verdict"] in VERDICTS else "inconclusive"
    failed = [*map(words, run["failed"]), *([f"{run['more_failed']} more"] if run["more_failed"] else [])]
    title = ", ".join([f"{moment(str(run['started']))[:16]}: {verdict}", *failed])
    return {"verdict": verdict, "title": title}


def _news(of: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, which checks) against the run that it was compared with."""
    if not of["baseline"]:
        return [("first run", "nothing to compare with")]
    slower = [f"{words(s['check'])} ({text.duration(s['seconds'])} instead of {text.duration(s['usual'])})" for s in of["slower"]]
    found = [(what, _listed(map(words, of[key]))) for key, what in _NEWS.items()]
    return [(what, which) for what, which in [*found, ("slower", _listed(slower))] if which]


def _listed(names: Iterable[str]) -> str:
    return text.listing(list(names), 160)


def _unsteady(row: Mapping[str, Any]) -> bool:
    return bool(row["failed"] or row["flip_score"] or row["often_failed"])


def _check(row: Mapping[str, Any], ids: Mapping[tuple[str, str], str], domains: Mapping[str, str]) -> dict[str, Any]:
    worse = row["regression"]
    told = f"{worse['worse']:.0f} points" if worse and worse["significant"] else "often fails" if row["often_failed"] else ""
    found = ids.get((row["cluster"], row["check"]), "")
    return {"check": words(row["check"]), "cluster": row["cluster"], "href": f"#{found}" if found else "",
            "domain": domains.get(row["check"], ""), "failed": f"{row['failed']} of {row['runs']}", "pass_rate": f"{row['pass_rate']:.0f} %", "worse": told,
            "flips": "" if row["flip_score"] is None else text.number(row["flip_score"]),
            "trend": row["trend"] if row["trend"] in ("up", "down") else "",
            "last": row["last"] if row["last"] in VERDICTS else "inconclusive"}


def _failure(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"text": text.shorten(row["text"], 300), "count": row["count"], "clusters": text.listing(row["clusters"], 100),
            "checks": text.listing(list(map(words, row["checks"])), 100), "first": moment(row["first"])[:16],
            "last": moment(row["last"])[:16]}
