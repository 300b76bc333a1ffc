# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prepulls on fake kubelets with a fake clock: minutes take milliseconds."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs import job
from ansible_collections.assay.clusters.plugins.module_utils.prepull import pace, remove
from ansible_collections.assay.clusters.plugins.module_utils.prepull import run as run_
from ansible_collections.assay.clusters.plugins.module_utils.prepull.references import parse
from tests.fakes.clock import Clock
from tests.fakes.kubelets import FakeKubelets

Pulled = Callable[..., run_.Prepull]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (job, pace, remove, run_):
        monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
def cluster(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> FakeKubelets:
    made = FakeKubelets(clock, "n1", "n2")
    monkeypatch.setattr(run_, "Watch", lambda client, path, selector, name: made.watch(name))
    return made


@pytest.fixture
def prepull(cluster: FakeKubelets) -> Pulled:
    """prepull("r.io/a:1", ..., setting=...): the run when it has ended."""
    def made(*images: str, timeout: float = 36000.0, of: job.Job | None = None, **settings: Any) -> run_.Prepull:
        work = of or job.Job()
        work.limit(timeout)
        done = run_.Prepull(cluster, [parse(i) for i in images], run_.Settings(**settings), work)  # type: ignore[arg-type]
        done.go()
        return done

    return made
