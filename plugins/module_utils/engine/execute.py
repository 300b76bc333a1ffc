# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Running one check: from its steps to a finding, with every way of ending told apart."""
from __future__ import annotations

import re
import time
from dataclasses import dataclass

from ..kube.errors import ApiError
from ..kube.transport import TransportError
from ..results.record import FAILED, INCONCLUSIVE, PASSED, SKIPPED, WARNED
from .check import Check
from .context import Context
from .errors import DoesNotApply, Inconclusive, StepFailed

# An answer of the authorizer about our own user; a 403 of admission (quota, policy) is the cluster's refusal instead.
_RBAC = re.compile(r"\bcannot \w+ (resource|path)\b")
# Admission, whatever the status: 400 of a webhook that names none, 422 of a policy that names no reason.
_DENIED = re.compile(r'admission webhook "[^"]*" denied the request'
                     r"|ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied")


@dataclass
class Outcome:
    """A finished check: its context (finding, measurements) and its times."""

    ctx: Context
    started: float
    seconds: float


def _verdict_of_api_error(ctx: Context, error: ApiError) -> tuple[str, str]:
    if error.as_dict() not in ctx.finding.errors:
        ctx.finding.errors.append(error.as_dict())
    if ctx.check.needs_cluster and error.page:
        return INCONCLUSIVE, f"something before the API server answered with a page of its own: {error.message}"
    if error.status == 403 and (_RBAC.search(error.message) or not error.message):
        return INCONCLUSIVE, f"not allowed: {error.message or error.path}"
    denied = error.status == 403 or _DENIED.search(error.message)
    if denied and ctx.check.needs_cluster:  # a quota or a policy: nothing of what is to be proved was tried
        return INCONCLUSIVE, f"what the check makes is refused: {error.message}"
    lost = error.kind != "http" or error.status in (401, 500, 502, 503, 504, 429)
    rejected = error.status == 500 and "webhook" in error.message
    if ctx.check.needs_cluster and lost and not rejected:
        return INCONCLUSIVE, f"the API server did not answer: {error.message}"
    return FAILED, error.message


def _run(check: Check, ctx: Context) -> tuple[str, str]:
    try:
        reason = check.applies(ctx)
        if reason:
            return SKIPPED, reason
        check.run(ctx)
    except DoesNotApply as e:
        return SKIPPED, str(e)
    except StepFailed as e:
        return FAILED, str(e)
    except Inconclusive as e:
        if isinstance(e.__cause__, ApiError):
            _verdict_of_api_error(ctx, e.__cause__)  # the error behind it is evidence
        return INCONCLUSIVE, str(e)
    except TransportError as e:
        return INCONCLUSIVE, f"a probe could not be asked: {e}"
    except ApiError as e:
        return _verdict_of_api_error(ctx, e)
    except Exception as e:  # a defect of the check must not end the run, nor pass for a fault of the cluster
        return INCONCLUSIVE, f"the check itself broke: {type(e).__name__}: {e}"
    return (WARNED, "; ".join(ctx.warnings)) if ctx.warnings else (PASSED, "")


def execute(check: Check, ctx: Context) -> Outcome:
    """Run the check to its end, on a context of its own."""
    started, clock = time.time(), time.monotonic()
    verdict, message = _run(check, ctx)
    took = time.monotonic() - clock
    seconds = max(0.0, took - ctx.waited)
    if verdict == PASSED and seconds > check.expected:
        verdict, message = WARNED, f"took {seconds:.0f} s, expected at most {check.expected:.0f} s"
    ctx.finding.verdict, ctx.finding.message, ctx.finding.ended = verdict, message, started + took
    return Outcome(ctx, started, seconds)


def _how_far(ctx: Context, nodes: int) -> str:
    """What a check had asked when it was given up, in words; nodes: how many there are to be asked, 0 if that is not known."""
    told = ctx.finding.observations
    there = {n for o in told for n in [o["from_node"] or o["to_node"]] if n}
    if nodes and there:
        return f"{len(there):,} of {nodes:,} nodes asked"
    done, of = ctx.progress
    return f"{done:,} of {of:,} questions answered" if of else ""


def overdue(ctx: Context, nodes: int = 0, run_limit: float = 0.0) -> Outcome:
    """A check that does not end in its limit, as it stands now. It has failed where something that it asked was not as it
    should be; where it only went on asking nothing is proved, neither way.

    run_limit: seconds of the whole run, where these ended it; 0 where the check's own did.
    """
    ctx = ctx.given_up()
    finding, took = ctx.finding, min(ctx.check.limit, run_limit or ctx.check.limit)
    limit = f"the run's limit of {run_limit:.0f} s" if run_limit else f"{ctx.check.limit:.0f} s"
    red = sum(not o["ok"] for o in finding.observations)
    words = [f"not finished within {limit}" + (f", at: {finding.step}" if finding.step else ""), _how_far(ctx, nodes)]
    words += [f"{red:,} of {len(finding.observations):,} answers are not as they should be"] if red else []
    finding.verdict, finding.message = FAILED if red else INCONCLUSIVE, "; ".join(w for w in words if w)
    finding.ended = time.time()
    return Outcome(ctx, finding.ended - took, took)
