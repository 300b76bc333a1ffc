# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every check on every stranger: what it says, that nothing of ours is left and that nothing of theirs was touched."""
from __future__ import annotations

from typing import Any

import pytest

from tests.strangers.expected import EXPECTED
from tests.strangers.suite import others, placed, unlike

pytestmark = [pytest.mark.lab]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_suite_is_right_on(lab: Any, suite: Any, name: str) -> None:
    with lab.like(name) as stranger:
        before = others(lab)
        with placed(lab) as on:
            records = suite(stranger)
        after = others(lab)
    assert on and {*filter(None, on)} <= {*map(lab.node_name, lab.machines)}, "no pod of ours went to a node that is none of a kubelet's"
    assert suite.result["leftovers"] == []
    assert {k: (v, after.get(k)) for k, v in before.items() if after.get(k) != v} == {}
    assert unlike(records, EXPECTED[name]) == []
    if name == "tenant":  # what may not be seen is known by its right
        assert {n: r.message for n, r in records.items() if r.cause.startswith("unknown.")} == {}
