# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why: from findings and evidence to one cause for every failed check, with what only followed from it.

The lowest layer with evidence on the failing path is the root; within a layer the first rule that matches, as rules are
ordered from special words to general signs. Known consequences go before layers. A time-out alone names no cause.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..kube.cluster_dns import nameservers_in
from ..results.record import FAILED, INCONCLUSIVE
from .case import MACHINES, TIMEOUT, Case, case_of, later, nodes_of, unknown
from .evidence import Candidate, Evidence, label, unique
from .finding import Finding
from .paths import about_probes
from .taxonomy import CAUSES, GLOBAL, layer, leads_to, next_command

EVIDENCE_LINES = 20
LINE = 500
# Of them, so many at most on what could not be judged.
NOTES = 4
# So many objects, and all that there are of the kind, are said as the zone or the cluster.
_MANY = 3
# The checks whose own subject a layer is: what they say is the root, for the others it is a consequence.
_OWNERS = {1: "control_plane", 2: "nodes"}
_IDLE = "ctrl.not-progressing"
_ZONE = "topology.kubernetes.io/zone"


@dataclass
class Diagnosis:
    """The cause of one finding; consequence_of is the code of what it followed from, or empty."""

    cause: str
    layer: int | None
    confidence: str
    scope: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    remedy: str = ""
    next_command: str = ""
    consequence_of: str = ""


# ---- scope ------------------------------------------------------------------------------------------------------
def _scope(c: Candidate, ev: Evidence) -> list[str]:
    """Nodes said as their zone, or as the cluster, where it is all of them; the rest as they are."""
    nodes = nodes_of(c)
    others = [s for s in c.scope if not s.startswith("node/")]
    if len(nodes) < _MANY or not nodes <= set(ev.nodes):
        return list(c.scope)
    if not ev.known("nodes"):  # there are others
        return list(c.scope)
    if len(nodes) == len(ev.nodes):
        return ["cluster", *others]
    zones = {label(ev.nodes[n], _ZONE) for n in nodes}
    members = [n for n, item in ev.nodes.items() if label(item, _ZONE) in zones]
    if len(zones) == 1 and "" not in zones and len(members) == len(nodes):
        return [f"zone/{zones.pop()}", *others]
    return list(c.scope)


def _diagnosis(c: Candidate, ev: Evidence, consequence_of: str = "", also: list[Candidate] | None = None) -> Diagnosis:
    cause = CAUSES[c.code]
    lines = [*c.evidence, *(text for other in also or () for text in other.evidence)]
    command = c.command or next_command(c.code, c.subject or (c.scope[0] if c.scope else ""), c.node)
    return Diagnosis(c.code, cause.layer, c.confidence, _scope(c, ev),
                     [text.strip()[:LINE] for text in unique(lines)][:EVIDENCE_LINES],
                     c.remedy or cause.remedy, command, consequence_of)


# ---- findings among each other ----------------------------------------------------------------------------------
def _overlap(a: Candidate, b: Candidate) -> bool:
    return bool(set(a.scope) & set(b.scope))


def _everywhere(c: Candidate, ev: Evidence) -> bool:
    """Whether it is about the whole cluster rather than about some things in it."""
    return not c.scope or "cluster" in _scope(c, ev) or all(s.startswith("controller/") for s in c.scope)


def _same(a: Candidate, b: Candidate) -> bool:
    """Whether they name the same cause of the same things; of two nodes, each has its own."""
    return a.code == b.code and (not a.scope or not b.scope or _overlap(a, b))


def _reached(case: Case, code: str) -> bool:
    """Whether a cause of the whole API could have made this finding: it asked the API in vain, or waited in vain."""
    f = case.finding
    if code != "api.overloaded":
        return True
    return bool(f.errors) or f.verdict == INCONCLUSIVE or bool(TIMEOUT.search(f.message))


