# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The virtual machines that the nodes are: what only their platform can tell."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import CloudPermission, Option, Permission
from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..machines.aws.rights import LOOKING
from ..machines.choice import registry as machine_platforms
from ..machines.model import Machine, MachinePlatform, Store, Wanted
from ._machines import nodes as machine_nodes
from ._machines.map import assign, by_keys, control_plane, find_wanted, keys_of
from ._machines.options import CONNECTION, OF_CLUSTER, SELECTION, of_cluster, own_words, params, selection
from ._shared.nodes import Node, moment, name_of
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context

# Snapshots of AWS are copies outside the machine: none is in its way, whatever its age; and there are no guest tools.
_CLOUDS = ("aws",)
_DAY = 86400.0


@dataclass(frozen=True)
class Found:
    """What there is: the machines by the name that they are told by, their nodes (perhaps unknown), and datastores."""

    platform: str
    machines: dict[str, Machine]
    node_of: dict[str, str]
    leaders: tuple[str, ...]
    stores: tuple[Store, ...]


def power_trouble(machine: Machine) -> str:
    return "" if machine.power == "on" else f"is {'powered off' if machine.power == 'off' else machine.power}"


def tools_trouble(machine: Machine) -> str:
    """Only of a machine that is on. Whether tools are up to date, or of the distribution, is no matter."""
    if machine.power != "on" or machine.tools == "running":
        return ""
    status = machine.extra.get("tools_status")
    words = "has no guest tools" if machine.tools == "none" else "runs no guest tools"
    return words + (f" ({status})" if status else "")


def chain(machine: Machine) -> int:
    """How many snapshots stand on each other, at most."""
    parent = {s.id: s.parent for s in machine.snapshots}

    def depth(key: str, seen: frozenset[str] = frozenset()) -> int:
        return 0 if key not in parent or key in seen else 1 + depth(parent[key], seen | {key})

    return max(map(depth, parent), default=0)


def snapshot_trouble(machine: Machine, now: datetime, days: float, deepest: int, kept: Iterable[str] = ()) -> str:
    """Snapshots that are too old or too many on each other; a time that the platform does not tell counts as young.

    kept: names of those that may be old.
    """
    ages = {s.name: (now - made).total_seconds() / _DAY for s in machine.snapshots
            if s.name not in kept and (made := moment(s.created))}
    old = {n: a for n, a in ages.items() if a > days}
    parts = [f"has snapshot {n!r}, {a:.1f} days old" for n, a in sorted(old.items(), key=lambda i: -i[1])][:3]
    depth = chain(machine)
    if depth > deepest:
        parts.append(f"has {depth} snapshots on each other")
    return ", ".join(parts)


def disk_trouble(machine: Machine) -> str:
    return "disk.EnableUUID is not TRUE" if machine.extra.get("disk_uuid") is False else ""


def together(leaders: Iterable[str], machines: Mapping[str, Machine]) -> dict[str, list[str]]:
    """By host: the control plane's machines on it, where there are several."""
    hosts: dict[str, list[str]] = {}
    for name in leaders:
        host = machines[name].extra.get("host")
        if host:
            hosts.setdefault(str(host), []).append(name)
    return {h: sorted(names) for h, names in sorted(hosts.items()) if len(names) > 1}


def free_percent(store: Store, grown: bool = False) -> float:
    """Free percentage of the datastore; grown: after all thin disks on it have grown to their size (may be below 0)."""
    free = store.free - (store.uncommitted if grown else 0)
    return 100.0 * free / store.capacity if store.capacity > 0 else 0.0


