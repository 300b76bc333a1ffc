# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster run made fit for every writer: complete, bounded, without secrets."""
from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from . import redact, text
from .record import FAILED, INCONCLUSIVE, PASSED, SKIPPED, VERDICTS, WARNED, Record, standing, worst

# Lines of evidence that a record may carry, and characters of one line.
EVIDENCE_LINES = 20
LINE_LENGTH = 2000
_ORDER = (PASSED, WARNED, FAILED, SKIPPED, INCONCLUSIVE)
_TEXTS = ("server", "version", "uid", "started", "transport", "journal")
_FIELDS = frozenset(f.name for f in fields(Record))


def _number(value: Any) -> float:
    try:
        value = float(value or 0)
    except (TypeError, ValueError):
        return 0.0
    return value if 0 <= value < float("inf") else 0.0


def _strings(value: Any) -> list[str]:
    items = value if isinstance(value, (list, tuple)) else [value] if value else []
    return [text.shorten(text.printable(str(i)), LINE_LENGTH) for i in items]


def _plain(value: Any) -> Any:
    """What JSON can hold; anything else as its text."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return text.printable(str(value))


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and abs(value) < float("inf")


def _measurements(items: Any) -> list[dict[str, Any]]:
    result = []
    for item in items or []:
        if isinstance(item, dict) and _finite(item.get("value")):
            judged = {"threshold": item["threshold"]} if _finite(item.get("threshold")) else {}
            result.append({"name": text.one_line(str(item.get("name", ""))), "value": item["value"],
                           "unit": str(item.get("unit", "")), **judged})
    return result


def clean_record(record: dict[str, Any], cluster: str = "", run_id: str = "") -> dict[str, Any]:
    """A record with every field of `Record`, redacted, its evidence bounded. Unknown fields are dropped."""
    known = {k: v for k, v in redact.redact(record).items() if k in _FIELDS}
    full = Record(**{"cluster": cluster, "domain": "", "check": "", "verdict": INCONCLUSIVE, **known}).to_dict()
    for name in ("cluster", "domain", "check", "verdict", "message", "step", "cause", "confidence", "remedy",
                 "next_command", "consequence_of", "known", "started", "run_id"):
        full[name] = text.printable(str(full[name] or ""))
    for name in ("scope", "evidence", "leftovers"):
        full[name] = _strings(full[name])
    full["evidence"] = full["evidence"][:EVIDENCE_LINES]
    for name in ("seconds", "expected", "limit"):
        full[name] = _number(full[name])
    full["observed"] = _plain(full["observed"]) if isinstance(full["observed"], dict) else {}
    full["measurements"] = _measurements(full["measurements"])
    full["run_id"] = full["run_id"] or run_id
    if full["verdict"] not in VERDICTS:
        full["verdict"] = INCONCLUSIVE
    if full["verdict"] not in (FAILED, INCONCLUSIVE):
        full["known"] = ""
    return full


def clean_run(run: dict[str, Any]) -> dict[str, Any]:
    """The run as docs/schemas/records.schema.json describes it: complete and without secrets.

    Verdict and counts are computed from the records, so that no writer can contradict another.
    """
    given = redact.redact({k: v for k, v in run.items() if k != "records"})
    cluster, run_id = str(given.get("cluster", "")), str(given.get("run_id", ""))
    records = [clean_record(r, cluster, run_id) for r in run.get("records") or []]
    verdicts = [r["verdict"] for r in records]
    extra = {k: _plain(v) for k, v in given.items()}
    return {
        **extra, "cluster": cluster, "run_id": run_id,
        **{k: text.printable(str(given.get(k) or "")) for k in _TEXTS},
        **{k: int(_number(given.get(k))) for k in ("requests", "connections")},
        "seconds": _number(given.get("seconds")), "verdict": worst([standing(r) for r in records]),
        "counts": {v: verdicts.count(v) for v in _ORDER}, "records": records,
        "leftovers": _strings(given.get("leftovers")), "notes": _strings(given.get("notes")),
        "probes": _plain(given["probes"]) if isinstance(given.get("probes"), dict) else {},
    }
