# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ways to probes, seen red: a kubelet that the API server does not reach, where probes are asked through kubelets."""
from __future__ import annotations

from typing import Any

import pytest
from tests.faults.conftest import assert_red
from tests.proved import proved

pytestmark = [pytest.mark.faults, pytest.mark.lab]


@pytest.mark.parametrize("transport", ["exec", pytest.param("port_forward", marks=pytest.mark.gauntlet)])
def test_a_kubelet_whose_certificate_is_not_accepted_is_not_asked_and_the_others_are_proved(
        lab: Any, prove: Any, transport: str) -> None:
    node = lab.node_name("n2")
    with lab.fault.foreign_certificate("n2"):
        record = prove("service", transport=transport)["service"]
        assert proved(prove("service")["service"]), "the pod proxy goes past kubelets"
    assert_red(record, "node.kubelet-cert", [f"node/{node}"], "confirmed", "x509: certificate signed by unknown authority",
               verdict="inconclusive")
    assert record.message.startswith(f"the probe could not be asked on {node} (")
    prove.green("service", transport=transport)


@pytest.mark.gauntlet
def test_a_kubelet_behind_a_filtered_port(lab: Any, prove: Any) -> None:
    node = lab.node_name("n2")
    with lab.fault.drop_port("n2", 10250):
        record = prove("service", transport="exec")["service"]
    assert_red(record, "net.port-filtered", [f"node/{node}"], "probable", "does not reach the kubelet's port 10250",
               ":10250: i/o timeout", verdict="inconclusive")
    prove.green("service", transport="exec")
