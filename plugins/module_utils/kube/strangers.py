# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What answers in place of a Kubernetes API server: pages and JSON of balancers, firewalls and portals."""
from __future__ import annotations

import json
from typing import Any

from .errors import ApiError
from .pages import words

# The reason of an error that says so.
STRANGER = "NotKubernetes"


def stranger(server: str, path: str, status: int, what: str, text: str) -> ApiError:
    """Nobody asks further there: it counts as a cluster that is not reached."""
    said = words(text)
    return ApiError("unreachable", None, STRANGER,
                    f"what answers at {server} is no Kubernetes API server: {status}{f' {what}' if what else ''}"
                    + (f", '{said}'" if said and said != what else ""), "GET", path)


def items(client: Any, path: str, answer: Any) -> list[Any]:
    """The objects of a list. Some that make no sense are left to those who read them, all are of no API server."""
    found = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(found, list) or (found and not any(isinstance(item, dict) for item in found)):
        raise stranger(getattr(client, "server", "the server"), path, 200, "", shown(answer))
    return found


def shown(answer: Any) -> str:
    """An answer as it may have been sent."""
    try:
        return json.dumps(answer, default=str)[:2000]
    except RecursionError:
        return "it is nested too deep"
