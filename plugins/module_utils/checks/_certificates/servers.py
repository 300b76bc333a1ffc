# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates of API servers and kubelets, requests of kubelets that wait, and what our own kubeconfig signs in with."""
from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...engine.errors import StepFailed
from ...kube.errors import ApiError
from ...kube.json_text import json_of
from .._api.replicas import _INSIDE, _PUBLISHED, KUBERNETES, ROOT_CA, _not_from_here
from .._nodes.kubelets import port_of
from .._shared.endpoints import endpoints
from .._shared.nodes import moment
from .._shared.optional import optional_get
from .book import Book
from .inside import Inside
from .read import Cert, broken_at, of_ders, of_pem
from .served import NotServed, Place, chain
from .time import DAY, FAIL, ROTATED, ROTATED_NOW, WARN, Bounds, day, near, span

if TYPE_CHECKING:
    from ...engine.context import Context

REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
_SIGNERS = ("kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet")
_NODE = "system:node:"
# What a kubelet signs by itself, where nobody gives it another, is of a CA that it calls so (client-go, util/cert).
_OWN = re.compile(r"-ca@\d+$")
_CLIENTS = "every client of the API"
_TOOLS = "kubectl logs and exec, and metrics, of that node"


# ---- API servers -----------------------------------------------------------------------------------------------------
def own_ca(ctx: Context) -> list[Cert]:
    """The authorities that pods of the cluster trust; none where they are not told."""
    key = (ctx.namespace, ROOT_CA)
    try:
        found = ctx.wait("configmaps", lambda items: items.get(key), "the cluster's own CA", seconds=_PUBLISHED)
    except (StepFailed, ApiError):
        return []
    return of_pem(str((found.get("data") or {}).get("ca.crt") or ""))


def signer(served: Sequence[Cert], anchors: Sequence[Cert]) -> list[Cert]:
    """The authority that the chain leads to, as clients have it themselves; of several the one that lives longest."""
    found = [a for a in anchors if a.fingerprint != served[0].fingerprint and any(c.signed_by(a) for c in served)]
    return [max(found, key=lambda a: a.ends)] if found else []


def api_servers(ctx: Context, book: Book, inside: Inside) -> None:
    """The address of our connection, and each API server by its own: from here, else from a probe."""
    connection = ctx.client.raw.connection
    ours, ca = urlsplit(connection.server), own_ca(ctx)
    settings = connection.configuration
    away = _not_from_here(ctx)
    if ours.scheme == "https" and ours.hostname:
        place = Place(ours.hostname, ours.port or 443, settings.tls_server_name or ours.hostname)
        if away:
            book.leave(f"apiserver/{place.host}:{place.port}", away, quiet=True)
        else:
            _api_server(book, place, lambda: of_ders(chain(place)), ca)
    item = optional_get(ctx, KUBERNETES)
    for e in endpoints([item] if item else []):
        place = Place(e.address, e.port("https") or 443, _INSIDE[0])
        if e.ready and (e.address, place.port) != (ours.hostname, ours.port or 443):
            _api_server(book, place, lambda p=place: _anyhow(p, ca, inside, bool(away)), ca)


def _anyhow(place: Place, ca: list[Cert], inside: Inside, away: bool) -> list[Cert]:
    """From here if that is surely ours, as a private address may be somebody else's; else from inside."""
    if not away:
        try:
            found = of_ders(chain(place, 3.0))
            if not ca or not broken_at(found, ca):
                return found
        except NotServed:
            pass
    return inside.ask(place)


def _api_server(book: Book, place: Place, ask: Any, ca: list[Cert]) -> None:
    target = f"apiserver/{place.host}:{place.port}"
    try:
        found = ask()
    except NotServed as e:
        book.leave(target, str(e))
        return
    book.times(target, found, who=_CLIENTS, trusted=signer(found, ca))


# ---- kubelets --------------------------------------------------------------------------------------------------------
def kubelets(ctx: Context, book: Book, inside: Inside) -> None:
    """Of each node that is asked: from its own probe, as kubelets are seldom reached from elsewhere."""
    nodes = {n: o for n, o in ctx.fleet.nodes.items() if n in set(ctx.fleet.asked)}
    if not nodes:
        why = "are none that is asked" if ctx.fleet.known else "are not known: the nodes may not be listed"
        book.leave("kubelets", why, quiet=ctx.fleet.known)
        return
    inside.anew()
    left: dict[str, str] = {}

    def one(name: str) -> None:
        addresses = {a.get("type"): str(a.get("address")) for a in nodes[name].get("status", {}).get("addresses") or ()}
        address = addresses.get("InternalIP") or addresses.get("ExternalIP") or addresses.get("Hostname") or name
        try:
            found = inside.ask(Place(address, port_of(nodes[name]), address), inside.on(name))
        except NotServed as e:
            left[name] = str(e)
            return
        why = _kubelet(book, name, address, found)
        if why:
            left[name] = why

    ctx.in_parallel(one, nodes, workers=8)
    if left:
        first = sorted(left)[0]
        book.leave(f"{len(left)} of {len(nodes)} kubelets", f"({first}: {left[first]})")


