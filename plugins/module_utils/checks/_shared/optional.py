# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions to the API server that a check can do without."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError
from ...kube.listing import Strip

if TYPE_CHECKING:
    from ...engine.context import Context


def optional_get(ctx: Context, path: str, params: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """The object or list, or None when we may not see it, it does not exist, or the API server does not tell it now.

    It is asked by the client that keeps no errors, as a refusal here is not what a later failure comes from; what was not read
    for another reason than these two is observed.
    """
    return _unless_refused(ctx, path, lambda: ctx.client.quiet.get(path, params=params))


def optional_list(ctx: Context, path: str, strip: Strip | None = None) -> list[dict[str, Any]] | None:
    """The same for all objects of a list, however many there are. strip(object): each as it is kept."""
    return _unless_refused(ctx, path, lambda: ctx.client.quiet.list(path, strip=strip).items)


def _unless_refused(ctx: Context, path: str, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ApiError as e:
        if e.status not in (401, 403, 404):
            ctx.observe(**{f"not_read {path}": e.message or e.reason})
        return None
