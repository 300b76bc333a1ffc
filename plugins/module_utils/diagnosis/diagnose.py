# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why: from findings and evidence to one cause for every failed check, with what only followed from it.

The lowest layer with evidence on the failing path is the root; within a layer the first rule that matches, as rules are
ordered from special words to general signs. Known consequences go before layers. A time-out alone names no cause.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ..results.record import FAILED, INCONCLUSIVE
from . import (
    rules_access, rules_admission, rules_dns, rules_machines, rules_network, rules_node, rules_storage, rules_workload)
from .evidence import Candidate, Evidence, label, unique
from .finding import Finding
from .paths import at_every_loss, line, work_nodes
from .taxonomy import CAUSES, GLOBAL, layer, leads_to, next_command

Rule = Callable[[Finding, Evidence], Iterator[Candidate]]
RULES: tuple[Rule, ...] = (*rules_access.RULES, *rules_node.RULES, *rules_admission.RULES, *rules_storage.RULES,
                           *rules_workload.RULES, *rules_dns.RULES[:3], *rules_network.RULES, *rules_dns.RULES[3:])
# What the platform of the machines says is so whatever the cluster does: none of the rules above is for it.
_MACHINES = "machines"
EVIDENCE_LINES = 20
LINE = 500
# What began this many seconds after the failure is not its cause.
_LATE = 30.0
# So many objects, and all that there are of the kind, are said as the zone or the cluster.
_MANY = 3
_SURE = ("confirmed", "probable", "suspected")
_TIMEOUT = re.compile(r"not within|timed? ?out(?!=)|no answer|deadline|took too long|not finished", re.I)
# The checks whose own subject a layer is: what they say is the root, for the others it is a consequence.
_OWNERS = {1: "control_plane", 2: "nodes"}
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


@dataclass
class _Case:
    """One finding with all that rules see behind it: root below, symptom what the finding itself shows above it."""

    finding: Finding
    found: list[Candidate]
    root: Candidate | None = None
    symptom: Candidate | None = None


def _rules(finding: Finding) -> tuple[Rule, ...]:
    if finding.domain != _MACHINES:
        return RULES
    return (*rules_access.RULES, *rules_machines.RULES) if finding.verdict == INCONCLUSIVE else rules_machines.RULES


# ---- one finding ------------------------------------------------------------------------------------------------
def _merged(found: list[Candidate]) -> list[Candidate]:
    """One candidate per code, with all scopes and lines; the surest says how sure it is."""
    by_code: dict[str, list[Candidate]] = {}
    for c in found:
        by_code.setdefault(c.code, []).append(c)
    out = []
    for same in by_code.values():
        best = min(same, key=lambda c: _SURE.index(c.confidence))
        began = [c.since for c in same if c.since]
        out.append(replace(best, scope=unique(s for c in same for s in c.scope),
                           evidence=unique(text for c in same for text in c.evidence),
                           own=any(c.own for c in same), since=min(began, default=0.0)))
    return out


def _later(c: Candidate, finding: Finding, ev: Evidence) -> bool:
    """Whether it began only after the finding had ended."""
    return bool(finding.ended) and c.since > finding.ended + ev.skew + _LATE


def candidates(finding: Finding, evidence: Evidence) -> list[Candidate]:
    """Everything that the rules see behind one finding, roots before their consequences, then by layer.

    What began after the finding had ended is left out.
    """
    found = [c for rule in _rules(finding) for c in rule(finding, evidence) if not _later(c, finding, evidence)]
    merged = _merged(found)
    follows = {c.code for c in merged for other in merged if leads_to(other.code, c.code, c.evidence)
               and not leads_to(c.code, other.code, other.evidence)}
    return sorted(merged, key=lambda c: (c.code in follows, layer(c.code)))


def _nodes(c: Candidate) -> set[str]:
    return {s.partition("/")[2] for s in c.scope if s.startswith("node/")}


def _related(root: Candidate, other: Candidate) -> bool:
    """Not, where both name nodes and none in common: then they are two faults."""
    mine, its = _nodes(root), _nodes(other)
    return not mine or not its or bool(mine & its)


