# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A StatefulSet over the zones: each pod with a volume of its own zone, which it finds again wherever it goes there."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..engine.errors import Inconclusive
from ..kube.kinds import path_of
from ._shared.nodes import named
from ._shared.text import listed
from ._storage.classes import CLASSES, can_be_removed, gives_new_volumes
from ._zonal.classes import Driver, Plan, drivers, in_order, plan, usable, why_not
from ._zonal.ends import Ends
from ._zonal.pods import affinity, stateful_set
from ._zonal.provider import OPTIONS, PERMISSIONS, Provider
from ._zonal.set import TooSmall, ZonalSet

if TYPE_CHECKING:
    from ..engine.context import Context

OPTION = "storage_check_zonal_classes"
_MODE = "ReadWriteOnce"
# Classes that are proved where none is named: each costs a volume in every zone, and minutes.
_MOST = 3
# Waits of a class that may take the whole limit: the first start, and what comes again, which is there faster.
_WAITS = 3


class ZonalStatefulSet(Check):
    """For each class: pods over the zones, their deletion, a move within the zone, and the removal."""

    name = "zonal_stateful_set"
    domain = "storage"
    proves = ("A StatefulSet has a pod with its own volume in every zone, each finds its data again after it was deleted or "
              "moved within its zone, and the volumes go with their claims.")
    options = (
        Option("zonal_classes", "The StorageClasses to prove; by default the cluster's default class and others whose volumes "
               "live in a zone, three at most.", type="list", elements="str", example=["gp3"]),
        Option("zonal_size", "How much each pod claims.", default="1Gi", example="4Gi"),
        Option("zonal_limit", "Seconds that each of these may take: all pods with their volumes start, all start again, a "
               "volume is detached, a volume is deleted.", type="int", default=300, minimum=10, maximum=1800),
        *OPTIONS,
    )
    permissions = (
        Permission(("get", "list"), ("storageclasses",), "storage.k8s.io"),
        Permission(("list",), ("csinodes",), "storage.k8s.io"),
        Permission(("list", "watch"), ("nodes",)),
        Permission(("create", "delete", "get", "patch"), ("statefulsets",), "apps"),
        Permission(("delete", "get", "list", "watch"), ("persistentvolumeclaims", "pods")),
        Permission(("get", "list"), ("persistentvolumes",)),
        Permission(("patch",), ("persistentvolumes",), power="retained_volumes"),
        Permission(("list",), ("volumeattachments",), "storage.k8s.io", optional=True),
        Permission(("list",), ("events",), optional=True),
    )
    cloud_permissions = PERMISSIONS
    images = ("agnhost",)
    objects = ("PersistentVolumeClaim", "Pod", "StatefulSet")
    expected = 300.0
    limit = _MOST * _WAITS * 300.0

    def bounds(self, options: dict[str, Any]) -> None:
        """Each class may take its time."""
        count = len(options.get("zonal_classes") or ()) or _MOST
        self.limit = float(count * _WAITS * options.get("zonal_limit", 300))
        self.expected = 100.0 * count

    def applies(self, ctx: Context) -> str:
        self._classes = ctx.client.get(CLASSES).get("items") or []
        if self._classes or ctx.options.get("zonal_classes"):
            return ""
        return "the cluster has no StorageClass, so nothing in it makes volumes"

    def run(self, ctx: Context) -> None:
        with ctx.step("there is a StorageClass whose volumes live in a zone, and nodes in more than one"):
            zones = self._zones(ctx)
            registered = drivers(ctx)
            plans = self._plans(ctx, zones, registered)
        provider, unfit = Provider(ctx), {}
        try:
            for number, one in enumerate(plans):
                ends, name = Ends(ctx, one, registered, provider), f"zonal-{ctx.nonce}-{number}"
                try:
                    self._prove(ctx, one, name, ends)
                except TooSmall as e:
                    unfit[one.name] = str(e)
                    ends.remove(ZonalSet(ctx, name, one, ctx.options.get("zonal_limit", 300)))
        finally:
            provider.close()
        for name, why in unfit.items():
            told = f"StorageClass {name} makes no volume of {self._size(ctx)}; set storage_check_zonal_size: {why}"
            if len(unfit) == len(plans) or ctx.options.get("zonal_classes"):
                ctx.inconclusive(told)
            ctx.warn(told)

    def _size(self, ctx: Context) -> str:
        return str(ctx.options.get("zonal_size") or "1Gi")

    # ---- which ------------------------------------------------------------------------------------------------
    def _zones(self, ctx: Context) -> dict[str, list[str]]:
        fleet = ctx.fleet
        if not fleet.known:
            ctx.inconclusive("our user may not list nodes, so that their zones are not known")
        zones, left_out = usable(fleet.nodes.values(), fleet.left_out)
        ctx.observe(zones={z: len(nodes) for z, nodes in sorted(zones.items())}, nodes_left_out=named(left_out, 8))
        if len(zones) < 2:
            there = "no node that takes pods has a zone"
            if zones:
                there = f"all nodes that take pods are in zone {next(iter(zones))}"
            ctx.skip(f"{there}, so there is nothing to spread over; check storage proves that a volume keeps its data"
                     + (f"; left out: {named(left_out)}" if left_out else ""))
        return zones

    def _plans(self, ctx: Context, zones: dict[str, list[str]], registered: dict[str, dict[str, Driver]]) -> list[Plan]:
        wanted = ctx.options.get("zonal_classes") or []
        by_name = {c["metadata"]["name"]: c for c in in_order(self._classes)}
        unknown = [n for n in wanted if n not in by_name]
        ctx.expect(not unknown, f"there is no StorageClass {listed(unknown)}; there are: {listed(by_name, 8) or 'none'}")
        plans, left_out = [], {}
        for name in wanted or by_name:
            made = plan(by_name[name], zones, registered, ctx.fleet.nodes)
            why = "" if wanted else self._why_left_out(ctx, made, registered)
            if why:
                left_out[name] = why
            elif not wanted and len(plans) == _MOST:
                left_out[name] = f"{_MOST} others are proved; name it in {OPTION}"
            else:
                plans.append(made)
        ctx.observe(storage_classes=[p.name for p in plans], classes_left_out=named(left_out, 8))
        if not plans:
            ctx.skip(f"no StorageClass makes volumes that live in a zone: {named(left_out, 4)}")
        return plans

    def _why_left_out(self, ctx: Context, made: Plan, registered: dict[str, dict[str, Driver]]) -> str:
        """Why a class that nobody named is not proved."""
        if why := why_not(made.storage_class, registered):
            return why
        if not made.zones and not made.missing:
            ctx.warn(f"StorageClass {made.name} allows volumes in zones only that have no node for their pods")
            return "it allows volumes in zones only that have no node for their pods"
        try:
            self._ours_alone(ctx, made)
        except Inconclusive as e:
            return str(e)
        return ""

    def _ours_alone(self, ctx: Context, one: Plan) -> None:
        can_be_removed(ctx, one.storage_class, OPTION)
        gives_new_volumes(ctx, one.storage_class, _MODE, self._size(ctx), OPTION)

    # ---- one class --------------------------------------------------------------------------------------------
    def _prove(self, ctx: Context, one: Plan, name: str, ends: Ends) -> None:
        ctx.touches("StorageClass", one.name)
        ctx.observe(storage_class=one.name, provisioner=one.driver, binding=one.binding)
        with ctx.step(f"every zone of class {one.name} has a node with its driver"):
            self._places(ctx, one)
            self._ours_alone(ctx, one)
        pods = ZonalSet(ctx, name, one, ctx.options.get("zonal_limit", 300))
        start = time.monotonic()
        with ctx.step(f"class {one.name}: a pod with its volume starts in every zone"):
            self._create(ctx, one, pods)
            pods.start("wrote")
        ctx.measure(f"{one.name}: StatefulSet to all data written", time.monotonic() - start, "s")
        with ctx.step(f"class {one.name}: every volume is in the zone of its pod"):
            pods.placed()
            ends.provider.placed(pods.volumes, pods.zones)
            ends.room(pods)
        with ctx.step(f"class {one.name}: a pod that was deleted finds its data again"):
            pods.again(pods.names, "deleted")
        with ctx.step(f"class {one.name}: a pod that leaves its node finds its data again within the zone"):
            self._move(ctx, one, pods)
        with ctx.step(f"class {one.name}: the volumes go with their claims"):
            ends.remove(pods)

    def _places(self, ctx: Context, one: Plan) -> None:
        for zone, nodes in sorted(one.missing.items()):
            for node in nodes:
                ctx.touches("Node", node)
                ctx.see(kind="csi", ok=False, from_node=node, target=one.driver, variant="registered",
                        error=f"node {node} has no CSI driver {one.driver}")
            ctx.fail(f"no node of zone {zone} ({listed(nodes)}) has the CSI driver {one.driver}, so that no pod there gets a "
                     f"volume of StorageClass {one.name}", missing_driver=nodes)
        for zone, nodes in sorted(one.lacking.items()):
            ctx.warn(f"{listed(nodes)} in zone {zone} has no CSI driver {one.driver}, as others of the zone have: a pod with a "
                     "volume of it does not start there")
        ctx.expect(one.zones, f"StorageClass {one.name} allows volumes in zones only that have no node for their pods; there "
                   f"are nodes in {listed(one.not_allowed, 8) or 'none'}", zones_without_nodes=True)
        one.tell(ctx, zones=sorted(one.zones))

    def _create(self, ctx: Context, one: Plan, pods: ZonalSet) -> None:
        without = {n for nodes in one.lacking.values() for n in nodes}
        where = affinity(ctx.fleet.choice.affinity(), one.zones, without)
        pods.create(stateful_set(pods.set_name, ctx.image("agnhost"), ctx.nonce, one.name, self._size(ctx), sorted(one.zones),
                                 where))

    def _move(self, ctx: Context, one: Plan, pods: ZonalSet) -> None:
        """Nodes are left as they are: a cordon would keep off others, too; our pods are kept off by their own affinity."""
        movable = {p: node for p, node in pods.nodes.items() if len(one.zones[pods.zones[p]]) > 1}
        stay = sorted({z for z, nodes in one.zones.items() if len(nodes) < 2})
        one.tell(ctx, moved=sorted(movable), zones_of_one_node=stay)
        if not movable:
            return
        without = {n for nodes in one.lacking.values() for n in nodes}
        change = {"spec": {"template": {"spec": {"affinity": affinity(ctx.fleet.choice.affinity(), one.zones,
                                                                      {*without, *movable.values()})}}}}
        ctx.client.patch(path_of("apps/v1", "StatefulSet", ctx.namespace, pods.set_name), change)
        pods.again(sorted(movable), "moved", away_from=movable)
