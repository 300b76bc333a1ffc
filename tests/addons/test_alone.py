# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults of add-ons one by one: named, mended, green again. What needs more words than at_once.py has is in the files of the checks."""
from __future__ import annotations

from typing import Any

import pytest

from tests.addons.at_once import ALONE, FAULTS, broken_and_named, green

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.gauntlet, pytest.mark.tiers(
    "load_balancer", "ingress", "external_dns", "cert_manager", "monitoring", "autoscaler", "zonal_volumes")]


@pytest.mark.parametrize("cause", ALONE, ids=ALONE.values())
def test_alone(lab: Any, prove: Any, cause: str) -> None:
    fault = FAULTS[cause]
    broken_and_named(lab, prove, cause)
    prove.green(fault.check, **{fault.check: green(fault)})
