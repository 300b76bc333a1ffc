# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run tells of itself: a record for each check, and how the nodes were asked."""
from __future__ import annotations

import datetime
import shlex
from typing import TYPE_CHECKING, Any

from ..results.record import PASSED, SKIPPED, WARNED, Record
from .context import Shared
from .execute import Outcome

if TYPE_CHECKING:
    from ..diagnosis.diagnose import Diagnosis


def iso(epoch: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, to the millisecond."""
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).isoformat(timespec="milliseconds")


def here(command: str, context: str | None, kubeconfig: str = "") -> str:
    """The command, for the cluster of this context and file and not for that of the reader's own; as it is where it has no name."""
    if not context or not command.startswith("kubectl "):
        return command
    file = f"--kubeconfig {shlex.quote(kubeconfig)} " if kubeconfig else ""
    return f"kubectl {file}--context {shlex.quote(context)} {command[8:]}"


def record_of(cluster: str, run_id: str, outcome: Outcome, cause: Diagnosis | None = None) -> Record:
    """The record of a finished check, with its cause where one is known."""
    finding, check = outcome.ctx.finding, outcome.ctx.check
    record = Record(cluster, check.domain, check.name, finding.verdict, finding.message,
                    finding.step if finding.verdict not in (PASSED, WARNED, SKIPPED) else "",
                    finding.observed, measurements=list(outcome.ctx.measurements), started=iso(outcome.started),
                    seconds=round(outcome.seconds, 3), expected=check.expected, limit=check.limit, run_id=run_id)
    if cause:
        record.cause, record.layer, record.confidence = cause.cause, cause.layer, cause.confidence
        record.scope, record.evidence = list(cause.scope), list(cause.evidence)[:20]
        raw = outcome.ctx.client.raw
        record.remedy, record.next_command = cause.remedy, here(cause.next_command, raw.context, raw.kubeconfig)
        record.consequence_of = cause.consequence_of
    return record


def probes_of(shared: Shared) -> dict[str, Any]:
    """Which nodes were asked, and after how many seconds their probes were there; empty where none was wanted."""
    if not shared.fleet.made:
        return {}
    fleet = shared.fleet()
    told = {"nodes": len(fleet.asked), "sampled": fleet.sampled, "left_out": dict(fleet.left_out),
            "joined": fleet.joined(), "gone": fleet.gone()}
    if shared.probes.made:
        probes = shared.probes()
        told |= {"nodes": len(probes.nodes), "ready": len(probes.all), "seconds": round(probes.seconds, 3)}
    return told


def transport_of(shared: Shared) -> str:
    """How the probes were asked; empty where none was."""
    if not shared.probes.made:
        return ""
    return ",".join(sorted(t for t in {p._http.transport for p in shared.probes().all} if t))
