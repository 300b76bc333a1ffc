# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which machines of an inventory the options name."""
from __future__ import annotations

from collections.abc import Callable, Sequence

from ...clouds.vsphere import names
from ...jobs.errors import BadOption
from ..model import Wanted
from .inventory import Inventory

_SHOWN = 20
_HOMES = {"resource_pool": "resource pools", "cluster_name": "clusters", "esxi_host": "hosts"}


class Choice:
    """After the first look (Inventory.look). datacenter: only machines below it, "" for all."""

    def __init__(self, inventory: Inventory, host: str, datacenter: str, wanted: Wanted) -> None:
        self._inventory, self._host, self._wanted = inventory, host, wanted
        self._there = [m for m in inventory if self._in_datacenter(m, names.parts(datacenter))]
        if wanted.folder:
            self._there = self._in_folder(wanted.folder)
        for option in _HOMES:
            if given := getattr(wanted, option):
                self._there = self._at_home(option, given)

    def machines(self, tagged: Callable[[Sequence[tuple[str, str]]], set[str]] | None = None) -> set[str]:
        """MoIDs. tagged: which machines bear all these tags. BadOption for what is absent or ambiguous, with what there is."""
        wanted = self._wanted
        chosen = self._by_name() | self._by_key()
        if tagged is not None:
            chosen |= tagged(wanted.tags) & set(self._there)
        if not (wanted.names or wanted.uuids or wanted.ids or wanted.tags):
            chosen |= set(self._there)
        return chosen

    # ---- places -----------------------------------------------------------------------------------------------
    def _in_datacenter(self, moid: str, wanted: tuple[str, ...]) -> bool:
        """By its name, or its path from the root where datacenters are in folders."""
        above = self._inventory.above(moid)
        ends = above.index("vm") if "vm" in above else len(above)
        return not wanted or above[:len(wanted)] == wanted or above[:ends][-len(wanted):] == wanted

    def _in_folder(self, folder: str) -> list[str]:
        """Those in a folder and below it. The end of a path that fits two folders names neither."""
        found: dict[str, tuple[str, ...]] = {}
        for moid in self._there:
            if place := names.below(folder, self._inventory.above(moid)):
                found[moid] = place
        self._only_one("folder", folder, set(found.values()))
        return list(found)

    def _only_one(self, option: str, given: str, places: set[tuple[str, ...]]) -> None:
        if len(places) > 1:
            which = ", ".join(sorted(names.path(p) for p in places)[:_SHOWN])
            raise BadOption(f"{option}: {given!r} fits {len(places)} {_HOMES.get(option, 'folders')} on {self._host}: {which}; give the "
                            "whole path of one" + (" (a slash in a name is written %2f)" if option == "folder" else ""))

    def _at_home(self, option: str, given: str) -> list[str]:
        """Those that run on a host, in a cluster, or in a resource pool and those below it."""
        homes = {m: self._inventory.homes(m)[option] for m in self._there}
        if option == "resource_pool":
            found = {m: p for m, home in homes.items() if (p := names.below(given, home))}
            self._only_one(option, given, set(found.values()))
        else:
            found = {m: home for m, home in homes.items() if home == (given,)}
        if not found:
            there = sorted({names.path(h) if option == "resource_pool" else h[0] for h in homes.values() if h})
            raise BadOption(f"{option}: no machine runs in {given!r} on {self._host}, or this user may not see it; {_HOMES[option]} with "
                            f"machines: {', '.join(there[:_SHOWN]) or 'none'}")
        return list(found)

    # ---- names, ids, UUIDs ------------------------------------------------------------------------------------
    def _by_name(self) -> set[str]:
        inventory, chosen, absent = self._inventory, set(), []
        for name in self._wanted.names:
            found = [m for m in self._there if inventory.name(m) == name]
            if len(found) > 1:
                which = ", ".join(sorted(f"{m} in {inventory.folder(m)}" for m in found))
                raise BadOption(f"names: {len(found)} machines are named {name!r} on {self._host}: {which}; name its folder, or "
                                "select it by ids (MoIDs)")
            absent += [] if found else [name]
            chosen |= set(found)
        if absent:
            templates = [n for n in absent if n in inventory.templates()]
            if templates:
                raise BadOption(f"names: {templates[0]!r} is a template on {self._host}, and a template is no machine that runs; deploy a "
                                "machine from it, or leave it out", missing=absent)
            raise self._absent("names", [f"no machine is named {n!r}" for n in absent])
        return chosen

    def _by_key(self) -> set[str]:
        known = {u: m for m in self._there for u in self._inventory.uuids(m)}
        ids, uuids = self._wanted.ids, [u.lower() for u in self._wanted.uuids]
        for option, words, keys, having in (("ids", "no machine has the MoID", ids, set(self._there)),
                                            ("uuids", "no machine has the UUID", uuids, set(known))):
            absent = [f"{words} {k!r}" for k in keys if k not in having]
            if absent:
                raise self._absent(option, absent)
        return set(ids) | {known[u] for u in uuids}

    def _absent(self, option: str, absent: list[str]) -> BadOption:
        """Objects that a user may not see are left out by vCenter without a word, so absence is not said for sure."""
        there = sorted(f"{self._inventory.name(m)!r}" for m in self._there)
        shown = ", ".join(there[:_SHOWN]) + (f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else "")
        where = f" below {self._wanted.folder}" if self._wanted.folder else ""
        return BadOption(f"{option}: {absent[0]} on {self._host}{where}, or this user may not see it; there are: "
                         f"{shown or 'none at all'}", missing=absent)
