# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's own Karpenter: a machine comes for a pod, joins, serves, and goes; also where its cloud was killed meanwhile."""
from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.addons import scaling
from tests.lab import helpers, node
from tests.lab.base import wait_for
from tests.lab.tiers import autoscaler as tier

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("autoscaler")]


@pytest.mark.gauntlet
def test_a_machine_comes_for_a_pod_serves_and_goes_with_it_though_its_cloud_was_killed(lab: Any) -> None:
    with scaling.somebodys_node(lab) as theirs:
        (machine,) = tier.machines(lab)
        assert machine["node"] == theirs.node and node.pid(lab, lab.machines[0])
        assert node.in_pod_network(lab, lab.machines[0], "curl", "-s", "-m", "5", f"http://{theirs.ip}:8080/hostname") == theirs.pod
        os.kill(helpers.pid(lab, tier.HELPER) or 0, signal.SIGKILL)
        wait_for("no cloud", lambda: not helpers.pid(lab, tier.HELPER), 10)
        lab.tier("autoscaler")
        assert [m["id"] for m in tier.machines(lab)] == [machine["id"]], "machines outlive who rents them out"
    assert not tier.machines(lab) and not list((lab.folder / "nodes").glob("x*"))
