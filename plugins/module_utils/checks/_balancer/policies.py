# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Service asks of its load balancer besides traffic: who may come, and that pods see who did."""
from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...kube.json_text import json_of
from .._shared.text import listed
from .outside import Heard, bare, inside, networks, node_addresses
from .traffic import Way

if TYPE_CHECKING:
    from ...engine.probes import Probe

# Addresses of documentation (RFC 5737, RFC 3849), which nobody comes from.
NOBODY = {4: "192.0.2.0/24", 6: "2001:db8::/32"}
# Seconds until a change of the Service is followed; a cloud changes a firewall for it.
FOLLOW = 60.0
# Nodes without pods of ours whose health port is asked.
OTHERS = 3
_PAUSE = 1.0


def change(way: Way, name: str, **spec: Any) -> dict[str, Any]:
    made: dict[str, Any] = way.ctx.client.patch(f"/api/v1/namespaces/{way.ctx.namespace}/services/{name}", {"spec": spec})
    return made


# ---- source ranges ------------------------------------------------------------------------------------------------
def ranges(way: Way, name: str, allowed: list[str]) -> None:
    """With a range that we are not in nobody answers us, and without it they do again. allowed: the ranges of before."""
    ctx = way.ctx
    change(way, name, loadBalancerSourceRanges=[NOBODY[6 if ":" in way.address.host else 4]])
    honoured, _heard = way.silent(FOLLOW)
    ctx.observe(source_ranges_honoured=honoured)
    change(way, name, loadBalancerSourceRanges=allowed or None)
    back = way.back(2 * FOLLOW)
    way.see("source_ranges", "" if back else "no answer after they were taken away")
    ctx.expect(back, f"{way.target} did not answer again within {2 * FOLLOW:.0f} s after its source ranges were taken away")
    if not honoured:
        ctx.warn(f"loadBalancerSourceRanges are not honoured here: {way.who.words} was answered at {way.target} with a range "
                 "that it "
                 "is not in; whoever relies on them is open to all")


# ---- the client's address -----------------------------------------------------------------------------------------
def local(way: Way, name: str) -> int:
    """With externalTrafficPolicy Local pods see the client; the health port of the Service."""
    ctx = way.ctx
    made = change(way, name, externalTrafficPolicy="Local")
    port = int((made.get("spec") or {}).get("healthCheckNodePort") or 0)
    back = way.back(FOLLOW)
    way.see("local", "" if back else "no answer")
    ctx.expect(back, f"with externalTrafficPolicy Local {way.target} does not lead to our pods from {way.who.words} within "
               f"{FOLLOW:.0f} s")
    known = networks(ctx)
    if way.own and inside(way.own, known):
        ctx.observe(client_address="not asked, as the asker is in the cluster")
        return port
    seen, kept = _client(way, known)
    ctx.observe(client_address=f"{'kept' if kept else 'replaced'}: {seen}", asker=way.own)
    if not kept and not way.address.proxy:
        way.see("client_address", f"the pod saw {seen}")
        ctx.fail(f"with externalTrafficPolicy Local the pods behind {way.target} see {seen}, an address of the cluster, in "
                 "place of "
                 "their client's", seen=seen)
    if not kept:
        ctx.observe(capability="the load balancer ends connections itself; pods see its address, whatever the policy")
    return port


def _client(way: Way, known: list[Any]) -> tuple[str, bool]:
    """(the address that a pod saw, whether it is none of the cluster's own)."""
    end, seen = time.monotonic() + FOLLOW / 2, ""
    while True:
        heard = way.ask("/clientip")
        seen = bare(heard.text) if heard.text else seen
        kept = bool(heard.text) and not inside(seen, known)
        if kept or time.monotonic() > end:
            return seen, kept
        time.sleep(_PAUSE)


# ---- the health port ----------------------------------------------------------------------------------------------
def _endpoints(heard: Heard) -> int | None:
    """How many pods of the Service a node says to have; None where it does not say anything of the kind."""
    text = heard.text
    if text[:4].strip().isdigit():
        text = text[4:]
    try:
        return int(json_of(text)["localEndpoints"])
    except (ValueError, TypeError, KeyError):
        return None


def _judge(way: Way, port: int, address: str, has: bool) -> str | None:
    """What is wrong with a node's answer at the health port; None where nothing can be said, as the node cannot be reached."""
    heard = way.who.ask(address, port, "/healthz")
    count = _endpoints(heard)
    if count is not None:
        wrong = f"says that it has {count} pods behind the Service, and has {'one' if has else 'none'}"
        return "" if bool(count) == has else wrong
    if has and way.node_port and way.who.ask(address, way.node_port).text in way.pods:
        return f"answers at its port {way.node_port}, and not at its health port {port}: {heard.error or heard.text[:80]}"
    return None


def health(way: Way, port: int, backends: list[Probe]) -> None:
    """A balancer sends nothing to a node that does not say at this port that it has a pod."""
    there = {b.node for b in backends}
    addresses = node_addresses(way.ctx)
    empty = [n for n in addresses if n not in there][:OTHERS]
    chosen = {n: n in there for n in [*sorted(there & set(addresses)), *empty]}
    end = time.monotonic() + FOLLOW / 2
    while True:
        said = {n: _judge(way, port, addresses[n], has) for n, has in chosen.items()}
        bad = {n: error for n, error in said.items() if error}
        if not bad or time.monotonic() > end:
            break
        time.sleep(_PAUSE)
    _tell(way, port, addresses, said, bad)


def _tell(way: Way, port: int, addresses: Mapping[str, str], said: Mapping[str, str | None], bad: Mapping[str, str]) -> None:
    for node, error in said.items():
        if error is not None:
            way.see("health_port", error, node, f"{addresses[node]}:{port}")
    judged = sorted(n for n, e in said.items() if e is not None)
    way.ctx.observe(health_port=port, health_port_asked=judged or f"no node answers {way.who.words} at its own address")
    for node in bad:
        way.ctx.touches("Node", node)
    way.ctx.expect(not bad, f"the health port {port} of externalTrafficPolicy Local fails at {len(bad)} of {len(judged)} "
                            "nodes: "
                   + listed(f"{n} ({e})" for n, e in bad.items()), health_port_fails=dict(bad))
