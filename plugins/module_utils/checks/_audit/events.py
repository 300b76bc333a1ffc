# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Audit events, as files and stores of logs hand them over. Of each only what is compared is kept: at the levels Request and
RequestResponse a line holds whole objects, which may be secret."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...kube.json_text import json_of

# How deep events are looked for in an answer, and how many are taken of one.
_DEPTH, _MOST = 10, 20_000
# The format "legacy" of --audit-log-format.
_LEGACY = re.compile(r'\b(id|stage|method|user|response)="((?:[^"\\]|\\.)*)"')
COMPLETE = "ResponseComplete"
# Stages in which the answer is known. A request that stays unauthenticated ends with ResponseStarted.
_ANSWERED = (COMPLETE, "ResponseStarted", "Panic")


@dataclass(frozen=True)
class Event:
    """code: the HTTP status, None before the answer. where: the file's node or the stream that it was read from."""

    id: str
    stage: str
    verb: str
    user: str
    code: int | None
    where: str


@dataclass(frozen=True)
class Marker:
    """A request of ours: by which id it is to be found, and as what. replica: the API server that answered it; sent: of
    time.monotonic()."""

    id: str
    kind: str
    replica: str
    verb: str
    code: int
    sent: float


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def event_of(item: Any, where: str) -> Event | None:
    """None for what is no audit event."""
    if not isinstance(item, dict) or not isinstance(item.get("auditID"), str):
        return None
    user, status = item.get("user"), item.get("responseStatus")
    code = status.get("code") if isinstance(status, dict) else None
    return Event(item["auditID"], _text(item.get("stage")), _text(item.get("verb")),
                 _text(user.get("username")) if isinstance(user, dict) else "",
                 int(code) if isinstance(code, (int, float)) else None, where)


def _of_legacy(line: str, where: str) -> Event | None:
    if "AUDIT: " not in line:
        return None
    told = dict(_LEGACY.findall(line))
    code = told.get("response", "")
    return Event(told["id"], told.get("stage", ""), told.get("method", "").lower(), told.get("user", ""),
                 int(code) if code.isdigit() else None, where) if told.get("id") else None


def of_lines(text: str, where: str, mark: str) -> Iterator[Event]:
    """Those of a file whose line has the mark in it; a line that was cut is none."""
    for line in text.splitlines():
        if mark not in line:
            continue
        if found := _of_legacy(line, where):
            yield found
            continue
        try:
            item = json_of(line)
        except ValueError:
            continue
        yield from anywhere(item, where)


def anywhere(data: Any, where: str, depth: int = 0) -> Iterator[Event]:
    """Every event in an answer, however it is wrapped there: as an object, or as a text that holds one."""
    if depth > _DEPTH:
        return
    if found := event_of(data, where):
        yield found
    elif isinstance(data, dict):
        for value in data.values():
            yield from anywhere(value, where, depth + 1)
    elif isinstance(data, list):
        for value in data[:_MOST]:
            yield from anywhere(value, where, depth + 1)
    elif isinstance(data, str) and "auditID" in data:
        try:
            yield from anywhere(json_of(data), where, depth + 1)
        except ValueError:
            pass


class Found:
    """What was found so far, by id: the event with the answer in it, where there is one."""

    def __init__(self) -> None:
        self._by_id: dict[str, Event] = {}

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            before = self._by_id.get(event.id)
            if before is None or before.stage not in _ANSWERED:
                self._by_id[event.id] = event

    def of(self, marker: Marker) -> Event | None:
        return self._by_id.get(marker.id)

    def __contains__(self, audit_id: str) -> bool:
        return audit_id in self._by_id

    def wheres(self) -> set[str]:
        return {e.where for e in self._by_id.values() if e.where}


def differs(marker: Marker, event: Event, user: str) -> str:
    """What an event says otherwise than it was; empty where it is right, and of an answer that it does not tell.

    user: who we are to the API server, "" where that is not known.
    """
    if event.verb.lower() != marker.verb:
        return f"verb {event.verb or 'missing'} instead of {marker.verb}"
    if not event.user or (user and event.user != user):
        return f"user {event.user or 'missing'} instead of {user or 'ours'}"
    if event.stage in _ANSWERED and event.code != marker.code:
        return f"code {event.code} instead of {marker.code}"
    return ""


def answered(event: Event) -> bool:
    return event.stage in _ANSWERED
