# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several roots at once: each check names its own, and nothing of the others'. One by one, and each mended and green again, they are in
test_alone.py and the files of their checks, most of them in the gauntlet; here is each cause once."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import run
from tests.addons.at_once import FAULTS, ROUNDS, broken_and_named

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers(
    "load_balancer", "ingress", "external_dns", "cert_manager", "monitoring", "autoscaler", "zonal_volumes")]
# Seconds after which a run that cannot end what it made says so; its guardian goes on. The two minutes of the product are waited for where
# such a fault is alone.
_CLEANUP = 40.0


@pytest.mark.parametrize("causes", ROUNDS, ids=lambda causes: causes[0])
def test_each_is_named_by_its_own_check(lab: Any, prove: Any, causes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    if any(FAULTS[c].stays for c in causes):
        monkeypatch.setattr(run, "CLEANUP_LIMIT", _CLEANUP)
    broken_and_named(lab, prove, *causes)
