# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Equal plans are printed once, and of others only what differs."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.filter.plans_together import plans_together

PLAN = ["check dns/dns: names", "    queries: 20", "check storage/storage: volumes", "    queries: 20", "limit: 900 s",
        "limit: 900 s"]
OTHER = ["check dns/dns: names", "    queries: 5", *PLAN[2:]]


@pytest.mark.parametrize(("plans", "lines"), [
    ({}, []), ({"a": PLAN}, PLAN[:5]), ({h: PLAN for h in "abc"}, PLAN[:5]),
    ({"a": PLAN, "b": OTHER, "c": PLAN},
     [PLAN[0], *PLAN[2:5], "only a, c:", PLAN[0], "    queries: 20", "only b:", PLAN[0], "    queries: 5"]),
    ({"a": [PLAN[0], "    x: 1", "    y: 1"], "b": [PLAN[0]]}, [PLAN[0], "only a:", PLAN[0], "    x: 1", "    y: 1"]),
    ({"a": PLAN, "b": PLAN[2:]}, [*PLAN[2:5], "only a:", *PLAN[:2]])])
def test_what_is_shared_is_said_once_and_what_differs_for_whom(plans, lines):
    assert plans_together(plans) == lines
