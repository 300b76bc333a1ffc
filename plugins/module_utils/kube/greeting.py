# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first question to a cluster: whether what answers is a Kubernetes API server at all, within a bounded time."""
from __future__ import annotations

from .client import Client
from .errors import ApiError
from .json_text import json_of
from .program import within
from .strangers import STRANGER, items, stranger, words

__all__ = ["STRANGER", "items", "stranger", "version_of", "words"]
# Seconds for the whole answer; a server that sends a little now and then would hold us for ever.
WHOLE = 15.0


def _ask(client: Client, path: str, timeout: float) -> tuple[int, str, str, bool]:
    """(status, its words, text, whether only an API server answers so)."""
    try:
        text, headers = within(WHOLE, lambda: client.request("GET", path, timeout=timeout, raw=True, with_headers=True))
    except TimeoutError:
        raise ApiError("timeout", None, "Timeout", f"no whole answer from {client.server} within {WHOLE:.0f} s", "GET", path) \
            from None
    except ApiError as e:
        if e.status == 401 and (ended := client.connection.certificate_ended()):
            e.message = f"{e.message or e.reason}; the client certificate ended on {ended}"
        if e.kind != "http" or e.status == 401 or e.body is not None:
            raise
        return e.status or 0, e.reason, e.message, False
    try:
        data = json_of(text)
    except ValueError:
        data = None
    known = isinstance(data, dict) and (bool(data.get("gitVersion")) or data.get("kind") == "APIVersions")
    return 200, str(headers.get("Content-Type") or "").partition(";")[0].strip(), text, known


def version_of(client: Client, timeout: float = 5.0) -> str:
    """The version of the API server, "" where it hides it. ApiError where none answers.

    Where something before it keeps /version to itself, a second question decides.
    """
    status, what, text, known = _ask(client, "/version", timeout)
    if known:
        return str(json_of(text).get("gitVersion") or "")
    try:
        if _ask(client, "/api", timeout)[3]:
            return ""
    except ApiError as e:
        if e.body is not None and e.status == 403:  # only an API server refuses like that
            return ""
        raise  # it refuses us, it is busy or it is gone: no word about what it is
    raise stranger(client.server, "/version", status, what, text)
