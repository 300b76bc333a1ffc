# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes that live in a zone: nodes without their driver, classes and volumes of other zones, what is not attached or detached."""
from __future__ import annotations

import re
from collections.abc import Iterator

from .evidence import Candidate, Evidence, Object, label, name_of, unique
from .finding import Finding
from .paths import seen

_ZONE = "topology.kubernetes.io/zone"
_NOWHERE = re.compile(r"^StorageClass (\S+) allows volumes in zones only that have no node for their pods")
_ELSEWHERE = "look at which zone the driver made the volume in, and at allowedTopologies of its class"
_HANGS = "read the log of the CSI controller and its attacher; look at the volume at its provider, and detach it there"
_LIST = "kubectl get volumeattachment"
_IDLE = "look whether csi-attacher runs beside the CSI controller, and leads, and read its log"
_SLOW = "read the log of the CSI controller and its attacher; look at the volume and the machine at their provider"


def _drivers(node: Object) -> list[str]:
    return sorted(str(d.get("name")) for d in (node.get("spec") or {}).get("drivers") or () if isinstance(d, dict))


def unregistered(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Nodes of a zone that the driver is on none of, though it is on nodes of others."""
    lost = [o for o in seen(f, "csi", "registered") if not o["ok"]]
    there = {name_of(n): _drivers(n) for n in ev.items("csinodes")}
    for driver in unique(o["target"] for o in lost):
        nodes = [o["from_node"] for o in lost if o["target"] == driver]
        back = [n for n in nodes if driver in there.get(n, [])]  # it came while we looked
        others = sorted(n for n, names in there.items() if driver in names and n not in nodes)
        lines = [f"csinode/{n} has the drivers {', '.join(there[n]) or 'none'}, not {driver}" for n in nodes
                 if n in there and n not in back]
        sure = "confirmed" if lines and not back else "probable"
        lines += [f"csinode/{n} has {driver}" for n in (*back, *others)[:3]]
        yield Candidate("storage.driver-missing", sure, tuple(f"node/{n}" for n in nodes),
                        (*unique(o["error"] for o in lost if o["target"] == driver), *lines))


def _zones_of_class(item: Object) -> list[str]:
    return sorted({v for t in item.get("allowedTopologies") or () for e in t.get("matchLabelExpressions") or ()
                   for v in e.get("values") or ()})


def nowhere(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A class that allows volumes only where no pod can be."""
    if not (found := _NOWHERE.search(f.message)):
        return
    item = next((c for c in ev.items("storageclasses") if name_of(c) == found[1]), {})
    zones = sorted({label(n, _ZONE) for n in ev.nodes.values()} - {""})
    lines = [f"storageclass/{found[1]} allowedTopologies: {', '.join(_zones_of_class(item))}"] if item else []
    lines += [f"nodes are in {', '.join(zones)}"] if zones else []
    yield Candidate("storage.zone-conflict", "confirmed", (f"storageclass/{found[1]}",), (f.message, *lines),
                    remedy="correct allowedTopologies of the class, or add nodes in its zones",
                    command=f"kubectl get storageclass {found[1]} -o yaml")


def elsewhere(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A volume that says another zone than that of the node where its pod is, or is to be."""
    wait = str(f.observed.get("binding") or "") == "WaitForFirstConsumer"
    for o in seen(f, "zone"):
        if not o["ok"]:
            yield Candidate("storage.zone-conflict", "confirmed", (f"persistentvolume/{o['target']}",), (o["error"],),
                            remedy=_ELSEWHERE if wait else "", command=f"kubectl describe persistentvolume {o['target']}")


def unattached(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Volumes that pods wait for, without a word of why: an attacher marks what it begins with, and then asks its driver."""
    waits = [o for o in seen(f, "attachment", "attach") if not o["ok"] and not o["error"]]
    taken = {o["target"] for o in seen(f, "attachment", "taken") if o["ok"]}
    if not waits:
        return
    lines = [f"volume {o['target']} is to be attached to {o['from_node']}: "
             f"{'begun, and no answer' if o['target'] in taken else 'no attacher has begun'} within {o.get('seconds') or 0:.0f} s"
             for o in waits]
    if taken:
        nodes = unique(f"node/{o['from_node']}" for o in waits)
        yield Candidate("storage.attach-stuck", "suspected", nodes, tuple(lines), remedy=_SLOW, command=_LIST)
    else:
        yield Candidate("storage.attach-stuck", "probable", (f"csidriver/{f.observed.get('provisioner')}",), tuple(lines),
                        remedy=_IDLE, command=_LIST)


def attached(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Volumes that stay attached to their nodes: their pods are gone, or wait for them elsewhere."""
    stuck = [o for o in seen(f, "attachment", "detach") if not o["ok"]]
    if stuck:
        told = unique(f"volume {o['target']} on {o['from_node']}: {o['error']}" for o in stuck if o["error"])
        nodes = tuple(unique(f"node/{o['from_node']}" for o in stuck))
        yield Candidate("storage.attach-stuck", "confirmed" if told else "suspected", nodes, (f.message, *told),
                        remedy=_HANGS, command=_LIST)


def at_provider(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What the provider itself says: a volume in another zone, or one that outlives its PersistentVolume."""
    for o in seen(f, "provider"):
        code = "storage.zone-conflict" if o.get("variant") == "zone" else "leak.provider"
        if not o["ok"] and o["error"]:
            yield Candidate(code, "confirmed", (f"volume/{o['target']}",), (o["error"], f.message),
                            command=f"aws ec2 describe-volumes --volume-ids {o['target']}")


RULES = (unregistered, nowhere, elsewhere, unattached, attached, at_provider)
