# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What API servers call: webhooks of admission and conversion, aggregated APIs. Their certificates, against the caBundle by
which they are trusted."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...kube.errors import ApiError
from .._shared.optional import optional_get
from .book import Book
from .inside import Inside
from .read import Cert, broken_at, of_base64
from .served import NotServed, Place
from .servers import signer
from .time import FAIL

if TYPE_CHECKING:
    from ...engine.context import Context

_ADMISSION = "/apis/admissionregistration.k8s.io/v1/"
_APIS = "/apis/apiregistration.k8s.io/v1/apiservices"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
# CRDs of a page: each may have its schema of a megabyte.
_PAGE = 50


@dataclass(frozen=True)
class Called:
    """One server that API servers call. bundle: the caBundle as the API has it. verified: whether it is asked for its name
    and CA at all."""

    target: str
    service: tuple[str, str, int] | None
    url: str
    bundle: str
    verified: bool
    who: str


def _config(target: str, config: Any, who: str, verified: bool = True) -> Called:
    config = config or {}
    service = config.get("service") or None
    where = tuple(str(service.get(n) or "") for n in ("namespace", "name")) if service else ()
    return Called(target, (*where, int(service.get("port") or 443)) if where else None, str(config.get("url") or ""),
                  str(config.get("caBundle") or ""), verified, who)


def _hooks(kind: str) -> Callable[[dict[str, Any]], Iterator[Called]]:
    def read(item: dict[str, Any]) -> Iterator[Called]:
        for hook in item.get("webhooks") or ():
            yield _config(f"{kind}/{item['metadata']['name']}", hook.get("clientConfig"),
                          f"whoever writes what webhook {hook.get('name')} guards")

    return read


def _conversion(item: dict[str, Any]) -> Iterator[Called]:
    conversion = (item.get("spec") or {}).get("conversion") or {}
    if conversion.get("strategy") == "Webhook":
        name = item["metadata"]["name"]
        yield _config(f"customresourcedefinition/{name}", (conversion.get("webhook") or {}).get("clientConfig"),
                      f"whoever reads or writes {name}")


def _aggregated(item: dict[str, Any]) -> Iterator[Called]:
    spec, name = item.get("spec") or {}, item["metadata"]["name"]
    if spec.get("service"):
        yield _config(f"apiservice/{name}", spec, f"clients of the API {name}", not spec.get("insecureSkipTLSVerify"))


def _strip(read: Callable[[dict[str, Any]], Iterator[Called]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda item: {"metadata": {}, "called": list(read(item))}


_LISTS = (("validatingwebhookconfigurations", _ADMISSION + "validatingwebhookconfigurations",
           _hooks("validatingwebhookconfiguration"), 500),
          ("mutatingwebhookconfigurations", _ADMISSION + "mutatingwebhookconfigurations",
           _hooks("mutatingwebhookconfiguration"), 500),
          ("customresourcedefinitions", _CRDS, _conversion, _PAGE), ("apiservices", _APIS, _aggregated, 500))


def listed_in(ctx: Context, book: Book, kinds: tuple[str, ...]) -> list[Called]:
    """All servers that objects of these kinds name; what may not be listed is left."""
    found: dict[Called, None] = {}
    for name, path, read, page in _LISTS:
        if name not in kinds:
            continue
        try:
            for item in ctx.client.quiet.list(path, strip=_strip(read), page=page).items:
                found.update(dict.fromkeys(item["called"]))
        except ApiError as e:
            book.unlisted(name, e)
    return list(found)


def prove(ctx: Context, book: Book, inside: Inside, kinds: tuple[str, ...]) -> None:
    """Every server is asked once, whatever how many objects name it."""
    called = [c for c in listed_in(ctx, book, kinds) if c.verified]  # else nobody looks at its time, either
    wheres = list(dict.fromkeys(c.service for c in called if c.service))

    def ask(where: tuple[str, str, int]) -> list[Cert] | str:
        space, service, port = where
        item = optional_get(ctx, f"/api/v1/namespaces/{space}/services/{service}") or {}
        address = str((item.get("spec") or {}).get("clusterIP") or "")
        name = f"{service}.{space}.svc"
        try:
            return inside.ask(Place(address if address not in ("", "None") else name, port, name))
        except NotServed as e:
            return str(e)

    inside.anew()
    served = dict(zip(wheres, ctx.in_parallel(ask, wheres, workers=4)))
    for one in called:
        _judge(book, one, served.get(one.service, "") if one.service else
               f"is called at {urlsplit(one.url).netloc or 'no address'}, which is reached by API servers alone")


def _judge(book: Book, one: Called, served: list[Cert] | str) -> None:
    bundle = of_base64(one.bundle)
    if isinstance(served, str):
        book.leave(one.target, served, quiet=not one.service)
        if bundle:  # of several one is enough
            book.times(one.target, [max(bundle, key=lambda c: c.ends)], who=one.who)
        return
    name = f"{one.service[1]}.{one.service[0]}.svc" if one.service else ""
    broken = broken_at(served, bundle) if bundle else ""
    book.tell("trust", one.target, FAIL if broken else "", broken and f"is called at {name}, where {broken}")
    wrong = "" if served[0].is_for(name) else f"is called at {name}, whose certificate is for {_for(served[0])}"
    book.tell("name", one.target, FAIL if wrong else "", wrong)
    book.times(one.target, served, who=one.who, trusted=signer(served, bundle))


def _for(cert: Cert) -> str:
    """The names of a certificate, the first of them."""
    names = [*cert.names, *cert.addresses]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") if names else "no name at all"
