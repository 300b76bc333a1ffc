# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes are provisioned, keep data, move with pods, and vanish."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..engine.errors import StepFailed
from ..kube.errors import ApiError
from ..kube.pods import waiting_reason
from ._optional import optional_get
from ._text import listed
from ._volume_pods import READ, WRITE, claim, digest, ending, pod
from ._volumes import defaults, others

if TYPE_CHECKING:
    from ..engine.context import Context

CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
# Seconds from the end of a claim to the end of its volume; detaching and deleting a cloud disk takes a minute.
GONE = 300.0
# The image is not there to be had: nothing is known about storage.
NO_IMAGE = ("ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")


class Storage(Check):
    """One claim, a pod that writes, another that reads on another node if the volume can follow, and the removal."""

    name = "storage"
    domain = "storage"
    proves = "A claim gets a volume, data written by one pod is read by another, and the volume goes with the claim."
    options = (
        Option("storage_class", "The StorageClass to prove; by default the cluster's one default class.",
               example="gp3"),
        Option("size", "How much to claim.", default="1Gi", example="4Gi"),
        Option("access_mode", "The access mode of the claim.", default="ReadWriteOnce",
               choices=("ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod")),
        Option("provision_limit", "Seconds until a pod with the volume must have started: provisioning, attaching and "
               "mounting.", type="int", default=180, minimum=5, maximum=1800),
    )
    permissions = (
        Permission(("get", "list"), ("storageclasses",), "storage.k8s.io"),
        Permission(("create", "delete", "get", "list", "watch"), ("persistentvolumeclaims", "pods")),
        Permission(("get",), ("persistentvolumes",)),
        Permission(("patch",), ("persistentvolumes",), optional=True),
        Permission(("list",), ("nodes", "events"), optional=True),
    )
    images = ("busybox",)
    objects = ("PersistentVolumeClaim", "Pod")
    expected = 90.0
    limit = 600.0

    def run(self, ctx: Context) -> None:
        with ctx.step("there is one default StorageClass"):
            storage_class = self._class(ctx)
        name = f"data-{ctx.nonce}"
        with ctx.step("a claim is accepted"):
            ctx.create(claim(name, storage_class["metadata"]["name"], ctx.options.get("size") or "1Gi",
                             ctx.options.get("access_mode") or "ReadWriteOnce"))
            self._claimed = time.monotonic()
        with ctx.step("a pod with the claim writes to its volume"):
            node = self._pod(ctx, f"writer-{ctx.nonce}", WRITE, name, [], digest(ctx.nonce))
        with ctx.step("the claim is bound to a volume of its class"):
            volume = self._volume(ctx, name, storage_class)
        with ctx.step("another pod reads what was written"):
            ctx.delete("Pod", f"writer-{ctx.nonce}")
            self._move(ctx, name, volume, node)
        with ctx.step("the volume goes with its claim"):
            self._remove(ctx, name, volume)

    def _class(self, ctx: Context) -> dict[str, Any]:
        classes = {c["metadata"]["name"]: c for c in ctx.client.get(CLASSES).get("items") or []}
        named = ctx.options.get("storage_class")
        if named:
            ctx.expect(named in classes, f"there is no StorageClass {named}; there are: "
                       + (listed(sorted(classes), 8) or "none"), storage_classes=sorted(classes))
            chosen = classes[named]
        else:
            found = defaults(classes.values())
            ctx.expect(len(found) == 1, f"{len(found)} StorageClasses are the default: {listed(found, 8)}" if found
                       else "no StorageClass is the default", storage_classes=sorted(classes), defaults=found)
            chosen = classes[found[0]]
        ctx.touches("StorageClass", chosen["metadata"]["name"])
        ctx.observe(storage_class=chosen["metadata"]["name"], provisioner=chosen.get("provisioner", ""),
                    binding=chosen.get("volumeBindingMode", "Immediate"))
        return chosen

    # ---- pods -------------------------------------------------------------------------------------------------
    def _pod(self, ctx: Context, name: str, command: str, claim_name: str, nodes: list[str], wanted: str) -> str:
        """Run the pod to its end and compare its result; the node where it ran."""
        ctx.create(pod(name, ctx.image("busybox"), command, ctx.nonce, claim_name, nodes))
        start = time.monotonic()
        limit = ctx.options.get("provision_limit", 180)
        try:
            item = ctx.wait("pods", lambda items: self._settled(items.get((ctx.namespace, name))),
                            f"pod {name} with its volume ends", seconds=limit)
        except StepFailed as e:
            raise StepFailed(f"{e}{self._why(ctx, name, claim_name)}") from None
        reason = waiting_reason(item)
        if reason and reason[0] in NO_IMAGE:
            ctx.inconclusive(f"the image of the storage pods cannot be had: {reason[0]}: {reason[1]}")
        status, result = ending(item)
        node = item["spec"].get("nodeName", "")
        ctx.touches("Node", node)
        good = status == 0 and result == wanted
        ctx.see(kind="storage", from_node=node, target=claim_name, variant=name.partition("-")[0], ok=good,
                error="" if good else f"exit status {status}: {result}", seconds=time.monotonic() - start)
        ctx.expect(status == 0, f"pod {name} on {node} ended with {status}: {result}", exit_status=status)
        ctx.expect(result == wanted, f"pod {name} on {node} found {result!r}, expected {wanted!r}: data was changed",
                   checksum=result, expected_checksum=wanted)
        ctx.measure(f"{name.partition('-')[0]} pod, from its creation to its end", time.monotonic() - start, "s")
        return node

    def _settled(self, item: dict[str, Any] | None) -> dict[str, Any] | None:
        """The pod when it has ended or its image cannot be had."""
        if item is None:
            return None
        reason = waiting_reason(item)
        return item if ending(item) or (reason and reason[0] in NO_IMAGE) else None

    def _why(self, ctx: Context, pod_name: str, claim_name: str) -> str:
        """What the claim and the pod wait for, by their states and last events, for the message."""
        item = ctx.watch("pods").items().get((ctx.namespace, pod_name)) or {}
        claimed = ctx.watch("persistentvolumeclaims").items().get((ctx.namespace, claim_name)) or {}
        texts = [f"the claim is {claimed['status']['phase']}"] if claimed.get("status", {}).get("phase") else []
        for name in (claim_name, pod_name):
            events = optional_get(ctx, f"/api/v1/namespaces/{ctx.namespace}/events",
                                  {"fieldSelector": f"involvedObject.name={name}"})
            # A warning tells more than what was said after it.
            last = sorted((events or {}).get("items") or [], key=lambda e: (
                e.get("type") == "Warning", e.get("lastTimestamp") or e.get("eventTime") or ""))[-1:]
            texts += [f"{e.get('reason')}: {e.get('message')}" for e in last]
        reason = waiting_reason(item) if item else None
        if reason and not any(reason[1] and reason[1] in t for t in texts):
            texts.append(f"{reason[0]}: {reason[1]}".rstrip(": "))
        return f"; {'; '.join(dict.fromkeys(texts))}"[:600] if texts else ""

    # ---- the volume -------------------------------------------------------------------------------------------
    def _volume(self, ctx: Context, name: str, storage_class: dict[str, Any]) -> dict[str, Any]:
        bound = ctx.wait("persistentvolumeclaims", lambda items: self._bound(items.get((ctx.namespace, name))),
                         f"claim {name} is bound", seconds=30.0)
        volume = ctx.client.get(f"/api/v1/persistentvolumes/{bound['spec']['volumeName']}")
        ctx.touches("PersistentVolume", volume["metadata"]["name"])
        actual = volume["spec"].get("storageClassName")
        ctx.expect(actual == storage_class["metadata"]["name"], f"the volume has the class {actual!r}")
        owner = volume["spec"].get("claimRef") or {}
        ctx.expect((owner.get("namespace"), owner.get("name")) == (ctx.namespace, name),
                   f"volume {volume['metadata']['name']} names another claim: {owner.get('namespace')}/"
                   f"{owner.get('name')}")
        ctx.measure("claim to data written", time.monotonic() - self._claimed, "s")
        return volume

    def _bound(self, item: dict[str, Any] | None) -> dict[str, Any] | None:
        good = item and item.get("status", {}).get("phase") == "Bound" and item["spec"].get("volumeName")
        return item if good else None

    def _move(self, ctx: Context, name: str, volume: dict[str, Any], writer: str) -> None:
        nodes = optional_get(ctx, "/api/v1/nodes")
        elsewhere = others(volume, (nodes or {}).get("items") or [], writer)
        if elsewhere:
            ctx.observe(volume_moves="between nodes")
        else:
            ctx.observe(volume_moves="not tested: nodes may not be listed" if nodes is None else
                        "no: the volume can be used on the writer's node only")
        node = self._pod(ctx, f"reader-{ctx.nonce}", READ, name, elsewhere, f"{digest(ctx.nonce)} {ctx.nonce}")
        ctx.observe(written_on=writer, read_on=node)

    def _remove(self, ctx: Context, name: str, volume: dict[str, Any]) -> None:
        path = f"/api/v1/persistentvolumes/{volume['metadata']['name']}"
        kept = volume["spec"].get("persistentVolumeReclaimPolicy") == "Retain"
        if kept:  # the volume is ours, and would be left for good
            ctx.observe(reclaim_policy="Retain")
            try:
                ctx.client.raw.patch(path, {"spec": {"persistentVolumeReclaimPolicy": "Delete"}})
            except ApiError as e:
                if e.status != 403:
                    raise
                ctx.warn(f"volume {volume['metadata']['name']} is left, as its class retains volumes and we may not "
                         "change that")
                return
        start = time.monotonic()
        ctx.delete("Pod", f"reader-{ctx.nonce}")
        ctx.delete("PersistentVolumeClaim", name)
        ctx.until(lambda: self._absent(ctx, path), f"volume {volume['metadata']['name']} gone after its claim",
                  seconds=GONE, every=1.0)
        ctx.measure("volume gone after its claim's deletion", time.monotonic() - start, "s")

    def _absent(self, ctx: Context, path: str) -> bool:
        try:
            ctx.client.raw.get(path)
        except ApiError as e:
            if e.status == 404:
                return True
            raise
        return False
