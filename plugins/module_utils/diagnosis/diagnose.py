# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why: from findings and evidence to one cause for every failed check, with what only followed from it.

The lowest layer with evidence on the failing path is the root; within a layer the first rule that matches, as rules are
ordered from special words to general signs. A time-out alone names no cause.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..results.record import FAILED, INCONCLUSIVE
from . import rules_access, rules_network, rules_node, rules_workload
from .evidence import Candidate, Evidence
from .finding import Finding
from .taxonomy import CAUSES

Rule = Callable[[Finding, Evidence], Iterator[Candidate]]
RULES: tuple[Rule, ...] = (*rules_access.RULES, *rules_node.RULES, *rules_workload.RULES, *rules_network.RULES)
EVIDENCE_LINES = 20
_SURE = ("confirmed", "probable", "suspected")
_TIMEOUT = re.compile(r"not within|timed? ?out|no answer|deadline|took too long|not finished", re.I)
# Lower causes that explain any failure above them on the same cluster, wherever it shows.
_GLOBAL = {"api.unreachable", "api.tls", "api.unauthenticated", "etcd.unhealthy", "etcd.space", "api.overloaded"}


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


def _merged(candidates: list[Candidate]) -> list[Candidate]:
    """One candidate per code, with all scopes and lines; the surest says how sure it is."""
    by_code: dict[str, list[Candidate]] = {}
    for c in candidates:
        by_code.setdefault(c.code, []).append(c)
    out = []
    for code, same in by_code.items():
        sure = min((c.confidence for c in same), key=_SURE.index)
        out.append(Candidate(code, sure, tuple(dict.fromkeys(s for c in same for s in c.scope)),
                             tuple(dict.fromkeys(line for c in same for line in c.evidence)), any(c.own for c in same)))
    return out


def candidates(finding: Finding, evidence: Evidence) -> list[Candidate]:
    """Everything that the rules see behind one finding, lowest layer first, in the order of the rules within one."""
    found = _merged([c for rule in RULES for c in rule(finding, evidence)])
    return sorted(found, key=lambda c: CAUSES[c.code].layer)


def _unknown(finding: Finding) -> Candidate:
    code = "unknown.timeout" if _TIMEOUT.search(finding.message) else "unknown.unexplained"
    step = f"unmet: {finding.step}" if finding.step else ""
    return Candidate(code, "suspected", (), tuple(x for x in (step, finding.message) if x))


def next_command(code: str, scope: tuple[str, ...] | list[str]) -> str:
    """The command of the code with the names of the first object in the scope."""
    parts = scope[0].split("/") if scope else []
    name = parts[-1] if parts else "NAME"
    space = parts[1] if len(parts) > 2 else "default"
    command = CAUSES[code].command.replace("{name}", name).replace("{namespace}", space)
    if not parts and "NAME" in command:
        return command.replace(" NAME", "")
    return command


def _diagnosis(c: Candidate, consequence_of: str = "") -> Diagnosis:
    cause = CAUSES[c.code]
    lines = [line.strip()[:500] for line in c.evidence if line][:EVIDENCE_LINES]
    return Diagnosis(c.code, cause.layer, c.confidence, list(c.scope), lines, cause.remedy,
                     next_command(c.code, c.scope), consequence_of)


def _explains(root: Candidate, own: Candidate) -> bool:
    """Whether another check's root is below this cause and about the same object, or about the whole cluster."""
    below = CAUSES[root.code].layer < CAUSES[own.code].layer
    return below and (root.code in _GLOBAL or bool(set(root.scope) & set(own.scope)))


def _one(finding: Finding, found: list[Candidate], others: list[Candidate]) -> Diagnosis:
    if not found:
        everywhere = next((o for o in others if o.code in _GLOBAL), None)
        return _diagnosis(everywhere) if everywhere and finding.verdict == INCONCLUSIVE else _diagnosis(_unknown(finding))
    root = found[0]
    own = next((c for c in found if c.own and c.code != root.code), None)
    if not root.own and own is not None and CAUSES[own.code].layer > CAUSES[root.code].layer:
        return _diagnosis(own, root.code)
    above = next((o for o in others if _explains(o, root)), None)
    return _diagnosis(root, above.code if above else "")


def diagnose(findings: list[Finding], evidence: dict[str, Any]) -> dict[str, Diagnosis]:
    """A Diagnosis per failed or inconclusive finding, by the name of its check. Never calls the cluster."""
    ev = Evidence(evidence)
    unmet = [f for f in findings if f.verdict in (FAILED, INCONCLUSIVE)]
    found = {f.check: candidates(f, ev) for f in unmet}
    out = {}
    for f in unmet:
        roots = [c[0] for check, c in found.items() if check != f.check and c]
        out[f.check] = _one(f, found[f.check], sorted(roots, key=lambda c: CAUSES[c.code].layer))
    return out
