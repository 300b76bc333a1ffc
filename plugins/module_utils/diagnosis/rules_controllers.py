# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 1: the scheduler and the controller manager. What only they do has not happened; their Leases say whether they live.

Leases are not visible everywhere (some managed control planes hide them), and one that nobody uses any more stays for ever, so
that a Lease alone is no proof.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

from .evidence import Candidate, Evidence, Object, condition, node_of, pod_ref, seconds
from .finding import Finding
from .paths import pods

_MANAGER, _SCHEDULER, _DEFAULT = "kube-controller-manager", "kube-scheduler", "default-scheduler"
# A leader renews its Lease every 2 s and loses it after 15 s; three times that is no hiccup.
_LEADER = 45.0
# A new leader lists everything before it acts, and one that lost its Lease has restarted first: so long (seconds) it is behind.
_NEW = 90.0
# A scheduler says of a pod within seconds where it goes, or why not; this long (seconds) nobody has looked at it.
_UNSEEN = 20.0
# What only the controller manager does, in the words of a check that waited for it in vain. Of what is deleted that is claims, which
# it lets go once no pod uses them; other objects of checks go without it.
_WAITED = re.compile(r"has no default ServiceAccount|serviceaccount \"default\" not found|endpoints of |no probe pod was made"
                     r"|claim \S+ is bound: not within|PersistentVolumeClaim \S+ gone: not within")
_WITH_VOLUME = "with its volume ends: not within"


def _stale(ev: Evidence, who: str) -> str:
    """That its leader is silent, as a line; empty where it is not, or where nothing tells."""
    age = ev.leader_age(who)
    return f"lease/kube-system/{who} not renewed for {age:.0f} s" if age is not None and age > _LEADER else ""


def _new(ev: Evidence, who: str) -> str:
    """That its leader leads since a moment, as a line; empty where it is not so, or where nothing tells."""
    age = ev.leader_since(who)
    return f"lease/kube-system/{who} was acquired {age:.0f} s ago" if age is not None and age < _NEW else ""


def manager(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Nothing happened that the controller manager has to do."""
    if not _WAITED.search(f.message):
        return
    old = _stale(ev, _MANAGER) or _new(ev, _MANAGER)
    if old:
        yield Candidate("ctrl.not-progressing", "probable", (f"controller/{_MANAGER}",), (old, f.message))
    elif "ServiceAccount" in f.message:
        yield Candidate("ctrl.not-progressing", "suspected", (f"controller/{_MANAGER}",), (f.message,))


def _unseen(pod: Object, ev: Evidence) -> bool:
    """Whether no scheduler has said anything about the pod that waits for one: no node, no condition, no event."""
    if node_of(pod) or condition(pod, "PodScheduled") or pod["metadata"].get("deletionTimestamp"):
        return False
    made = seconds(pod["metadata"].get("creationTimestamp"))
    return bool(made) and made < ev.now - _UNSEEN and pod.get("status", {}).get("phase", "Pending") == "Pending" and not any(
        e.get("reason") in ("FailedScheduling", "Scheduled") for e in ev.events_of(pod))


def _waits_for_volume(pod: Object) -> bool:
    """Of a pod whose volume is still to be made nothing is said either."""
    volumes = pod.get("spec", {}).get("volumes") or ()
    return any(isinstance(v, dict) and v.get("persistentVolumeClaim") for v in volumes)


def scheduler(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Pods on the path that nobody has placed, and of which nobody says why."""
    for pod in pods(f, ev):
        if not _unseen(pod, ev):
            continue
        name = pod.get("spec", {}).get("schedulerName") or _DEFAULT
        who = _SCHEDULER if name == _DEFAULT else name
        told = f"{pod_ref(pod)} waits without a word of a scheduler: no node, no condition PodScheduled, no event"
        old, known = _stale(ev, _SCHEDULER), ev.leader_age(_SCHEDULER) is not None
        if name == _DEFAULT and old:
            sure = "probable" if _waits_for_volume(pod) else "confirmed"
            yield Candidate("ctrl.not-progressing", sure, (f"controller/{who}",), (old, told))
        elif (name != _DEFAULT or not known) and not _waits_for_volume(pod):
            yield Candidate("ctrl.not-progressing", "probable", (f"controller/{who}",), (told,))
    old = _stale(ev, _SCHEDULER)
    if old and _WITH_VOLUME in f.message:
        yield Candidate("ctrl.not-progressing", "probable", (f"controller/{_SCHEDULER}",), (old, f.message))


RULES = (manager, scheduler)
