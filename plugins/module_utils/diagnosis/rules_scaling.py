# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Autoscalers: one that does not run, adds no node, has machines that never become nodes, or cannot take a node away.

Words of Karpenter are those of v1.8 (pkg/controllers), of the Cluster Autoscaler those of its source (skippedreasons.go) and of
published examples of its events.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..results.record import FAILED, INCONCLUSIVE
from .evidence import Candidate, Evidence, unique
from .finding import Finding
from .paths import seen
from .rules_access import quoted

# First match wins: what would fit a group that may not grow is said beside all that does not fit others; a cloud that refuses says so
# by the words of its own, and of a claim.
_SAID = (
    ("cloud.quota", re.compile(r"VcpuLimitExceeded|[Qq]uota ?(has been )?[Ee]xceeded|QUOTA_EXCEEDED|exceed(s|ed|ing) (the )?(approved |regional )?.*[Qq]uota"
                               r"|more vCPU capacity than your current")),
    ("cloud.permission", re.compile(r"UnauthorizedOperation|AccessDenied|is not authorized to perform|AuthorizationFailed")),
    ("cas.cloud-error", re.compile(r"in backoff after failed scale-up|^Backoff: |^FailedScaleUp: |^FailedToScaleUpGroup: "
                                   r"|^InsufficientCapacityError: |^NodeClassNotReady: |^Launched=(Unknown|False)")),
    ("cas.max-reached", re.compile(r"max node group size reached|max cluster [a-z, /.-]+ limit reached"
                                   r"|max total nodes in cluster reached|exceed limits for nodepool|limits? exceeded")),
    ("cas.no-match", re.compile(r"pod didn't trigger scale-up|no instance type|incompatible with nodepool|did not tolerate|no nodepools? found"
                                r"|incompatible requirements|^NoCompatibleInstanceTypes: |^Ready=(False|Unknown)")),
)


def _failed(f: Finding, *variants: str) -> list[dict[str, Any]]:
    """What was seen of a claim that failed; a wait that was cut short shows nothing."""
    return [o for o in seen(f, "autoscaler", *variants) if not o["ok"]] if f.verdict == FAILED else []


def _scope(bad: list[dict[str, Any]]) -> tuple[str, ...]:
    """Objects that last longer than our pod, of which the words are."""
    return unique(str(o["target"]) for o in bad if not str(o["target"]).startswith("pod/"))


def stopped(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """No pod of it is available, or it has written no status for long."""
    bad = _failed(f, "running")
    if bad:
        sure = "confirmed" if any("no available pod" in str(o["error"]) for o in bad) else "probable"
        yield Candidate("cas.not-running", sure, _scope(bad), unique(str(o["error"]) for o in bad))


def refused(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Why it adds no node, in its own words or in those of the cloud that it tells."""
    said = _failed(f, "said")
    for code, words in _SAID:
        bad = [o for o in said if words.search(str(o["error"]))]
        if bad:
            pools = re.findall(r"NodePool=\"?([\w.-]+)", " ".join(str(o["error"]) for o in bad))
            scope = _scope(bad) or tuple(f"nodepool/{p}" for p in unique(pools)) if code != "cas.no-match" else _scope(bad)
            sure = "probable" if all("in backoff" in str(o["error"]) for o in bad) else "confirmed"
            yield Candidate(code, sure, scope, unique(str(o["error"]) for o in bad[-4:]))
            return
    silent = _failed(f, "silent")
    if said or silent:
        yield Candidate("cas.blocked", "suspected", (), unique((*(str(o["error"]) for o in (*said, *silent)), f.message))[:4])


def absent(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A machine was started, and no node of it ever came."""
    bad = _failed(f, "joined")
    if bad:
        words = unique(str(o["error"]) for o in bad if o["error"])
        sure = "confirmed" if any(w.startswith("Registered=") for w in words) else "probable"
        yield Candidate("cas.not-joining", sure, _scope(bad), (*words, f.message))


def held(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What holds a node that nobody needs: pods that say so, or its autoscaler does."""
    bad = _failed(f, "held")
    if bad:
        nodes = unique(f"node/{o['to_node']}" for o in bad if o.get("to_node")) or _scope(bad)
        yield Candidate("cas.scaledown-blocked", "confirmed", nodes, unique((*(str(o["error"]) for o in bad), f.message)),
                        subject=next((str(o["target"]) for o in bad if str(o["target"]).startswith("pod/")), ""))


def stays(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A node that nobody needs and that stays, and nothing says why."""
    if f.check == "node_autoscaling" and "does not say why" in f.message:
        yield Candidate("cas.blocked", "suspected", tuple(str(r) for r in f.observed.get("left") or ()), (f.message,))


def untried(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What could not be proved: the message says what would allow it."""
    if f.check != "node_autoscaling" or f.verdict != INCONCLUSIVE or any(quoted(e, f) for e in f.errors):
        return
    used = [o for o in seen(f, "autoscaler", "used") if not o["ok"]]
    remedy = "prove a group of nodes that nobody else's pods go to (scaling_check_node_groups), or at a quiet time" if used else ""
    yield Candidate("harness.precondition", "confirmed", unique(f"node/{o['to_node']}" for o in used),
                    unique((*(str(o["error"]) for o in used), f.message)), remedy=remedy)


RULES = (stopped, refused, absent, held, stays, untried)
