# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""cert-manager: issuers, the ACME server, and challenges by HTTP and by DNS.

Words of cert-manager are those of v1.11 (pkg/issuer/acme, pkg/controller/acmechallenges, acmeorders), which stand as well in v1.18; of
ACME servers the types of problems of RFC 8555; of name servers what miekg/dns says of their answers.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .evidence import Candidate, Evidence, name_of, space_of, unique
from .finding import Finding
from .paths import line, seen
from .rules_ingress import asleep, makers_of

_CHECK = "cert_manager"
_OPTION = re.compile(r"certificates_check_cert_manager_|rbac_optional: issued_secrets")
_UNTRUSTED = re.compile(r"x509: |certificate signed by unknown authority|failed to verify certificate")
_AWAY = re.compile(r"connection refused|i/o timeout|no such host|no route to host|context deadline exceeded|Client\.Timeout exceeded"
                   r"|network is unreachable|connection reset|\bEOF\b|server misbehaving")
_LIMITED = re.compile(r"urn:ietf:params:acme:error:rateLimited|too many (?:certificates|registrations|currently pending|failed)", re.I)
_DENIED = re.compile(r"bad authentication|bad (?:key|signature|time)|BADKEY|BADSIG|BADTIME|NOTAUTH|REFUSED|replied: (?:SERVFAIL|FORMERR)"
                     r"|[Uu]nauthorized|Invalid API key|403 Forbidden")
_CLOUD = re.compile(r"AccessDenied|is not authorized to perform|AuthorizationFailed|Error 403|InsufficientPermissions")
_ZONELESS = re.compile(r"Could not (?:determine (?:the zone|authoritative nameservers)|find the SOA)|When querying the SOA record"
                       r"|has no matches")
_UNSPREAD = re.compile(r"not yet propagated|^.*NS \S+ returned \w+ for")
_PROVED_BY_SERVER = re.compile(r"urn:ietf:params:acme:error:(\w+)")
_WRONG = re.compile(r"did not get expected response when querying endpoint")
_TROUBLE = re.compile(r'^[EF]\d{4} |"error"=|level=error')


def _told(f: Finding) -> dict[str, dict[str, Any]]:
    """What the check wrote down of each certificate that was not issued."""
    told = f.observed.get("not_issued") if f.check == _CHECK else None
    return {k: v for k, v in told.items() if isinstance(v, dict)} if isinstance(told, dict) else {}


def _lines(name: str, one: dict[str, Any]) -> tuple[str, ...]:
    """Its objects in a row, each with its own words."""
    request = one.get("request") or {}
    rows = [f"Certificate {one.get('certificate')}: {words}" for words in (one.get("conditions") or {}).values()]
    rows += [f"CertificateRequest {request.get('name')}: {request.get('reason')}: {request.get('message')}"] if request else []
    rows += [f"Order {o.get('name')}: {o.get('state') or 'without a state'} {o.get('reason')}".strip() for o in one.get("orders") or ()]
    rows += [f"Challenge {c.get('name')} ({c.get('type')}): {c.get('state')} {c.get('reason')}".strip() for c in one.get("challenges") or ()]
    return unique((*reversed(rows), f"{name}: for {one.get('host')}"))


def _scope(one: dict[str, Any]) -> tuple[str, ...]:
    return (str(one["issuer"]),) if one.get("issuer") else ()


def _parts(f: Finding, part: str) -> dict[str, int]:
    """Workloads of cert-manager that do this part, with their ready pods."""
    told = f.observed.get("parts")
    return {ref: int(p.get("ready") or 0) for ref, p in told.items() if p.get("part") == part} if isinstance(told, dict) else {}


def _log(f: Finding, ev: Evidence, *words: re.Pattern[str]) -> list[str]:
    """Complaints of its controller that have one of these words, the last ones."""
    refs = [ref.split("/") for ref in _parts(f, "controller")]
    pods = [p for p in ev.pods() if any(space_of(p) == space and name_of(p).startswith(f"{name}-") for _kind, space, name in refs)]
    return [f"{key}: {text}" for key, text in ev.logs(pods) if _TROUBLE.search(text) and any(w.search(text) for w in words)][-3:]


