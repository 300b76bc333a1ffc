# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests on the cluster with add-ons: the ways of tests/faults, and each test is marked with the tiers that it needs.

    pytestmark = [pytest.mark.faults, pytest.mark.tiers("load_balancer")]
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.conftest import Prover
from tests.lab import tiers
from tests.lab.tiers import autoscaler


@pytest.fixture
def prove(lab: Any, tmp_path: Any) -> Callable[..., Any]:
    return Prover(lab.kubeconfig, lab.name, tmp_path / "journal")


@pytest.fixture(autouse=True)
def no_node_more(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pods that other tests let wait are to wait: where Karpenter has a pool of nodes, it would add one for them."""
    own = any("autoscaler" in mark.args for mark in request.node.iter_markers("tiers"))
    lab = request.getfixturevalue("lab") if "lab" in request.fixturenames and not own else None
    if lab is None or autoscaler.TIER.name not in tiers.there(lab):
        yield
        return
    with lab.fault.without(f"/apis/karpenter.sh/v1/nodepools/{autoscaler.POOL}"):
        yield
