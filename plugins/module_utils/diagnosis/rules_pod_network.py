# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 7: between pods. Each rule compares answers that differ in one thing only: the node, the pair, the protocol, the family
of addresses, the size, or whether the network between nodes was needed at all."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..common.policies import restricts
from .evidence import Candidate, Evidence, label, name_of, space_of
from .finding import Finding
from .matrix import ANSWERED, Edge, between_groups, cut_pairs, edges, groups, partners, spread
from .paths import line, pod_answers, seen

_ZONE = "topology.kubernetes.io/zone"
_CHANGED = "came back changed"
_SECOND = ("second", "second-udp")
_NOTHING = " 0 bytes received"
# A first packet that is lost is sent again after a second: an answer that took longer has lost some (seconds).
_RESENT = 0.9
_WHOSE = "look at who puts NetworkPolicies into new namespaces (Kyverno, a Rancher project, an OpenShift template) or for " \
         "the whole cluster; name a namespace where pods may talk to each other with validate_namespace"
Seen = list[dict[str, Any]]


def nodes_of(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"node/{n}" for n in sorted(names))


def silent(o: dict[str, Any]) -> bool:
    return not o["ok"] and not ANSWERED.search(o.get("error") or "")


def crossing(asked: Seen) -> Seen:
    return [o for o in asked if o.get("from_node") != o.get("to_node")]


def _pair(o: dict[str, Any]) -> Edge:
    return o["from_node"], o["to_node"]


# ---- policies ---------------------------------------------------------------------------------------------------
def restricting(ev: Evidence) -> list[str]:
    """NetworkPolicies of the run namespace that take something from our pods, as "networkpolicy/namespace/name"."""
    labels = [p["metadata"].get("labels") or {} for p in ev.probes()] or [{}]
    return [f"networkpolicy/{space_of(p)}/{name_of(p)}" for p in ev.policies() if any(restricts(p, one) for one in labels)]


def _forbidden(f: Finding, ev: Evidence) -> tuple[str, str, tuple[str, ...]]:
    """(confidence, words, policies) that our pods are kept from each other by policies; ("", "", ()) where nothing says so.

    Two pods of one node need no network between nodes: where they do not reach each other, none of its faults explains it.
    """
    found = restricting(ev)
    second = seen(f, "pod", *_SECOND)
    if any(o["ok"] for o in second):
        return "", "", ()
    if found:
        return "confirmed" if second else "probable", "restricts our pods", tuple(found)
    if second:
        others = ", ".join(ev.policy_groups())
        return ("probable", f"policies for the whole cluster may be there: {others}", ()) if others else \
            ("suspected", "no NetworkPolicy of the run namespace was seen", ())
    return "", "", ()


