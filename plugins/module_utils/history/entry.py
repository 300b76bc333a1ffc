# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is kept of a run for later: who ran, when, on what, and how each check ended; neither evidence nor addresses."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from ..results.clean import clean_run
from ..results.record import FAILED, PASSED, WARNED
from ..results.store import STAGES

VERSION = 1


@dataclass(frozen=True)
class Result:
    """How one check ended. domain "stages": a stage of a pipeline. cause: "" where nothing failed."""

    check: str
    domain: str
    verdict: str
    cause: str = ""
    layer: int | None = None
    confidence: str = ""
    scope: tuple[str, ...] = ()
    consequence_of: str = ""
    message: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.verdict in (PASSED, WARNED)

    @property
    def failed(self) -> bool:
        return self.verdict == FAILED

    @property
    def ran(self) -> bool:
        """It tells something of the cluster: what was skipped or could not be tested does not."""
        return self.passed or self.failed

    @property
    def root(self) -> bool:
        """It failed of itself, and not as another failure's consequence."""
        return self.failed and not self.consequence_of


@dataclass(frozen=True)
class Entry:
    """One run on one cluster.

    uid: that of the cluster's namespace kube-system, "" where it could not be read. version: of its API server. change: what
    was tested, as its user names it (a commit, a release, a snapshot); two runs of one change should end alike.
    """

    cluster: str
    run_id: str
    started: datetime
    verdict: str
    results: tuple[Result, ...] = ()
    uid: str = ""
    version: str = ""
    change: str = ""
    seconds: float = 0.0

    @property
    def bad(self) -> bool:
        return any(r.root for r in self.results)

    @property
    def ran(self) -> bool:
        return any(r.ran for r in self.results)

    def result(self, check: str) -> Result | None:
        return next((r for r in self.results if r.check == check), None)

    def to_dict(self) -> dict[str, Any]:
        """What a file of the history holds (docs/schemas/history.schema.json)."""
        found = {"format": VERSION, **vars(self), "started": self.started.isoformat()}
        return {**found, "results": [{**vars(r), "scope": list(r.scope)} for r in self.results]}


def moment(text: str) -> datetime:
    """A time in ISO 8601; in UTC where it does not say. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)


def of_run(run: Mapping[str, Any], change: str = "") -> Entry | None:
    """What is kept of a run as records.json has it; None for one that never began."""
    run = clean_run(dict(run))
    if not run["started"] or not run["run_id"]:
        return None
    found = _entry({**run, "change": change, "results": run["records"]})
    if any(r.root and not is_stage(r) for r in found.results):  # the stages around it failed of that, and would count twice
        return replace(found, results=tuple(r for r in found.results if not (r.failed and is_stage(r))))
    return found


def of_dict(data: Any) -> Entry:
    """A file of the history; fields that are not known are ignored. Raises ValueError with what is wrong with it."""
    if not isinstance(data, dict) or data.get("format") != VERSION:
        raise ValueError(f"is no run in format {VERSION} of the history")
    try:
        return _entry(data)
    except (KeyError, TypeError, ValueError) as e:
        raise ValueError(f"is no whole run: {type(e).__name__}: {e}") from None


def _entry(data: Mapping[str, Any]) -> Entry:
    texts = {name: str(data.get(name) or "") for name in ("uid", "version", "change")}
    return Entry(cluster=str(data["cluster"]), run_id=str(data["run_id"]), started=moment(str(data["started"])),
                 verdict=str(data["verdict"]), seconds=float(data.get("seconds") or 0),
                 results=tuple(map(_result, data["results"])), **texts)


def _result(data: Mapping[str, Any]) -> Result:
    texts = {name: str(data.get(name) or "") for name in ("domain", "cause", "confidence", "consequence_of", "message")}
    layer = data.get("layer")
    return Result(check=str(data["check"]), verdict=str(data["verdict"]), layer=layer if isinstance(layer, int) else None,
                  scope=tuple(map(str, data.get("scope") or ())), seconds=float(data.get("seconds") or 0), **texts)


def is_stage(result: Result) -> bool:
    return result.domain == STAGES
