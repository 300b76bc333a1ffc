# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record: the flat, versioned result of one check on one cluster."""
from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

VERSION = 1

PASSED = "passed"
WARNED = "warned"
FAILED = "failed"
SKIPPED = "skipped"
INCONCLUSIVE = "inconclusive"
# From worst to best; a cluster's verdict is the worst of its records (skipped counts only where nothing else is).
VERDICTS = (FAILED, INCONCLUSIVE, WARNED, PASSED, SKIPPED)


def worst(verdicts: list[str]) -> str:
    """The worst of the verdicts; skipped for none at all."""
    return min(verdicts, key=VERDICTS.index, default=SKIPPED)


def standing(record: dict[str, Any]) -> str:
    """The verdict by which its run is judged: a failure that is known until a day to come only warns."""
    return WARNED if record.get("known") else str(record["verdict"])


@dataclass
class Record:
    """One check on one cluster; the schema is docs/schemas/records.schema.json.

    scope lists objects as "node/NAME", evidence holds at most 20 verbatim lines, measurements are
    {name, value, unit}, started is ISO 8601 in UTC, seconds a float. expected and limit are the check's bounds in
    seconds (above: warned, failed), 0 where not known. known: until when a failure is accepted, and why; "" for all others.
    """

    cluster: str
    domain: str
    check: str
    verdict: str
    message: str = ""
    step: str = ""
    observed: dict[str, Any] = field(default_factory=dict)
    cause: str = ""
    layer: int | None = None
    confidence: str = ""
    scope: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    remedy: str = ""
    next_command: str = ""
    consequence_of: str = ""
    known: str = ""
    measurements: list[dict[str, Any]] = field(default_factory=list)
    started: str = ""
    seconds: float = 0.0
    expected: float = 0.0
    limit: float = 0.0
    run_id: str = ""
    leftovers: list[str] = field(default_factory=list)
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        return {k: v.copy() if isinstance(v, (dict, list)) else v for k, v in vars(self).items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Record:
        known = {f.name for f in fields(cls)}
        return cls(**{k: v for k, v in data.items() if k in known})
