# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All machines of a cluster back to one snapshot, booted in order, and the cluster seen working again."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from ..jobs.errors import BadOption, Interrupted, PlatformError
from ..jobs.job import Job
from ..machines.model import Machine, MachinePlatform, Snapshot, Wanted
from .fit import to_revert
from .health_checks import HealthChecks
from .moment import mixed
from .power import booted, tell_unwell, wait_tools, wait_well
from .ready import Cluster, fix_up
from .set import Crew, Outcome, groups, listed, machines, plain

STAGES = ("tools", "api", "nodes", "clocks")


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Module vm_snapshot_revert."""
    _check(params)
    with closing(Cluster(params, job, _stages(params))) as cluster, closing(HealthChecks(params, job)) as checks, \
            machines(params, job) as (platform, found):
        chosen = {m.id: _chosen(m, params) for m in found}
        _check_moment(found, chosen, params)
        _check_memory(found, chosen, params)
        if not params.get("disposable"):
            raise BadOption(f"disposable: a revert throws away what {_names(found)} did since the snapshot was taken; mark the cluster with "
                            "disposable: true (cluster_disposable: true in the inventory) when that may be lost")
        to_revert(platform, found, chosen, params)
        platform.check_revert(found, bool(params.get("power_on", True)))
        cluster.compare_before()
        checks.look(found, cluster.id)
        cluster.check_owners(checks.clusters)
        made = _result(found, chosen)
        if job.check_mode:
            return {**made, "changed": True, "diff": _diff(found, chosen), "nodes": [], "skews": {}}
        tell_unwell(platform, found, job)
        with checks.held(platform, found), platform.held(found, bool(params.get("power_on", True))):
            Revert(platform, found, chosen, params, job).run()
            ready = _ready(cluster, platform, found, params, job)
            checks.well = bool(ready.get("nodes"))
        return {**made, "changed": True, "diff": _diff(found, chosen), **ready}


def _check(params: Mapping[str, Any]) -> None:
    if bool(params.get("snapshot_name")) == bool(params.get("snapshot_id")):
        raise BadOption("snapshot_name: give either snapshot_name or snapshot_id")
    for option, least in (("boot_delay", 0), ("boot_at_once", 1), ("clock_skew", 0)):
        if params.get(option) is not None and float(params[option]) < least:
            raise BadOption(f"{option}: must be {least} or more, not {params[option]}")


def _stages(params: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What is waited for; None for all that can be."""
    given = params.get("wait_for")
    return None if given is None else tuple(s for s in STAGES if s in given)


def _names(found: Sequence[Machine]) -> str:
    names = [m.name for m in found]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _chosen(machine: Machine, params: Mapping[str, Any]) -> Snapshot:
    """Exactly one snapshot. BadOption that lists what there is."""
    name, key = params.get("snapshot_name"), params.get("snapshot_id")
    found = [s for s in machine.snapshots if (s.name == name if name else s.id == key)]
    option, word = ("snapshot_name", name) if name else ("snapshot_id", key)
    if not found:
        raise BadOption(f"{option}: {machine.name} has no snapshot {word!r}; there are: {listed(machine)}")
    if len(found) > 1:
        which = ", ".join(f"{s.id} of {s.created}" for s in found)
        raise BadOption(f"{option}: {machine.name} has {len(found)} snapshots named {word!r}: {which}; name one by snapshot_id")
    defect = (machine.extra.get("defects") or {}).get(found[0].id)
    if defect:
        raise BadOption(f"{option}: snapshot {found[0].name!r} of {machine.name} cannot be reverted to: {defect}")
    return found[0]


def _check_moment(found: Sequence[Machine], chosen: Mapping[str, Snapshot], params: Mapping[str, Any]) -> None:
    """A cluster of several moments is none: a machine would not know what it acknowledged to the others."""
    words = mixed({m.name: chosen[m.id] for m in found})
    if words and not params.get("allow_mixed"):
        raise BadOption(f"allow_mixed: the snapshots {chosen[found[0].id].name!r} are not of one set ({words}), and the cluster would be of "
                        "several moments; take a new set, or set allow_mixed: true")


