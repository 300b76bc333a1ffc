# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load balancers: who makes them and what they said, whether an address is announced, firewalls, health ports, what is left.

Words of MetalLB are those of v0.16 (controller/service.go, speaker/main.go), of the service controller those of
k8s.io/cloud-provider v0.36 (controllers/service/controller.go), of the AWS Load Balancer Controller those of its
controllers/service/service_controller.go; cloud texts are what AWS, Azure and Google put into them.
"""
from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from .evidence import Candidate, Evidence, Object, event_line, first_seen, name_of, space_of, unique, words
from .finding import Finding
from .paths import line, seen

_CHECK = "load_balancer"
_FAILED = ("SyncLoadBalancerFailed", "UpdateLoadBalancerFailed", "FailedBuildModel", "FailedDeployModel", "FailedAddFinalizer",
           "FailedUpdateStatus", "LoadBalancerFailed", "AllocationFailed", "DeleteLoadBalancerFailed")
_CLOUD = (
    ("cloud.throttled", r"Throttl|RequestLimitExceeded|Rate exceeded|TooManyRequests|rateLimitExceeded|RESPONSE 429"),
    ("cloud.permission", r"UnauthorizedOperation|AccessDenied|is not authorized to perform|AuthorizationFailed|403 Forbidden"
                         r"|does not have authorization to perform|Error 403: Required '\S+' permission|no EC2 IMDS role "
                         r"found"),
    ("cloud.quota", r"TooManyLoadBalancers|TooManyTargetGroups|LimitExceeded|[qQ]uota ?[eE]xceeded|[eE]xceeded quota"
                    r"|ExceedsAvailableQuota|SubnetIsFull|SecurityGroupLimitExceeded|Quota '\S+' exceeded"),
    ("cloud.config", r"could not find any suitable subnets|unable to resolve at least one subnet|couldn't auto-discover subnets"
                     r"|[Mm]ultiple tagged security groups found|InvalidSubnet|SubnetNotFound|subnets count less than minimal"
                     r"|InvalidGroup|InvalidConfigurationRequest"),
)
_EXHAUSTED = re.compile(r"no available IPs|unknown pool|no suitable pool|no address available|out of IPs", re.I)
_NO_ADDRESS = re.compile(r"^Service \S+(?: of class \S+)? has got no address")
_SILENT = re.compile(r"does not lead to our pods from")


def _ours(f: Finding, ev: Evidence) -> list[Object]:
    """Events about the Service of the check."""
    space, _slash, name = str(f.observed.get("service") or "").partition("/")
    return list(ev.events("Service", space, name)) if name else []


def _scope(f: Finding) -> tuple[str, ...]:
    told = str(f.observed.get("service") or "")
    return (f"service/{told}",) if told else ()


def _facts(f: Finding) -> dict[str, Any]:
    told = f.observed.get("metallb")
    return told if isinstance(told, dict) else {}


def _pools(f: Finding) -> tuple[str, ...]:
    return tuple(f"ipaddresspool/{n}" for n in _facts(f).get("ipaddresspools") or ())


# ---- who makes them -----------------------------------------------------------------------------------------------
def said(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What a controller said of the Service that it could not do."""
    if f.check != _CHECK or not (_NO_ADDRESS.search(f.message) or "gone: not within" in f.message):
        return
    for event in _ours(f, ev):
        text = words(event)
        if event.get("reason") not in _FAILED:
            continue
        cloud = next((code for code, pattern in _CLOUD if re.search(pattern, text, re.S)), "")
        if not cloud and _EXHAUSTED.search(text):
            yield Candidate("lb.pool-exhausted", "confirmed", _pools(f), (event_line(event),), since=first_seen(event))
        elif "gone: not within" not in f.message or cloud:
            yield Candidate(cloud or "lb.not-provisioned", "confirmed", _scope(f), (event_line(event),),
                            since=first_seen(event))


