# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The suite on the cluster of this worker."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.strangers.suite import Suite


@pytest.fixture
def suite(lab: Any, tmp_path: Path) -> Suite:
    return Suite(lab, tmp_path / "journal")
