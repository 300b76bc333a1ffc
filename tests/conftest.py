# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters for the tests: the lab's, one per worker, or the one that KUBECONFIG names."""
from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from typing import Any

import pytest

FIRST, SECOND = os.environ.get("ASSAY_CLUSTERS", "c1 c2").split()
# Workers never share a cluster that they break.
CLUSTER_OF_WORKER = {"master": FIRST, "gw0": FIRST, "gw1": SECOND}


# Fixtures and marks of tests that need a cluster, or the machine for themselves.
_CLUSTERS = {"lab", "lab2", "kubeconfig", "faults", "machine"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot or should not run here, each with its reason; soak only when asked for."""
    soak_wanted = "soak" in (config.getoption("markexpr") or "").replace("not soak", "")
    for item in items:
        if not _CLUSTERS & {*getattr(item, "fixturenames", ()), *(m.name for m in item.iter_markers())}:
            item.add_marker(pytest.mark.no_cluster)
        if item.get_closest_marker("soak") and not soak_wanted:
            item.add_marker(pytest.mark.skip(reason="long: make soak"))
        if os.environ.get("KUBECONFIG") and (item.get_closest_marker("lab") or item.get_closest_marker("faults")):
            item.add_marker(pytest.mark.skip(reason="KUBECONFIG is set: needs a cluster of the lab"))


def _cluster(name: str) -> Any:
    """This cluster of the lab, up and healthy."""
    if os.geteuid() != 0:
        pytest.fail("the lab needs root; or set KUBECONFIG to use another cluster", pytrace=False)
    from tests.lab import Lab

    cluster = Lab(name)
    cluster.ensure()
    cluster.settle()
    return cluster


@pytest.fixture(scope="session")
def lab(worker_id: str) -> Any:
    """The lab cluster of this worker: c1, or c2 in the second one (names: ASSAY_CLUSTERS)."""
    if worker_id not in CLUSTER_OF_WORKER:
        pytest.fail(f"the lab has two clusters, so at most two workers: -n 2 (this is {worker_id})", pytrace=False)
    return _cluster(CLUSTER_OF_WORKER[worker_id])


@pytest.fixture(scope="session")
def lab2(worker_id: str) -> Any:
    """A second lab cluster beside `lab`; only without parallel workers."""
    if worker_id != "master":
        pytest.fail("two clusters in one test need a run without -n", pytrace=False)
    return _cluster(SECOND)


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest) -> str:
    """The cluster that a test may use but not break."""
    own = os.environ.get("KUBECONFIG")
    return own if own else str(request.getfixturevalue("lab").kubeconfig)


@pytest.fixture(autouse=True)
def _machine_lock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test marked `machine` disturbs all clusters at once, so nothing else may run beside it."""
    marked = {m.name for m in request.node.iter_markers()}
    if not marked & {"faults", "machine"} or not os.environ.get("PYTEST_XDIST_WORKER"):
        yield
        return
    with open(tmp_path_factory.getbasetemp().parent / "machine.lock", "w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX if "machine" in marked else fcntl.LOCK_SH)
        yield
