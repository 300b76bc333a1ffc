# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The suite on the cluster of this worker."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.strangers.suite import Suite
from tests.strangers.turns import turn


@pytest.fixture(autouse=True)
def _turn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A thousand nodes take the whole machine: what runs on the other clusters meanwhile would be told to be slow, and rightly."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if hasattr(request.config, "workerinput") else base
    with turn(shared, alone=request.node.get_closest_marker("alone") is not None):
        yield


@pytest.fixture
def suite(lab: Any, tmp_path: Path) -> Suite:
    return Suite(lab, tmp_path / "journal")
