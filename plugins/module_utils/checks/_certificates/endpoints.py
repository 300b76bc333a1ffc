# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Servers that the inventory lists: their chain as it is served, its trust, its names, and the Secret that it should be of."""
from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...kube.errors import ApiError
from .book import Book
from .hooks import _for
from .inside import Inside
from .options import Endpoint
from .read import Cert, broken_at, of_ders, of_pem
from .secrets import certificate_alone, compare
from .served import NotServed, chain, distrust
from .servers import signer
from .time import FAIL, WARN

if TYPE_CHECKING:
    from ...engine.context import Context

_NAME_ONE = "name its CA (ca_file), or say self_signed where that is meant"


@cache
def _usual() -> tuple[Cert, ...]:
    """The authorities that this machine trusts, as far as they lie in one file."""
    context = ssl.create_default_context()
    return tuple(of_ders(context.get_ca_certs(binary_form=True)))


def prove(ctx: Context, book: Book, inside: Inside, listed: list[Endpoint]) -> None:
    ctx.in_parallel(lambda one: _endpoint(ctx, book, inside, one), listed, workers=8)


def _endpoint(ctx: Context, book: Book, inside: Inside, one: Endpoint) -> None:
    place, target = one.place, one.target
    try:
        served = inside.ask(place) if one.inside else of_ders(chain(place))
        if not served:
            raise NotServed("shows a certificate that cannot be read")
    except NotServed as e:
        book.leave(target, f"({one.name}) {e}" if one.name != place.host else str(e), must=True)
        return
    given = [*of_pem(one.ca), *(of_pem(Path(one.ca_file).read_text(encoding="ascii", errors="replace")) if one.ca_file else ())]
    broken, taken = ("", False) if one.self_signed else _broken(one, served, given)
    if not one.self_signed:
        level = "" if not broken else FAIL if given else WARN
        book.tell("trust", target, level, broken and f"is not trusted: {broken}" + ("" if given else f"; {_NAME_ONE}"))
    wrong = "" if served[0].is_for(place.name) else f"is asked for {place.name}, and its certificate is for {_for(served[0])}"
    book.tell("name", target, FAIL if wrong else "", wrong)
    anchors = given or list(_usual())
    book.times(target, served, one.bounds, who=f"clients of {one.name}", proved=taken,
               stand_ins={a.key for a in anchors if a.ends > book.clocks.server + book.bounds.warn_days * 86400},
               trusted=signer(served, given))
    if one.stored:
        _stored(ctx, book, one, served)


def _broken(one: Endpoint, served: list[Cert], given: list[Cert]) -> tuple[str, bool]:
    """(why clients that trust the given authorities, else those of this machine, do not take it, whether one took it)."""
    if one.inside:
        return broken_at(served, given) if given else "", False
    return distrust(one.place, one.ca_file or None, one.ca)


def _stored(ctx: Context, book: Book, one: Endpoint, served: list[Cert]) -> None:
    space, name = one.stored or ("", "")
    where = f"secret/{space}/{name}"
    try:  # by a list, which is what the right is for
        found = ctx.client.quiet.list(f"/api/v1/namespaces/{space}/secrets", params={"fieldSelector": f"metadata.name={name}"},
                                      strip=certificate_alone).items
    except ApiError as e:
        book.leave(where, "may not be read" if e.status == 403 else f"could not be read: {e.message}", must=True)
        return
    kept = found[0]["chain"] if found else []
    if not kept:
        book.leave(where, "holds no certificate in tls.crt" if found else "is not there", must=True)
        return
    compare(book, one.target, one.place, served, kept, where)
