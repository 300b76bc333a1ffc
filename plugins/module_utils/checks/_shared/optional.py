# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions to the API server that a check can do without."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError

if TYPE_CHECKING:
    from ...engine.context import Context


def optional_get(ctx: Context, path: str, params: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """The object or list, or None when we may not see it, it does not exist, or the API server does not tell it now.

    It goes past the recording client, as a refusal here is not what a later failure comes from; what was not read for another
    reason than these two is observed.
    """
    try:
        return ctx.client.raw.get(path, params=params)
    except ApiError as e:
        if e.status not in (401, 403, 404):
            ctx.observe(**{f"not_read {path}": e.message or e.reason})
        return None
