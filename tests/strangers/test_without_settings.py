# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whoever has not set what such a cluster wants is told so in the cluster's own words, and no check is red for it."""
from __future__ import annotations

from typing import Any

import pytest

from tests.strangers.suite import unlike

pytestmark = [pytest.mark.lab]
POD_CHECKS = ("dns", "nodes", "pod_network", "service", "storage")
TOLD = {
    "required_labels": r"the run namespace could not be created: .*you must provide labels: \{\"cost-center\", \"team\"\}",
    "restricted_registry": r"has an invalid image repo <.*allowed repos are",
    "tenant": r"cannot create resource \"namespaces\".*validate_namespace names an existing one|"
              r"cannot list resource \"(nodes|storageclasses)\"",
}


@pytest.mark.parametrize(("name", "options"), [*((name, {}) for name in sorted(TOLD)),
                                               *((name, {"reason": ""}) for name in ("required_labels", "restricted_registry"))])
def test_what_is_missing_is_named_on(lab: Any, suite: Any, name: str, options: dict[str, str]) -> None:
    """A policy that names no reason refuses by 422, as if the object were wrong; it is a refusal all the same."""
    with lab.like(name, **options) as stranger:
        records = suite(stranger, *POD_CHECKS, bare=True)
    assert suite.result["leftovers"] == []
    assert unlike(records, {c: ("inconclusive", TOLD[name]) for c in POD_CHECKS}) == []
