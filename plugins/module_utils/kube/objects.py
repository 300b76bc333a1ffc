# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects as an API server or a saved file hands them over: whatever they are, those that are kept can be read."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Object = dict[str, Any]
# What is a dictionary wherever it is there at all.
_PARTS = ("spec", "status", "data", "involvedObject", "regarding", "series")
_OF_METADATA = ("labels", "annotations")


def _kept(item: Object, names: Iterable[str]) -> Object:
    """Without those of these parts that are no dictionaries; the item itself where all are."""
    bad = [n for n in names if n in item and not isinstance(item[n], dict)]
    return {k: v for k, v in item.items() if k not in bad} if bad else item


def readable(item: Any) -> Object | None:
    """The object with a name, a text as its namespace, and parts that are what they should be; None for what is no object."""
    meta = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str):
        return None
    sound = _kept(meta, _OF_METADATA)
    if not isinstance(sound.get("namespace", ""), str):
        sound = {k: v for k, v in sound.items() if k != "namespace"}
    item = _kept(item, _PARTS)
    return item if sound is meta else {**item, "metadata": sound}


def all_readable(items: Any) -> list[Object]:
    """Those of a list that are objects; no list is an empty one."""
    return [sound for i in items if (sound := readable(i)) is not None] if isinstance(items, list) else []