def nobody(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """No sign of anybody: the controller is away, has another class, has no pool, or was never there."""
    if f.check != _CHECK or not _NO_ADDRESS.search(f.message) or f.observed.get("signs"):
        return
    makers = {ref: bool(up) for ref, up in (f.observed.get("makers") or {}).items()}
    facts, wanted = _facts(f), str(f.observed.get("load_balancer_class") or "")
    away = [ref for ref, up in makers.items() if not up]
    lines = [f"{ref}: {'pods of it are available' if up else 'no pod of it is available'}" for ref, up in makers.items()]
    if away and all(not makers[ref] for ref in makers if ref.startswith("deployment/")):
        yield Candidate("lb.controller-missing", "confirmed", tuple(away), (*lines, f.message), subject=away[0])
    elif wanted:
        yield Candidate("lb.controller-missing", "probable", (f"loadbalancerclass/{wanted}",), (
            f"no controller said anything of a Service of class {wanted}", *lines, f.message))
    elif facts.get("ipaddresspools") == []:
        yield Candidate("lb.pool-exhausted", "confirmed", (), ("MetalLB has no IPAddressPool", *lines, f.message),
                        subject="ipaddresspool/")
    else:
        yield Candidate("lb.controller-missing", "probable", (), (*lines, f.message))


def _announcers(ev: Evidence) -> list[Object]:
    """MetalLB's speakers, by their label; whatever they are called."""
    return [d for d in ev.items("daemonsets")
            if "metallb" in space_of(d) or "metallb" in str(d["metadata"].get("labels") or {})]


# ---- that the address leads there ---------------------------------------------------------------------------------
def contended(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """Two write one status, each its own address."""
    told = f.observed.get("status_written_by") or []
    if f.check == _CHECK and f.observed.get("addresses_changed") and len(told) > 1:
        yield Candidate("lb.contended", "confirmed", tuple(f"controller/{n}" for n in told), (
            f"the status of the Service was written by {', '.join(map(str, told))}",
            f"its addresses: {', '.join(map(str, f.observed['addresses_changed']))}"))


def announced(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """An address of MetalLB that nobody announces."""
    if f.check != _CHECK or not _SILENT.search(f.message):
        return
    events = _ours(f, ev)
    given = [e for e in events if e.get("reason") == "IPAllocated"]
    told = [e for e in events if e.get("reason") == "nodeAssigned"]
    failed = [e for e in events if e.get("reason") == "announceFailed"]
    lines = [event_line(e) for e in (*given, *failed)]
    away = [d for d in _announcers(ev) if not (d.get("status") or {}).get("numberAvailable")]
    facts = _facts(f)
    if away and (given or facts):
        scope = tuple(f"daemonset/{space_of(d)}/{name_of(d)}" for d in away)
        yield Candidate("lb.not-announced", "confirmed", scope, (*lines, *(f"{s} has no pod available" for s in scope)))
    elif facts and not facts.get("l2advertisements", ["?"]) and not facts.get("bgpadvertisements", ["?"]):
        yield Candidate("lb.not-announced", "confirmed", _pools(f), (*lines, "MetalLB has neither an L2Advertisement nor a "
                                                                     "BGPAdvertisement"), subject="l2advertisement/")
    elif failed:
        yield Candidate("lb.not-announced", "confirmed", _scope(f), tuple(lines))
    elif given and not told and ev.known("events", ev.space):
        yield Candidate("lb.not-announced", "probable", _pools(f), (*lines, "no node said that it announces the address"))


def _excluded(f: Finding) -> str:
    """The address of who asked, where our own source ranges leave it out."""
    ranges, own = f.observed.get("source_ranges") or [], str(f.observed.get("asker") or "")
    try:
        one = ipaddress.ip_address(own)
        nets = [ipaddress.ip_network(r, strict=False) for r in ranges]
    except ValueError:
        return ""
    return own if nets and not any(one.version == n.version and one in n for n in nets) else ""


def firewall(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The nodes lead to the pods from where the address does not; or our own ranges keep us out."""
    if f.check != _CHECK or not _SILENT.search(f.message):
        return
    nodes = list(seen(f, "balancer", "node_port"))
    good = [o for o in nodes if o["ok"]]
    bad = [line(o) for o in seen(f, "balancer", "outside") if not o["ok"]]
    own = _excluded(f)
    if own and good:
        yield Candidate("net.firewall-external", "confirmed", _scope(f), (
            f"the source ranges {', '.join(f.observed['source_ranges'])} leave out {own}, which "
            "asked", *bad, *map(line, good[:2])))
    elif good and any(e.get("reason") == "nodeAssigned" for e in _ours(f, ev)):
        yield Candidate("net.firewall-external", "probable", _scope(f), (*bad, *map(line, good[:2])))
    elif "the name does not resolve" in f.message:
        address = f.message.partition(" ")[0].rpartition(":")[0]
        yield Candidate("lb.dns-lag", "probable", (f"name/{address}",), tuple(bad))


def health(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A health port that nobody serves, or that says what is not so."""
    if f.check != _CHECK:
        return
    wrong = [o for o in seen(f, "balancer", "health_port") if not o["ok"]]
    taken = [e for e in _ours(f, ev) if e.get("reason") == "FailedToStartServiceHealthcheck"]
    if wrong:
        nodes = tuple(f"node/{o['to_node']}" for o in wrong if o.get("to_node"))
        yield Candidate("lb.targets-unhealthy", "confirmed", nodes, unique([*map(event_line, taken), *map(line, wrong)]),
                        subject=nodes[0] if nodes else "")


# ---- that it goes -------------------------------------------------------------------------------------------------
def leftovers(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """What outlives the Service, or holds it."""
    if f.check != _CHECK:
        return
    held, left = f.observed.get("finalizers") or [], f.observed.get("left_at_provider") or []
    if held and "gone: not within" in f.message:
        yield Candidate("leak.cleanup-stuck", "confirmed", _scope(f), tuple(f"held by finalizer {h}" for h in held))
    if left:
        yield Candidate("leak.provider", "confirmed", _scope(f), tuple(f"AWS has {thing}" for thing in left))
    for o in seen(f, "balancer", "after"):
        if not o["ok"]:
            yield Candidate("leak.cleanup-stuck", "confirmed", _scope(f), (line(o),))


RULES = (said, nobody, contended, announced, firewall, health, leftovers)
