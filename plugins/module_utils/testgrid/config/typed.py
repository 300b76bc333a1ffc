# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file's data held against the messages of the configuration: unknown fields and wrong types, as strict parsing finds them.

What fits is turned into plain values in place, what does not is left out, so that it is told once.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import schema
from .located import Entry, Items, Problem, Written

_LOW, _HIGH = -2**31, 2**31 - 1
_RANGE = re.compile(r"(\d+)-(\d+)")
_LEFT_OUT = object()


def _said(value: Any) -> str:
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(str(value))


def _number(value: Any, low: float = _LOW, high: float = _HIGH) -> int | None:
    given = value.value if isinstance(value, Written) else value
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    return given if isinstance(given, int) and not isinstance(given, bool) and low <= given <= high else None


def _str(value: Any) -> Any:
    return str(value) if isinstance(value, str) else _LEFT_OUT


def _int(value: Any) -> Any:
    found = _number(value)
    return _LEFT_OUT if found is None else found


def _bool(value: Any) -> Any:
    given = value.value if isinstance(value, Written) else None
    return given if isinstance(given, bool) else _LEFT_OUT


def _float(value: Any) -> Any:
    given = value.value if isinstance(value, Written) else None
    return float(given) if isinstance(given, (int, float)) and not isinstance(given, bool) else _LEFT_OUT


_PLAIN: dict[str, tuple[Callable[[Any], Any], str]] = {
    "str": (_str, "a text"), "int": (_int, "a whole number"), "bool": (_bool, "true or false"), "float": (_float, "a number")}


class _Typing:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def message(self, entry: Entry, name: str, more: tuple[str, ...] = ()) -> None:
        """more: names of messages whose fields may be there, too."""
        fields = {k: t for n in (name, *more) for k, t in schema.MESSAGES[n].items()}
        for key, value in list(entry.items()):
            kind = fields.get(key)
            if kind is None:
                words = schema.WORDS.get(name, name)
                self.problems.append(entry.problem(f"{key} is not known in a {words}{schema.meant(key, name)}", key))
            unset = kind is None or value is None
            found = _LEFT_OUT if unset else self.value(value, kind, entry, key, entry.where(key))
            if found is _LEFT_OUT:
                del entry[key]
            else:
                entry[key] = found

    def wrong(self, entry: Entry, line: int, message: str) -> Any:
        self.problems.append(Problem(entry.file, line, message))
        return _LEFT_OUT

    def value(self, value: Any, kind: str, entry: Entry, key: str, line: int) -> Any:
        if kind == "any":
            return value
        if kind.startswith("["):
            return self.items(value, kind[1:-1], entry, key, line)
        if kind in _PLAIN:
            read, wanted = _PLAIN[kind]
            found = read(value)
            return found if found is not _LEFT_OUT else self.wrong(entry, line, f"{key}: must be {wanted}, not {_said(value)}")
        if span := _RANGE.fullmatch(kind):
            found = _number(value, int(span[1]), int(span[2]))
            wanted = f"a number from {span[1]} to {span[2]}"
            return found if found is not None else self.wrong(entry, line, f"{key}: must be {wanted}, not {_said(value)}")
        if not isinstance(value, Entry):
            return self.wrong(entry, line, f"{key}: must be a mapping, not {_said(value)}")
        self.message(value, kind)
        return value

    def items(self, value: Any, kind: str, entry: Entry, key: str, line: int) -> Any:
        if not isinstance(value, Items):
            return self.wrong(entry, line, f"{key}: must be a list, not {_said(value)}")
        out = Items()
        for item, at in zip(value, value.lines):
            found = self.value(item, kind, entry, key, at)
            if found is not _LEFT_OUT:
                out.append(found)
                out.lines.append(at)
        return out


def check(entry: Entry, name: str, *more: str) -> list[Problem]:
    """What does not fit the message; it is taken out of the entry. more: messages whose fields may be there, too."""
    typing = _Typing()
    typing.message(entry, name, more)
    return typing.problems
