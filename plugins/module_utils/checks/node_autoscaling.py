# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pod that fits nowhere causes a node, which serves traffic; and the node goes with the pod."""
from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..engine.errors import StepFailed
from ..kube.errors import ApiError
from ._dns.dig import resolv_conf
from ._scaling import groups, who
from ._scaling.coming import Coming
from ._scaling.going import Going
from ._scaling.seeker import Keepers, Seeker
from ._scaling.signs import claims
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe

# Seconds until pods reach each other, and names resolve, on a node that is Ready.
_SERVES = 60.0
_ASKED = 3
# Seconds before the end of a run in which a wait is cut short by it: the limit of the check itself is longer than all its waits.
_OVER = 10.0
_KUBERNETES = "kubernetes.default.svc"


class NodeAutoscaling(Check):
    """One small pod for each node group, so that one node comes for each. It is the last of a run, by itself."""

    name = "node_autoscaling"
    domain = "scaling"
    proves = "A pod that fits nowhere causes a node, which becomes Ready, serves traffic and resolves names, and goes with the pod."
    options = (
        Option("allow", "Whether nodes may be added for the proof: they cost money. Without it the check is skipped.", type="bool",
               default=False, example=True),
        Option("node_groups", "The groups of nodes to prove, one node more in each: a NodePool or node group by its name, or "
               "C(LABEL=VALUE) as its nodes have it. By default one node of any group comes.", type="list", elements="str", default=[],
               example=["default", "eks.amazonaws.com/nodegroup=workers"]),
        who.OPTION,
        Option("requests", "What our pod requests, where a new node of the group has no room for C(50m) CPU and C(64Mi) of memory "
               "beside its DaemonSets.", type="dict", default={}, example={"cpu": "10m", "memory": "32Mi"}),
        Option("trigger_limit", "Seconds until the autoscaler must say that a node comes.", type="int", default=180, minimum=10,
               maximum=3600),
        Option("up_expected", "Warn when our pod runs on a new node later than after these seconds.", type="int", default=300,
               minimum=1),
        Option("up_limit", "Seconds until our pod must run on a new node.", type="int", default=900, minimum=10, maximum=7200),
        Option("down_expected", "Warn when the node is gone later than these seconds after the pod. The Cluster Autoscaler "
               "waits 10 minutes after it added a node, and 10 more of no use.", type="int", default=1300, minimum=1),
        Option("down_limit", "Seconds until the node must be gone after the pod.", type="int", default=1800, minimum=10,
               maximum=14400),
    )
    permissions = (
        Permission(("list", "watch"), ("nodes",)),
        Permission(("create", "delete", "get", "list", "watch"), ("pods",)),
        Permission(("list",), ("events",), optional=True, everywhere=True),
        Permission(("list",), ("pods",), optional=True, everywhere=True),
        *who.PERMISSIONS,
    )
    images = ("agnhost",)
    objects = ("Pod",)
    exclusive = True
    expected = 1800.0
    limit = 3300.0
    probes = 1

    def bounds(self, options: dict[str, Any]) -> None:
        up, down = float(options.get("up_limit") or 900), float(options.get("down_limit") or 1800)
        self.limit = up + down + 600.0
        self.expected = float(options.get("up_expected") or 300) + float(options.get("down_expected") or 1300) + 120.0

    def applies(self, ctx: Context) -> str:
        if not ctx.options.get("allow"):
            return "scaling_check_allow is not true: a node is added for the proof, and costs money"
        return ""

    def run(self, ctx: Context) -> None:
        with ctx.step("an autoscaler is there and runs"):
            found = who.find(ctx)
            if not ctx.fleet.known:
                ctx.inconclusive("our user may not list nodes, so that one that comes is not seen")
            who.runs(ctx, found)
        before = frozenset(ctx.fleet.nodes)
        of_before = {c["metadata"]["name"] for c in claims(ctx, found) or ()} if found.kind == "karpenter" else set()
        chosen = groups.chosen(ctx, found.pools)
        ctx.observe(autoscaler=found.words, nodes_before=len(before), node_groups=[g.name for g in chosen if g.name])
        keepers, comings = Keepers(ctx, chosen), list[Coming]()
        try:
            with ctx.step("a pod fits on none of the nodes"):
                ctx.observe(probes=len(ctx.probes.all))  # before anything is paid for: without them nothing can be asked later
                keepers.create()
                for number, group in enumerate(chosen):
                    one = Seeker(ctx, group, number)
                    one.create()
                    comings.append(Coming(ctx, found, one, before, of_before))
                    one.fits_nowhere(before)
            self._come(ctx, comings)
            with ctx.step("the node goes when nobody needs it"):
                keepers.delete()
                mine = {n for c in comings for n in c.signs.claims}
                Going(ctx, found, [c.seeker for c in comings], before, mine).gone(float(ctx.options.get("down_limit") or 1800))
        except BaseException as e:
            left = self._leave(ctx, keepers, comings)
            if isinstance(e, StepFailed) and ctx.left() < _OVER:
                ctx.inconclusive("the time of the run was over while it waited; raise validate_timeout, which is for all checks together. "
                                 f"So far: {e}")
            if isinstance(e, StepFailed) and left and "still there" not in str(e):
                raise StepFailed(f"{e}; {listed(left)} is left, until {found.words} gives it up") from e
            raise
        if others := sorted(set(ctx.fleet.nodes) - before):
            ctx.observe(others_came=others)

    def _come(self, ctx: Context, comings: list[Coming]) -> None:
        """All groups at once: who waits for one waits for the others, too."""
        up = float(ctx.options.get("up_limit") or 900)
        with ctx.step("the autoscaler has a node come"):
            for coming in comings:
                coming.decides(float(ctx.options.get("trigger_limit") or 180))
        with ctx.step("the node joins, becomes Ready and takes the pod"):
            for coming in comings:
                coming.joins(up)
                coming.runs(up)
        ctx.observe(new_nodes=[c.seeker.node for c in comings])
        with ctx.step("pods of other nodes and of the new one reach each other, and it resolves names"):
            for coming in comings:
                self._serves(ctx, coming.seeker)

    # ---- the node ---------------------------------------------------------------------------------------------
    def _serves(self, ctx: Context, one: Seeker) -> None:
        mine = one.probe()
        others = [p for p in ctx.probes.all if p.node in ctx.fleet.nodes and p.node != one.node][:_ASKED]
        for other in others:
            self._reaches(ctx, other, mine)
            self._reaches(ctx, mine, other)
        domain = resolv_conf(mine.shell("cat /etc/resolv.conf").output).domain or "cluster.local"
        name = f"{_KUBERNETES}.{domain.strip('.')}."

        def resolves() -> str:
            return mine.shell(f"dig +short +time=2 +tries=1 {name}").output.strip()

        try:
            ctx.until(resolves, f"{name} resolves on the new node {one.node}", seconds=_SERVES, every=1.0)
        finally:
            ctx.see(kind="new_node", ok=bool(resolves()), from_node=one.node, target=name, variant="dns")

    @staticmethod
    def _reaches(ctx: Context, one: Probe, other: Probe) -> None:
        last = ""

        def answers() -> bool:
            nonlocal last
            told = one.dial(other.ip, 8080)
            last = "; ".join(told.errors)[:200]
            return told.responses == [other.pod]

        good = False
        try:
            good = bool(ctx.until(answers, f"a pod on {one.node} reaches pod {other.pod} on {other.node}", seconds=_SERVES,
                                  every=1.0))
        finally:
            ctx.see(kind="pod", ok=good, from_node=one.node, to_node=other.node, target=other.ip, variant="small",
                    error="" if good else last)

    @staticmethod
    def _leave(ctx: Context, keepers: Keepers, comings: list[Coming]) -> list[str]:
        """Nobody waits for a node any more; what came for us and is still there is told, as we delete no node."""
        with contextlib.suppress(ApiError):  # they go with the run's namespace, anyhow
            for coming in comings:
                ctx.delete("Pod", coming.seeker.name, wait=False)
            keepers.delete()
        nodes = sorted({n for c in comings for n in c.new_nodes()})
        claims_left = sorted(n for c in comings for n, item in c.signs.claims.items()
                             if (item.get("status") or {}).get("nodeName") not in nodes)
        left = [*(f"node/{n}" for n in nodes), *(f"nodeclaim/{n}" for n in claims_left)]
        if left:
            ctx.observe(left=left)
        return left
