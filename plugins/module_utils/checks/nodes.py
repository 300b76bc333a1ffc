# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every node is Ready, in step with the API server, and really starts pods."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..kube.errors import ApiError
from ._nodes import Node, condition, cordoned, minor, moment, name_of, pool, ready
from ._optional import optional_get
from ._text import listed

if TYPE_CHECKING:
    from ..engine.context import Context

# Kubelets renew their Lease every 10 s; after 40 s without, the node controller gives a node up.
LEASE_AGE = 40.0
# The Ready condition is sent at least every 5 minutes.
HEARTBEAT_AGE = 420.0
# A Lease from the future, in seconds: the clocks of the node and the API server differ.
CLOCK_AHEAD = 5.0
# Minor versions that a kubelet may be older than the API server.
SKEW = 3
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")
ALIKE = ("kubeletVersion", "containerRuntimeVersion", "kernelVersion", "osImage")


@dataclass(frozen=True)
class Inventory:
    """The nodes, their Leases by name, and the time of the API server when they were read."""

    nodes: list[Node]
    leases: dict[str, dict[str, Any]]
    now: datetime
    version: str


def why_not_ready(node: Node) -> str:
    """Empty when the node is Ready."""
    if ready(node):
        return ""
    c = condition(node, "Ready")
    if not c:
        return "has no Ready condition"
    return f"Ready={c.get('status')} {c.get('reason', '')}: {c.get('message', '')}".rstrip(": ")


def lease_trouble(lease: dict[str, Any] | None, now: datetime) -> str:
    """Why the Lease does not show a live kubelet; empty when it does."""
    renewed = moment(((lease or {}).get("spec") or {}).get("renewTime"))
    if renewed is None:
        return "has no Lease"
    age = (now - renewed).total_seconds()
    return f"Lease not renewed for {age:.0f} s" if age > LEASE_AGE else ""


def clock_trouble(lease: dict[str, Any] | None, now: datetime) -> str:
    renewed = moment(((lease or {}).get("spec") or {}).get("renewTime"))
    ahead = (renewed - now).total_seconds() if renewed else 0.0
    return f"its Lease is {ahead:.0f} s in the future of the API server's clock" if ahead > CLOCK_AHEAD else ""


def heartbeat_trouble(node: Node, now: datetime) -> str:
    beat = moment(condition(node, "Ready").get("lastHeartbeatTime"))
    age = (now - beat).total_seconds() if beat else 0.0
    return f"status not reported for {age:.0f} s" if age > HEARTBEAT_AGE else ""


def pressure(node: Node) -> str:
    """The pressure conditions that are True, with their messages."""
    bad = [condition(node, p) for p in PRESSURES]
    return "; ".join(f"{c['type']}: {c.get('message', '')}" for c in bad if c.get("status") == "True")


def skew(node: Node, server: str) -> str:
    """Why the kubelet's version does not go with the API server's; empty when it does, or is unknown."""
    kubelet = node.get("status", {}).get("nodeInfo", {}).get("kubeletVersion", "")
    mine, its = minor(kubelet), minor(server)
    if not mine or not its or mine[0] != its[0]:
        return ""
    if mine[1] > its[1]:
        return f"kubelet {kubelet} is newer than the API server {server}"
    behind = its[1] - mine[1]
    return f"kubelet {kubelet} is {behind} minor versions older than the API server {server}" if behind > SKEW else ""


def drift(nodes: list[Node]) -> list[str]:
    """Where nodes of one pool differ: "kernelVersion in linux/amd64: 6.1 (2 nodes), 6.6 (n3)"."""
    out = []
    pools: dict[str, list[Node]] = {}
    for node in nodes:
        pools.setdefault(pool(node), []).append(node)
    for label, members in sorted(pools.items()):
        for field in ALIKE:
            values: dict[str, list[str]] = {}
            for node in members:
                values.setdefault(node["status"].get("nodeInfo", {}).get(field, ""), []).append(name_of(node))
            if len(values) > 1:
                parts = [f"{v} ({n[0] if len(n) == 1 else f'{len(n)} nodes'})" for v, n in sorted(values.items())]
                out.append(f"{field} in {label}: {', '.join(parts)}")
    return out


