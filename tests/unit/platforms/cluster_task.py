# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls of modules cluster and cluster_info as the action plugin makes them, for tests of all platforms."""
from __future__ import annotations

import copy
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.modules import cluster, cluster_info


def _call(task: Any, options: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    result = ArgumentSpecValidator(task.argument_spec, **task.rules()).validate(copy.deepcopy(options))
    assert not result.error_messages, result.error_messages
    return task.run(result.validated_parameters, Job(check_mode=check_mode))


def ensure(check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """What the module returns; failed is always there."""
    return {"failed": False, **_call(cluster.SPEC, {"poll": 0.1, "timeout": 60, **options}, check_mode)}


def info(**options: Any) -> dict[str, Any]:
    return {"failed": False, **_call(cluster_info.SPEC, options, False)}
