# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines of a cluster on and off as a set: booted in order and not all at once, and shut down for as long as it takes."""
from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..common.guardian import Guardian
from ..jobs.errors import Interrupted, PlatformError
from ..jobs.job import Job
from ..jobs.steps import Steps, Stepwise
from ..machines.model import Machine, MachinePlatform, Wanted
from .set import Crew, bounded, control_plane, groups, machines

_LOOK = 2.0  # seconds between two looks at machines that boot
# Seconds for a guest to shut down, and for all machines to boot before tools that do not come are no longer waited for.
_SHUTDOWN, _BOOT = 300.0, 600.0
# Seconds without an answer of the platform for which machines that boot are waited for.
_PATIENCE = 300.0


def booted(platform: MachinePlatform) -> Callable[[Sequence[Machine]], set[str]]:
    """Of machines that boot, which no longer do: their tools run, or they have none to wait for."""
    seen, up = float("-inf"), set()

    def look(booting: Sequence[Machine]) -> set[str]:
        nonlocal seen, up
        waiting = {m.id for m in booting if m.tools != "none"}
        if waiting and time.monotonic() - seen > _LOOK:
            seen = time.monotonic()
            up |= {m.id for m in platform.find(Wanted(ids=tuple(sorted(waiting)))) if m.tools == "running"}
        return {m.id for m in booting} - waiting | up

    return look


def wait_tools(platform: MachinePlatform, of: Sequence[Machine], job: Job) -> None:
    """Until the guest tools run of all machines that have any. Interrupted at the job's deadline, which names the others."""
    waiting, since = {m.id: m.name for m in of if m.tools != "none"}, time.monotonic()

    def waits() -> str:
        for machine in platform.find(Wanted(ids=tuple(sorted(waiting)))) if waiting else []:
            if machine.tools == "running":
                job.tell(f"{waiting.pop(machine.id)}: guest tools run, {time.monotonic() - since:.1f} s")
        return f"the guest tools of {', '.join(sorted(waiting.values()))[:200]}" if waiting else ""

    job.until(waits, _LOOK, told=lambda line: None)


def tell_unwell(platform: MachinePlatform, of: Sequence[Machine], job: Job) -> None:
    """Before anything is done: a machine that is not well may be the reason for it, so it is no obstacle."""
    bad = platform.unwell([m for m in of if m.power == "on"])
    for machine in of:
        if machine.id in bad:
            job.tell(f"{machine.name}: {bad[machine.id]}")


def wait_well(platform: MachinePlatform, of: Sequence[Machine], job: Job) -> None:
    """Until the platform finds nothing wrong with any of the machines. Interrupted at the job's deadline, which names the others."""
    names = {m.id: m.name for m in of}

    def look() -> str:
        bad = platform.unwell(of)
        return "; ".join(f"{names[key]}: {why}" for key, why in sorted(bad.items()))[:400]

    job.until(look, _LOOK, _PATIENCE)


# ---- shut down for a while ----------------------------------------------------------------------------------------
@contextlib.contextmanager
def shut_down(platform: MachinePlatform, of: Sequence[Machine], params: Mapping[str, Any], job: Job) -> Iterator[None]:
    """The guests of these machines are down inside, and run again afterwards, whatever happened inside; when this process is
    killed, or cannot do it, one that outlives it powers them on."""
    if not of:
        yield
        return
    again, environ = {**params, "timeout": max(float(params.get("timeout") or 0), 3600.0)}, dict(job.environ)
    guardian, asleep = Guardian.start(lambda: run_again(again, environ, {m.id for m in of})), True
    try:
        words = ""
        try:
            _down(platform, of, params, job)
            asleep = False
            yield
        except PlatformError as e:
            words = _up(platform, of, params, job)
            raise type(e)(f"{e}{words}", **{**e.details, "changed": True}) from None
        words = _up(platform, of, params, job)
        if words:
            raise PlatformError(f"the set is taken{words}", changed=True)
    except PlatformError:
        (guardian.hand_over if words or asleep else guardian.dismiss)()
        raise
    except BaseException:
        guardian.hand_over()
        raise
    guardian.dismiss()


def _down(platform: MachinePlatform, of: Sequence[Machine], params: Mapping[str, Any], job: Job) -> None:
    """Workers first, so that their pods end while there is an API server; the control plane at once, as half of one is none."""
    bound, members = float(params.get("state_change_timeout") or _SHUTDOWN), control_plane(of, params)
    crew = Crew(job, int(params.get("parallel") or 4), together={m.id for m in members})
    order = groups(of, {**params, "order": "control_plane_last"})
    outcome = crew.work(order, lambda m: Stepwise(_bounded(platform, m, bound)), "shut down")
    for failed in outcome.failed.values():
        raise PlatformError(f"{failed}; nothing was taken")


def _bounded(platform: MachinePlatform, machine: Machine, seconds: float) -> Steps:
    pending, until = platform.shut_down(machine), time.monotonic() + seconds
    while (progress := pending.poll()) is not None:
        if time.monotonic() > until:
            raise PlatformError(f"{machine.name}: its guest did not shut down within {seconds:g} s; see on its console what it "
                                "waits for, or raise state_change_timeout")
        yield progress
    return ""


def _up(platform: MachinePlatform, of: Sequence[Machine], params: Mapping[str, Any], job: Job) -> str:
    """Power on, the control plane first; what could not be, in words, "" if all are on."""
    try:
        left = _in_order(platform, of, params, job)
    except PlatformError as e:
        left = {"machines": e}
    if not left:
        return ""
    return (f"; {', '.join(left)[:200]} could not be powered on again ({next(iter(left.values()))}): a process that outlives "
            "this task tries it for half an hour")


def _in_order(platform: MachinePlatform, of: Sequence[Machine], params: Mapping[str, Any],
              job: Job) -> dict[str, PlatformError]:
    """{name: why} of machines that are not on. Tools that do not come keep no machine off for ever."""
    parallel, names = int(params.get("parallel") or 4), {m.id: m.name for m in of}
    members = {m.id for m in control_plane(of, params)}
    try:
        with bounded(job, _BOOT):
            outcome = Crew(job, parallel, ready=booted(platform), together=members).work(
                groups(of, {**params, "order": "control_plane_first"}), platform.power_on, "on", to_the_end=True)
    except Interrupted:
        with bounded(job, _BOOT):
            off = [m for m in platform.find(Wanted(ids=tuple(names))) if m.power != "on"]
            outcome = Crew(job, parallel).work([off], platform.power_on, "on", to_the_end=True)
    return {names[key]: e for key, e in outcome.failed.items()}


def run_again(params: Mapping[str, Any], environ: Mapping[str, str], ids: set[str]) -> None:
    """Power on these machines, also those whose guests shut down later only; the machines are those of params."""
    job, until = Job(environ=environ), time.monotonic() + float(params.get("state_change_timeout") or _SHUTDOWN) + _LOOK
    with machines(params, job) as (platform, _found):
        wanted = Wanted(ids=tuple(sorted(ids)))
        while True:
            off = [m for m in platform.find(wanted) if m.power == "off"]
            outcome = Crew(job, int(params.get("parallel") or 4)).work(
                groups(off, {**params, "order": "control_plane_first"}), platform.power_on, "on", to_the_end=True)
            for failed in outcome.failed.values():
                raise failed  # the guardian tries all of it again
            if time.monotonic() > until:
                return
            time.sleep(_LOOK)