def free_shares(summary: dict[str, Any]) -> dict[str, float]:
    """Free shares (0 to 1) of a kubelet's stats/summary: nodefs, imagefs, and their inodes; absent ones left out."""
    node = summary.get("node") or {}
    systems = {"nodefs": node.get("fs") or {}, "imagefs": (node.get("runtime") or {}).get("imageFs") or {}}
    out = {}
    for name, fs in systems.items():
        for what, free, size in ((name, "availableBytes", "capacityBytes"),
                                 (f"{name} inodes", "inodesFree", "inodes")):
            if fs.get(size) and fs.get(free) is not None:
                out[what] = fs[free] / fs[size]
    return out


class Nodes(Check):
    """Reads the state of all nodes at once, judges it claim by claim, then asks the nodes to do their work."""

    name = "nodes"
    domain = "nodes"
    proves = "Every node is Ready, reports in time, fits the API server's version, and starts a pod of ours."
    options = (
        Option("expected", "How many nodes the cluster must have.", type="int", minimum=1, example=5),
        Option("allow_cordoned", "Accept nodes that are cordoned (C(kubectl cordon)); they are still tested.",
               type="bool", default=False),
        Option("min_free_disk", "Warn when less than this percentage of a node's disk or inodes is free.",
               type="int", default=15, minimum=0, maximum=100),
    )
    permissions = (
        Permission(("get", "list"), ("nodes",)),
        Permission(("list",), ("leases",), "coordination.k8s.io"),
        Permission(("get",), ("nodes/proxy", "nodes/stats"), optional=True),
    )
    images = ("agnhost",)
    expected = 60.0
    limit = 300.0
    probes = 1

    def run(self, ctx: Context) -> None:
        with ctx.step("the nodes and their Leases can be read"):
            inventory = self._read(ctx)
            ctx.expect(inventory.nodes, "the cluster has no nodes")
        self._judge(ctx, inventory)
        with ctx.step("a node that does not exist is not found"):
            self._negative(ctx)
        with ctx.step("every Ready node starts a pod"):
            self._pods(ctx, inventory.nodes)
        with ctx.step("every node has free disk"):
            self._disks(ctx, inventory.nodes)

    def _read(self, ctx: Context) -> Inventory:
        version = ctx.client.get("/version").get("gitVersion", "")
        leases = ctx.client.get("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases")
        # The nodes last: a Lease can only be older than this answer's Date, never newer.
        body, headers = ctx.client.get("/api/v1/nodes", with_headers=True)
        date = next((v for k, v in headers.items() if k.lower() == "date"), None)
        now = moment(date) or datetime.now(timezone.utc)
        nodes = sorted(body.get("items") or [], key=name_of)
        for node in nodes:
            ctx.touches("Node", name_of(node))
        ctx.observe(nodes=len(nodes), api_server_version=version)
        return Inventory(nodes, {i["metadata"]["name"]: i for i in leases.get("items") or []}, now, version)

    def _judge(self, ctx: Context, inv: Inventory) -> None:
        wanted = ctx.options.get("expected")
        allowed = ctx.options.get("allow_cordoned")
        with ctx.step("the cluster has the expected number of nodes"):
            ctx.expect(not wanted or len(inv.nodes) == wanted, f"{len(inv.nodes)} nodes, expected {wanted}",
                       expected=wanted)
        with ctx.step("every node is Ready"):
            self._all(ctx, inv.nodes, "ready", why_not_ready)
        with ctx.step("every node renews its Lease"):
            self._all(ctx, inv.nodes, "lease", lambda n: lease_trouble(inv.leases.get(name_of(n)), inv.now))
        with ctx.step("no node is short of memory, disk or process ids"):
            self._all(ctx, inv.nodes, "pressure", pressure)
        with ctx.step("no node is cordoned"):
            self._all(ctx, inv.nodes, "cordoned",
                      lambda n: "is cordoned" if cordoned(n) and not allowed else "")
        with ctx.step("every kubelet's version goes with the API server's"):
            self._all(ctx, inv.nodes, "version", lambda n: skew(n, inv.version))
        for node in inv.nodes:
            for trouble in (clock_trouble(inv.leases.get(name_of(node)), inv.now), heartbeat_trouble(node, inv.now)):
                if trouble:
                    ctx.warn(f"node {name_of(node)}: {trouble}")
        for difference in drift(inv.nodes):
            ctx.warn(f"nodes of one pool differ: {difference}")

    def _all(self, ctx: Context, nodes: list[Node], variant: str, trouble: Callable[[Node], str]) -> None:
        """Record the claim for every node; fail naming those that do not meet it."""
        bad = {}
        for node in nodes:
            why = trouble(node)
            ctx.see(kind="node", to_node=name_of(node), target=name_of(node), variant=variant, ok=not why, error=why)
            if why:
                bad[name_of(node)] = why
        ctx.expect(not bad, f"{len(bad)} of {len(nodes)} nodes: " + listed(f"{n} {w}" for n, w in bad.items()),
                   **{f"not_{variant}" if variant == "ready" else variant: bad})

    def _negative(self, ctx: Context) -> None:
        name = f"assay-{ctx.nonce}"
        try:
            ctx.client.raw.get(f"/api/v1/nodes/{name}")
        except ApiError as e:
            if e.status == 404:
                return
            raise
        ctx.fail(f"the API server says that a node {name} exists, which nobody made")

    def _pods(self, ctx: Context, nodes: list[Node]) -> None:
        probes = ctx.probes
        linux = {name_of(n) for n in nodes if n["metadata"].get("labels", {}).get("kubernetes.io/os") == "linux"}
        started = {p.node for p in probes.all}
        bad = {n: probes.missing.get(n, "no pod was made for the node") for n in sorted(linux - started)}
        for node in sorted(linux):
            ctx.see(kind="node", to_node=node, target=node, variant="pod", ok=node in started, error=bad.get(node, ""))
        left_out = sorted({name_of(n) for n in nodes} - linux)
        if left_out:
            ctx.observe(nodes_without_pod_test=left_out)
        ctx.expect(not bad, f"{len(bad)} of {len(linux)} nodes did not start a pod: "
                   + listed(f"{n} ({w})" for n, w in bad.items()), no_pod=bad)

    def _disks(self, ctx: Context, nodes: list[Node]) -> None:
        """Free disk by the kubelets' statistics; where those may not be read, that is said."""
        names = [name_of(n) for n in nodes]
        summaries = ctx.in_parallel(lambda n: self._summary(ctx, n), names)
        unread = [n for n, s in zip(names, summaries) if s is None]
        least = ctx.options.get("min_free_disk", 15) / 100
        lowest: dict[str, float] = {}
        for node, summary in zip(names, summaries):
            for what, share in free_shares(summary or {}).items():
                lowest[what] = min(share, lowest.get(what, 1.0))
                if share < least:
                    ctx.warn(f"node {node}: only {share * 100:.0f} % of {what} free")
        for what, share in sorted(lowest.items()):
            ctx.measure(f"least free {what}", share * 100, "%")
        if unread:
            ctx.observe(disk_not_read=unread)

    def _summary(self, ctx: Context, node: str) -> dict[str, Any] | None:
        try:
            return optional_get(ctx, f"/api/v1/nodes/{node}/proxy/stats/summary", {"only_cpu_and_memory": "false"})
        except ApiError:  # the kubelet does not answer; its Lease and its pod were judged before
            return None
