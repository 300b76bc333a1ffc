# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Half a set of snapshots is no set: a process that outlives the task removes it when the task is killed while it takes it."""
from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..common.guardian import Guardian
from ..jobs.errors import PlatformError, Unknown
from ..jobs.job import Job
from ..machines.model import Wanted
from .set import Crew, machines

# Seconds without anything new after which the guardian ends. What the platform had begun cannot be taken back, and shows up
# when it is made: within the first, or, as memory is written to disk or a guest is quiesced, within the second.
QUIET, QUIET_MEMORY = 600.0, 1800.0
_POLL, _LONGEST = 2.0, 8.0


@contextlib.contextmanager
def guarded(params: Mapping[str, Any], job: Job, mark: str) -> Iterator[None]:
    """While a set is taken whose descriptions hold `mark`. An error is put right, or told, by who raises it. Where something may
    be there still, or may show up later, or where the error says nothing of the set, the guardian stays."""
    again = {**params, "timeout": max(float(params.get("timeout") or 0), 3600.0)}
    guardian = Guardian.start(lambda: forget(again, dict(job.environ), mark))
    try:
        yield
    except PlatformError as e:
        if isinstance(e, Unknown) or e.details.get("changed"):
            guardian.hand_over()
        else:
            guardian.dismiss()
        raise
    except BaseException:
        guardian.hand_over()
        raise
    guardian.dismiss()


def forget(params: Mapping[str, Any], environ: Mapping[str, str], mark: str) -> None:
    """Remove the snapshots whose descriptions hold `mark`, also those that show up later; the machines are those of params."""
    job, quiet = Job(environ=environ), QUIET_MEMORY if params.get("memory_dump") or params.get("quiesce") else QUIET
    with machines(params, job) as (platform, found):
        wanted, seen = Wanted(ids=tuple(m.id for m in found)), time.monotonic()
        rest = _POLL
        while time.monotonic() - seen < quiet:
            for machine in platform.find(wanted):
                for snapshot in [s for s in machine.snapshots if mark in s.description]:
                    outcome = Crew(job, 1).work([[machine]], lambda m, s=snapshot: platform.remove(m, s), "removed")
                    for failed in outcome.failed.values():
                        raise failed  # the guardian tries all of it again
                    seen, rest = time.monotonic(), _POLL
            time.sleep(rest)
            rest = min(rest * 1.2, _LONGEST)
