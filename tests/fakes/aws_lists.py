# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake, between ec2_front and moto: lists of EC2 that are not of now. EC2 is eventually consistent, and moto is not:
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from xml.etree import ElementTree

# Which element of which answer holds the items, and what they are known by.
_LISTS = {"DescribeSnapshots": ("snapshotSet", "snapshotId"), "DescribeVolumes": ("volumeSet", "volumeId")}
_MADE = {"CreateSnapshots": "snapshotId", "CreateSnapshot": "snapshotId", "CreateVolume": "volumeId"}
_DELETED = {"DeleteSnapshot": "SnapshotId", "DeleteVolume": "VolumeId"}


class Lists:
    """What is made is in none of the lists for `hidden` looks, nor is what is tagged in those by that tag; what was listed and is
    deleted stays for `late` looks. Lists by other filters are others: each has its own time."""

    def __init__(self, hidden: int = 0, late: int = 0) -> None:
        self.hidden, self.late = hidden, late
        self._made: set[tuple[str, str]] = set()  # id, and the filter that it is late in, "" for all
        self._gone: set[str] = set()
        self._looks: Counter[tuple[str, ...]] = Counter()
        self._shown: dict[str, ElementTree.Element] = {}

    def __call__(self, action: str, query: dict[str, str], text: str) -> str:
        """An answer of moto's as EC2 may give it."""
        if action in _MADE:
            self._made |= {(e.text or "", "") for e in ElementTree.fromstring(text).iter() if _plain(e) == _MADE[action]}
        if action == "CreateTags":
            self._made |= {(one, f"tag:{key}") for name, one in query.items() if name.startswith("ResourceId.")
                           for tag, key in query.items() if tag.startswith("Tag.") and tag.endswith(".Key")}
        if action in _DELETED:
            self.gone(query[_DELETED[action]])
        return self._listed(action, query, text) if action in _LISTS else text

    def made(self, key: str) -> None:
        """Somebody made it."""
        self._made.add((key, ""))

    def settled(self) -> None:
        """All that there is has been there for long."""
        self._made.clear()

    def gone(self, key: str) -> None:
        """Somebody deleted it."""
        self._gone.add(key)

    def _listed(self, action: str, query: dict[str, str], text: str) -> str:
        root = ElementTree.fromstring(text)
        holder, key = _LISTS[action]
        items = next((e for e in root.iter() if _plain(e) == holder), None)
        if items is None:
            return text
        filters = {v: {w for m, w in query.items() if m.startswith(f"{n[:-4]}Value.")} for n, v in query.items()
                   if n.startswith("Filter.") and n.endswith(".Name")}
        shape = (action, *sorted(filters))
        there = {next(c.text or "" for c in item if _plain(c) == key): item for item in items}
        for one, item in there.items():
            if self._is_hidden(one, shape, filters):
                items.remove(item)
            else:
                self._shown[one] = item
        for one in self._gone & set(self._shown) - set(there):
            if _fits(self._shown[one], key, one, filters) and self._still(("gone", one, *shape), self.late):
                items.insert(0, self._shown[one])
        ElementTree.register_namespace("", root.tag.partition("}")[0].removeprefix("{"))
        return ElementTree.tostring(root, encoding="unicode")

    def _is_hidden(self, one: str, shape: tuple[str, ...], filters: Collection[str]) -> bool:
        new = (one, "") in self._made or any((one, f) in self._made for f in filters)
        return new and self._still((one, *shape), self.hidden)

    def _still(self, what: tuple[str, ...], looks: int) -> bool:
        self._looks[what] += 1
        return self._looks[what] <= looks


def _fits(item: ElementTree.Element, key: str, one: str, filters: Mapping[str, Collection[str]]) -> bool:
    """Whether an item is one of its list at all, and what a list by these filters holds: by id and by tags."""
    texts = [(_plain(e), e.text or "") for e in item.iter()]
    tags = {f"tag:{text}": texts[i + 1][1] for i, (name, text) in enumerate(texts) if name == "key"}
    known = {**tags, {"snapshotId": "snapshot-id", "volumeId": "volume-id"}[key]: one}
    return any(_plain(c) == key and c.text == one for c in item) and all(known.get(name) in values for name, values in filters.items())


def _plain(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
