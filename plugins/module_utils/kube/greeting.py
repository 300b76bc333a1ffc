# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first question to a cluster: whether what answers is a Kubernetes API server at all, within a bounded time."""
from __future__ import annotations

import html
import json
import re
from typing import Any

from .client import Client
from .errors import ApiError
from .program import within

# Seconds for the whole answer; a server that sends a little now and then would hold us for ever.
WHOLE = 15.0
# The reason of an error that says so.
STRANGER = "NotKubernetes"
_TITLE = re.compile(r"<title[^>]*>([^<]{1,400})", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SHOWN = 160


def words(text: str) -> str:
    """What a person would read of an answer: the message of an API, the title of a page, else its text."""
    try:
        data = json.loads(text)
        text = str(data.get("message") or data.get("error") or text) if isinstance(data, dict) else text
    except ValueError:
        title = _TITLE.search(text[:20000])
        text = html.unescape(title[1] if title else _TAG.sub(" ", text[:2000]))
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"


def stranger(server: str, path: str, status: int, what: str, text: str) -> ApiError:
    """Nobody asks further there: it counts as a cluster that is not reached."""
    said = words(text)
    return ApiError("unreachable", None, STRANGER,
                    f"what answers at {server} is no Kubernetes API server: {status}{f' {what}' if what else ''}"
                    + (f", '{said}'" if said and said != what else ""), "GET", path)


def items(client: Any, path: str, answer: Any) -> list[Any]:
    """The objects of a list."""
    found = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise stranger(getattr(client, "server", "the server"), path, 200, "", json.dumps(answer, default=str)[:2000])
    return found


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
        data = json.loads(text)
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
        return str(json.loads(text).get("gitVersion") or "")
    try:
        if _ask(client, "/api", timeout)[3]:
            return ""
    except ApiError as e:
        if e.body is not None and e.status == 403:  # only an API server refuses like that
            return ""
        raise  # it refuses us, it is busy or it is gone: no word about what it is
    raise stranger(client.server, "/version", status, what, text)