def _beside(c: Candidate, found: list[Candidate], finding: Finding, ev: Evidence) -> bool:
    """Whether it is of some nodes below a trouble that all have, and answers are lost also where none of them is at an
    end."""
    nodes = _nodes(c)
    return (not c.own and bool(nodes) and any(o.own and not o.scope for o in found)
            and not nodes & work_nodes(finding, ev) and not at_every_loss(finding, nodes))


def _case(finding: Finding, evidence: Evidence) -> _Case:
    everything = candidates(finding, evidence)
    found = [c for c in everything if not _beside(c, everything, finding, evidence)]
    if not found:
        return _Case(finding, found)
    root = found[0]
    above = [c for c in found[1:] if c.own and _related(root, c)
             and (layer(c.code) > layer(root.code) or leads_to(root.code, c.code, c.evidence))]
    return _Case(finding, found, root, above[0] if above and not root.own else None)


def _unknown(finding: Finding) -> Candidate:
    code = "unknown.timeout" if _TIMEOUT.search(finding.message) else "unknown.unexplained"
    step = f"unmet: {finding.step}" if finding.step else ""
    bad = [line(o) for o in finding.observations if not o["ok"]][:5]
    return Candidate(code, "suspected", (), unique((step, finding.message, *bad)))


# ---- scope ------------------------------------------------------------------------------------------------------
def _scope(c: Candidate, ev: Evidence) -> list[str]:
    """Nodes said as their zone, or as the cluster, where it is all of them; the rest as they are."""
    nodes = _nodes(c)
    others = [s for s in c.scope if not s.startswith("node/")]
    if len(nodes) < _MANY or not nodes <= set(ev.nodes):
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
    return not c.scope or "cluster" in _scope(c, ev)


def _same(a: Candidate, b: Candidate) -> bool:
    """Whether they name the same cause of the same things; of two nodes, each has its own."""
    return a.code == b.code and (not a.scope or not b.scope or _overlap(a, b))


def _reached(case: _Case, code: str) -> bool:
    """Whether a cause of the whole API could have made this finding: it asked the API in vain, or waited in vain."""
    f = case.finding
    if code != "api.overloaded":
        return True
    return bool(f.errors) or f.verdict == INCONCLUSIVE or bool(_TIMEOUT.search(f.message))


def _explains(root: Candidate, case: _Case, ev: Evidence) -> bool:
    """Whether another finding's root is below this one's cause, and about the same object or the whole cluster.

    The trouble of one thing never explains that of all: that one's own finding would have it on its path.
    """
    mine = case.symptom or case.root
    if case.finding.domain == _MACHINES and mine is not None and mine.code.startswith("vm."):
        return leads_to(root.code, mine.code, mine.evidence) and _overlap(root, mine)
    if root.code in GLOBAL:
        return _reached(case, root.code) and (mine is None or layer(mine.code) > layer(root.code)
                                              or leads_to(root.code, mine.code, mine.evidence))
    if mine is None or root.code == mine.code:
        return False
    if leads_to(root.code, mine.code, mine.evidence):
        return _everywhere(root, ev) or _overlap(root, mine)
    return layer(root.code) < layer(mine.code) and _overlap(root, mine)


def _owns(case: _Case) -> bool:
    """Whether the finding's own subject is where its root lies."""
    return case.root is not None and case.root.own and case.finding.domain == _OWNERS.get(layer(case.root.code))


def _conclude(case: _Case, cases: list[_Case], ev: Evidence) -> Diagnosis:
    others = [c for c in cases if c is not case]
    earlier = (c.root for c in others if c.root and not _later(c.root, case.finding, ev))
    roots = sorted(earlier, key=lambda r: layer(r.code))

    def what_explains(one: _Case) -> Candidate | None:
        return next((r for r in roots if _explains(r, one, ev)), None)

    above = what_explains(case)
    if case.root is None:
        if above:
            return _diagnosis(replace(above, confidence="suspected" if case.finding.verdict == FAILED
                                      else above.confidence), ev, above.code)
        return _diagnosis(_unknown(case.finding), ev)
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


def diagnose(findings: list[Finding], evidence: dict[str, Any]) -> dict[str, Diagnosis]:
    """A Diagnosis per failed or inconclusive finding, by the name of its check. Never calls the cluster."""
    ev = Evidence(evidence)
    cases = [_case(f, ev) for f in findings if f.verdict in (FAILED, INCONCLUSIVE)]
    return {case.finding.check: _conclude(case, cases, ev) for case in cases}
