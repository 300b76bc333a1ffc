# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clouds that an option names, and that could not be asked."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import healthy, one

REFUSED = "AWS refused ListResourceRecordSets: AccessDenied: no (the right route53:ListResourceRecordSets is missing)"


@pytest.mark.parametrize(("why", "cause", "scope", "command"), [
    (REFUSED, "harness.forbidden", ["permission/route53:ListResourceRecordSets"], "aws sts get-caller-identity"),
    ("region: not told: set region", "harness.precondition", [], "ansible-inventory --host NAME")])
def test_a_cloud_that_cannot_be_asked_is_a_matter_of_rights_or_options(why: str, cause: str, scope: list[str], command: str) -> None:
    for check in ("external_dns", "load_balancer", "zonal_stateful_set"):
        found = one(Finding(check, "dns", "inconclusive", "a step", f"it cannot be asked: {why}", observed={"provider_unasked": why}), healthy())
        assert (found.cause, found.confidence, found.scope, found.next_command) == (cause, "confirmed", scope, command)
        assert "aws_policy" in found.remedy or cause == "harness.precondition"
    passed_over = Finding("external_dns", "dns", "failed", "a step", "names not at all servers", observed={"provider_unasked": why})
    assert one(passed_over, healthy()).cause != cause
