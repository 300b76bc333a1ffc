# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Warnings of the cluster at the moment in which a test failed: its own namespace is removed soon, and its events with it."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..kube.client import Client
from ..kube.errors import ApiError
from ..kube.reading import stamp_of

# Of so many seconds, so many lines of so many characters; a busy cluster has thousands.
_RECENT, _MOST, _WIDTH = 600.0, 60, 300
_OF_TEST = 20


def _at(event: Mapping[str, Any]) -> float:
    """Epoch seconds of an event's last time; 0.0 where it tells none."""
    series = event.get("series") or {}
    return stamp_of(series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime"))


def _line(event: Mapping[str, Any]) -> str:
    what = event.get("involvedObject") or {}
    words = " ".join(str(event.get("message") or "").split())
    place = "/".join(w for w in (what.get("namespace"), str(what.get("kind", "")).lower(), what.get("name")) if w)
    return f"{place}: {event.get('reason', '')}: {words}"[:_WIDTH]


def warnings(client: Client) -> list[str]:
    """Lines of the newest warnings, NAMESPACE/KIND/NAME: REASON: MESSAGE, the newest first; none where they cannot be read."""
    try:
        items = client.list("/api/v1/events", {"fieldSelector": "type=Warning"}, most=2000).items
    except ApiError:
        return []
    since = client.now() - _RECENT
    recent = sorted((e for e in items if _at(e) >= since), key=_at, reverse=True)
    return list(dict.fromkeys(map(_line, recent)))[:_MOST]


def of_test(text: str, lines: Sequence[str]) -> list[str]:
    """Of these, what is of a namespace that the test's words name."""
    found = [line for line in lines if re.search(rf"(?<![\w-]){re.escape(line.partition('/')[0])}(?![\w-])", text)]
    return found[:_OF_TEST]
