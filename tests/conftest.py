# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters for the tests: the lab's, one for each worker, or the one that KUBECONFIG names."""
from __future__ import annotations

import os
import socket
import socketserver
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.weather import SKY, seed
from tests.runner import clusters, keep, ours

# Of servers in the tests' own process: with the usual five a busy machine drops connections, and they are tried again seconds later.
socketserver.TCPServer.request_queue_size = 128
# Add-ons that the tests of this run want.
TIERS = pytest.StashKey[list[str]]()
# Pauses of the product between two questions, where weather makes it ask again and again.
_PAUSES = {f"ansible_collections.assay.clusters.plugins.module_utils.{path}": 0.05 for path in (
    "clouds.vsphere.session._AGAIN", "jobs.patience._PAUSE", "machines.esxi.commands._ONCE_MORE", "machines.esxi.ssh._AGAIN")}
# Fixtures and marks of tests that need a cluster.
_CLUSTERS = {"lab", "spare", "kubeconfig", "faults"}


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
    config.stash[TIERS] = sorted({t for i in items for mark in i.iter_markers("tiers") for t in mark.args})
    if {"ASSAY_LONGEST_FIRST", "ASSAY_LONGEST_FILES_FIRST"} & {*os.environ}:
        items[:] = [items[n] for n in keep.order([i.nodeid for i in items], by_file="ASSAY_LONGEST_FILES_FIRST" in os.environ)]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests go one by one to the worker that is free, in the order of above; those of some files together."""
    if not os.environ.get("ASSAY_LONGEST_FIRST"):
        return None
    from xdist.scheduler import LoadScopeScheduling

    class HandingOut(LoadScopeScheduling):
        """xdist's own by scopes; its groups by mark want an attribute that pytest 9.2 no longer has."""

        def _split_scope(self, nodeid: str) -> str:
            return keep.group(nodeid)

    return HandingOut(config, log)


def _claim() -> tuple[str, socket.socket]:
    """The first cluster that no other worker and no other checkout tests on. It is ours until this process ends."""
    for name in clusters.names(os.environ):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0assay-lab-{name}")  # of the kernel alone: no file that a killed run leaves
            return name, claim
        except OSError:
            claim.close()
    pytest.fail("every cluster of the lab is in use by other tests; name others in ASSAY_CLUSTERS, or more of them", pytrace=False)


def _up(cluster: Any, wanted: list[str]) -> None:
    cluster.ensure()
    cluster.tier(*wanted)
    cluster.settle()


@pytest.fixture(scope="session")
def lab(pytestconfig: pytest.Config) -> Iterator[Any]:
    """The lab's cluster of this worker, up and healthy, with the add-ons that tests of this run are marked with.

    What the tests leave on it is an error of the last one.
    """
    if os.geteuid() != 0:
        pytest.fail("the lab needs root; or set KUBECONFIG to use another cluster", pytrace=False)
    from tests.lab import Lab, LabError

    name, claim = _claim()
    with claim:
        cluster = Lab(name, api_servers=int(os.environ.get("ASSAY_API_SERVERS") or 1))
        try:
            _up(cluster, pytestconfig.stash[TIERS])
        except (LabError, OSError, ValueError) as e:  # on a busy machine a start may take too long once, and all tests of this worker would be lost
            print(f"{name}: {e}; once more")
            _up(cluster, pytestconfig.stash[TIERS])
        before = ours.there(str(cluster.kubeconfig))
        yield cluster
        left = ours.left(lambda: ours.there(str(cluster.kubeconfig)), before)
        assert not left, f"tests left on {name}: {', '.join(left)}"


@pytest.fixture(scope="session")
def spare(lab: Any) -> str:
    """The name of a cluster of the lab that tests of this worker make and delete themselves."""
    return clusters.spare(lab.name)


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest) -> str:
    """The cluster that a test may use but not break."""
    own = os.environ.get("KUBECONFIG")
    return own if own else str(request.getfixturevalue("lab").kubeconfig)


@pytest.fixture(autouse=True)
def _sky(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weather of this test: that of its mark `foul`, else of the environment; fair for one that is marked so."""
    chosen = request.node.get_closest_marker("foul")
    SKY.turn(seed(request.node.nodeid, str(chosen.args[0]) if chosen else "", request.node.get_closest_marker("fair") is not None))
    if SKY.foul:
        monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda _self, _context: 0)
        for name, seconds in _PAUSES.items():
            monkeypatch.setattr(name, seconds)


@pytest.fixture(autouse=True)
def _whole(request: pytest.FixtureRequest) -> None:
    """Each test begins on a whole cluster, also after one that failed in the middle of a fault."""
    if {"lab", "kubeconfig"} & {*request.fixturenames} and not os.environ.get("KUBECONFIG"):
        cluster = request.getfixturevalue("lab")
        cluster.whole()
        while cluster.given_up:
            warnings.warn(cluster.given_up.pop(0), stacklevel=1)  # for the end of the log: it is nothing that this test did