def _explains(root: Candidate, case: Case, ev: Evidence) -> bool:
    """Whether another finding's root is below this one's cause, and about the same object or the whole cluster.

    The trouble of one thing never explains that of all: that one's own finding would have it on its path.
    """
    mine = case.symptom or case.root
    if case.finding.domain == MACHINES and mine is not None and mine.code.startswith("vm."):
        return leads_to(root.code, mine.code, mine.evidence) and _overlap(root, mine)
    if root.code in GLOBAL:
        return _reached(case, root.code) and (mine is None or layer(mine.code) > layer(root.code)
                                              or leads_to(root.code, mine.code, mine.evidence))
    if mine is None:  # of what nobody knows a cause, a controller that does nothing explains what was waited for
        return root.code == _IDLE and bool(TIMEOUT.search(case.finding.message) or about_probes(case.finding))
    if root.code == mine.code:
        return False
    if leads_to(root.code, mine.code, mine.evidence):
        return _everywhere(root, ev) or _overlap(root, mine)
    return layer(root.code) < layer(mine.code) and _overlap(root, mine)


def _owns(case: Case) -> bool:
    """Whether the finding's own subject is where its root lies."""
    return case.root is not None and case.root.own and case.finding.domain == _OWNERS.get(layer(case.root.code))


def _conclude(case: Case, cases: list[Case], ev: Evidence) -> Diagnosis:
    others = [c for c in cases if c is not case]
    earlier = (c.root for c in others if c.root and not later(c.root, case.finding, ev))
    roots = sorted(earlier, key=lambda r: layer(r.code))

    def what_explains(one: Case) -> Candidate | None:
        return next((r for r in roots if _explains(r, one, ev)), None)

    above = what_explains(case)
    if case.root is None:
        if above:
            return _diagnosis(replace(above, confidence="suspected" if case.finding.verdict == FAILED
                                      else above.confidence), ev, above.code)
        return _diagnosis(unknown(case.finding, ev.space), ev)
    if case.symptom:
        owned = any(c.root and _same(c.root, case.root) and c.symptom is None for c in others)
        if owned:
            return _diagnosis(case.symptom, ev, case.root.code)
        # Nobody else names the root: this finding has to, or its evidence would be lost.
        below = what_explains(replace(case, symptom=None))
        return _diagnosis(case.root, ev, below.code if below else "", [case.symptom])
    if above:
        return _diagnosis(case.root, ev, above.code)
    led = not _owns(case) and any(_owns(c) and c.root and _same(c.root, case.root) for c in others)
    return _diagnosis(case.root, ev, case.root.code if led else "")


def _broken(finding: Finding, error: Exception) -> Diagnosis:
    cause = CAUSES["unknown.unexplained"]
    return Diagnosis("unknown.unexplained", cause.layer, "suspected", [], [
        t[:LINE] for t in (finding.message, f"not judged: the diagnosis broke ({type(error).__name__}: {error})") if t],
        cause.remedy, next_command("unknown.unexplained"))


def _with_notes(found: Diagnosis, notes: Sequence[str]) -> Diagnosis:
    """What could not be judged stands at the end, whatever was seen."""
    kept = [note[:LINE] for note in notes if note][:NOTES]
    return replace(found, evidence=[*found.evidence[:EVIDENCE_LINES - len(kept)], *kept])


def diagnose(findings: list[Finding], evidence: dict[str, Any],
             earlier: Mapping[str, dict[str, Any]] | None = None) -> dict[str, Diagnosis]:
    """A Diagnosis per failed or inconclusive finding, by the name of its check. Never calls the cluster, and always returns.

    earlier: evidence of an earlier moment, for the checks that had ended by then.
    """
    servers = unique(a for f in findings for a in nameservers_in(f.observed))
    views: dict[int, Evidence] = {}
    out: dict[str, Diagnosis] = {}
    cases = []
    for f in (f for f in findings if f.verdict in (FAILED, INCONCLUSIVE)):
        try:
            looks = [e for e in (evidence, (earlier or {}).get(f.check)) if e is not None]
            views |= {id(e): Evidence(e, servers) for e in looks if id(e) not in views}
            cases.append(case_of(f, [views[id(e)] for e in looks]))
        except Exception as e:
            out[f.check] = _broken(f, e)
    for case in cases:
        try:
            out[case.finding.check] = _with_notes(_conclude(case, cases, case.ev), case.notes)
        except Exception as e:
            out[case.finding.check] = _broken(case.finding, e)
    return out
