# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A check that has nothing to prove is skipped, and has failed where the inventory says that the cluster has its feature."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import registry
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.tests.unit.engine.running import Sample, check, records

REASON = "there is no IngressClass"


@pytest.mark.parametrize(("domain", "expected", "verdict", "cause"), [
    ("own", (), "skipped", ""), ("own", ("other",), "skipped", ""), ("own", ("edge",), "failed", "feature.absent"),
    ("machines", ("edge",), "failed", "feature.absent")])
def test_what_is_expected_is_not_skipped(
        sample: Sample, guardian: Any, domain: str, expected: tuple[str, ...], verdict: str, cause: str) -> None:
    edge = check(lambda ctx: ctx.skip(REASON), "edge", domain=domain)
    (record,) = sample(edge, expected_features=expected).go()["records"]
    assert (record["verdict"], record["cause"]) == (verdict, cause)
    assert record["message"] == (REASON if verdict == "skipped" else f"expected in this cluster, and there is nothing to prove: {REASON}")
    if cause:
        assert (record["confidence"], record["scope"], record["consequence_of"]) == ("confirmed", ["check/edge"], "")


def test_what_passes_is_as_before(sample: Sample, guardian: Any) -> None:
    assert records(sample(check(lambda ctx: None, "edge"), expected_features=("edge",)).go()) == [("edge", "passed", "")]


def test_a_feature_that_no_check_proves_is_refused() -> None:
    known = [check(lambda ctx: None, "ingress"), check(lambda ctx: None, "dns")]
    registry.expect(known, ["dns"])
    with pytest.raises(BadInput, match="expected_features: there is no check 'ingres'; did you mean ingress"):
        registry.expect(known, ["ingres"])
