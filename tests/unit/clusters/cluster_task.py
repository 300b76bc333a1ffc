# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls of modules cluster and cluster_info as the action plugin makes them, for tests of all platforms."""
from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.modules import cluster, cluster_info
from tests.fakes.weather import SKY


HOUR = 3600.0


class HourPasses(Job):
    """A job for which an hour passes at once as soon as `when` (of its lines so far) is true. Its time is up at exactly
    that point, however slow the machine is."""

    when: Callable[[str], bool]

    def left(self) -> float:
        return super().left() - HOUR * self.when("\n".join(self.lines))


def _call(task: Any, options: dict[str, Any], job: Job) -> dict[str, Any]:
    result = ArgumentSpecValidator(task.argument_spec, **task.rules()).validate(copy.deepcopy(options))
    assert not result.error_messages, result.error_messages
    with SKY.product():
        return task.run(result.validated_parameters, job)


def ensure(check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """What the module returns; failed is always there."""
    return {"failed": False, **_call(cluster.SPEC, {"wait_sleep": 0.02, "timeout": 60, "return_kubeconfig": True, **options}, Job(check_mode=check_mode))}


def late(when: Callable[[str], bool], **options: Any) -> dict[str, Any]:
    """The same with an hour's time, which is up `when`; options give another time."""
    job = HourPasses()
    job.when = when
    return {"failed": False, **_call(cluster.SPEC, {"wait_sleep": 0.02, "timeout": HOUR, **options}, job)}


def info(**options: Any) -> dict[str, Any]:
    return {"failed": False, **_call(cluster_info.SPEC, options, Job())}
