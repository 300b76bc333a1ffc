# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates that lie in Secrets, who uses them, and whether ingress hosts serve what is stored for them.

Nothing of a Secret but its certificate is kept: the rest is dropped where its page is read.
"""
from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError
from .._shared.nodes import moment
from .._shared.text import listed
from .book import Book
from .hooks import _for
from .inside import Inside
from .read import Cert, of_base64, of_ders
from .served import NotServed, Place, chain
from .time import FAIL, WARN, Bounds, day, near

if TYPE_CHECKING:
    from ...engine.context import Context

SECRETS = "/api/v1/secrets"
INGRESSES = "/apis/networking.k8s.io/v1/ingresses"
CERTIFICATES = "/apis/cert-manager.io/v1/certificates"
TLS = "kubernetes.io/tls"
# Secrets of a page: certificates with their chains and keys are some kilobytes each.
_PAGE = 200
# cert-manager may be so late (seconds), and so may who serves be with what was stored.
_GRACE, _RELOAD = 3600.0, 600.0
# Of hosts, so many are asked; and in so many namespaces it is looked who uses a Secret that ends.
_HOSTS, _SPACES = 100, 20
Key = tuple[str, str]


@dataclass
class Stored:
    """By (namespace, name). read: whether Secrets could be listed; users: what names one; due: when cert-manager renews it."""

    chains: dict[Key, list[Cert]] = field(default_factory=dict)
    read: bool = False
    users: dict[Key, list[str]] = field(default_factory=dict)
    due: dict[Key, float] = field(default_factory=dict)
    # (ingress, host, address, Secret)
    hosts: list[tuple[str, str, str, Key]] = field(default_factory=list)


def certificate_alone(item: dict[str, Any]) -> dict[str, Any]:
    """Of a Secret its name and certificate; the key is not looked at."""
    meta = item.get("metadata") or {}
    return {"metadata": {}, "key": (str(meta.get("namespace") or ""), str(meta.get("name") or "")),
            "chain": of_base64(str((item.get("data") or {}).get("tls.crt") or ""))}


def _list(ctx: Context, book: Book, what: str, path: str, strip: Any, params: Any = None) -> list[Any] | None:
    try:
        return ctx.client.quiet.list(path, params=params, strip=strip, page=_PAGE).items
    except ApiError as e:
        book.unlisted(what, e, quiet=path == SECRETS)
        return None


def _ingress(item: dict[str, Any]) -> dict[str, Any]:
    spec, meta = item.get("spec") or {}, item["metadata"]
    points = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    address = next((str(p.get("ip") or p.get("hostname")) for p in points if p.get("ip") or p.get("hostname")), "")
    return {"metadata": {}, "ref": f"{meta['namespace']}/{meta['name']}", "space": meta["namespace"], "address": address,
            "tls": [(str(t.get("secretName") or ""), list(t.get("hosts") or ())) for t in spec.get("tls") or ()]}


def _managed(item: dict[str, Any]) -> dict[str, Any]:
    due = moment((item.get("status") or {}).get("renewalTime"))
    key = item["metadata"]["namespace"], str((item.get("spec") or {}).get("secretName") or "")
    return {"metadata": {}, "key": key, "due": due.timestamp() if due else 0.0}


def read(ctx: Context, book: Book) -> Stored:
    """What is stored, and what names it."""
    out = Stored()
    found = _list(ctx, book, "TLS Secrets", SECRETS, certificate_alone, {"fieldSelector": f"type={TLS}"})
    out.read = found is not None
    out.chains = {i["key"]: i["chain"] for i in found or () if i["chain"]}
    for item in _list(ctx, book, "ingresses", INGRESSES, _ingress) or ():
        for name, hosts in item["tls"]:
            key = item["space"], name
            if name:
                out.users.setdefault(key, []).append(f"ingress/{item['ref']}")
            out.hosts += [(item["ref"], str(h), item["address"], key) for h in hosts]
    for item in (_list(ctx, book, "certificates of cert-manager", CERTIFICATES, _managed) or ()) if out.chains else ():
        if item["due"]:
            out.due[item["key"]] = item["due"]
    return out


# ---- what is stored ----------------------------------------------------------------------------------------------------
def prove(ctx: Context, book: Book, stored: Stored) -> None:
    ending = {}
    for key, found in stored.chains.items():
        level = max((near(c.ends, c.life, book.clocks, book.bounds)[0] for c in found), key=("", WARN, FAIL).index)
        due = stored.due.get(key, 0.0)
        if level and due and book.clocks.server < due + _GRACE and found[0].ends > book.clocks.server:
            level = ""  # cert-manager renews it in time
        if level:
            ending[key] = found
        else:
            book.times(_ref(key), [])
    unasked = _who(ctx, stored, set(ending))
    for key, found in ending.items():
        users, due = stored.users.get(key, []), stored.due.get(key, 0.0)
        late = f", and cert-manager had to renew it on {day(due)}" if due and book.clocks.server > due + _GRACE else ""
        nobody = "whoever uses it, which is not known" if key[0] in unasked else "nobody: no Ingress and no pod uses it"
        book.times(_ref(key), found, who=(listed(users) or nobody) + late, cap=FAIL if users else WARN)


def _ref(key: Key) -> str:
    return f"secret/{key[0]}/{key[1]}"


def _who(ctx: Context, stored: Stored, ending: set[Key]) -> set[str]:
    """Pods that use Secrets that end, in their namespaces alone; those of which that is not known."""
    spaces = sorted({space for space, name in ending if not stored.users.get((space, name))})
    unasked = set(spaces[_SPACES:])
    for space in spaces[:_SPACES]:
        try:
            pods = ctx.client.quiet.list(f"/api/v1/namespaces/{space}/pods", strip=_uses).items
        except ApiError:
            unasked.add(space)
            continue
        for pod in pods:
            for name in pod["uses"]:
                users = stored.users.setdefault((space, name), [])
                if len(users) < 5:
                    users.append(f"pod/{space}/{pod['name']}")
    return unasked


def _uses(item: dict[str, Any]) -> dict[str, Any]:
    """Secrets that a pod mounts."""
    names = set()
    for volume in (item.get("spec") or {}).get("volumes") or ():
        sources = [volume, *((volume.get("projected") or {}).get("sources") or ())]
        secrets = [s["secret"] for s in sources if isinstance(s.get("secret"), dict)]
        names |= {str(s.get("secretName") or s.get("name") or "") for s in secrets}
    return {"metadata": {}, "name": item["metadata"]["name"], "uses": sorted(names - {""})}


# ---- what is served ----------------------------------------------------------------------------------------------------
def compare(book: Book, target: str, place: Place, served: list[Cert], stored: list[Cert], where: str) -> None:
    """What is served at a place against what is stored for it: the same, an older one, or another."""
    first, kept = served[0], stored[0]
    if first.fingerprint == kept.fingerprint:
        book.tell("stale", target)
        return
    if not first.is_for(place.name):
        book.tell("other", target, FAIL, f"serves a certificate for {_for(first)} in place of the one of {where}")
    elif kept.begins > first.begins:
        level = WARN if book.clocks.server - kept.begins < _RELOAD else FAIL
        book.tell("stale", target, level, f"serves a certificate that ends on {day(first.ends)}, and {where} has a newer one "
                  f"since {day(kept.begins)}, until {day(kept.ends)}: who serves it has not loaded it")
    else:  # something before it speaks TLS by another certificate, or the Secret is of another
        book.ctx.observe(**{f"another_certificate {target}": f"as new as that of {where} or newer, and for the name"})


def hosts(ctx: Context, book: Book, stored: Stored, inside: Inside) -> None:
    """Hosts of Ingresses, at the addresses that these have got."""
    inside.anew()
    asked = [h for h in stored.hosts if h[2] and h[3][1]][:_HOSTS]
    if len(asked) < len(stored.hosts):
        ctx.observe(ingress_hosts=f"{len(asked)} of {len(stored.hosts)} asked")
    ctx.in_parallel(lambda one: _host(ctx, book, stored, inside, *one), asked, workers=8)


def _served(place: Place, inside: Inside) -> list[Cert]:
    """From here, else from inside. A private address is another machine's in another network: from inside first, and what answers
    here is taken only where it shows the right name."""
    try:
        private = not ipaddress.ip_address(place.host).is_global
    except ValueError:
        private = False
    if not private:
        try:
            return of_ders(chain(place, 5.0))
        except NotServed:
            return inside.ask(place)
    try:
        return inside.ask(place)
    except NotServed as e:
        try:
            found = of_ders(chain(place, 3.0))
        except NotServed:
            raise e from None
        if not found or not found[0].is_for(place.name):
            raise NotServed(f"{e}; what answers there from here is perhaps another server") from None
        return found


def _host(ctx: Context, book: Book, stored: Stored, inside: Inside, ref: str, host: str, address: str, key: Key) -> None:
    name = host.replace("*", f"assay-{ctx.nonce}", 1)
    place = Place(address, 443, name)
    try:
        served = _served(place, inside)
    except NotServed as e:
        book.leave(f"ingress/{ref} ({host})", str(e))
        return
    target = f"ingress/{ref}"
    kept = stored.chains.get(key)
    if kept:
        compare(book, target, place, served, kept, _ref(key))
    elif stored.read:
        book.leave(f"{_ref(key)} of {target}", "is not there, or holds no certificate")
    wrong = "" if served[0].is_for(name) else f"serves {host} with a certificate for {_for(served[0])}"
    if not kept or kept[0].is_for(name) is False:
        book.tell("name", target, FAIL if wrong else "", wrong)
    book.times(target, served, Bounds(book.bounds.warn_days, book.bounds.fail_days), who=f"visitors of {host}")