class Machines(Check):
    """Asks the platform about all machines at once, records every claim for every machine, then judges."""

    name = "machines"
    domain = "machines"
    proves = "The virtual machines of the nodes are on, with guest tools that run, without old snapshots, and have room to grow."
    options = (
        *CONNECTION, *SELECTION,
        Option("snapshot_age_days", "How old a snapshot may be, in days.", type="float", default=3.0, minimum=0),
        Option("snapshots_kept", "Names of snapshots that are kept on purpose, whatever their age. Without it that of"
               " C(pipeline_snapshot).", type="list", elements="str"),
        Option("snapshot_depth", "How many snapshots may stand on each other.", type="int", default=3, minimum=0),
        Option("datastore_free", "Fail when less than this percentage of a datastore is free.", type="int", default=10,
               minimum=0, maximum=100),
        Option("datastore_free_warn", "Warn when less than this percentage of a datastore is free.", type="int",
               default=20, minimum=0, maximum=100),
        Option("control_plane_apart", "Whether each machine of the control plane must be on a host of its own.",
               type="bool", default=True),
        Option("disk_uuid", "Whether disks must show their UUIDs to the guest (disk.EnableUUID), as vSphere CSI needs.",
               type="bool", default=True),
    )
    permissions = (Permission(("list",), ("nodes",), optional=True),)
    cloud_permissions = (CloudPermission("aws", LOOKING, "the machines of the nodes, their disks and snapshots"),)
    expected = 30.0
    limit = 180.0
    # With the names in the inventory it tells most when nothing answers: that the machines are off.
    needs_cluster = False
    reads = (OF_CLUSTER, "pipeline_snapshot")

    @classmethod
    def beside(cls, given: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
        kept = variables.get("pipeline_snapshot")
        return {**of_cluster(given, variables), **({"snapshots_kept": ([kept], "pipeline_snapshot")} if kept else {})}

    def applies(self, ctx: Context) -> str:
        return "" if ctx.options.get("platform") else \
            "no platform of machines is named (cluster_machines, or machines_check_platform: vsphere, esxi or aws)"

    def __init__(self) -> None:
        self._unmet: list[tuple[str, str]] = []

    def run(self, ctx: Context) -> None:
        name = ctx.options["platform"]
        ctx.observe(platform=name)
        nodes = machine_nodes.read(ctx)
        try:
            with ctx.step("every node has a machine"):
                found, missing = self._ask(ctx, nodes)
        except BadOption as e:
            ctx.inconclusive(f"platform {name}: {own_words(str(e))}", bad_option=str(e))
        except PlatformError as e:
            ctx.inconclusive(f"platform {name}: {own_words(str(e))}", platform_said=str(e))
        if not found.machines and not missing:
            ctx.inconclusive("there is neither a node nor a machine to look at", bad_option="no machines")
        self._judge(ctx, found)
        self._verdict(ctx, missing)

    # ---- what there is ----------------------------------------------------------------------------------------
    def _ask(self, ctx: Context, nodes: list[Node]) -> tuple[Found, dict[str, str]]:
        """(what there is, why by node or name there is no machine)."""
        given = {"platform": ctx.options["platform"], **params(ctx.options)}
        platform = machine_platforms.open(given, Job(check_mode=True, deadline=ctx.deadline))
        try:
            return self._find(ctx, platform, nodes)
        finally:
            platform.close()

    def _find(self, ctx: Context, platform: MachinePlatform, nodes: list[Node]) -> tuple[Found, dict[str, str]]:
        wanted, kind = selection(ctx.options), platform.name
        missing: dict[str, str] = {}
        if wanted != Wanted():
            machines, absent = find_wanted(platform.find, wanted)
            missing = {value: why for (_field, value), why in absent.items()}
            mine = assign(nodes, machines, kind)
            missing |= {name_of(n): "" for n in nodes if name_of(n) not in mine}
        else:
            mine, missing = by_keys(platform.find, keys_of(nodes, kind))
            machines = list({m.id: m for m in mine.values()}.values())
        told = _told_apart(machines)
        by_id = {m.id: name for name, m in told.items()}
        leaders = {by_id[mine[name_of(n)].id] for n in nodes if control_plane(n) and name_of(n) in mine}
        for node in map(name_of, nodes):
            why = missing.get(node, "") or "no machine fits"
            ctx.see(kind="machine", to_node=node, target=node, variant="found", ok=node not in missing,
                    error=why if node in missing else "")
        stores = tuple(platform.stores(machines))
        ctx.observe(machines=len(machines), round_trips=platform.round_trips,
                    machine_ids={n: m.id for n, m in told.items()})
        return Found(kind, told, {by_id[m.id]: n for n, m in mine.items()}, tuple(sorted(leaders)), stores), missing

    # ---- what is claimed --------------------------------------------------------------------------------------
    def _judge(self, ctx: Context, found: Found) -> None:
        options, now = ctx.options, datetime.now(timezone.utc)
        self._claim(ctx, found, "power", "every machine is powered on", power_trouble)
        if found.platform not in _CLOUDS:
            self._claim(ctx, found, "tools", "guest tools run on every machine", tools_trouble)
            days, deepest = float(options.get("snapshot_age_days", 3.0)), int(options.get("snapshot_depth", 3))
            self._claim(ctx, found, "snapshot", f"no machine has snapshots older than {days:g} days or more than {deepest}"
                        " on each other",
                        lambda m: snapshot_trouble(m, now, days, deepest, options.get("snapshots_kept") or ()))
            self._claim(ctx, found, "consolidation", "no machine's disks need a consolidation",
                        lambda m: "needs a consolidation of its disks" if m.consolidate else "")
        if options.get("disk_uuid", True):
            self._claim(ctx, found, "disk_uuid", "every machine shows the UUIDs of its disks", disk_trouble)
        self._stores(ctx, found)
        self._apart(ctx, found)

    def _claim(self, ctx: Context, found: Found, variant: str, claim: str, trouble: Callable[[Machine], str]) -> None:
        """Record the claim for every machine, and remember it where it is not met."""
        bad = {}
        for name, machine in found.machines.items():
            why = trouble(machine)
            ctx.see(kind="machine", to_node=found.node_of.get(name, ""), target=name, variant=variant, ok=not why,
                    error=why)
            if why:
                bad[name] = why
        if bad:
            self._unmet.append((claim, f"{len(bad)} of {len(found.machines)} machines: "
                                + listed(f"{n} {w}" for n, w in bad.items())))
            ctx.observe(**{f"machines_{variant}": bad})

    def _stores(self, ctx: Context, found: Found) -> None:
        least, few = ctx.options.get("datastore_free", 10), ctx.options.get("datastore_free_warn", 20)
        bad: list[str] = []
        for store in found.stores:
            free, grown = free_percent(store), free_percent(store, grown=True)
            low = free < least
            words = f"{store.name} has {free:.1f} % free ({store.free / 2 ** 30:.0f} GiB of " \
                f"{store.capacity / 2 ** 30:.0f} GiB; {grown:.1f} % after its thin disks have grown)"
            ctx.see(kind="datastore", target=store.name, variant="free", ok=not low, error=words if low else "")
            ctx.measure(f"free on {store.name}", free, "%", few)
            ctx.measure(f"free on {store.name} after growth", grown, "%")
            if low:
                bad.append(words)
            elif free < few:
                ctx.warn(f"datastore {words}")
        if bad:
            self._unmet.append((f"every datastore has {least} % free", f"{len(bad)} of {len(found.stores)} datastores: "
                                + listed(bad)))

    def _apart(self, ctx: Context, found: Found) -> None:
        shared = together(found.leaders, found.machines) if ctx.options.get("control_plane_apart", True) else {}
        for host, names in shared.items():
            for name in names:
                ctx.see(kind="machine", to_node=found.node_of.get(name, ""), target=name, variant="apart", ok=False,
                        error=f"shares host {host} with {', '.join(n for n in names if n != name)}")
        if shared:
            self._unmet.append(("the control plane's machines are on different hosts", "; ".join(
                f"host {h} has {len(n)} machines of the control plane: {listed(n, 5)}" for h, n in shared.items())))

    def _verdict(self, ctx: Context, missing: dict[str, str]) -> None:
        """The first unmet claim names the failure, and all are told. A machine that was not found may only be
        invisible, so alone it proves no fault."""
        lost = f"{len(missing)} without a machine, which is missing or not visible to this user: " + listed(
            f"{n} ({w})" if w else n for n, w in missing.items()) if missing else ""
        if self._unmet:
            with ctx.step(self._unmet[0][0]):
                ctx.fail("; ".join([text for _claim, text in self._unmet] + ([lost] if lost else [])))
        if lost:
            with ctx.step("every node has a machine"):
                ctx.inconclusive(lost, machines_not_found=missing)


def _told_apart(machines: list[Machine]) -> dict[str, Machine]:
    """By name, or by name and id where several have the name."""
    names = [m.name for m in machines]
    out: dict[str, Any] = {m.name if names.count(m.name) == 1 else f"{m.name} ({m.id})": m for m in machines}
    return dict(sorted(out.items()))
