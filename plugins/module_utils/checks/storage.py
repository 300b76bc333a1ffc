# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes are provisioned, keep data, move with pods, and vanish."""
from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..engine.errors import StepFailed
from ..kube.errors import ApiError
from ..kube.pods import waiting_reason
from ._shared.standing import Standing
from ._shared.waits import why
from ._storage.attachments import not_attached
from ._storage.classes import CLASSES, VOLUMES, can_be_removed, choose, gives_new_volumes
from ._storage.hold import bound, hold
from ._storage.pods import READ, WRITE, claim, digest, ending, pod
from ._storage.volumes import others

if TYPE_CHECKING:
    from ..engine.context import Context

# Seconds from the end of a claim to the end of its volume; detaching and deleting a cloud disk takes a minute.
GONE = 300.0
# Seconds from the end of a pod that had the volume to a claim that says that it is bound.
_BOUND = 30.0
# Seconds for all that is none of the waits: requests, and the ends of pods.
_REST = 60.0
# The image is not there to be had: nothing is known about storage.
NO_IMAGE = ("ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")


class Storage(Check):
    """One claim, a pod that writes, another that reads on another node if the volume can follow, and the removal."""

    name = "storage"
    domain = "storage"
    proves = "A claim gets a volume, data written by one pod is read by another, and the volume goes with the claim."
    options = (
        Option("storage_class", "The StorageClass to prove; by default the one that the cluster gives to claims without a "
               "class.", example="gp3"),
        Option("size", "How much to claim.", default="1Gi", example="4Gi"),
        Option("access_mode", "The access mode of the claim.", default="ReadWriteOnce",
               choices=("ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod")),
        Option("provision_limit", "Seconds until a pod with the volume must have started: provisioning, attaching and "
               "mounting. Two pods, and the volume's end, must fit into the limit of the run.",
               type="int", default=180, minimum=5, maximum=1800),
    )
    permissions = (
        Permission(("get", "list"), ("storageclasses",), "storage.k8s.io"),
        Permission(("create", "delete", "get", "list", "watch"), ("persistentvolumeclaims", "pods")),
        Permission(("get", "list"), ("persistentvolumes",)),
        Permission(("patch",), ("persistentvolumes",), power="retained_volumes"),
        Permission(("list", "watch"), ("nodes",), optional=True),
        Permission(("list",), ("volumeattachments",), "storage.k8s.io", optional=True),
        Permission(("list",), ("events",), optional=True),
    )
    images = ("agnhost",)
    objects = ("PersistentVolumeClaim", "Pod")
    expected = 90.0
    limit = 2 * 180.0 + _BOUND + GONE + _REST
    _volume: dict[str, Any] | None = None
    _retained = False

    def bounds(self, options: dict[str, Any]) -> None:
        """Two pods may take their time, and then the volume its own."""
        self.limit = 2.0 * options.get("provision_limit", 180) + _BOUND + GONE + _REST

    def applies(self, ctx: Context) -> str:
        self._classes = ctx.client.get(CLASSES).get("items") or []
        if self._classes or ctx.options.get("storage_class"):
            return ""
        return "the cluster has no StorageClass, so nothing in it makes volumes"

    def run(self, ctx: Context) -> None:
        mode, size = ctx.options.get("access_mode") or "ReadWriteOnce", ctx.options.get("size") or "1Gi"
        with ctx.step("there is a StorageClass that makes volumes"):
            storage_class = self._class(ctx, mode, size)
        name = f"data-{ctx.nonce}"
        with ctx.step("a claim is accepted"):
            ctx.create(claim(name, storage_class["metadata"]["name"], size, mode))
            self._claimed = time.monotonic()
        with ctx.step("a pod with the claim writes to its volume"):
            node = self._pod(ctx, f"writer-{ctx.nonce}", WRITE, name, "", digest(ctx.nonce))
        with ctx.step("the claim is bound to a volume of its class"):
            volume = self._own_volume(ctx, name, storage_class)
        with ctx.step("another pod reads what was written"):
            ctx.delete("Pod", f"writer-{ctx.nonce}")
            self._move(ctx, name, volume, node)
        with ctx.step("the volume goes with its claim"):
            self._remove(ctx, name, volume)

    def _class(self, ctx: Context, mode: str, size: str) -> dict[str, Any]:
        chosen = choose(ctx, self._classes)
        ctx.touches("StorageClass", chosen["metadata"]["name"])
        ctx.observe(storage_class=chosen["metadata"]["name"], provisioner=chosen.get("provisioner", ""),
                    binding=chosen.get("volumeBindingMode", "Immediate"))
        can_be_removed(ctx, chosen)
        gives_new_volumes(ctx, chosen, mode, size)
        return chosen

    # ---- pods -------------------------------------------------------------------------------------------------
    def _pod(self, ctx: Context, name: str, command: str, claim_name: str, away_from: str, wanted: str) -> str:
        """Run the pod to its end and compare its result; the node where it ran."""
        where = ctx.fleet.choice.affinity()
        standing = Standing(ctx, name, lambda times: ctx.create(
            pod(name, ctx.image("agnhost"), command, ctx.nonce, claim_name, where, away_from, again=times > 0)))
        standing.create()
        start = time.monotonic()
        try:
            item = self._end(ctx, standing, claim_name, ctx.options.get("provision_limit", 180))
        except StepFailed:
            not_attached(ctx, [self._volume["metadata"]["name"]] if self._volume else [], time.monotonic() - start)
            ended = standing.placing.over or f"not within {time.monotonic() - start:.0f} s"
            raise StepFailed(f"pod {name} with its volume ends: {ended}{why(ctx, name, claim_name)}") from None
        reason = waiting_reason(item)
        if reason and reason[0] in NO_IMAGE:
            ctx.inconclusive(f"the image of the storage pods cannot be had: {reason[0]}: {reason[1]}")
        status, result = ending(item)
        node = item["spec"].get("nodeName", "")
        ctx.touches("Node", node)
        good = status == 0 and result == wanted
        if not good and self._volume is None:  # whose data it is comes first
            with contextlib.suppress(StepFailed):
                self._hold(ctx, claim_name)
        ctx.see(kind="storage", from_node=node, target=claim_name, variant=name.partition("-")[0], ok=good,
                error="" if good else f"exit status {status}: {result}", seconds=time.monotonic() - start)
        ctx.expect(status == 0, f"pod {name} on {node} ended with {status}: {result}", exit_status=status)
        ctx.expect(result == wanted, f"pod {name} on {node} found {result!r}, expected {wanted!r}: data was changed",
                   checksum=result, expected_checksum=wanted)
        ctx.measure(f"{name.partition('-')[0]} pod, from its creation to its end", time.monotonic() - start, "s")
        return node

    def _end(self, ctx: Context, standing: Standing, claim_name: str, limit: float) -> dict[str, Any]:
        """The pod as it ended; on the way the volume is held as soon as there is one."""
        what, start = f"pod {standing.name} with its volume ends", time.monotonic()
        claims = ctx.watch("persistentvolumeclaims")

        def ended(items: dict[Any, Any]) -> dict[str, Any] | None:
            return self._settled(standing.now(items))

        def has_volume() -> dict[str, Any] | None:
            return bound(claims.items().get((ctx.namespace, claim_name)))

        if self._volume is None:
            standing.wait(lambda items: ended(items) or has_volume(), what, limit)
            if has_volume():
                self._hold(ctx, claim_name)
        item: dict[str, Any] = standing.wait(ended, what, max(0.0, limit - (time.monotonic() - start)))
        return item

    def _settled(self, item: dict[str, Any]) -> dict[str, Any] | None:
        """The pod when it has ended or its image cannot be had."""
        if not item:
            return None
        reason = waiting_reason(item)
        return item if ending(item) or (reason and reason[0] in NO_IMAGE) else None

    # ---- the volume -------------------------------------------------------------------------------------------
    def _hold(self, ctx: Context, name: str) -> dict[str, Any]:
        """The volume of the claim, if it was made for it; from here on it goes with the claim, whatever becomes of the run."""
        claimed = ctx.wait("persistentvolumeclaims", lambda items: bound(items.get((ctx.namespace, name))),
                           f"claim {name} is bound", seconds=_BOUND)
        self._volume, self._retained = hold(ctx, claimed)
        ctx.observe(volume=self._volume["metadata"]["name"], made_for_the_claim=True)
        return self._volume

    def _own_volume(self, ctx: Context, name: str, storage_class: dict[str, Any]) -> dict[str, Any]:
        volume = self._volume or self._hold(ctx, name)
        actual = volume["spec"].get("storageClassName")
        ctx.expect(actual == storage_class["metadata"]["name"], f"the volume has the class {actual!r}")
        owner = volume["spec"].get("claimRef") or {}
        ctx.expect((owner.get("namespace"), owner.get("name")) == (ctx.namespace, name),
                   f"volume {volume['metadata']['name']} names another claim: {owner.get('namespace')}/"
                   f"{owner.get('name')}")
        ctx.measure("claim to data written", time.monotonic() - self._claimed, "s")
        return volume

    def _move(self, ctx: Context, name: str, volume: dict[str, Any], writer: str) -> None:
        fleet = ctx.fleet
        elsewhere = [n for n in others(volume, fleet.nodes.values(), writer) if n not in fleet.left_out]
        if elsewhere:
            ctx.observe(volume_moves="between nodes")
        else:
            ctx.observe(volume_moves="no: the volume can be used on the writer's node only" if fleet.known else
                        "not tested: nodes may not be listed")
        node = self._pod(ctx, f"reader-{ctx.nonce}", READ, name, writer if elsewhere else "",
                         f"{digest(ctx.nonce)} {ctx.nonce}")
        ctx.observe(written_on=writer, read_on=node)

    def _remove(self, ctx: Context, name: str, volume: dict[str, Any]) -> None:
        path = f"{VOLUMES}/{volume['metadata']['name']}"
        if self._retained:
            ctx.warn(f"volume {volume['metadata']['name']} is left, as its class retains volumes and we may not change that")
            return
        start = time.monotonic()
        ctx.delete("Pod", f"reader-{ctx.nonce}")
        ctx.delete("PersistentVolumeClaim", name)
        ctx.until(lambda: self._absent(ctx, path), f"volume {volume['metadata']['name']} gone after its claim",
                  seconds=GONE, every=1.0)
        ctx.measure("volume gone after its claim's deletion", time.monotonic() - start, "s")

    def _absent(self, ctx: Context, path: str) -> bool:
        try:
            ctx.client.quiet.get(path)
        except ApiError as e:
            if e.status == 404:
                return True
            raise
        return False
