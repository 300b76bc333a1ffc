# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NetworkPolicies in force: the lab's network plugin knows none, so rules in the pods' own networks do what an engine would."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

from .stranger import SYSTEM, NewNamespaces, Stranger, repeated

if TYPE_CHECKING:
    from ..cluster import Lab

_DENY = {"metadata": {"name": "default-deny"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}

# stdin: a line per pod, "ADDRESS INGRESS EGRESS", the last two "open" or what is allowed, separated by commas. What its own
# node sends (the kubelet's probes) and what answers an allowed packet always passes, as with every engine.
_CLOSE = """
close() { # network, chain, hook, direction, rest
    net=$1 chain=$2 hook=$3 way=$4 allowed=$5 side=$6
    t="nsenter --net=$net iptables -w"
    $t -N $chain 2>/dev/null || $t -F $chain
    [ "$allowed" = open ] && return
    $t -A $chain $way lo -j RETURN
    $t -A $chain -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
    for a in $(echo "$allowed" | tr , ' '); do [ $a = none ] || $t -A $chain $side $a -j RETURN; done
    $t -A $chain -j DROP
    $t -C $hook -j $chain 2>/dev/null || $t -I $hook -j $chain
}
all=$(cat)
for net in /run/netns/*; do
    [ -e "$net" ] || continue
    mine=$(nsenter --net=$net ip -4 -o addr show dev eth0 2>/dev/null | tr -s ' ' | cut -d' ' -f4 | cut -d/ -f1)
    [ -n "$mine" ] || continue
    echo "$all" | while read address ingress egress; do
        [ "$address" = "$mine" ] || continue
        node=$(nsenter --net=$net ip route show default | cut -d' ' -f3)
        [ "$ingress" = open ] || ingress="$node,$ingress"
        close $net LAB-IN INPUT -i $ingress -s
        close $net LAB-OUT OUTPUT -o $egress -d
    done
done
"""


def _selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """A label selector with its two ways of saying it."""
    said = selector or {}
    tests = {"In": lambda k, v: labels.get(k) in v, "NotIn": lambda k, v: labels.get(k) not in v,
             "Exists": lambda k, _v: k in labels, "DoesNotExist": lambda k, _v: k not in labels}
    return (all(labels.get(k) == v for k, v in (said.get("matchLabels") or {}).items())
            and all(tests[e["operator"]](e["key"], e.get("values") or []) for e in said.get("matchExpressions") or []))


class Engine:
    """Reads policies, pods and Services, and keeps the rules of the pods that are isolated. Ports in policies are not looked at."""

    def __init__(self, lab: Lab):
        self.lab, self._set, self._lock = lab, dict[str, tuple[str, str]](), threading.Lock()

    def _peers(self, space: str, peers: list[dict[str, Any]], known: dict[str, Any]) -> set[str]:
        """Addresses and networks of a rule's peers, with the Services that lead to them."""
        found: set[str] = set()
        for peer in peers:
            if "ipBlock" in peer:
                found.add(peer["ipBlock"]["cidr"])
                continue
            spaces = {n for n, labels in known["spaces"].items() if _selects(peer["namespaceSelector"], labels)
                      } if "namespaceSelector" in peer else {space}
            pods = [p for p in known["pods"] if p["metadata"]["namespace"] in spaces
                    and _selects(peer.get("podSelector"), p["metadata"].get("labels") or {})]
            found |= {p["status"]["podIP"] for p in pods}
            for service in known["services"]:
                wanted = service["spec"].get("selector")
                if wanted and any(p["metadata"]["namespace"] == service["metadata"]["namespace"] and
                                  wanted.items() <= (p["metadata"].get("labels") or {}).items() for p in pods):
                    found |= {a for a in service["spec"].get("clusterIPs") or [] if a != "None"}
        return found

    def _allowed(self, pod: dict[str, Any], known: dict[str, Any], kind: str, key: str) -> str:
        """"open", or what may pass in one direction."""
        space = pod["metadata"]["namespace"]
        mine = [p["spec"] for p in known["policies"] if p["metadata"]["namespace"] == space
                and _selects(p["spec"].get("podSelector"), pod["metadata"].get("labels") or {})]
        mine = [s for s in mine if kind in (s.get("policyTypes") or ["Ingress"])]
        if not mine:
            return "open"
        found: set[str] = set()
        for rule in [r for s in mine for r in s.get(kind.lower()) or []]:
            if not rule.get(key):
                return "open"
            found |= self._peers(space, rule[key], known)
        return ",".join(sorted(found)) or "none"

    def _known(self) -> dict[str, Any]:
        def items(path: str) -> list[dict[str, Any]]:
            return self.lab.api(path)["items"]

        pods = [p for p in items("/api/v1/pods") if p["status"].get("podIP") and not p["spec"].get("hostNetwork")]
        return {"policies": items("/apis/networking.k8s.io/v1/networkpolicies"), "pods": pods, "services": items("/api/v1/services"),
                "spaces": {n["metadata"]["name"]: n["metadata"].get("labels") or {} for n in items("/api/v1/namespaces")}}

    def look(self) -> None:
        """Once: put the rules in for what has changed."""
        known = self._known()
        wanted = {p["status"]["podIP"]: (self._allowed(p, known, "Ingress", "from"), self._allowed(p, known, "Egress", "to"))
                  for p in known["pods"] if p["metadata"]["namespace"] not in SYSTEM}
        on = {p["status"]["podIP"]: p["spec"]["nodeName"] for p in known["pods"]}
        with self._lock:
            new = {a: w for a, w in wanted.items() if self._set.get(a, ("open", "open")) != w}
            for short in self.lab.machines:
                lines = [f"{a} {i} {e}" for a, (i, e) in new.items() if on[a] == self.lab.node_name(short)]
                if lines:
                    self._put(short, "\n".join(lines) + "\n")
            self._set = wanted

    def _put(self, short: str, lines: str) -> None:
        from .. import node

        node.inside(self.lab, short, "sh", "-c", _CLOSE, input=lines)

    def end(self) -> None:
        """Everything open again."""
        known = self._known()
        with self._lock:
            for short in self.lab.machines:
                mine = [p["status"]["podIP"] for p in known["pods"] if p["spec"]["nodeName"] == self.lab.node_name(short)]
                closed = [a for a in mine if self._set.get(a, ("open", "open")) != ("open", "open")]
                if closed:
                    self._put(short, "".join(f"{a} open open\n" for a in closed))


@contextmanager
def default_deny(lab: Lab) -> Iterator[Stranger]:
    """Every new namespace gets a policy that allows nothing, in either direction; not even the API server reaches its pods."""
    def give(name: str) -> None:
        try:
            lab.api(f"/apis/networking.k8s.io/v1/namespaces/{name}/networkpolicies", "POST", _DENY)
        except HTTPError as e:
            if e.code != 409:
                raise

    engine = Engine(lab)
    try:
        with (repeated("policies of new namespaces", NewNamespaces(lab, give).look, 0.3), repeated("policy engine", engine.look, 0.4)):
            yield Stranger("default_deny", lab.kubeconfig, names={"policy": "default-deny"})
    finally:
        engine.end()