def forbidden(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """No pod of ours reaches another, not even on its node, by silence or by refusal."""
    asked = crossing(pod_answers(f))
    sure, words, found = _forbidden(f, ev)
    if not sure or not asked or any(o["ok"] for o in asked):
        return
    lines = [*(f"{ref} {words}" for ref in found), *([] if found else [words]), *map(line, seen(f, "pod", *_SECOND)[:3]),
             *map(line, asked[:4])]
    yield Candidate("netpol.overblocking", sure, found, tuple(lines), remedy=_WHOSE)


# ---- nodes, pairs, everything -----------------------------------------------------------------------------------
def _awake(asked: Seen) -> Seen:
    """Without the answers of probes that do not even answer themselves: they are slow, whatever the network does."""
    own = [o for o in asked if o["kind"] in ("pod", "service") and o["from_node"] == o["to_node"]]
    asleep = {o["from_node"] for o in own if silent(o)} - {o["from_node"] for o in own if o["ok"]}
    return [o for o in asked if not asleep & {o["from_node"], o["to_node"]}]


def _ways(asked: Seen, pairs: set[Edge]) -> set[tuple[str, str]]:
    """The ways (check, variant) in which these pairs were asked in vain: each has a port and a protocol of its own."""
    return {(o["kind"], (o.get("variant") or "") if "pod" in (o["kind"], o.get("variant")) else "") for o in asked
            if _pair(o) in pairs and silent(o)}


def pod_network(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Addresses of pods that do not answer: from where, and whose."""
    asked = _awake(pod_answers(f))
    matrix = edges(asked)
    pattern, nodes = spread(matrix)
    if pattern == "none":
        return
    bad, good = [o for o in asked if silent(o)], [o for o in asked if o["ok"]]
    same = [o for o in good if o["from_node"] == o["to_node"]]
    lines = tuple(map(line, [*bad[:6], *same[:1], *[o for o in good if o not in same][:2]]))
    zones = {n: label(item, _ZONE) for n, item in ev.nodes.items()}
    if pattern == "overlay":
        yield from _everywhere(f, ev, lines)
    elif between_groups(matrix, zones):
        sure = "confirmed" if len(_ways(asked, {e for e, ok in matrix.items() if not ok})) > 1 else "probable"
        yield Candidate("net.overlay-down", sure, tuple(
            f"zone/{z}" for z in sorted({zones[n] for e in matrix for n in e})), lines)
    elif pattern == "isolated":
        lossy = any(set(nodes) & set(_pair(o)) for o in _losses(f))
        sure = "probable" if lossy else _sure_of_nodes(asked, matrix, nodes)
        yield Candidate("net.node-isolated", sure, nodes_of(nodes), lines)
    elif apart := groups(matrix):
        yield Candidate("net.overlay-down", "probable", nodes_of(n for g in apart[1:] for n in g), lines)
    elif cut := cut_pairs(matrix):
        ends = {n for e in cut for n in e}
        sure = "suspected" if any(ends & set(_pair(o)) for o in _losses(f)) else _sure_of_pairs(asked, matrix, cut)
        yield Candidate("net.pair-cut", sure, nodes_of(ends), lines)
    else:  # nobody asked enough others to tell which end it is
        sure = "probable" if pattern == "target" and same else "suspected"
        yield Candidate("net.node-isolated", sure, nodes_of(nodes), lines)


def _everywhere(f: Finding, ev: Evidence, lines: tuple[str, ...]) -> Iterator[Candidate]:
    """Nothing passes between nodes. For sure only where two pods of one node reach each other; a pod that reaches itself
    shows nothing."""
    second = seen(f, "pod", *_SECOND)
    if _forbidden(f, ev)[0]:
        return
    sure = "confirmed" if second and all(o["ok"] for o in second) else "probable"
    yield Candidate("net.overlay-down", sure, (), (*lines, *map(line, second[:2])))


def _sure_of_nodes(asked: Seen, matrix: dict[Edge, bool], nodes: tuple[str, ...]) -> str:
    """Each of the nodes has lost several others, in more ways than one: else it may be a pair, or a port that is filtered."""
    lost = {e for e, ok in matrix.items() if not ok}
    each = all(len(partners(lost, n)) > 1 and len(_ways(asked, {e for e in lost if n in e})) > 1 for n in nodes)
    return "confirmed" if each else "probable"


def _sure_of_pairs(asked: Seen, matrix: dict[Edge, bool], cut: list[Edge]) -> str:
    """One pair, both ways, in more ways than one: else it may be loss that hit these."""
    both = all((b, a) in cut or (b, a) not in matrix for a, b in cut)
    if not both or len(_ways(asked, set(cut))) < 2:
        return "suspected"
    return "confirmed" if len({frozenset(e) for e in cut}) == 1 and len(cut) == 2 else "probable"


# ---- one thing of many that does not pass -----------------------------------------------------------------------
def filtered(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """TCP passes between pods and UDP does not, or the other way round."""
    by = {v: edges(seen(f, "pod", v)) for v in ("small", "udp")}
    for lost, passes, words in (("udp", "small", "UDP 8081"), ("small", "udp", "TCP 8080")):
        found = _part(f, by[lost], by[passes], seen(f, "pod", lost), seen(f, "pod", passes))
        if not found:
            continue
        sure, nodes, lines = found
        second, policies = seen(f, "pod", "second-udp" if lost == "udp" else "second"), restricting(ev)
        if not nodes and policies and not any(o["ok"] for o in second):
            words = [f"{ref} restricts our pods, and {words} is lost" for ref in policies]
            yield Candidate("netpol.overblocking", "confirmed" if second else "probable", tuple(policies),
                            (*words, *lines, *map(line, second[:1])), remedy=_WHOSE)
            continue
        if not nodes and not (second and all(o["ok"] for o in second)):
            sure = "probable"
        yield Candidate("net.port-filtered", sure, nodes_of(nodes), (f"{words} is lost", *lines, *map(line, second[:1])))


def family(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Pods answer on their address of one family, and not on that of the other."""
    asked, small = seen(f, "pod", "family"), seen(f, "pod", "small")
    found = _part(f, edges(asked), edges(small), asked, small)
    if found:
        sure, nodes, lines = found
        yield Candidate("net.family-down", sure, nodes_of(nodes), tuple(lines))


def _part(f: Finding, lost: dict[Edge, bool], passes: dict[Edge, bool], lost_by: Seen, passes_by: Seen) \
        -> tuple[str, tuple[str, ...], list[str]] | None:
    """(confidence, nodes or none for all, lines) where pairs lose one thing while another passes on the same pairs."""
    bad = {e for e, ok in lost.items() if e[0] != e[1] and not ok and passes.get(e)}
    if not bad or any(not ok and not passes.get(e) for e, ok in lost.items() if e[0] != e[1]):
        return None
    pattern, nodes = spread(lost)
    whole = pattern == "overlay" or (pattern == "isolated" and all(len(partners(bad, n)) > 1 for n in nodes))
    whole = whole and not _losses(f, bad)
    lines = [line(o) for o in lost_by if not o["ok"] and _pair(o) in bad][:5]
    lines += [line(o) for o in passes_by if o["ok"] and _pair(o) in bad][:2]
    lines += [line(o) for o in lost_by if o["ok"] and _pair(o) not in bad][:1]
    return "confirmed" if whole else "suspected", nodes, lines


# ---- the size of packets ----------------------------------------------------------------------------------------
def mtu(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Pairs whose small questions are answered, and whose large ones are lost."""
    small = edges(seen(f, "pod", "small"))
    large = [o for o in crossing(seen(f, "pod", "large")) if small.get(_pair(o))]
    bad = [o for o in large if silent(o) and _CHANGED not in (o.get("error") or "")]
    if not bad:
        return
    pairs = {_pair(o) for o in bad}
    fits = [o for o in f.observations if o["kind"] == "pod" and (o.get("variant") or "").startswith("body-")
            and o["ok"] and _pair(o) in pairs]
    _pattern, nodes = spread(edges(large))
    shown = [*bad[:5], *fits[:2], *[o for o in large if o["ok"]][:2],
             *[o for o in seen(f, "pod", "small") if o["ok"] and _pair(o) in pairs][:2]]
    sure = _sure_of_size(bad, fits, edges(large))
    lost = _losses(f, pairs) + [o for o in seen(f, "pod", "udp") if silent(o) and _pair(o) in pairs]
    yield Candidate("net.mtu", "probable" if lost and sure == "confirmed" else sure, nodes_of(nodes), tuple(map(line, shown)))


def _sure_of_size(bad: Seen, fits: Seen, matrix: dict[Edge, bool]) -> str:
    """For sure only where nothing of the large answer came, a smaller body passed on each pair, and all pairs of the nodes
    lose theirs, both ways as the question comes back: whatever is only slow or loses some packets looks otherwise."""
    pairs = {_pair(o) for o in bad}
    pattern, nodes = spread(matrix)
    whole = pattern == "overlay" or (pattern == "isolated" and all(
        not ok for e, ok in matrix.items() if set(nodes) & set(e)))
    if not all(_NOTHING in (o.get("error") or "") for o in bad):
        return "suspected"
    return "confirmed" if whole and {_pair(o) for o in fits} == pairs else "probable"


# ---- loss -------------------------------------------------------------------------------------------------------
def _losses(f: Finding, pairs: set[Edge] | None = None) -> Seen:
    """Answers, of these pairs if named, that came only at the second try, or so late that packets had to be sent again; not
    those of a probe that is slow itself."""
    slow = {o["from_node"] for o in seen(f, "pod", "small") if o["from_node"] == o["to_node"] and _late(o)}
    late = [o for o in crossing(seen(f, "pod", "small")) if o["ok"] and _late(o) and not slow & set(_pair(o))]
    return [o for o in [*seen(f, "pod", "retried"), *late] if pairs is None or _pair(o) in pairs]


def _late(o: dict[str, Any]) -> bool:
    return (o.get("seconds") or 0.0) > _RESENT


def _lossy(f: Finding) -> Candidate | None:
    """Pairs that answered late, beside some that did not: what passes sometimes is neither cut nor filtered."""
    late = _losses(f)
    red = [o for o in crossing(seen(f, "pod", "small", "large", "udp", "family")) if silent(o)]
    if not late or not red:
        return None
    nodes = set.intersection(*(set(_pair(o)) for o in [*late, *red]))
    sure = "probable" if len(late) > 1 else "suspected"
    return Candidate("net.lossy", sure, nodes_of(nodes), tuple(map(line, [*late[:4], *red[:4]])))


def between_pods(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What explains the answers between nodes; loss, where nothing does for sure."""
    found = [c for rule in (pod_network, filtered, family, mtu) for c in rule(f, ev)]
    loss = _lossy(f)
    if loss and not any(c.confidence == "confirmed" for c in found):
        yield loss
        return
    yield from found


RULES = (forbidden, between_pods)
