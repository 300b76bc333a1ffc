# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gateways: conditions that say no, by the reasons that the Gateway API defines (apis/v1), and those that nobody sets."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .evidence import Candidate, Evidence
from .finding import Finding
from .paths import line, seen
from .rules_ingress import around

# Reason -> what to look at. From gatewayclass_types.go, gateway_types.go, httproute_types.go of the API.
_REMEDIES = {
    "InvalidParameters": "look at the object that parametersRef of the class or Gateway names",
    "UnsupportedVersion": "bring the definitions of the Gateway API to a version that the controller supports",
    "UnsupportedAddress": "take the address out of the Gateway, or name one that the controller can give",
    "InvalidCertificateRef": "look at the Secret in certificateRefs of the listener: whether it is there, and whole",
    "PortUnavailable": "give the listener a port that the controller serves; Traefik's are the ports of its entry points",
    "HostnameConflict": "give the listeners of one port different host names",
    "ProtocolConflict": "give the listeners of one port one protocol",
    "InvalidRouteKinds": "correct allowedRoutes.kinds of the listener",
    "UnsupportedProtocol": "use a protocol that the controller supports",
    "NotAllowedByListeners": "let allowedRoutes of the listener take routes of this namespace",
    "NoMatchingListenerHostname": "make the host names of the route fit the host name of the listener",
    "NoMatchingParent": "name a listener and port in parentRefs of the route that the Gateway has",
    "BackendNotFound": "name a Service in backendRefs that is there",
    "InvalidKind": "name a Service in backendRefs, or a kind that the controller supports",
    "UnsupportedValue": "take out of the route what the controller does not support",
}
_GRANT = "make a ReferenceGrant in the namespace of what is named, for the kind and namespace that name it"
# Words of an answer by which somebody says that he does not reach who is behind him.
_BEHIND = (": 500", ": 502", ": 503", ": 504", "in time", "reset", "empty answer")
_ADDRESSES = ("AddressNotAssigned", "NoResources", "AddressNotUsable")


def _unmet(f: Finding) -> list[dict[str, Any]]:
    told = f.observed.get("unmet_conditions")
    return [u for u in told if isinstance(u, dict)] if f.check == "gateway" and isinstance(told, list) else []


def ref_of(told: str) -> str:
    """"Gateway infra/shared listener web" as gateway/infra/shared; a route of ours has no namespace in it."""
    kind, _space, rest = told.partition(" ")
    return f"{kind.lower()}/{rest.partition(' ')[0]}"


def _scope(f: Finding, one: dict[str, Any]) -> str:
    ref = ref_of(str(one.get("object")))
    if ref.count("/") == 1 and not ref.startswith("gatewayclass/"):
        space = next((p.get("namespace") for p in f.path if p["kind"] == "HTTPRoute"), "")
        return ref.replace("/", f"/{space}/", 1) if space else ref
    return ref


def _text(one: dict[str, Any]) -> str:
    said = ": ".join(str(one[k]) for k in ("reason", "message") if one.get(k))
    return f"{one.get('object')} {one.get('type')}={one.get('status')} {said}".strip()


def refused(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """What a controller says no to: the first of them, as the others follow from it; a listener before its Gateway."""
    no = [u for u in _unmet(f) if u.get("status") == "False"]
    first = next((u for u in no if u.get("reason") not in _ADDRESSES and u.get("type") != "Programmed"), no[0] if no else None)
    if first is None or first.get("reason") in _ADDRESSES:
        return
    remedy = _GRANT if first.get("reason") == "RefNotPermitted" or "ReferenceGrant" in str(first.get("message")) \
        else _REMEDIES.get(str(first.get("reason")), "")
    yield Candidate("gw.not-programmed", "confirmed", (_scope(f, first),),
                    tuple(map(_text, (first, *(u for u in no if u is not first)))),
                    remedy=remedy)


def unset(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """What nobody says anything of, or has no address, while the controller works or is not seen."""
    left = [u for u in _unmet(f) if u.get("status") != "False" or u.get("reason") in _ADDRESSES]
    if not left:
        return
    lines = [f"{site}: nothing here looks like its controller {one.get('controller')}" for site, one in around(f).items()
             if one.get("known") and not one.get("workloads")]
    yield Candidate("gw.not-programmed", "probable", tuple(dict.fromkeys(_scope(f, u) for u in left)),
                    (*lines, *map(_text, left)))


def unrouted(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """Conditions say yes, and our host is answered as one that nobody routes, or by somebody else."""
    lost = [o for o in seen(f, "gateway", "route", "second") if not o["ok"]]
    words = " ".join(str(o.get("error")) for o in lost)
    empty = [o for o in seen(f, "service", "endpoints") if not o["ok"]]
    if f.check != "gateway" or not lost or empty or any(w in words for w in _BEHIND):
        return
    mine = next((p for p in f.path if p["kind"] == "HTTPRoute"), None)
    yield Candidate("gw.not-programmed", "probable", (f"httproute/{mine.get('namespace')}/{mine['name']}",) if mine else (),
                    ("its conditions say that it is accepted", *map(line, lost)))


RULES = (refused, unset, unrouted)