def _kubelet(book: Book, name: str, address: str, found: list[Cert]) -> str:
    """Why what answered is not this node's kubelet; empty where it is judged."""
    cert, usual = found[0], book.bounds
    own = cert.common_name.startswith(f"{name}@") or bool(_OWN.search(cert.issuer))
    if not own and cert.common_name != _NODE + name and not cert.is_for(name) and not cert.is_for(address):
        return f"what answers at its address is {cert.common_name or cert.subject}"
    rotated = Bounds(usual.warn_days, usual.fail_days, ROTATED, ROTATED_NOW)
    if own:  # nobody verifies it, and it is made anew at a start of the kubelet at most
        level, words = near(cert.ends, cert.life, book.clocks, Bounds(0, 0))
        book.times(f"node/{name}", [], node=name)
        if level:
            book.tell("time", f"node/{name}", WARN, f"signed its certificate itself, which {words}", name)
    else:
        book.times(f"node/{name}", found, rotated, node=name, who=_TOOLS)
    return ""


# ---- requests --------------------------------------------------------------------------------------------------------
def requests(ctx: Context, book: Book, patience: float) -> None:
    """Requests of kubelets that nobody has approved or denied. patience: seconds that approvers may take."""
    try:
        items = ctx.client.quiet.list(REQUESTS, strip=_lean).items
    except ApiError as e:
        book.unlisted("certificatesigningrequests", e)
        return
    answered: dict[tuple[str, str], float] = {}
    for item in items:
        if item["conditions"]:
            key = item["signer"], item["user"]
            answered[key] = max(answered.get(key, 0.0), item["made"])
    # Of a kubelet that has asked again since, and was answered, none waits.
    waiting = [i for i in items if not i["conditions"] and i["signer"] in _SIGNERS
               and book.clocks.server - i["made"] > patience
               and i["made"] > answered.get((i["signer"], i["user"]), 0.0)]
    ctx.observe(requests=len(items))
    for item in waiting:
        node = item["user"].removeprefix(_NODE) if item["user"].startswith(_NODE) else ""
        age = span(book.clocks.server - item["made"])
        book.tell("request", f"certificatesigningrequest/{item['name']}", FAIL,
                  f"of {item['user'] or 'somebody'} for {item['signer']} has waited for {age} to be approved", node)


def _lean(item: dict[str, Any]) -> dict[str, Any]:
    made = moment(item["metadata"].get("creationTimestamp"))
    spec = item.get("spec") or {}
    return {"metadata": {}, "name": item["metadata"]["name"], "made": made.timestamp() if made else 0.0,
            "signer": str(spec.get("signerName") or ""), "user": str(spec.get("username") or ""),
            "conditions": len((item.get("status") or {}).get("conditions") or ())}


# ---- our own ---------------------------------------------------------------------------------------------------------
def _claims(token: str) -> dict[str, Any]:
    """What a JWT says of itself; empty for any other token. It is not verified, and none of it is kept."""
    try:
        body = token.split(".")[1]
        found = json_of(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, LookupError):
        return {}
    return found if isinstance(found, dict) else {}


def kubeconfig(ctx: Context, book: Book) -> None:
    """The client certificate and the token of our connection; what lives for less than a day is renewed by whoever gave it."""
    connection = ctx.client.raw.connection
    own = f"this kubeconfig's user, at {connection.server}"
    if path := connection.configuration.cert_file:
        try:
            found = of_pem(Path(path).read_text(encoding="ascii", errors="replace"))
        except OSError as e:
            book.leave("the kubeconfig's certificate", f"could not be read: {e.strerror}")
            found = []
        if found and found[0].life >= DAY:
            book.times("kubeconfig/certificate", found[:1], who=own)
    for token in connection.secrets():
        said = _claims(token)
        try:
            ends, begins = float(said["exp"]), float(said.get("iat") or said.get("nbf") or 0)
        except (KeyError, TypeError, ValueError):
            continue
        if begins and ends - begins < DAY:
            continue
        level, words = near(ends, ends - begins if begins else 365 * DAY, book.clocks, book.bounds)
        book.times("kubeconfig/token", [])
        if level:
            book.tell("time", "kubeconfig/token", level, f"{words}; it would be noticed by {own}")
        else:
            ctx.observe(token_ends=day(ends))
