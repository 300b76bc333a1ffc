# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ingresses, and what stands behind the address of a Gateway too: controllers, addresses, routes, certificates, backends.

Words of Traefik are those of v3.7 (pkg/provider/kubernetes/ingress); of others no words are matched, but what they answered.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .evidence import Candidate, Evidence, Object, event_line, name_of, space_of, unique
from .finding import Finding
from .paths import line, seen

CHECKS = ("ingress", "gateway")
_WORDS = re.compile(r'level=error|"level":"error"|\bERR\b|^E\d{4} |\[error\]|Error configuring TLS', re.I)
_UNADDRESSED = ("AddressNotAssigned", "NoResources")
_NAMED = re.compile(r"there is no (?:IngressClass|GatewayClass) |load_balancing_check_|no certificate of our own")
# What servers for TLS say to a request without it: Go's net/http, and nginx.
_IN_TLS = re.compile(r": 400 .*(?:HTTP request to an HTTPS server|plain HTTP request was sent)", re.I)
_SILENT = re.compile(r": 50[0234]\b|in time|reset|empty answer")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MAKERS = re.compile(r"metallb|aws-load-balancer|cloud-controller-manager|kube-vip|openelb|purelb|svclb-")


def around(f: Finding) -> dict[str, dict[str, Any]]:
    """What the check wrote down of the controllers of the sites that failed, by site."""
    told = f.observed.get("around")
    return {k: v for k, v in told.items() if isinstance(v, dict)} if f.check in CHECKS and isinstance(told, dict) else {}


def asleep(one: dict[str, Any]) -> list[str]:
    """Workloads of a controller, where none of them has a pod that works."""
    found = one.get("workloads") or {}
    return [] if any(found.values()) else list(found)


def _failed(f: Finding, *variants: str) -> list[dict[str, Any]]:
    return [o for o in seen(f, f.check, *variants) if not o["ok"]]


def _of(o: dict[str, Any], site: str) -> bool:
    return str(o.get("error") or "").startswith(f"{site}: ")


def class_of(site: str) -> str:
    """The site as an object of a scope."""
    kind, _space, name = site.partition(" ")
    return f"{kind.lower()}/{name}"


def said(f: Finding, ev: Evidence, one: dict[str, Any], *about: str) -> list[str]:
    """Complaints in the logs of the controller about what these words name."""
    refs = [r.split("/") for r in one.get("workloads") or {} if r.count("/") == 2]
    pods = [p for p in ev.pods()
            if any(space_of(p) == space and name_of(p).startswith(f"{name}-") for _kind, space, name in refs)]
    plain = ((key, _COLOURS.sub("", text)) for key, text in ev.logs(pods))
    return [f"{key}: {text}" for key, text in plain if _WORDS.search(text) and any(a in text for a in about if a)][-3:]


