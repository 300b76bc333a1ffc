# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modules cluster and cluster_info: a cluster is made, changed, disposed of or looked at, whatever its platform."""
from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from ...common import names
from ...jobs.job import Job
from ...jobs.patience import Patience
from ...jobs.plain import plain
from .. import model as words
from .change import Flow
from .registry import open_platform


def ensure(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Module cluster."""
    params = plain(params)
    job.limit(params["timeout"])
    with closing(open_platform(params, job)) as platform:
        flow = Flow(platform, params, job)
        with flow.explained():
            return flow.present() if params["state"] == "present" else flow.absent()


def info(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Module cluster_info."""
    params = plain(params)
    name, run_id = params.get("name"), params.get("run_id")
    with closing(open_platform(params, job)) as platform:
        listed = Patience(job)(platform.clusters)
        found = [c for c in listed if not name or c.name == name or words.has_run(c.name, name, run_id or "")]
    if run_id:
        found = [c for c in found if c.labels.get(names.RUN) == run_id or f"-{run_id}-x" in c.name]
    return {"clusters": [words.as_dict(c) for c in sorted(found, key=lambda c: c.name)]}
