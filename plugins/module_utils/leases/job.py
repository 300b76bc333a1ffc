# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module cluster_lease: from its options to the place of the lease, and the heartbeat."""
from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from ..jobs import access
from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..kube.client import Client
from ..kube.patient import PATIENCE
from . import heartbeat
from .in_cluster import ClusterLease
from .in_file import FileLease
from .lease import Keeper, Lease, Outcome, Place, Wish, as_result

_LEAST = 2.0  # seconds; an API server tells its time in whole ones


def _check(params: Mapping[str, Any], job: Job) -> None:
    if not params["holder"].strip():
        raise BadOption("holder: must not be empty; name the run, as nobody else does")
    if params["duration"] < _LEAST:
        raise BadOption(f"duration: must be at least {_LEAST:g} s, not {params['duration']:g}")
    if params["wait_timeout"] < 0:
        raise BadOption(f"wait_timeout: must be a number of seconds, not {params['wait_timeout']:g}")
    if params["heartbeat"] and not job.playbook:
        raise BadOption("heartbeat: needs a local connection, as it lives with the playbook; renew the lease by tasks "
                        "with state renewed instead")


def _waits(params: Mapping[str, Any]) -> float:
    """Seconds to wait for another."""
    return params["wait_timeout"] if params["wait"] else 0.0


@contextlib.contextmanager
def _open(params: Mapping[str, Any], job: Job) -> Iterator[Place]:
    if params["backend"] == "file":
        yield FileLease(params["path"])
        return
    with access.connected(params, job) as client:
        yield ClusterLease(client.raw, params["namespace"], params["name"], PATIENCE + _waits(params))


def _start_heartbeat(params: Mapping[str, Any], lease: Lease, job: Job) -> int:
    """Its connection is its own, as ours ends with this task, and its client is made where it is used."""
    own = access.connection(params, job) if params["backend"] == "cluster" else None
    path = os.path.abspath(os.path.expanduser(params["path"])) if own is None else ""
    places: list[Place] = []

    def renew() -> bool:
        if not places:
            places.append(FileLease(path) if own is None else ClusterLease(Client(own), params["namespace"], params["name"]))
        try:
            Keeper(places[0], Job()).renew(lease.holder, lease.duration, lease.token)
            return True
        except PlatformError as e:
            if "lease" in e.details:  # released, or another's
                return False
            raise

    begin, end = (own.hold, own.close) if own else (lambda: None, lambda: None)
    return heartbeat.start(max(0.5, lease.duration / 3), begin, renew, end, job.playbook)


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """What the module returns."""
    _check(params, job)
    with _open(params, job) as place:
        keeper = Keeper(place, job)
        if params["state"] == "absent":
            done = keeper.release(params["holder"], params["force"])
        elif params["state"] == "renewed":
            done = keeper.renew(params["holder"], params["duration"])
        else:
            done = keeper.acquire(Wish(params["holder"], params["duration"], params["reason"], _waits(params)))
    if done.late:  # what was asked for is said by the result, in a pipeline by its stage
        job.tell(done.message)
    result = {"changed": done.changed, "msg": done.message, "held": done.lease is not None, "lease": as_result(done.lease)}
    if done.before and done.before.holder != params["holder"]:
        result["before"] = as_result(done.before)
    if params["heartbeat"] and params["state"] == "present" and done.lease:
        result["heartbeat"] = _beating(params, done, job)
    return result


def _beating(params: Mapping[str, Any], done: Outcome, job: Job) -> int:
    if job.check_mode or done.lease is None:
        return 0
    return _start_heartbeat(params, done.lease, job)
