# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documents beside the tests: JSON of Prow, of Sonobuoy and of our own checks."""
from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ..kube.json_text import json_of
from .limits import Limited, TooMuch, whole
from .model import ERRORED, FAILED, INCONCLUSIVE, PASSED, SKIPPED, Build, Case

# Our verdicts of checks, as outcomes of cases.
_OUTCOMES = {"passed": PASSED, "warned": PASSED, "failed": FAILED, "skipped": SKIPPED, "inconclusive": ERRORED}
_FIRST, _LAST = 1_000_000_000, 4_102_444_800  # epoch seconds of 2001 and 2100


@dataclass
class Document:
    """A JSON file: data None and broken why, where it cannot be read."""

    path: str
    data: Any = None
    broken: str = ""
    size: int = 0


def parse(path: str, stream: Limited) -> Document:
    found = Document(path)
    try:
        text = whole(stream)
        found.data = json_of(text)
    except ValueError as e:  # TooMuch, no JSON, no UTF-8
        found.broken = str(e) if isinstance(e, TooMuch) else f"is no JSON ({str(e)[:200]})" if text.strip() else "is empty"
    except (EOFError, OSError, zlib.error) as e:
        found.broken = str(e) or type(e).__name__
    found.size = stream.count
    return found


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def moment(value: Any) -> datetime | None:
    """A time as started.json (epoch seconds) and our records (ISO 8601) have it; None for any other."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)) and _FIRST <= value < _LAST:
        return datetime.fromtimestamp(value, timezone.utc)
    try:
        found = datetime.fromisoformat(string(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


# ---- Prow -------------------------------------------------------------------------------------------------------
def build(where: str, documents: dict[str, Document], log: str) -> Build:
    """where: its folder; documents: by the names of the files."""
    parts = where.split("/")

    def data(name: str) -> dict[str, Any] | None:
        found = documents.get(name)
        return found.data if found and isinstance(found.data, dict) else None

    job = mapping(data("prowjob.json"))
    status, spec = mapping(job.get("status")), mapping(job.get("spec"))
    kept = {k: v for k, v in {**status, **{k: spec[k] for k in ("type", "job") if k in spec}}.items()
            if isinstance(v, (str, int))}
    number = parts[-1] if parts[-1] else string(status.get("build_id"))
    return Build(parts[-2] if len(parts) > 1 else string(spec.get("job")), number, data("started.json"), data("finished.json"),
                 "podinfo.json" in documents, kept, log)


def passed(finished: dict[str, Any]) -> bool | None:
    """What finished.json says as TestGrid reads it: passed, else result; None where it says neither."""
    if isinstance(finished.get("passed"), bool):
        return finished["passed"]
    return succeeded(finished)


def succeeded(finished: dict[str, Any]) -> bool | None:
    """By result, as Kettle reads it."""
    result = string(finished.get("result"))
    return result.upper() == "SUCCESS" if result else None


# ---- our own checks ---------------------------------------------------------------------------------------------
@dataclass
class Checked:
    """One cluster's run of checks, as it is stored."""

    path: str
    data: dict[str, Any]

    @property
    def cluster(self) -> str:
        return string(self.data.get("cluster"))

    @property
    def started(self) -> datetime | None:
        return moment(self.data.get("started"))

    @property
    def finished(self) -> datetime | None:
        seconds = self.data.get("seconds")
        known = self.started is not None and isinstance(seconds, (int, float)) and 0 <= seconds < 1e8
        return self.started + timedelta(seconds=seconds) if known else None

    def cases(self) -> list[Case]:
        return [_case(r, self.path) for r in self.data.get("records") or [] if isinstance(r, dict)]

    def verdict(self, cases: list[Case]) -> str:
        if any(c.outcome == FAILED for c in cases):
            return FAILED
        sure = any(c.outcome == PASSED for c in cases) and not any(c.outcome == ERRORED for c in cases)
        return PASSED if sure else INCONCLUSIVE


def _case(record: dict[str, Any], path: str) -> Case:
    verdict = string(record.get("verdict"))
    seconds = record.get("seconds")
    evidence = record.get("evidence") if isinstance(record.get("evidence"), list) else []
    about = [f"{k}: {record[k]}" for k in ("cause", "remedy", "next_command") if string(record.get(k))]
    told = {k: record[k] for k in ("cause", "confidence", "consequence_of") if string(record.get(k))}
    return Case(string(record.get("check")), _OUTCOMES.get(verdict, ERRORED), string(record.get("domain")),
                float(seconds) if isinstance(seconds, (int, float)) else 0.0, string(record.get("message")),
                "\n".join([*about, *map(str, evidence[:20])]), status=verdict, file=path, properties=told)


def checked(document: Document) -> list[Checked]:
    """The clusters of records.json, or the one of a file in clusters/."""
    data = mapping(document.data)
    runs = data.get("runs") if isinstance(data.get("runs"), list) else [data]
    return [Checked(document.path, r) for r in runs if isinstance(r, dict) and isinstance(r.get("records"), list)]
