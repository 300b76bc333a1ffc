# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests on the cluster with add-ons: the ways of tests/faults, and each test is marked with the tiers that it needs.

    pytestmark = [pytest.mark.faults, pytest.mark.tiers("load_balancer")]
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.conftest import Prover


@pytest.fixture
def prove(lab: Any, tmp_path: Any) -> Callable[..., Any]:
    return Prover(lab.kubeconfig, lab.name, tmp_path / "journal")
