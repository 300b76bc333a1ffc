# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 2: clocks of nodes, and what they make look old.

Clocks break certificates, tokens and what is told of Leases, not packets: they count only where those are the trouble.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

from .evidence import Candidate, Evidence, condition, seconds
from .finding import Finding
from .paths import concerned, seen
from .rules_access import decisive

# Of certificates and tokens, what depends on the time.
_BY_TIME = re.compile(r"has expired|(?:is|are) expired|not yet valid|not valid yet|issued in the future")
# Skew that breaks certificates, tokens and leases (seconds).
_SKEW = 5.0
# A kubelet waits as long (seconds) for its Lease to be taken, and so much later its clock may look.
_TAKES = 10.0
# The node controller sees whether a Lease changes, whatever time stands in it: while it is at work, a node is not called
# Ready for longer than this (seconds) after the last change.
_GIVEN_UP, _AT_WORK = 90.0, 40.0
_CONTROL = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master", "node-role.kubernetes.io/controlplane")


def off(node: str, ev: Evidence) -> float:
    """Seconds that its clock is ahead, or late below 0, where a slow request does not explain that; else 0."""
    ahead = ev.clock(node) or 0.0
    return ahead if ahead > _SKEW or ahead < -_SKEW - _TAKES else 0.0


def seen_off(f: Finding) -> dict[str, str]:
    """Nodes whose kubelets renewed their Leases before the check's eyes by a clock that is off, and by how much."""
    return {o["to_node"]: o.get("error") or "" for o in seen(f, "node", "clock") if not o["ok"]}


def alive(f: Finding, ev: Evidence, node: str) -> bool:
    """Whether an old Lease tells of the clock, and not of the kubelet."""
    if node in seen_off(f):
        return True
    leader = ev.leader_age("kube-controller-manager")
    ready = condition(ev.nodes.get(node) or {}, "Ready").get("status") == "True"
    return ready and ev.clock(node) is None and (ev.lease_age(node) or 0.0) > _GIVEN_UP \
        and leader is not None and leader < _AT_WORK


def _ahead(words: str) -> float:
    """Seconds of "clock is at least 61 s behind the API server's"; below 0 behind."""
    found = re.search(r"(\d+) s (ahead of|behind) the API server", words)
    return float(found[1]) * (1 if found[2] != "behind" else -1) if found else 0.0


def _servers_own(nodes: dict[str, str], right: set[str], ev: Evidence) -> str:
    """Where all nodes but those of the control plane are off by the same, and the controller's clock agrees with them: whose
    clock it is. right: nodes that agree with the API server."""
    by = [_ahead(words) for words in nodes.values()]
    here = -ev.skew
    if right - _control_plane(ev) or len(by) < 2 or max(by) - min(by) > _SKEW or any(abs(ahead - here) > _SKEW for ahead in by):
        return ""
    how = f"{abs(here):.0f} s {'ahead of' if here > 0 else 'behind'}"
    return f"the controller's clock is {how} the API server's, too: it is the API server's that is off"


def _control_plane(ev: Evidence) -> set[str]:
    return {n for n, item in ev.nodes.items() if any(k in (item["metadata"].get("labels") or {}) for k in _CONTROL)}


def by_its_look(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What the check of nodes measured by two renewals of each Lease."""
    nodes = seen_off(f)
    right = {o["to_node"] for o in seen(f, "node", "clock") if o["ok"]}
    whose = _servers_own(nodes, right, ev)
    if whose:
        lines = [whose, *(f"node/{n} {words}, by two renewals of its Lease" for n, words in nodes.items())]
        yield Candidate("node.clock", "probable", tuple(f"node/{n}" for n in sorted(right)), tuple(lines), True,
                        remedy="look at chrony on the machine of the API server, and at its hypervisor's time")
        return
    for node, words in nodes.items():
        yield Candidate("node.clock", "confirmed", (f"node/{node}",), (f"node/{node} {words}, by two renewals of its Lease",))


def clock(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What the cluster's own objects tell of clocks."""
    looks_old = {o["to_node"] for o in seen(f, "node", "lease") if not o["ok"]}
    trust = any(_BY_TIME.search(e.get("message") or "") for e in decisive(f))
    for node in (concerned(f, ev) or sorted(ev.nodes)) if trust else sorted(looks_old & set(ev.nodes)):
        ahead = off(node, ev)
        if ahead:
            how = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'}"
            yield Candidate("node.clock", "confirmed", (f"node/{node}",),
                            (f"node/{node} clock is {how} the API server's, by its Lease",), f.domain == "nodes")
        c = condition(ev.nodes[node], "NTPProblem")
        if c.get("status") == "True":
            yield Candidate("node.clock", "confirmed", (f"node/{node}",),
                            (f"node/{node} NTPProblem=True {c.get('message', '')}",), f.domain == "nodes",
                            seconds(c.get("lastTransitionTime")))
        age = ev.lease_age(node)
        if age is None or ev.clock(node) is not None:
            continue
        words = f"lease/{node} was renewed {-age:.0f} s in the future of the API server's clock" if age < -_SKEW else \
            f"lease/{node} looks {age:.0f} s old, while the node controller sees it renewed" if alive(f, ev, node) else ""
        if words:
            yield Candidate("node.clock", "probable", (f"node/{node}",), (words,), f.domain == "nodes")


RULES = (by_its_look, clock)
