# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every scenario of Molecule that needs add-ons, on the cluster that has them."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.molecule import scenarios


@pytest.mark.timeout(600, func_only=True)
@pytest.mark.parametrize("name", [pytest.param(n, marks=scenarios.marks(n)) for n in scenarios.TIERS])
def test_scenario(name: str, kubeconfig: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    scenarios.prove(name, kubeconfig, request, tmp_path)
