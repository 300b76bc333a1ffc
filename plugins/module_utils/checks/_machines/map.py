# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which machine of the platform is which node: by instance id, by UUID in both byte orders, by name, by address."""
from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from ...jobs.errors import BadOption
from ...machines.model import Machine, Wanted
from .._shared.nodes import Node, name_of
from .options import PLACES

# ("ids", "i-0abc"), ("uuids", "4230..."), ("names", "n1"): a field of Wanted, and one value of it.
Key = tuple[str, str]
Find = Callable[[Wanted], list[Machine]]

_ROLES = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
# aws:///eu-central-1a/i-0123456789abcdef0
_INSTANCE = re.compile(r"^aws://.*/(i-[0-9a-f]+)$")
_VSPHERE = re.compile(r"^vsphere://(?:/*[^/]*/)*([0-9a-fA-F-]{32,36})$")
# Of BadOption: about a machine that was asked for, not about the connection.
_SELECTION = ("names:", "ids:", "uuids:")


def control_plane(node: Node) -> bool:
    labels = node["metadata"].get("labels") or {}
    return any(role in labels for role in _ROLES)


def plain_uuid(text: str) -> str:
    """In lower case with hyphens; "" where it is no UUID."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


def swapped(text: str) -> str:
    """The UUID with its first three fields in the other byte order.

    SMBIOS keeps them little-endian since 2.6, and big-endian before, so a guest may read another spelling of the UUID
    than vSphere tells (ConvertK8sUUIDtoNormal in kubernetes/cloud-provider-vsphere does the same).
    """
    return str(uuid.UUID(bytes=uuid.UUID(text).bytes_le))


def _instance(node: Node) -> str:
    found = _INSTANCE.match(node.get("spec", {}).get("providerID") or "")
    return found[1] if found else ""


def _uuids(node: Node, shared: Iterable[str]) -> list[str]:
    """The UUIDs that the machine may have, likeliest first; none that several nodes claim."""
    found = _VSPHERE.match(node.get("spec", {}).get("providerID") or "")
    told = plain_uuid(found[1]) if found else ""
    own = _system_uuid(node)
    own = "" if own in shared else own
    return list(dict.fromkeys(u for u in (told, own, swapped(own) if own else "") if u))


def _system_uuid(node: Node) -> str:
    return plain_uuid(node.get("status", {}).get("nodeInfo", {}).get("systemUUID") or "")


def _short(name: str) -> str:
    return name.partition(".")[0]


def keys_of(nodes: Sequence[Node], platform: str) -> dict[str, list[Key]]:
    """By node: how its machine may be found, surest first; by name only where nothing is sure, as names repeat."""
    count = Counter(filter(None, map(_system_uuid, nodes)))
    shared = [u for u, times in count.items() if times > 1]  # containers on one machine, or clones that kept it
    out: dict[str, list[Key]] = {}
    for node in nodes:
        name = name_of(node)
        if platform == "aws":
            sure: list[Key] = [("ids", i) for i in [_instance(node)] if i]
        else:
            sure = [("uuids", u) for u in _uuids(node, shared)]
        out[name] = sure or [("names", n) for n in dict.fromkeys((name, _short(name)))]
    return out


def _wanted(keys: Iterable[Key]) -> Wanted:
    by: dict[str, list[str]] = {"ids": [], "uuids": [], "names": []}
    for field, value in keys:
        by[field].append(value)
    return Wanted(names=tuple(by["names"]), uuids=tuple(by["uuids"]), ids=tuple(by["ids"]))


def _fits(key: Key, machine: Machine) -> bool:
    field, value = key
    return value == (machine.id if field == "ids" else plain_uuid(machine.uuid) if field == "uuids" else machine.name)


def find_all(find: Find, keys: Sequence[Key]) -> tuple[list[Machine], dict[Key, str]]:
    """The machines of these keys, and why there is none for the others, in the platform's words.

    A platform refuses a set with one absent machine in it; what it lists as missing is left out and the rest asked for
    again, and where it lists nothing, each half is. BadOption that is not about the machines is raised.
    """
    if not keys:
        return [], {}
    try:
        return find(_wanted(keys)), {}
    except BadOption as e:
        sentence = str(e)
        if not sentence.startswith(_SELECTION):
            raise
        said = e.details.get("missing") or []
    absent = {k: text for k in keys for text in said if repr(k[1]) in text}
    if not absent and len(keys) == 1:
        return [], {keys[0]: sentence}
    rest = [k for k in keys if k not in absent]
    halves = [rest] if absent else [rest[:len(rest) // 2], rest[len(rest) // 2:]]
    found: list[Machine] = []
    for half in halves:
        more, without = find_all(find, half)
        found += more
        absent |= without
    return found, absent


def find_wanted(find: Find, wanted: Wanted) -> tuple[list[Machine], dict[Key, str]]:
    """As find_all, for what the options name. With a place or tags, absence is an error of the platform's."""
    if wanted.tags or any(getattr(wanted, n) for n in PLACES):
        return find(wanted), {}
    return find_all(find, [("names", n) for n in wanted.names] + [("uuids", u) for u in wanted.uuids]
                    + [("ids", i) for i in wanted.ids])


def by_keys(find: Find, keys: Mapping[str, Sequence[Key]]) -> tuple[dict[str, Machine], dict[str, str]]:
    """(machine by node, reason by node without one): every node's keys are tried in their order, all nodes at once."""
    out: dict[str, Machine] = {}
    why: dict[str, str] = {}
    for turn in range(max(map(len, keys.values()), default=0)):
        asked = {n: ks[turn] for n, ks in keys.items() if n not in out and turn < len(ks)}
        found, absent = find_all(find, list(dict.fromkeys(asked.values())))
        for node, key in asked.items():
            machine = next((m for m in found if _fits(key, m)), None)
            if machine:
                out[node] = machine
                why.pop(node, None)
            else:
                why.setdefault(node, absent.get(key, ""))
    return out, why


def assign(nodes: Sequence[Node], machines: Sequence[Machine], platform: str) -> dict[str, Machine]:
    """By node: its machine among these; a name or address that several machines have names none of them."""
    out: dict[str, Machine] = {}
    keys = keys_of(nodes, platform)
    for node in nodes:
        name = name_of(node)
        addresses = {a.get("address") for a in node.get("status", {}).get("addresses") or ()}
        tests = [lambda m, k=key: _fits(k, m) for key in (*keys[name], ("names", name), ("names", _short(name)))]
        tests += [lambda m, n=name: _short(m.name) == _short(n),
                  lambda m, a=addresses: bool(m.address) and m.address in a]
        for fits in tests:
            found = [m for m in machines if fits(m)]
            if len(found) == 1:
                out[name] = found[0]
                break
    return out
