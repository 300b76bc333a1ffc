# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kept lists of mutants, read and checked, and the text that a mutant makes of its file."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_TEXTS = {"id", "file", "old", "new", "what", "reason"}
_NEEDED = {"id", "file", "old", "new"}


class ListError(Exception):
    """A list that cannot be read as one; a sentence with its file."""


class Stale(Exception):
    """A mutant that no longer fits the code; a sentence."""


@dataclass(frozen=True)
class Mutant:
    room: str
    id: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    nth: int = 0
    what: str = ""
    reason: str = ""
    limit: float = 0.0


def rooms(folder: Path) -> list[str]:
    return sorted(p.stem for p in folder.glob("*.yml"))


def load(folder: Path, wanted: list[str], only: list[str]) -> list[Mutant]:
    """The mutants of these rooms (all, if none is named), or those of these ids. Raises ListError."""
    known = rooms(folder)
    for room in wanted:
        if room not in known:
            raise ListError(f"there is no list for {room}; there are: {', '.join(known)}")
    mutants = [m for room in wanted or known for m in _room(folder / f"{room}.yml")]
    for name in only:
        if not any(m.id == name for m in mutants):
            raise ListError(f"there is no mutant {name} in {', '.join(wanted or known)}")
    return [m for m in mutants if not only or m.id in only]


def _room(path: Path) -> list[Mutant]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as e:
        raise ListError(f"{path.name} is no YAML: {e}") from e
    if not isinstance(data, dict) or set(data) - {"tests", "limit", "mutants"} or not isinstance(data.get("mutants"), list):
        raise ListError(f"{path.name}: `mutants` is a list; beside it stand only `tests` and `limit`")
    found = [_mutant(path, data, entry) for entry in data["mutants"]]
    ids = [m.id for m in found]
    for name in ids:
        if ids.count(name) > 1:
            raise ListError(f"{path.name}: two mutants are called {name}")
    return found


def _mutant(path: Path, data: dict[str, Any], entry: Any) -> Mutant:
    where = f"{path.name}, {entry.get('id') if isinstance(entry, dict) else entry}"
    if not isinstance(entry, dict) or _NEEDED - set(entry) or set(entry) - _TEXTS - {"tests", "nth"}:
        raise ListError(f"{where}: a mutant has {', '.join(sorted(_NEEDED))}, and may have nth, reason, tests, what")
    for key in _TEXTS & set(entry):
        if not isinstance(entry[key], str):
            raise ListError(f"{where}: {key} is no text; put it in quotes")
    tests = entry.get("tests") or data.get("tests")
    if not isinstance(tests, list) or not tests:
        raise ListError(f"{where}: `tests` is a list of arguments for pytest")
    if entry["old"] == entry["new"] or not entry["old"]:
        raise ListError(f"{where}: old and new are the same, or old is empty")
    return Mutant(room=path.stem, tests=tuple(map(str, tests)), nth=int(entry.get("nth") or 0),
                  limit=float(data.get("limit") or 0), **{k: entry[k] for k in _TEXTS & set(entry)})


def mutated(mutant: Mutant, root: Path) -> str:
    """Its file's text with the change in it. Raises Stale where that is not one change, or not Python."""
    path = root / mutant.file
    if not path.is_file():
        raise Stale("there is no such file")
    text = path.read_text(encoding="utf-8")
    parts = text.split(mutant.old)
    places, nth = len(parts) - 1, mutant.nth or 1
    if places < nth:
        raise Stale("old is not there" if not places else f"old is there {places} times, and nth is {nth}")
    if places > 1 and not mutant.nth:
        raise Stale(f"old is there {places} times; make it longer or give nth")
    changed = mutant.old.join(parts[:nth]) + mutant.new + mutant.old.join(parts[nth:])
    if path.suffix == ".py":
        try:
            compile(changed, mutant.file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as e:
            raise Stale(f"what new makes is no Python: {e}") from e
    return changed
