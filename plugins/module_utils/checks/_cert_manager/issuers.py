# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Issuers of cert-manager: which are asked for a certificate, in which ways, and which are not, with the reason.

Which solver of an ACME issuer takes a name follows cert-manager's pkg/controller/acmeorders/util.go.
"""
from __future__ import annotations

import ipaddress
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

GROUP, ACME_GROUP = "cert-manager.io", "acme.cert-manager.io"
API = f"{GROUP}/v1"
HTTP01, DNS01 = "http01", "dns01"
# ACME servers for all the world in production: their limits count for whoever owns the domain. Hosts and domains of hosts.
_PUBLIC = ("letsencrypt.org", "pki.goog", "zerossl.com", "sectigo.com", "buypass.com", "buypass.no", "ssl.com", "digicert.com",
           "globalsign.com", "entrust.net", "harica.gr", "actalis.com", "actalis.it", "certum.pl", "amazontrust.com")
# A label of a host of theirs that is for trying.
_TRYING = ("staging", "test", "demo", "sandbox", "pilot")


@dataclass(frozen=True)
class Issuer:
    """type: key of its spec (acme, ca, selfSigned, vault, venafi), empty where it could not be read. words: of its condition
    Ready, as "Reason: message"."""

    kind: str
    name: str
    namespace: str = ""
    type: str = ""
    ready: bool = True
    words: str = ""
    server: str = ""
    solvers: tuple[dict[str, Any], ...] = field(default=(), compare=False)

    @property
    def called(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def ref(self) -> str:
        """As an object of a scope."""
        return f"{self.kind.lower()}/{self.namespace + '/' if self.namespace else ''}{self.name}"


@dataclass
class Wanted:
    """One certificate of ours. way: http01 or dns01, empty for issuers that prove no name. labels: of the Certificate, by which
    its solver is chosen. solver: of the issuer, where it is known."""

    issuer: Issuer
    way: str
    host: str
    object: str
    labels: dict[str, str] = field(default_factory=dict)
    solver: dict[str, Any] = field(default_factory=dict)
    uid: str = ""
    serials: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.issuer.called} by {self.way}" if self.way else self.issuer.called


def of(item: dict[str, Any]) -> Issuer:
    """An Issuer or ClusterIssuer as the API has it."""
    meta, spec = item["metadata"], item.get("spec") or {}
    acme = spec.get("acme") or {}
    told = next((c for c in (item.get("status") or {}).get("conditions") or () if c.get("type") == "Ready"), {})
    known = next((t for t in ("acme", "ca", "selfSigned", "vault", "venafi") if t in spec), "")
    space = str(meta.get("namespace") or "")
    return Issuer("Issuer" if space else "ClusterIssuer", str(meta["name"]), space, known, told.get("status") == "True",
                  f"{told.get('reason')}: {told.get('message')}" if told else "nobody has written a condition Ready",
                  str(acme.get("server") or ""), tuple(acme.get("solvers") or ()))


def public(server: str) -> bool:
    """Whether an ACME server is one for all the world, in production."""
    host = (urllib.parse.urlsplit(server).hostname or "").lower()
    try:
        ipaddress.ip_address(host)
        return False
    except ValueError:
        pass
    ours = any(host == d or host.endswith(f".{d}") for d in _PUBLIC)
    return ours and not any(word in part for part in host.split(".") for word in _TRYING)


# ---- which solver takes a name ----------------------------------------------------------------------------------
def _rank(selector: dict[str, Any], host: str, labels: dict[str, str]) -> tuple[bool, int, int] | None:
    """How well it fits: by a name, by how much of a zone, by how many labels; None where it does not."""
    wanted, names, zones = (selector.get(k) or type_() for k, type_ in (("matchLabels", dict), ("dnsNames", list), ("dnsZones", list)))
    within = [z for z in (str(z).strip(".").lower() for z in zones) if host == z or host.endswith(f".{z}")]
    if not wanted.items() <= labels.items() or (names and host not in names) or (zones and not within):
        return None
    return bool(names), max((len(z.split(".")) for z in within), default=0), len(wanted)


def solver_for(solvers: Iterable[dict[str, Any]], host: str, labels: dict[str, str]) -> dict[str, Any] | None:
    """The solver that cert-manager takes for a name of a Certificate with these labels; the first of those that fit alike."""
    best, found = None, None
    for one in solvers:
        rank = _rank(one.get("selector") or {}, host, labels)
        if rank is not None and (best is None or rank > best):
            best, found = rank, one
    return found


def way_of(solver: dict[str, Any]) -> str:
    return HTTP01 if "http01" in solver else DNS01 if "dns01" in solver else ""


def ways(issuer: Issuer, host: str) -> tuple[dict[str, tuple[dict[str, str], dict[str, Any]]], dict[str, str]]:
    """({way: (labels for the Certificate, solver)}, {way: why it is not asked}) of an ACME issuer, for a name like this."""
    able: dict[str, tuple[dict[str, str], dict[str, Any]]] = {}
    told: dict[str, str] = {}
    for one in issuer.solvers:
        way, selector = way_of(one), one.get("selector") or {}
        labels = {str(k): str(v) for k, v in (selector.get("matchLabels") or {}).items()}
        if not way or way in able:
            continue
        if solver_for(issuer.solvers, host, labels) is one:
            able[way] = labels, one
            told.pop(way, None)
        elif selector.get("dnsNames"):
            told.setdefault(way, f"its solver takes the names {', '.join(map(str, selector['dnsNames'][:3]))} alone")
        elif selector.get("dnsZones"):
            told.setdefault(way, f"its solver takes names in {', '.join(map(str, selector['dnsZones'][:3]))} alone")
        else:
            told.setdefault(way, "another solver comes before it")
    return able, told
