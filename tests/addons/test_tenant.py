# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Add-ons as somebody with one namespace uses them: proved where he names what he may not list, else told what would allow it."""
from __future__ import annotations

from typing import Any

import pytest

from tests.lab.tiers.external_dns import ZONE
from tests.strangers.suite import Suite

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("load_balancer", "ingress", "external_dns")]

NAMED = {"ingress": {"ingress_classes": ["traefik"]}, "external_dns": {"external_dns_zone": ZONE}}


@pytest.mark.gauntlet
def test_a_tenant_proves_what_he_names_and_is_told_what_he_may_not_see(lab: Any, tmp_path: Any) -> None:
    suite = Suite(lab, tmp_path)
    with lab.like("tenant") as stranger:
        records = suite(stranger, "ingress", "gateway", "external_dns")
        named = suite(stranger, "ingress", "external_dns", "load_balancer", **NAMED)
    assert {n: (r.verdict, r.cause) for n, r in records.items()} == dict.fromkeys(records, ("inconclusive", "harness.forbidden"))
    said = {"ingress": "load_balancing_check_ingress_classes", "gateway": "load_balancing_check_gateway",
            "external_dns": "dns_check_external_dns_zone"}
    assert [n for n, words in said.items() if words not in records[n].message] == []
    assert {n: r.message for n, r in named.items() if r.verdict not in ("passed", "warned")} == {}
    assert suite.result["leftovers"] == []
