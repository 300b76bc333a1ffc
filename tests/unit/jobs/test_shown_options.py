# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The path of a kubeconfig is told, also of one that is not there; its content, and what looks like a secret, is not."""
from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

CONTENT = "apiVersion: v1\nkind: Config\nusers: [{name: a, user: {token: planted}}]\n"


def _said(kubeconfig: str) -> str:
    def entry(params: Mapping[str, Any], _job: Job) -> Mapping[str, Any]:
        raise PlatformError(f"cannot read {params['kubeconfig']}")

    return str(Task(entry, {"kubeconfig": {"type": "raw", "no_log": True}}).run({"kubeconfig": kubeconfig}, Job())["msg"])


@pytest.mark.parametrize("path", ["/nowhere/at/all.conf", "~/.kube/of-prod", "infra/kubeconfigs/edge.yml", "prod.conf"])
def test_a_path_that_is_not_there_is_told(path: str) -> None:
    assert _said(path) == f"cannot read {path}"


@pytest.mark.parametrize("secret", [CONTENT, base64.b64encode(CONTENT.encode()).decode()])
def test_content_is_not(secret: str) -> None:
    assert secret not in _said(secret) and "redacted" in _said(secret)
