# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tasks of cluster_lease on both places, and the time for them."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs import job as jobs
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.leases import (
    in_cluster as lease_cluster, in_file as lease_file, lease)
from ansible_collections.assay.clusters.plugins.module_utils.leases.job import entry
from tests.fakes import contenders, lease_api
from tests.fakes.clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (jobs, lease, lease_file, lease_cluster, lease_api):
        monkeypatch.setattr(module, "time", made)
    return made


class Put:
    """Tasks of the module on one place."""

    def __init__(self, api: lease_api.LeaseApi | None, **where: Any):
        self.api, self.where = api, where
        self.lines: list[str] = []

    def __call__(self, state: str, holder: str, check_mode: bool = False, playbook: int = 0,
                 **more: Any) -> dict[str, Any]:
        job = jobs.Job(check_mode=check_mode, environ={}, playbook=playbook)
        self.lines = job.lines
        return entry(contenders.options(**self.where, state=state, holder=holder, **more), job)

    def fails(self, *args: Any, **more: Any) -> PlatformError:
        with pytest.raises(PlatformError) as caught:
            self(*args, **more)
        return caught.value

    @property
    def kind(self) -> Any:
        return lease_cluster.ClusterLease if self.api else lease_file.FileLease

    def place(self) -> Any:
        """What the tasks work on, as one more process sees it."""
        if self.api is None:
            return lease_file.FileLease(self.where["path"])
        client = Client(Connection.resolve({"host": self.api.url}, {}))
        return lease_cluster.ClusterLease(client, "default", "assay")


@pytest.fixture(params=["file", "cluster"])
def task(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Put]:
    if request.param == "file":
        yield Put(None, backend="file", path=str(tmp_path / "folder/lease"))
        return
    with lease_api.LeaseApi() as api:
        yield Put(api, backend="cluster", host=api.url)