# ---- issuers ----------------------------------------------------------------------------------------------------
def server_trouble(text: str) -> str:
    """The cause that words about an ACME server name; empty for others."""
    if _LIMITED.search(text):
        return "cert.rate-limited"
    if _UNTRUSTED.search(text):
        return "cert.acme-untrusted"
    return "cert.acme-unreachable" if _AWAY.search(text) else ""


def issuers(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """Not there, or not ready: with what it says of its ACME server."""
    missing = f.observed.get("missing_issuers") if f.check == _CHECK else None
    if missing:
        yield Candidate("cert.issuer-not-ready", "confirmed", (), (f.message,))
    late = f.observed.get("not_ready") if f.check == _CHECK else None
    for ref, words in (late.items() if isinstance(late, dict) else ()):
        code = server_trouble(str(words)) if "ACME" in str(words) else ""
        yield Candidate(code or "cert.issuer-not-ready", "confirmed", (str(ref),), (f"{ref}: {words}",))
    for name, one in _told(f).items():
        request = one.get("request") or {}
        if re.search(r"Referenced \S+ not found|issuer .* not (?:found|ready)", str(request.get("message") or "")):
            yield Candidate("cert.issuer-not-ready", "confirmed", _scope(one), _lines(name, one))


def options(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """What the inventory has to name before anything can be proved."""
    if f.check == _CHECK and f.verdict == "inconclusive" and _OPTION.search(f.message):
        yield Candidate("harness.precondition", "confirmed", (), (f.message,))


# ---- cert-manager itself ----------------------------------------------------------------------------------------
def controller(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """No pod of it works; or nobody has touched our Certificate at all."""
    told, found = _told(f), _parts(f, "controller")
    if not told:
        return
    if found and not any(found.values()):
        yield Candidate("cert.controller-down", "confirmed", tuple(found), (*(f"{ref} has no ready pod" for ref in found), f.message))
    elif all(not one.get("conditions") and not one.get("request") for one in told.values()):
        yield Candidate("cert.controller-down", "probable" if found else "suspected", tuple(found), (
            "nobody has written a condition to any Certificate of ours, or made a request for it", f.message))


# ---- the ACME server --------------------------------------------------------------------------------------------
def acme(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Orders that it refuses, or that nobody answers."""
    for name, one in _told(f).items():
        orders = one.get("orders") or []
        reasons = " ".join(str(o.get("reason") or "") for o in orders)
        if _LIMITED.search(reasons):
            yield Candidate("cert.rate-limited", "confirmed", _scope(one), _lines(name, one))
        elif orders and not one.get("challenges") and not any(o.get("state") or o.get("reason") for o in orders):
            yield from _unanswered(f, ev, name, one)


def _unanswered(f: Finding, ev: Evidence, name: str, one: dict[str, Any]) -> Iterator[Candidate]:
    asked = [o for o in seen(f, "acme", "directory") if o.get("target") == one.get("server")]
    said = _log(f, ev, _LIMITED, _UNTRUSTED, _AWAY)
    code = next((c for text in reversed(said) if (c := server_trouble(text))), "")
    if code:
        yield Candidate(code, "confirmed", _scope(one), (*said, *map(line, asked), *_lines(name, one)))
    elif any(not o["ok"] for o in asked):
        yield Candidate("cert.acme-unreachable", "confirmed", _scope(one), (*map(line, asked), *_lines(name, one)))


# ---- challenges -------------------------------------------------------------------------------------------------
def challenge_trouble(kind: str, state: str, reason: str) -> str:
    """The cause that the words of a Challenge name; empty for others. kind: HTTP-01 or DNS-01."""
    problem = _PROVED_BY_SERVER.search(reason)
    if problem and problem[1] == "rateLimited":
        return "cert.rate-limited"
    if kind == "HTTP-01":
        if _WRONG.search(reason) or (problem and problem[1] in ("unauthorized", "incorrectResponse")):
            return "cert.http01-wrong-answer"
        found = "self check" in reason or "wrong status code" in reason or (problem and problem[1] in ("connection", "dns", "tls"))
        return "cert.http01-unreachable" if found else ""
    if _ZONELESS.search(reason):
        return "dns.delegation"
    if _UNSPREAD.search(reason) or (problem and state == "invalid" and problem[1] in ("unauthorized", "dns", "incorrectResponse")):
        return "cert.dns01-not-propagated"
    if _CLOUD.search(reason):
        return "cloud.permission"
    if _DENIED.search(reason):
        return "cert.dns01-denied"
    return "cert.dns01-unreachable" if _AWAY.search(reason) else ""


def challenges(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    for name, one in _told(f).items():
        for c in one.get("challenges") or ():
            code = challenge_trouble(str(c.get("type")), str(c.get("state")), str(c.get("reason") or ""))
            if code:
                yield Candidate(code, "confirmed", _scope(one), _lines(name, one))


def edge(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Below a challenge by HTTP that is not answered, or an Ingress of ours: no controller of it, or no address for it."""
    lost = [c for one in _told(f).values() for c in one.get("challenges") or ()
            if challenge_trouble(str(c.get("type")), str(c.get("state")), str(c.get("reason") or "")) == "cert.http01-unreachable"]
    lost += list(f.observed.get("not_served") or ()) if f.check == _CHECK else []
    around = f.observed.get("around")
    for site, one in (around.items() if lost and isinstance(around, dict) else ()):
        balancers, away = one.get("balancers") or {}, asleep(one)
        bare = [ref for ref, address in balancers.items() if not address]
        if away:
            yield Candidate("ingress.controller-down", "confirmed", tuple(away), (*(f"{ref} has no ready pod" for ref in away), site), False)
        elif bare and len(bare) == len(balancers):
            yield _no_address(ev, bare)


def _no_address(ev: Evidence, bare: list[str]) -> Candidate:
    lines = tuple(f"service/{ref} has no address" for ref in bare)
    found, up = makers_of(ev)
    refs = tuple(f"deployment/{space_of(d)}/{name_of(d)}" for d in found)
    if refs and not up:
        return Candidate("lb.controller-missing", "confirmed", refs, (*(f"{r}: no pod of it is available" for r in refs), *lines), False)
    return Candidate("lb.not-provisioned", "probable", tuple(f"service/{ref}" for ref in bare), lines, False)


# ---- the rest ---------------------------------------------------------------------------------------------------
def refused(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """A policy of approvals, which denied the request."""
    for name, one in _told(f).items():
        if (one.get("request") or {}).get("reason") == "Denied":
            yield Candidate("admission.denied", "confirmed", _scope(one), _lines(name, one))


def left(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    there = f.observed.get("left") if f.check == _CHECK else None
    if there:
        yield Candidate("leak.cleanup-stuck", "confirmed", (), (f.message,))


def served(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """The Ingress answers with another certificate than the one that its Secret has: before, or after it was renewed."""
    for variant, code in (("served", "ingress.tls-secret"), ("served_again", "cert.not-reloaded")):
        bad = [o for o in seen(f, _CHECK, variant) if not o["ok"] and "it serves " in str(o.get("error"))]
        if bad:
            yield Candidate(code, "confirmed", (), tuple(map(line, bad)))


def idle(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Nothing of all that says why."""
    for name, one in _told(f).items():
        yield Candidate("cert.issue-failed", "suspected", _scope(one), (*_log(f, ev, _TROUBLE), *_lines(name, one)))
    if f.check == _CHECK and f.observed.get("not_right"):
        yield Candidate("cert.issue-failed", "confirmed", (), (f.message,))


RULES = (options, issuers, controller, acme, challenges, edge, refused, left, served, idle)
