# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One finding: everything that the rules see behind it, and which of that is its root."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..results.record import INCONCLUSIVE
from . import (
    rules_access, rules_admission, rules_audit, rules_cert_manager, rules_certificates, rules_dns, rules_dns_answers, rules_dns_ways,
    rules_external_dns, rules_gateway, rules_ingress, rules_load_balancer, rules_machines, rules_monitoring, rules_network, rules_node, rules_scaling,
    rules_storage, rules_workload)
from .applied import SURE, Rule, applied
from .evidence import Candidate, Evidence, unique
from .finding import Finding
from .paths import at_every_loss, line, work_nodes
from .taxonomy import layer, leads_to

RULES: tuple[Rule, ...] = (*rules_access.RULES, *rules_node.RULES, *rules_admission.RULES, *rules_storage.RULES,
                           *rules_workload.RULES, *rules_dns.RULES, *rules_dns_ways.RULES, *rules_network.RULES,
                           *rules_dns_answers.RULES, *rules_monitoring.RULES, *rules_load_balancer.RULES, *rules_ingress.RULES,
                           *rules_gateway.RULES, *rules_audit.RULES, *rules_external_dns.RULES, *rules_scaling.RULES,
                           *rules_cert_manager.RULES)
# What the platform of the machines says is so whatever the cluster does: none of the rules above is for it.
MACHINES = "machines"
# Nor is any for these, whose dates, names and signatures speak for themselves.
_DATES = ("certificates", "licenses")
# What began this many seconds after the failure is not its cause.
_LATE = 30.0
# Kinds whose pods act for others, and say in their logs what they do not do.
_CONTROLLERS = ("Deployment", "DaemonSet", "StatefulSet")
# Kinds in no namespace whose objects on a path are the run's own.
_OURS = ("Namespace", "PersistentVolume", "VolumeAttachment")
TIMEOUT = re.compile(r"not within|timed? ?out(?!=)|no answer|deadline|took too long|not finished", re.I)


@dataclass
class Case:
    """One finding with all that rules see behind it: root below, symptom what the finding itself shows above it; notes on what
    could not be judged."""

    finding: Finding
    ev: Evidence
    found: list[Candidate]
    notes: tuple[str, ...] = ()
    root: Candidate | None = None
    symptom: Candidate | None = None


def _rules(finding: Finding) -> tuple[Rule, ...]:
    if finding.observed.get("expected_feature"):
        return (rules_access.expected_feature,)
    own = (rules_machines.RULES if finding.domain == MACHINES else rules_certificates.RULES if finding.check in _DATES else ())
    if not own:
        return RULES
    return (*rules_access.RULES, *own) if finding.verdict == INCONCLUSIVE else own


# ---- one finding ------------------------------------------------------------------------------------------------
def _merged(found: list[Candidate]) -> list[Candidate]:
    """One candidate per code, with all scopes and lines; the surest says how sure it is."""
    by_code: dict[str, list[Candidate]] = {}
    for c in found:
        by_code.setdefault(c.code, []).append(c)
    out = []
    for same in by_code.values():
        best = min(same, key=lambda c: SURE.index(c.confidence))
        began = [c.since for c in same if c.since]
        out.append(replace(best, scope=unique(s for c in same for s in c.scope),
                           evidence=unique(text for c in same for text in c.evidence),
                           own=any(c.own for c in same), since=min(began, default=0.0)))
    return out


def later(c: Candidate, finding: Finding, ev: Evidence) -> bool:
    """Whether it began only after the finding had ended."""
    return bool(finding.ended) and c.since > finding.ended + ev.skew + _LATE


def candidates(finding: Finding, looks: Sequence[Evidence]) -> tuple[list[Candidate], tuple[str, ...]]:
    """(everything that the rules see behind one finding, roots before their consequences, then by layer; notes on what could
    not be judged). looks: evidence of several moments, each after the finding's end; what any of them shows counts.

    What began after the finding had ended is left out.
    """
    found: list[Candidate] = []
    notes: list[str] = []
    for ev in looks:
        seen_now, told = applied(_rules(finding), finding, ev)
        found += [c for c in seen_now if not later(c, finding, ev)]
        notes += told
    merged = _merged(found)
    follows = {c.code for c in merged for other in merged if leads_to(other.code, c.code, c.evidence)
               and not leads_to(c.code, other.code, other.evidence)}
    return sorted(merged, key=lambda c: (c.code in follows, layer(c.code))), unique(notes)


def nodes_of(c: Candidate) -> set[str]:
    return {s.partition("/")[2] for s in c.scope if s.startswith("node/")}


def _related(root: Candidate, other: Candidate) -> bool:
    """Not, where both name nodes and none in common: then they are two faults."""
    mine, its = nodes_of(root), nodes_of(other)
    return not mine or not its or bool(mine & its)


def _beside(c: Candidate, found: list[Candidate], finding: Finding, ev: Evidence) -> bool:
    """Whether it is of some nodes below a trouble that all have, and answers are lost also where none of them is at an
    end."""
    nodes = nodes_of(c)
    return (not c.own and bool(nodes) and any(o.own and not o.scope for o in found)
            and not nodes & work_nodes(finding, ev) and not at_every_loss(finding, nodes))


def case_of(finding: Finding, looks: Sequence[Evidence]) -> Case:
    ev = next((e for e in looks if e.items("nodes") or e.items("pods")), looks[0])
    everything, notes = candidates(finding, looks)
    found = [c for c in everything if not _beside(c, everything, finding, ev)]
    if not found:
        return Case(finding, ev, found, notes)
    root = found[0]
    above = [c for c in found[1:] if c.own and _related(root, c)
             and (layer(c.code) > layer(root.code) or leads_to(root.code, c.code, c.evidence))]
    return Case(finding, ev, found, notes, root, above[0] if above and not root.own else None)


def _look_at(finding: Finding, space: str) -> str:
    """The command that looks at what a failure of unknown cause went through; "" where it went through nothing that is still there.

    The node at every loss comes first, then the log of a controller, then the object that was met last. space: the namespace of the
    run, whose objects are gone by then.
    """
    ends = [{o.get("from_node"), o.get("to_node")} - {"", None} for o in finding.observations if not o["ok"]]
    if nodes := set.intersection(*ends) if ends else set():
        return f"kubectl describe node {min(nodes)}"
    there = [p for p in finding.path if p["kind"] not in _OURS and not (space and p.get("namespace") == space)]
    first = min(reversed(there), key=lambda p: (p["kind"] not in _CONTROLLERS, p["kind"] == "Node"), default=None)
    if first is None:
        return ""
    at = f"-n {first['namespace']} " if first.get("namespace") else ""
    what = f"{first['kind'].lower()}/{first['name']}"
    return f"kubectl {at}logs {what} --all-containers --tail=50" if first["kind"] in _CONTROLLERS else f"kubectl {at}describe {what}"


def unknown(finding: Finding, space: str = "") -> Candidate:
    """What is said where no rule fits. space: see _look_at."""
    code = "unknown.timeout" if TIMEOUT.search(finding.message) else "unknown.unexplained"
    step = f"unmet: {finding.step}" if finding.step else ""
    bad = [line(o) for o in finding.observations if not o["ok"]][:5]
    return Candidate(code, "suspected", (), unique((step, finding.message, *bad)), command=_look_at(finding, space))