def _check_memory(found: Sequence[Machine], chosen: Mapping[str, Snapshot], params: Mapping[str, Any]) -> None:
    held = [m for m in found if chosen[m.id].memory]
    if held and not params.get("allow_memory"):
        raise BadOption(f"allow_memory: snapshot {chosen[held[0].id].name!r} of {_names(held)} was taken with memory and would revive old "
                        "processes, with their clocks and connections; take one without, or set allow_memory: true (the machine is "
                        "booted afresh then, and its memory is not used)")


def _result(found: Sequence[Machine], chosen: Mapping[str, Snapshot]) -> dict[str, Any]:
    return {"machines": [{"name": m.name, "id": m.id, "place": m.place, "address": m.address, "power": m.power,
                          "snapshot": plain(chosen[m.id])} for m in found]}


def _diff(found: Sequence[Machine], chosen: Mapping[str, Snapshot]) -> dict[str, Any]:
    return {"before": {m.name: f"{m.power}, on {next((s.name for s in m.snapshots if s.current), 'no snapshot')} and what came after"
                       for m in found},
            "after": {m.name: f"as in snapshot {chosen[m.id].name!r} ({chosen[m.id].id})" for m in found}}


class Revert:
    """Off, back, and on again. Run again after an interruption, it does all of it once more: that is always right."""

    def __init__(self, platform: MachinePlatform, found: Sequence[Machine], chosen: Mapping[str, Snapshot],
                 params: Mapping[str, Any], job: Job) -> None:
        self.platform, self.found, self.chosen, self.params, self.job = platform, list(found), chosen, params, job

    def run(self) -> None:
        parallel = int(self.params.get("parallel") or 4)
        if not self.platform.revert_stops:
            # All are off before the first goes back: else those that still run see a cluster that is half of then, half of now.
            on = [m for m in self.found if m.power != "off"]
            self._work(Crew(self.job, parallel), [on], self.platform.power_off, "off")
        self._work(Crew(self.job, parallel), [self.found], lambda m: self.platform.revert(m, self.chosen[m.id]), "reverted")
        if not self.params.get("power_on", True):
            return
        waited = self.params.get("wait_for")
        crew = Crew(self.job, int(self.params.get("boot_at_once") or 3), float(self.params.get("boot_delay") or 0), booted(self.platform),
                    up_first=waited is None or "tools" in waited)
        self._work(crew, groups(self.found, {"order": "control_plane_first", **self._order()}), self.platform.power_on, "on")

    def _order(self) -> dict[str, Any]:
        return {n: self.params[n] for n in ("order", "control_plane", "names", "ids") if self.params.get(n)}

    def _work(self, crew: Crew, of: Sequence[Sequence[Machine]], begin: Any, done: str) -> None:
        try:
            outcome = crew.work(of, begin, done)
        except Interrupted as e:
            raise Interrupted(f"{e}; {self._so_far(done, e.details['outcome'])}", changed=True) from None
        if outcome.failed:
            raise PlatformError(f"{next(iter(outcome.failed.values()))}; {self._so_far(done, outcome)}", changed=True,
                                failures=[str(e) for e in outcome.failed.values()])

    def _so_far(self, done: str, outcome: Outcome) -> str:
        names = [m.name for m in self.found if m.id in outcome.done]
        return f"{done} so far: {', '.join(names) or 'none'} of {len(self.found)}; run it again when that is mended, it does all anew"


def _ready(cluster: Cluster, platform: MachinePlatform, found: Sequence[Machine], params: Mapping[str, Any],
           job: Job) -> dict[str, Any]:
    """Wait, one after the other, for what was asked for. Interrupted says what was reached."""
    made: dict[str, Any] = {"nodes": [], "skews": {}, "cluster_id": ""}
    if not params.get("power_on", True):
        return made
    try:
        if cluster.waits("tools"):
            wait_tools(platform, found, job)
            wait_well(platform, found, job)
        if cluster.waits("api"):
            made["cluster_id"] = cluster.wait_api()
        if params.get("post_revert_command"):
            fix_up(params, job, platform.find(Wanted(ids=tuple(m.id for m in found))))
        if cluster.waits("nodes"):
            made["nodes"] = cluster.wait_nodes()
        if cluster.waits("clocks"):
            made["skews"] = cluster.clocks()
    except PlatformError as e:
        raise type(e)(f"all machines are reverted and on, but {e}", changed=True, **{**e.details, **made}) from None
    return made
