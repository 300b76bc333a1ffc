# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The end of the StatefulSet: its pods, the attachments of its volumes, its claims, and the volumes, in this order."""
from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...engine.errors import StepFailed
from .._shared.text import listed
from .._storage.attachments import attachments
from .._storage.classes import VOLUMES
from .classes import Driver, Plan

if TYPE_CHECKING:
    from ...engine.context import Context
    from .provider import Provider
    from .set import ZonalSet


class Ends:
    """What of our volumes is attached, and that nothing is after the end."""

    def __init__(self, ctx: Context, one: Plan, registered: Mapping[str, Mapping[str, Driver]], provider: Provider):
        self.ctx, self.one, self.registered, self.provider = ctx, one, registered, provider

    def room(self, pods: ZonalSet) -> None:
        """How many volumes the nodes of our pods have, of how many they take, as their driver says."""
        found = attachments(self.ctx)
        if found is None:
            self.ctx.observe(attach_limits="not known: our user may not list volumeattachments")
            return
        used: dict[str, int] = {}
        for a in found:
            if a["driver"] == self.one.driver:
                used[a["node"]] = used.get(a["node"], 0) + 1
        limits = {n: self.registered.get(n, {}).get(self.one.driver, Driver((), None)).limit
                  for n in sorted(set(pods.nodes.values()))}
        told = {n: f"{used.get(n, 0)} of {limit}" for n, limit in limits.items() if limit}
        self.one.tell(self.ctx, attached=told)
        over = [f"{n} ({used[n]} of {limit})" for n, limit in limits.items() if limit and used.get(n, 0) > limit]
        if over:
            self.ctx.warn(f"more volumes of {self.one.driver} are attached than the node takes: {listed(over)}")

    def remove(self, pods: ZonalSet) -> None:
        ctx, start = self.ctx, time.monotonic()
        ctx.delete("StatefulSet", pods.set_name, api_version="apps/v1")
        for pod in pods.names:
            ctx.delete("Pod", pod)
        self._detached(pods)
        for pod in pods.names:
            ctx.delete("PersistentVolumeClaim", pods.claim(pod))
        for volume in pods.volumes.values():
            self._gone(volume, pods)
        ctx.measure(f"{self.one.name}: volumes gone after their pods' deletion", time.monotonic() - start, "s")

    def _detached(self, pods: ZonalSet) -> None:
        """Volumes leave their nodes before their claims go: a provider refuses to delete one that is attached."""
        ctx, mine, start = self.ctx, {v["metadata"]["name"] for v in pods.volumes.values()}, time.monotonic()
        last: list[dict[str, Any]] = []

        def none_left() -> bool:
            found = attachments(ctx)
            last[:] = [a for a in found or [] if a["volume"] in mine]
            return not last

        try:
            ctx.until(none_left, "volumes detached", seconds=float(pods.limit), every=1.0)
        except StepFailed:
            if not last:
                raise
            for a in last:
                ctx.touches("VolumeAttachment", a["name"])
                ctx.see(kind="attachment", ok=False, from_node=a["node"], target=a["volume"], variant="detach",
                        error=a["error"])
            first, seconds = last[0], time.monotonic() - start
            ctx.fail(f"volume {first['volume']} is detached from {first['node']}: not within {seconds:.0f} s"
                     f"{'; ' + first['error'] if first['error'] else ''}", attachments=[a["name"] for a in last])
        if last == [] and attachments(ctx) is None:
            ctx.observe(detached="not known: our user may not list volumeattachments")

    def _gone(self, volume: dict[str, Any], pods: ZonalSet) -> None:
        ctx, name = self.ctx, volume["metadata"]["name"]
        if name in pods.kept:
            ctx.warn(f"volume {name} is left, as its class retains volumes and we may not change that")
            return
        ctx.until(lambda: ctx.client.absent(f"{VOLUMES}/{name}"), f"volume {name} gone after its claim",
                  seconds=float(pods.limit), every=1.0)
        self.provider.gone(volume, float(pods.limit))