# ---- the controller, and the Service before it ----------------------------------------------------------------------
def controller(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    for site, one in around(f).items():
        away = asleep(one)
        if away:
            lines = [f"{ref} has no ready pod" for ref in away]
            yield Candidate("ingress.controller-down", "confirmed", tuple(away),
                            (*lines, f"{site}: {one.get('controller')}", f.message),
                            subject=away[0])


def makers_of(ev: Evidence) -> tuple[list[Object], bool]:
    """(Deployments of those who make load balancers, whether any of them has a pod that is available)."""
    found = [d for d in ev.items("deployments") if _MAKERS.search(name_of(d)) or _MAKERS.search(space_of(d))
             or _MAKERS.search(str(d["metadata"].get("labels") or {}))]
    return found, any((d.get("status") or {}).get("availableReplicas") for d in found)


def balancer(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The Service before the controller has no address, so that nothing made by it has one."""
    for site, one in around(f).items():
        bare = [ref for ref, address in (one.get("balancers") or {}).items() if not address]
        if not bare or any((one.get("balancers") or {}).values()) or asleep(one) or not _about_addresses(f):
            continue
        makers, up = makers_of(ev)
        lines = [f"service/{ref} has no address" for ref in bare]
        lines += [event_line(e) for ref in bare for e in ev.events("Service", *ref.split("/", 1)) if e.get("type") == "Warning"]
        if makers and not up:
            refs = tuple(f"deployment/{space_of(d)}/{name_of(d)}" for d in makers)
            yield Candidate("lb.controller-missing", "confirmed", refs,
                            (*(f"{r}: no pod of it is available" for r in refs), *lines),
                            False, subject=refs[0])
        elif any("AllocationFailed" in text for text in lines):
            yield Candidate("lb.pool-exhausted", "confirmed", (), tuple(lines), False)
        else:
            yield Candidate("lb.not-provisioned", "probable", tuple(f"service/{r}" for r in bare), tuple(lines), False)
        if f.check == "ingress":
            yield Candidate("ingress.no-address", "confirmed", (class_of(site),), (f.message, *lines),
                            subject=f"service/{bare[0]}")


def _about_addresses(f: Finding) -> bool:
    unmet = f.observed.get("unmet_conditions") or ()
    return bool(_failed(f, "address")) or any(u.get("type") == "Address" or u.get("reason") in _UNADDRESSED for u in unmet)


def silent(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The address is there and does not answer from outside: MetalLB's announcers are away, or it is only this machine's
    way."""
    out = _failed(f, "outside")
    if f.check not in CHECKS or not out:
        return
    speakers = [d for d in ev.items("daemonsets") if "metallb" in space_of(d)
                or "metallb" in str(d["metadata"].get("labels") or {})]
    away = [d for d in speakers if not (d.get("status") or {}).get("numberAvailable")]
    if away:
        refs = tuple(f"daemonset/{space_of(d)}/{name_of(d)}" for d in away)
        yield Candidate("lb.not-announced", "confirmed" if len(away) == len(speakers) else "probable", refs,
                        (*(f"{r} has no pod available" for r in refs), *map(line, out)), False, subject=refs[0])
    elif f.verdict == "inconclusive":
        inside = [o for o in seen(f, f.check, "inside") if o["ok"]]
        yield Candidate("harness.precondition", "confirmed" if inside else "probable", (),
                        (*map(line, (*out, *inside)), f.message))


# ---- routes -----------------------------------------------------------------------------------------------------------
def not_taken(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Nobody has the Ingress: no address although the controller works, or an answer as to any other host."""
    if f.check != "ingress":
        return
    for site, one in around(f).items():
        if asleep(one):
            continue
        scope, workloads = (class_of(site),), one.get("workloads") or {}
        bare = [o for o in _failed(f, "address") if _of(o, site)]
        if bare and one.get("known") and not workloads:
            yield Candidate("ingress.class-mismatch", "probable", scope, (
                f"no Deployment or DaemonSet looks like the controller {one.get('controller')} of {site}", f.message))
        elif bare and (any((one.get("balancers") or {}).values()) or (workloads and not one.get("balancers"))):
            yield Candidate("ingress.class-mismatch", "probable", scope, (
                f"{', '.join(workloads) or one.get('controller')}: pods of it are ready, and it gave the Ingress no address",
                *said(f, ev, one, f.path[-1]["name"] if f.path else ""), f.message))
        yield from _elsewhere(f, ev, site, one)


def _elsewhere(f: Finding, ev: Evidence, site: str, one: dict[str, Any]) -> Iterator[Candidate]:
    """Our host is answered, and not by us, with nobody who says that he does not reach us."""
    lost = [o for o in _failed(f, "route", "second") if _of(o, site)]
    empty = [o for o in seen(f, "service", "endpoints") if not o["ok"]]
    words = [str(o.get("error")) for o in lost]
    if not lost or empty or any(_SILENT.search(w) for w in words):
        return
    taken = any("somebody else" in w or re.search(r": 200 ", w) for w in words)
    text = "somebody else answers our host" if taken else "our host is answered as one that nobody routes"
    yield Candidate("ingress.class-mismatch", "probable", (class_of(site),), (
        text, *map(line, lost), *said(f, ev, one, ev.space), f.message))


# ---- certificates -----------------------------------------------------------------------------------------------------
def certificate(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Another certificate, while our host is routed to us: it is the certificate alone."""
    if f.check not in CHECKS:
        return
    wrong = _failed(f, "tls")
    for o in wrong:
        site = str(o.get("error") or "").partition(": ")[0]
        routed = [r for r in seen(f, f.check, "route") if r.get("target") == o.get("target")]
        if "served is" not in str(o.get("error")) and "another one" not in str(o.get("error")):
            continue
        if routed and all(r["ok"] for r in routed):
            one = around(f).get(site, {})
            yield Candidate("ingress.tls-secret", "confirmed", (class_of(site),), (
                line(o), "our host is routed to our pods at the same address", *said(f, ev, one, ev.space)), subject=_ingress(f, ev))


def _ingress(f: Finding, ev: Evidence) -> str:
    """The Ingress or Gateway of ours, as the object that is looked at."""
    mine = next((p for p in f.path if p["kind"] in ("Ingress", "Gateway")), None)
    return f"{mine['kind'].lower()}/{mine.get('namespace') or ev.space}/{mine['name']}" if mine else ""


# ---- backends ---------------------------------------------------------------------------------------------------------
def backend(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The controller says that it does not reach our pods, which answer others; or what answers says that it wants TLS."""
    if f.check not in CHECKS:
        return
    for o in _failed(f, "route", "second"):
        error, site = str(o.get("error") or ""), str(o.get("error") or "").partition(": ")[0]
        if _IN_TLS.search(error):
            yield Candidate("ingress.backend-error", "confirmed", (class_of(site),), (line(o), *said(f, ev, around(f).get(site, {}), ev.space)),
                            subject=_ingress(f, ev))
            continue
        if not _SILENT.search(error):
            continue
        asked = seen(f, f.check, "pod", "service")
        good = [a for a in asked if a["ok"]]
        lost = [a for a in asked if a["variant"] == "pod" and not a["ok"]]
        if lost or any(not e["ok"] for e in seen(f, "service", "endpoints")):
            continue
        sure = "confirmed" if len(good) == 2 else "suspected"
        yield Candidate("ingress.backend-error", sure, (class_of(site),), (
            line(o), *map(line, good), *said(f, ev, around(f).get(site, {}), ev.space)), subject=_ingress(f, ev))


def contended(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    for site, turns in (f.observed.get("addresses_in_turn") or {}).items() if f.check == "ingress" else ():
        yield Candidate("ingress.contended", "confirmed", (class_of(site),), unique(
            [f"{site}: in turn its Ingress had the address {t}" for t in turns]))


def named(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """What the options name is not there, or makes no sense."""
    if f.check in CHECKS and _NAMED.match(f.message):
        yield Candidate("harness.precondition", "confirmed", (), (f.message,))


RULES = (named, controller, balancer, silent, certificate, backend, contended, not_taken)
