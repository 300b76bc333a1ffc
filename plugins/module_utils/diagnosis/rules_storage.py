# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Storage: classes, provisioning, attaching, mounting, and data; with what a cloud says about its disks."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .evidence import (Candidate, Evidence, Object, about, condition, event_line, first_seen, name_of, node_of, pod_ref,
                       space_of, unique, words)
from .finding import Finding
from .image_words import cause_of
from .paths import names, pods, seen
from .rules_admission import refusal
from .rules_zonal import RULES as ZONAL

_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_CLOUD = (
    ("cloud.permission", r"UnauthorizedOperation|AccessDenied|is not authorized to perform|AuthorizationFailed"
                         r"|403 Forbidden.*(?:compute|disk)|Error 403: Required '\S+' permission"
                         r"|insufficient authentication scopes"),
    # How many volumes a node may have is no quota of the cloud.
    ("cloud.quota", r"[qQ]uotaExceeded|[qQ]uota .*exceeded|(?<!Attachment)LimitExceeded|ExceedsAvailableQuota"),
)
_VOLUMES = (
    ("storage.driver-missing", "confirmed", ("FailedMount", "FailedAttachVolume"),
     r"not found in the list of registered CSI drivers|CSINode .* does not contain driver"),
    # EC2, Azure: the volume is not where its PersistentVolume says.
    ("storage.zone-conflict", "confirmed", ("FailedAttachVolume",), r"ZoneMismatch|not in the same (?:availability )?zone"),
    ("storage.attach-stuck", "confirmed", ("FailedAttachVolume",), r"Multi-Attach error|max(?:imum)? .*(?:attach|volumes)"
                                                                   r"|AttachVolume\.Attach failed|timed out waiting"),
    ("storage.mount-failed", "confirmed", ("FailedMount", "FailedMapVolume"),
     r"MountVolume\.\w+ failed|mount failed|exit status|hostPath type check failed|fsck|wrong fs type"),
    ("storage.mount-failed", "probable", ("FailedMount",), r"Unable to attach or mount volumes"),
)
# What our own pods said; all else in a message is what others said about a pod that did not run.
_OURS = re.compile(r"^pod \S+ on \S+ (?:ended with|found) ")
_LOST = re.compile(r"No such file|data was lost|what was appended is not there|a file that nobody wrote exists")
# Some drivers give out a folder of a share, and that may be an old one.
_HOLDS = re.compile(r"the new volume holds")
_UNCLAIMED = re.compile(r"^(?:\d+ )?volumes? of StorageClass (\S+) (?:are made by hand|made beforehand)")
_GIVEN = re.compile(r"^claim \S+ was given volume (\S+), which was not made for it")
_IDLE = "look whether csi-provisioner runs beside the CSI controller, and leads, and read its log"
_IO = re.compile(r"Read-only file system|Input/output error|Stale file handle|Structure needs cleaning")
# Noise: the kubelet's own volumes and caches, and ConfigMaps that pods are given, are not storage.
_NOISE = re.compile(r'kube-api-access|configmap "|secret "|object "[^"]+"/"[^"]+" not registered|references non-existent'
                    r"|couldn't find key|failed to sync (?:configmap|secret) cache", re.I)


def _cloud(text: str) -> str:
    return next((code for code, pattern in _CLOUD if re.search(pattern, text, re.S)), "")


