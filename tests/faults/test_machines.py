# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node of a real cluster is switched off, and its platform (the fake of an ESXi host, tests/fakes/esxi) says so."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.esxi.host import SSHD, Host, esxi_host
from tests.faults.conftest import assert_red, node_to_lose

pytestmark = [pytest.mark.faults, pytest.mark.lab]


@pytest.fixture
def host(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host with a machine for every node of the lab's cluster."""
    if not SSHD.exists():
        pytest.fail("the Debian package openssh-server is missing: make lab-build", pytrace=False)
    with esxi_host(tmp_path_factory.mktemp("esxi")) as made:
        names = [n["metadata"]["name"] for n in lab.api("/api/v1/nodes")["items"]]
        made.add(*names)
        made.change(lambda state: state["stores"][0].update(free=4 * 10 ** 11))
        yield made


def _options(host: Host) -> dict[str, Any]:
    given = dict(host.params)
    return {"platform": "esxi", "platform_username": given.pop("username"), **given,
            "names": [v["name"] for v in host.read()["vms"]]}


def test_a_machine_that_is_off_is_the_root_of_its_node(lab: Any, prove: Any, host: Host) -> None:
    short = node_to_lose(lab)
    node = lab.node_name(short)
    host.set(node, power="off")
    with lab.fault.node_power_off(short):
        records = prove("nodes", "machines", machines=_options(host))
    assert_red(records["machines"], "vm.powered-off", [f"vm/{node}", f"node/{node}"], "confirmed")
    assert_red(records["nodes"], "node.unreachable", [f"node/{node}"], "confirmed", follows="vm.powered-off")
    host.set(node, power="on")
    lab.settle()
    prove.green("nodes", "machines", machines=_options(host))


def test_a_machine_that_is_judged_while_the_cluster_is_silent(lab: Any, prove: Any, host: Host) -> None:
    node = lab.node_name("n2")
    host.set(node, power="off")
    with lab.fault.stop("cp", "kube-apiserver"):
        records = prove("api_server", "machines", machines=_options(host))
    assert_red(records["api_server"], "api.unreachable", [], "confirmed")
    assert_red(records["machines"], "vm.powered-off", [f"vm/{node}"], "confirmed")
