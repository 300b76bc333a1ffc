# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the platform said of machines, and what followed from it in the cluster."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import Diagnosis, diagnose
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    api_error, event, finding, healthy, nodes_failed, on_path, pod, power_off, seen, silent_cluster)

NODES = ("n1", "n2", "n3")


def machine(variant: str, error: str, name: str = "vm 2", node: str = "n2", kind: str = "machine") -> dict[str, Any]:
    return {**seen(kind, variant, "", node, error), "target": name}


def machines(*observations: dict[str, Any], platform: str = "vsphere", message: str = "", verdict: str = "failed",
             **observed: Any) -> Finding:
    good = [machine("power", "", f"vm {n}", n) for n in NODES]
    return Finding("machines", "machines", verdict, "a step", message or "1 of 3 machines: vm 2 is not well", observed={
        "platform": platform, "machine_ids": {"vm 2": "id-2"}, **observed}, observations=[*good, *observations])


def told(check: Finding, data: dict[str, Any] | None = None, *others: Finding) -> Diagnosis:
    return diagnose([check, *others], data or healthy())[check.check]


@pytest.mark.parametrize(("variant", "error", "code", "scope", "command"), [
    ("power", "is powered off", "vm.powered-off", ["vm/vm 2", "node/n2"], "govc vm.info -r 'vm 2'"),
    ("tools", "runs no guest tools", "vm.tools-down", ["vm/vm 2", "node/n2"], "ssh n2 systemctl status open-vm-tools"),
    ("snapshot", "has snapshot 'a', 9.0 days old", "vm.snapshot-old", ["vm/vm 2"],
     "govc snapshot.tree -vm 'vm 2' -D -s"),
    ("consolidation", "needs a consolidation of its disks", "vm.consolidation", ["vm/vm 2"], "govc vm.info -r 'vm 2'"),
    ("disk_uuid", "disk.EnableUUID is not TRUE", "vm.disk-uuid", ["vm/vm 2", "node/n2"], "govc vm.info -e 'vm 2'"),
    ("apart", "shares host esx1 with vm 1", "vm.anti-affinity", ["vm/vm 2"], "govc vm.info -r 'vm 2'")])
def test_each_trouble_has_its_cause(variant: str, error: str, code: str, scope: list[str], command: str) -> None:
    found = told(machines(machine(variant, error)))
    assert (found.cause, found.scope, found.next_command, found.consequence_of) == (code, scope, command, "")
    assert found.evidence == [f"vm/vm 2 {error}"] and found.confidence in ("confirmed", "probable")


@pytest.mark.parametrize(("platform", "command"), [
    ("esxi", "vim-cmd vmsvc/get.summary id-2"), ("aws", "aws ec2 describe-instances --instance-ids id-2")])
def test_the_next_command_is_the_platforms_own(platform: str, command: str) -> None:
    assert told(machines(machine("power", "is powered off"), platform=platform)).next_command == command


def test_a_full_datastore() -> None:
    low = machine("free", "big one has 3.0 % free", "big one", "", "datastore")
    found = told(machines(low))
    assert (found.cause, found.scope) == ("vm.datastore-low", ["datastore/big one"])
    assert found.next_command == "govc datastore.info 'big one'"
    assert found.evidence == ["datastore/big one has 3.0 % free"]
    assert told(machines(low, platform="esxi")).next_command == "esxcli storage filesystem list"


def test_a_machine_without_a_known_node() -> None:
    assert told(machines(machine("power", "is powered off", node=""))).scope == ["vm/vm 2"]


def test_several_troubles_lead_with_the_one_that_stops_the_node() -> None:
    found = told(machines(machine("consolidation", "needs a consolidation"),
                          machine("power", "is powered off", "vm 3", "n3")))
    assert (found.cause, found.scope) == ("vm.powered-off", ["vm/vm 3", "node/n3"])


def test_a_powered_off_machine_is_why_its_node_is_gone() -> None:
    data = healthy()
    power_off(data, "n2")
    check, nodes = machines(machine("power", "is powered off")), nodes_failed(data, "n2")
    assert (told(check, data, nodes).cause, told(check, data, nodes).consequence_of) == ("vm.powered-off", "")
    found = told(nodes, data, check)
    assert (found.cause, found.consequence_of) == ("node.unreachable", "vm.powered-off")
    other = machines(machine("power", "is powered off", "vm 3", "n3"))
    assert told(nodes, data, other).consequence_of == ""


def test_a_node_that_is_gone_is_why_its_tools_do_not_answer_and_nothing_else() -> None:
    data = healthy()
    power_off(data, "n2")
    nodes = nodes_failed(data, "n2")
    assert told(machines(machine("tools", "runs no guest tools")), data, nodes).consequence_of == "node.unreachable"
    for variant in ("snapshot", "disk_uuid", "consolidation"):
        found = told(machines(machine(variant, "n2 is not well")), data, nodes)
        assert found.cause.startswith("vm.") and found.consequence_of == ""


def test_hidden_disks_are_why_volumes_do_not_attach() -> None:
    data = healthy()
    data["pods"].append(pod("writer", "assay-3f9a21c0", "n2", ready=False))
    words = "AttachVolume.Attach failed for volume pvc-1: no disk"
    data["events"].append(event("Pod", "writer", "FailedAttachVolume", words))
    storage = finding("storage", "pod writer not Running: not within 60 s", path=[on_path("Pod", "writer")])
    assert told(storage, data).cause == "storage.attach-stuck"
    found = told(storage, data, machines(machine("disk_uuid", "disk.EnableUUID is not TRUE")))
    assert (found.cause, found.consequence_of) == ("storage.attach-stuck", "vm.disk-uuid")


def test_a_dead_api_does_not_explain_what_the_platform_says() -> None:
    data = silent_cluster(api_error("connection refused", None, "connect"))
    found = told(machines(machine("power", "is powered off", node="")), data)
    assert (found.cause, found.consequence_of) == ("vm.powered-off", "")


def test_what_could_not_be_asked() -> None:
    found = told(machines(verdict="inconclusive", machines_not_found={"n2": "no machine has the UUID 'x'", "n3": ""}))
    assert (found.cause, found.confidence, found.scope) == ("vm.not-found", "suspected", ["node/n2", "node/n3"])
    assert found.evidence == ["node/n2: no machine has the UUID 'x'", "node/n3: no machine fits"]
    found = told(machines(verdict="inconclusive", message="platform vsphere: wrong password", platform_said="no"))
    assert (found.cause, found.evidence) == ("vm.platform-unavailable", ["platform vsphere: wrong password"])
    found = told(machines(verdict="inconclusive", message="platform esxi: hostname: is needed", bad_option="x"))
    assert found.cause == "harness.precondition"


def test_a_machine_that_was_not_found_is_no_fault_beside_a_proved_one() -> None:
    found = told(machines(machine("power", "is powered off"), machines_not_found={"n3": ""}))
    assert found.cause == "vm.powered-off"


def test_machines_that_are_well_explain_nothing() -> None:
    data = healthy()
    power_off(data, "n2")
    assert told(nodes_failed(data, "n2"), data, machines(verdict="inconclusive")).consequence_of == ""
