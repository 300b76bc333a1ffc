# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check of machines on platforms that answer: a fake of the ESXi shell behind a real sshd, and moto's AWS.

The cluster is a fake API server that only tells its nodes.
"""
from __future__ import annotations

import datetime
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.api_server import FakeApiServer
from tests.fakes.esxi.host import SSHD, Host, esxi_host
from tests.fakes.moto_server import REGION, client
from tests.integration.check_machines import LEADS, run, told
from tests.integration.conftest import Playbook

IMAGE = "ami-0123456789abcdef0"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    if not SSHD.exists():
        pytest.fail("the Debian package openssh-server is missing: make lab-build", pytrace=False)
    with esxi_host(tmp_path_factory.mktemp("esxi")) as made:
        yield made


@pytest.fixture
def api() -> Iterator[FakeApiServer]:
    with FakeApiServer(nodes=3) as made:
        yield made


@pytest.fixture
def host(server: Host, api: FakeApiServer) -> Host:
    """A host with the machines of the nodes: n1 is found by its UUID, the others by name."""
    server.reset()
    server.add("n0", "renamed", "n2", "another")
    api.more = {0: LEADS, 1: {"status": {"nodeInfo": {"systemUUID": str(uuid.UUID(int=2)).upper()}}}}
    return server


def of_esxi(host: Host) -> dict[str, Any]:
    """The options of the platform, by the names of the check."""
    given = dict(host.params)
    return {"platform": "esxi", "platform_username": given.pop("username"), **given}


# ---- a single ESXi host -------------------------------------------------------------------------------------------
def test_machines_of_an_esxi_host_that_are_well(api: FakeApiServer, host: Host, tmp_path: Path) -> None:
    record = run(api, tmp_path, **of_esxi(host))
    assert (record["verdict"], record["message"]) == ("warned", (
        "datastore store 1 has 10.0 % free (93 GiB of 931 GiB; 10.0 % after its thin disks have grown)"))
    assert record["observed"]["machine_ids"] == {"n0": "1", "n2": "3", "renamed": "2"}
    assert {m["name"]: m["value"] for m in record["measurements"]} == {
        "free on store 1": 10.0, "free on store 1 after growth": 10.0}
    host.change(lambda s: s["stores"][0].update(free=4 * 10 ** 11))
    assert told(run(api, tmp_path, **of_esxi(host))) == ("passed", "", [])


@pytest.mark.parametrize(("name", "values", "cause", "scope", "words"), [
    ("n2", {"power": "off"}, "vm.powered-off", ["vm/n2", "node/n2"], "n2 is powered off"),
    pytest.param("renamed", {"power": "suspended"}, "vm.powered-off", ["vm/renamed", "node/n1"], "renamed is suspended",
                 marks=pytest.mark.gauntlet),
    pytest.param("n0", {"tools": "not running"}, "vm.tools-down", ["vm/n0", "node/n0"], "n0 runs no guest tools",
                 marks=pytest.mark.gauntlet),
    ("n2", {"consolidate": True}, "vm.consolidation", ["vm/n2"], "n2 needs a consolidation of its disks")])
def test_what_is_wrong_with_a_machine_is_its_cause_until_it_is_mended(
        api: FakeApiServer, host: Host, tmp_path: Path, name: str, values: dict[str, Any], cause: str, scope: list[str],
        words: str) -> None:
    before = {k: host.vm(name)[k] for k in values}
    host.set(name, **values)
    record = run(api, tmp_path, **of_esxi(host))
    assert told(record) == ("failed", cause, scope) and words in record["message"]
    assert record["evidence"] and record["remedy"]
    host.set("another", power="off")  # no node of ours
    host.set(name, **before)
    assert run(api, tmp_path, **of_esxi(host))["verdict"] == "warned"


@pytest.mark.gauntlet
def test_old_and_deep_snapshots(api: FakeApiServer, host: Host, tmp_path: Path) -> None:
    old = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=4)).strftime("%m/%d/%Y %H:%M:%S")
    shape = {"description": "", "quiesced": False, "memory": False, "created": old}
    host.set("n2", current="1", last=1, snapshots=[{"id": "1", "name": "before the tests", "parent": "", **shape}])
    record = run(api, tmp_path, **of_esxi(host))
    assert told(record) == ("failed", "vm.snapshot-old", ["vm/n2"])
    assert "n2 has snapshot 'before the tests', 4.0 days old" in record["message"]
    assert record["next_command"] == "vim-cmd vmsvc/snapshot.get 3"
    assert run(api, tmp_path, **of_esxi(host), snapshot_age_days=5)["verdict"] == "warned"
    assert told(run(api, tmp_path, **of_esxi(host), snapshot_age_days=5, snapshot_depth=0))[1] == "vm.snapshot-old"


def test_a_datastore_that_is_nearly_full(api: FakeApiServer, host: Host, tmp_path: Path) -> None:
    host.change(lambda s: s["stores"][0].update(free=5 * 10 ** 10))
    record = run(api, tmp_path, **of_esxi(host))
    assert told(record) == ("failed", "vm.datastore-low", ["datastore/store 1"])
    assert run(api, tmp_path, **of_esxi(host), datastore_free=5, datastore_free_warn=5)["verdict"] == "passed"


def test_a_node_without_a_machine_that_we_see(api: FakeApiServer, host: Host, tmp_path: Path) -> None:
    api.nodes = 4
    record = run(api, tmp_path, **of_esxi(host))
    assert told(record) == ("inconclusive", "vm.not-found", ["node/n3"])
    assert "missing or not visible to this user: n3" in record["message"]


@pytest.mark.parametrize(("values", "cause", "words"), [
    ({"hostname": ""}, "harness.precondition", "platform esxi: hostname: the name or address of the ESXi host is"),
    ({"port": 1}, "vm.platform-unavailable", "platform esxi: ssh to 127.0.0.1: "),
    ({"names": ["n0"], "tags": {"a": "b"}}, "harness.precondition", "tags: a single ESXi host has none"),
    ({"ssh_key_file": "/none"}, "harness.precondition", "platform esxi: ssh_key_file: there is no file /none")])
def test_a_platform_that_cannot_be_asked_is_one_sentence(
        api: FakeApiServer, host: Host, tmp_path: Path, values: dict[str, Any], cause: str, words: str) -> None:
    record = run(api, tmp_path, **{**of_esxi(host), **values})
    assert told(record)[:2] == ("inconclusive", cause) and words in record["message"]


def test_named_machines_are_judged_while_the_cluster_is_silent(api: FakeApiServer, host: Host, tmp_path: Path) -> None:
    host.set("n0", power="off")
    with FakeApiServer() as closed:
        pass  # its port answers no more
    named = run(closed, tmp_path, **of_esxi(host), names=["n0", "renamed"])
    assert told(named) == ("failed", "vm.powered-off", ["vm/n0"])
    alone = run(closed, tmp_path, **of_esxi(host))
    assert told(alone)[:2] == ("inconclusive", "api.unreachable") and "no machine is named" in alone["message"]


def test_through_the_playbook_and_the_role_variables(api: FakeApiServer, host: Host, tmp_path: Path) -> None:
    """As users start it; the password is planted, and the key is used with it as its (needless) passphrase."""
    given = {f"machines_check_{n}": v for n, v in of_esxi(host).items()}
    given["machines_check_platform_password"] = "planted-password-of-the-host"
    book = Playbook(tmp_path, {"c": {"cluster_kubeconfig": api.kubeconfig, **given}})
    for power, verdict in (("off", "failed"), ("on", "warned")):
        host.set("n2", power=power)
        done = book.run("-vvv", "-e", '{"validate_checks": ["machines"]}')
        assert (done.returncode == 0) == (power == "on")
        assert [r["verdict"] for r in book.records()] == [verdict]
        texts = [p.read_text(errors="replace") for p in book.results.rglob("*") if p.is_file()]
        assert not [text for text in [*texts, done.stdout, done.stderr] if "planted-password" in text]
    plan = book.run("--check", "-e", '{"validate_checks": ["machines"]}')
    assert plan.returncode == 0 and "planted-password" not in plan.stdout and "snapshot_depth" in plan.stdout
    role = tmp_path / "role.yml"
    role.write_text("- hosts: all\n  gather_facts: false\n  connection: local\n  roles: [assay.clusters.machines]\n")
    done = subprocess.run(["ansible-playbook", str(role), "-i", str(book.inventory), "-vvvv"], env=book.env, text=True,
                          capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout
    assert "planted-password" not in done.stdout + done.stderr
    bad = book.run("-e", "machines_check_platform=vmwear", "-e", '{"validate_checks": ["machines"]}')
    assert "machines_check_platform: must be one of vsphere, esxi, aws, not 'vmwear'" in bad.stdout


# ---- AWS ----------------------------------------------------------------------------------------------------------
def test_instances_of_aws(api: FakeApiServer, moto: str, tmp_path: Path) -> None:
    ec2 = client(moto)
    given = {"platform": "aws", "region": REGION, "endpoint_url": moto, "access_key": "testing",
             "secret_key": "testing"}

    def instance(name: str) -> str:
        tags = [{"Key": "Name", "Value": name}, {"Key": "cluster", "Value": "c1"}]
        made = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, TagSpecifications=[
            {"ResourceType": "instance", "Tags": tags}])
        return str(made["Instances"][0]["InstanceId"])

    ids = {n: instance(n) for n in ("n0", "other name", "n2")}
    api.more = {1: {"spec": {"providerID": f"aws:///{REGION}a/{ids['other name']}"}}}
    assert told(run(api, tmp_path, **given)) == ("passed", "", [])
    ec2.stop_instances(InstanceIds=[ids["other name"]])
    for selected in ({}, {"tags": {"cluster": "c1"}}):
        record = run(api, tmp_path, **given, **selected)
        assert told(record) == ("failed", "vm.powered-off", ["vm/other name", "node/n1"])
        assert record["next_command"] == f"aws ec2 describe-instances --instance-ids {ids['other name']}"
    ec2.start_instances(InstanceIds=[ids["other name"]])
    assert told(run(api, tmp_path, **given)) == ("passed", "", [])
    ec2.terminate_instances(InstanceIds=[ids["n2"]])
    assert told(run(api, tmp_path, **given)) == ("inconclusive", "vm.not-found", ["node/n2"])