# ---- classes ----------------------------------------------------------------------------------------------------
def default_class(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    if f.domain != "storage" or "the default" not in f.message or "StorageClass" not in f.message:
        return
    marks = {name_of(c): (c["metadata"].get("annotations") or {}).get(_DEFAULT, "not set") for c in
             ev.items("storageclasses")}
    told = f.observed.get("storage_classes")
    lines = tuple(f"storageclass/{n} {_DEFAULT}={v}" for n, v in sorted(marks.items())) or tuple(
        f"storageclass/{n}" for n in told or ()) or (("there is no StorageClass",) if told == [] else ())
    yield Candidate("storage.no-default-class", "confirmed", (), (*lines, f.message))


def unclaimed(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Nothing was tried, as it would have been with a volume of somebody's."""
    if f.domain != "storage":
        return
    if found := _UNCLAIMED.search(f.message):
        yield Candidate("harness.precondition", "confirmed", (f"storageclass/{found[1]}",), (f.message,))
    elif found := _GIVEN.search(f.message):
        yield Candidate("harness.precondition", "confirmed", (f"persistentvolume/{found[1]}",), (f.message,))


# ---- provisioning -----------------------------------------------------------------------------------------------
def _controllers(ev: Evidence, provisioner: str) -> list[Object]:
    """Deployments that look like this provisioner's."""
    word = provisioner.rpartition("/")[2]
    stems = [s for s in (word, word.replace(".", "-"), f"{word.split('.')[0]}-csi" if ".csi." in word else "") if s]
    return [d for d in ev.items("deployments") if any(s in name_of(d) for s in stems)]


def _silence(ev: Evidence, provisioner: str) -> tuple[str, tuple[str, ...], list[str]]:
    """(confidence, scope, lines) that nobody does the provisioner's work; an empty confidence when somebody may."""
    scope = (f"provisioner/{provisioner}",)
    found = _controllers(ev, provisioner)
    asleep = [d for d in found if not d.get("status", {}).get("availableReplicas")]
    if found and len(asleep) == len(found):
        return "confirmed", (*scope, *(f"deployment/{space_of(d)}/{name_of(d)}" for d in asleep)), [
            f"deployment/{space_of(d)}/{name_of(d)} has {d.get('status', {}).get('availableReplicas') or 0} of "
            f"{d['spec'].get('replicas', 1)} replicas available" for d in asleep]
    if found:
        return "", (), []
    if provisioner in map(name_of, ev.items("csidrivers")):
        return "", (), []  # its controller may run elsewhere, or under any name
    if ev.known("csidrivers") and ".csi." in provisioner:
        return "probable", scope, [f"there is no CSIDriver {provisioner}"]
    if ev.known("pods") and ev.known("deployments"):
        word = provisioner.rpartition("/")[2]
        if not any(word in name_of(p) for p in ev.pods()):
            return "suspected", scope, [f"no pod or Deployment looks like the provisioner {provisioner}"]
    return "", (), []


def _failed(event: Object, ref: str) -> Iterator[Candidate]:
    """What a ProvisioningFailed event says."""
    text = words(event)
    cloud = _cloud(text)
    denied, by = refusal(text)
    if denied:  # what the provisioner makes for the volume
        yield Candidate(denied, "confirmed", (by,) if by else (), (event_line(event),), False, first_seen(event))
    missing = re.search(r"no topology key found on CSINode (\S+)", text)
    if cloud:
        yield Candidate(cloud, "confirmed", (ref,), (event_line(event),), since=first_seen(event))
    elif missing:
        yield Candidate("storage.driver-missing", "confirmed", (f"node/{missing[1]}",), (event_line(event),),
                        since=first_seen(event))
    else:
        sure = "probable" if re.search(r"DeadlineExceeded|context deadline exceeded", text) else "confirmed"
        yield Candidate("storage.provision-failed", sure, (ref,), (event_line(event),), since=first_seen(event))


def _helper_images(ev: Evidence, word: str) -> Iterator[Candidate]:
    """Images that a provisioner's pod for a claim's uid or a volume waited for; between two tries there is no pod, and its
    events stay."""
    for event in ev.events("Pod") if word else ():
        if event.get("reason") == "Failed" and word in str(about(event).get("name")):
            code, sure = cause_of(words(event))
            image = re.search(r'image "([^"\s]+)"', words(event))
            if code and image:
                yield Candidate(code, sure, (f"image/{image[1]}",), (event_line(event),), False, first_seen(event))


def provisioning(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A claim that still waits: what the provisioner said, or who is not there to say anything."""
    if f.domain != "storage":
        return
    for space, name in sorted(names(f, "PersistentVolumeClaim")):
        claim = next((c for c in ev.items("pvcs") if name_of(c) == name), None)
        if claim is not None and claim.get("status", {}).get("phase") == "Bound":
            continue
        events = list(ev.events("PersistentVolumeClaim", space or ev.space, name))
        ref = f"persistentvolumeclaim/{space or ev.space}/{name}"
        failed = [e for e in events if e.get("reason") == "ProvisioningFailed"]
        yield from (c for e in failed for c in _failed(e, ref))
        yield from _helper_images(ev, (claim or {}).get("metadata", {}).get("uid", ""))
        waits = next((e for e in events if e.get("reason") == "ExternalProvisioning"), None)
        found = re.search(r"external provisioner '([^']+)'", words(waits)) if waits else None
        if not waits or not found:
            continue
        sure, scope, lines = _silence(ev, found[1])
        if sure:
            yield Candidate("storage.driver-missing", sure, scope, (event_line(waits), *lines), since=first_seen(waits),
                            subject=next((s for s in scope if s.startswith("deployment/")), ""))
        elif not failed:
            idle = [f"{ref}: no provisioner said that it begins"] if _unheard(ev, found[1], space or ev.space, events) else []
            yield Candidate("storage.provision-failed", "suspected", (ref,), (event_line(waits), *idle, *_complaints(ev, found[1])),
                            since=first_seen(waits), remedy=_IDLE if idle else "")


def _unheard(ev: Evidence, driver: str, space: str, events: list[Object]) -> bool:
    """Whether the provisioner of a CSI driver, which says so before it begins, has not said it of a claim with these events."""
    return ev.known("events", space) and driver in map(name_of, ev.items("csidrivers")) and not any(
        e.get("reason") == "Provisioning" for e in events)


def _complaints(ev: Evidence, provisioner: str) -> list[str]:
    """The last errors in the provisioner's log."""
    word = provisioner.rpartition("/")[2]
    return [f"{key}: {text}" for key, text in ev.logs(p for p in ev.pods() if word in name_of(p))
            if re.search(r"error|fail", text, re.I)][-4:]


def _not_deleted(event: Object, ref: str) -> Iterator[Candidate]:
    """What a provisioner says of a volume that it cannot remove."""
    text = words(event)
    denied, by = refusal(text)
    if denied:
        yield Candidate(denied, "confirmed", (by,) if by else (), (event_line(event),), False, first_seen(event))
    yield Candidate(_cloud(text) or "leak.cleanup-stuck", "confirmed", (ref,), (event_line(event),), since=first_seen(event))


def not_removed(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A volume that outlives its claim: what its provisioner said, or that it is away."""
    provisioner = str(f.observed.get("provisioner") or "")
    if f.domain == "storage" and provisioner and "gone after its claim: not within" in f.message:
        for _space, name in sorted(names(f, "PersistentVolume")):
            failed = [e for e in ev.events("PersistentVolume", name=name) if e.get("reason") == "VolumeFailedDelete"]
            yield from (c for e in failed for c in _not_deleted(e, f"persistentvolume/{name}"))
            yield from _helper_images(ev, name)
        sure, scope, lines = _silence(ev, provisioner)
        if sure == "confirmed":
            yield Candidate("storage.driver-missing", sure, scope, tuple(lines), False,
                            subject=next((s for s in scope if s.startswith("deployment/")), ""))


# ---- attaching, mounting, data ----------------------------------------------------------------------------------
def volumes(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for pod in pods(f, ev):
        for event in ev.events_since_start(pod):
            text = words(event)
            if _NOISE.search(text):
                continue
            code, sure = next(((c, s) for c, s, reasons, pattern in _VOLUMES
                               if event.get("reason") in reasons and re.search(pattern, text, re.S)), ("", ""))
            if code:
                code = _cloud(text) or code
                scope = (pod_ref(pod), *((f"node/{node_of(pod)}",) if node_of(pod) else ()))
                yield Candidate(code, sure, scope, (event_line(event),), space_of(pod) == ev.space, first_seen(event),
                                subject=scope[-1])


def data(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What our own pods said about the volume."""
    if f.domain != "storage":
        return
    told = [f.message] if _OURS.search(f.message) else []
    told += [o.get("error") or "" for o in seen(f, "storage") if not o["ok"]]
    volumes_of_ours = [n for _space, n in sorted(names(f, "PersistentVolume"))]
    named = [n for n in volumes_of_ours if any(n in t for t in told)]  # of several, those that were spoken of
    scope = tuple(f"persistentvolume/{n}" for n in named or volumes_of_ours)
    lost = [t for t in told if "data was changed" in t or _LOST.search(t)]
    holds = [t for t in told if _HOLDS.search(t)] if f.observed.get("made_for_the_claim") else []
    if lost:
        yield Candidate("storage.data-corrupt", "confirmed", scope, unique(lost))
    elif holds:
        yield Candidate("storage.data-corrupt", "probable", scope, unique(holds))
    broken = [t for t in told if _IO.search(t)]
    if broken:
        yield Candidate("storage.mount-failed", "confirmed", scope or _on(f), unique(broken))


def _on(f: Finding) -> tuple[str, ...]:
    return tuple(f"node/{o['from_node']}" for o in seen(f, "storage") if not o["ok"] and o.get("from_node"))


def full(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """No space where our pod wrote: the node's disk, where the node says so too."""
    for o in seen(f, "storage"):
        node: Any = o.get("from_node") or ""
        if o["ok"] or "No space left on device" not in (o.get("error") or "") or node not in ev.nodes:
            continue
        c = condition(ev.nodes[node], "DiskPressure")
        if c.get("status") == "True":
            yield Candidate("node.pressure", "confirmed", (f"node/{node}",), (
                f"node/{node} DiskPressure=True {c.get('message', '')}", o["error"]), False)
        else:
            yield Candidate("storage.mount-failed", "probable", (f"node/{node}",), (o["error"],))


RULES = (*ZONAL, default_class, unclaimed, data, full, volumes, provisioning, not_removed)
