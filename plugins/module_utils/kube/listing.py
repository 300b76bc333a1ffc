# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists in pages: what there is, and whether that is all of it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import ApiError
from .strangers import items as items_of

# Objects of one page, as kubectl asks for them.
PAGE = 500
# As Accept, for a list whose objects are asked for their labels and annotations only.
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
# So often a list is begun again when the server has forgotten where it was (410); then it is asked for in one piece.
_AGAIN = 2

# An object as it is kept: without what nobody needs.
Strip = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Listing:
    """The objects of a list.

    whole: whether there are no others (False after `most` of them). resource_version: of the moment that all pages tell of,
    from which a watch goes on; "" where the server names none.
    """

    items: list[dict[str, Any]]
    whole: bool
    resource_version: str


def read(client: Any, path: str, params: Any = None, timeout: float = 10.0, page: int = PAGE, most: int | None = None,
         metadata_only: bool = False, strip: Strip | None = None) -> Listing:
    """As Client.list, for whoever has `request`."""
    more = {"headers": {"Accept": METADATA}} if metadata_only else {}

    def ask(asked: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        answer = client.request("GET", path, params=asked, timeout=timeout, **more)
        if isinstance(answer, dict) and "items" in answer and answer["items"] is None:
            answer["items"] = []  # an aggregated API may say so of an empty list
        found, about = items_of(client, path, answer), answer.get("metadata")
        about = about if isinstance(about, dict) else {}
        if about.get("continue") and about["continue"] == asked.get("continue"):
            raise ApiError("http", 200, "NoEnd", "the list has no end: what follows a page is that page again", "GET", path)
        return found, about

    for _turn in range(_AGAIN):
        try:
            return _pages(ask, dict(params or {}), page, most, strip)
        except ApiError as e:
            if e.status != 410:
                raise
    return _pages(ask, dict(params or {}), 0, most, strip)


def _pages(ask: Callable[[dict[str, Any]], tuple[list[dict[str, Any]], dict[str, Any]]], params: dict[str, Any], page: int,
           most: int | None, strip: Strip | None) -> Listing:
    """page: 0 for all at once."""
    found: list[dict[str, Any]] = []
    version = ""
    while True:
        limit = page if most is None else min(page or most, most - len(found))
        items, about = ask({**params, "limit": limit} if limit else params)
        found += map(strip, items) if strip else items
        version = version or str(about.get("resourceVersion") or "")
        follows = about.get("continue")
        if not follows or (most is not None and len(found) >= most):
            more = most is not None and len(found) > most  # of a server that knows no limit
            return Listing(found[:most] if more else found, not follows and not more, version)
        # What follows is of the moment of the first page, so that no other may be named.
        params = {k: v for k, v in params.items() if k not in ("resourceVersion", "resourceVersionMatch")}
        params["continue"] = follows
