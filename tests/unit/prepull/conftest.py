# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prepulls on fake kubelets with a fake clock: minutes take milliseconds."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.terms import Terms
from ansible_collections.assay.clusters.plugins.module_utils.jobs import job
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.prepull import pace, pulls, remove, run as run_, space as space_
from ansible_collections.assay.clusters.plugins.module_utils.prepull.references import parse
from ansible_collections.assay.clusters.plugins.module_utils.prepull.space import Space
from ansible_collections.assay.clusters.tests.unit.engine.fake_api import FakeApi
from tests.fakes.clock import Clock
from tests.fakes.guards import Guards
from tests.fakes.kubelets import FakeKubelets

Pulled = Callable[..., run_.Prepull]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (job, pace, pulls, remove, run_):
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
        cluster.pods.clear()  # each in a namespace of its own
        cluster.events.clear()
        work = of or job.Job()
        work.limit(timeout)
        done = run_.Prepull(cluster, [parse(i) for i in images], run_.Settings(**settings), work)  # type: ignore[arg-type]
        done.go()
        return done

    return made


# ---- namespaces on a fake API server ---------------------------------------------------------------------------------
@pytest.fixture
def guards(monkeypatch: pytest.MonkeyPatch) -> Guards:
    made = Guards()
    monkeypatch.setattr(space_, "Guardian", made)
    return made


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """A cluster that gives each namespace its default account at once."""
    made = FakeApi()

    def account(request: Any) -> None:
        words = request.path.split("/")
        if request.method == "GET" and words[-1] == "serviceaccounts" and f"/api/v1/namespaces/{words[4]}" in made.objects:
            path = f"/api/v1/namespaces/{words[4]}/serviceaccounts/default"
            if path not in made.objects:
                made.put(path)

    made.before = account
    yield made
    made.stop()


@pytest.fixture
def a_space(api: FakeApi, guards: Guards, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Space]]:
    """a_space(**terms)"""
    monkeypatch.setattr(space_, "LIMIT", 1.0)
    made: list[Space] = []

    def make(**terms: Any) -> Space:
        made.append(Space(Connection.resolve({"host": api.url}, {}), str(tmp_path / "journals"), "c1", 600.0, Terms(**terms)))
        return made[-1]

    yield make
    if made and guards.said[-1] == "start":
        made[-1].close()


@pytest.fixture
def space(a_space: Callable[..., Space]) -> Space:
    return a_space()
