# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines of a platform that is a list: which is which node, and what is said of them."""
from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks import machines as module
from ansible_collections.assay.clusters.plugins.module_utils.checks._machines.map import find_all, keys_of, swapped
from ansible_collections.assay.clusters.plugins.module_utils.checks._machines.options import own_words, params, selection
from ansible_collections.assay.clusters.plugins.module_utils.checks.machines import Machines, chain, free_percent
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Machine, Snapshot, Store, Wanted
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, api_error

GIB = 2 ** 30
UUID = "423a5b1c-0d2e-4f60-9a81-{:012d}"


def ago(days):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)).isoformat()


class Platform:
    """A MachinePlatform as the real ones are: all that was asked for, or an error that lists what is missing."""

    def __init__(self, name, machines, stores=(), told=True):
        self.name, self.machines, self.told, self.store_list = name, machines, told, list(stores)
        self.round_trips, self.asked, self.closed = 0, [], False

    def find(self, wanted):
        self.round_trips += 1
        self.asked.append(wanted)
        found, missing = {}, []
        for field, values, key in (("names", wanted.names, "name"), ("uuids", wanted.uuids, "uuid"),
                                   ("ids", wanted.ids, "id")):
            if field == "uuids" and values and self.name == "aws":
                raise BadOption("uuids: instances of AWS have none; select them by names, ids or tags")
            for value in values:
                fits = [m for m in self.machines if getattr(m, key) == value]
                if len(fits) > 1:
                    raise BadOption(f"{field}: {len(fits)} machines are named {value!r}; name one by ids")
                missing += [] if fits else [f"{field}: no machine has {value!r}"]
                found |= {m.id: m for m in fits}
        if missing:
            raise BadOption(f"{missing[0]}, or this user may not see it", **({"missing": missing} if self.told else {}))
        if wanted.tags:
            found = {m.id: m for m in self.machines}
        return list(found.values())

    def stores(self, machines):
        return [s for s in self.store_list if any(s.name in m.datastores for m in machines)]

    def close(self):
        self.closed = True


def node(number, leads=False, provider="", system="", address=""):
    labels = {"node-role.kubernetes.io/control-plane": ""} if leads else {}
    return {"metadata": {"name": f"n{number}", "labels": labels}, "spec": {"providerID": provider} if provider else {},
            "status": {"nodeInfo": {"systemUUID": system}, "addresses": [{"address": address}] if address else []}}


class World:
    """Three machines that are well, and the nodes that they are; tests spoil something."""

    def __init__(self, monkeypatch, platform="vsphere", **options):
        self.options = {"platform": platform, "platform_password": "not to be told", **options}
        self.nodes = [node(n, leads=n < 3, system=UUID.format(n)) for n in (1, 2, 3)]
        self.machines = [Machine(f"vm-{n}", f"machine {n}", UUID.format(n), tools="running", datastores=("ds1",),
                                 extra={"host": f"esx{n}", "disk_uuid": True, "tools_status": "guestToolsUnmanaged"})
                         for n in (1, 2, 3)]
        self.stores = [Store("ds1", 100 * GIB, 50 * GIB, 20 * GIB)]
        self.given, self.told, self.nodes_answer = {}, True, None
        self.platform = None
        monkeypatch.setattr(module.machine_platforms, "open", self.open)

    def open(self, given, job):
        self.given, self.job = dict(given), job
        self.platform = Platform(given["platform"], self.machines, self.stores, self.told)
        return self.platform

    def spoil(self, number, **values):
        now = {k: v() if callable(v) else v for k, v in values.items()}
        self.machines[number - 1] = replace(self.machines[number - 1], **now)

    def run(self):
        answer = {"items": self.nodes} if self.nodes_answer is None else self.nodes_answer
        self.ctx = FakeContext({"/api/v1/nodes": answer}, **self.options)
        Machines().run(self.ctx)
        return self.ctx

    def red(self, match, kind=StepFailed):
        with pytest.raises(kind, match=match):
            self.run()
        return self.ctx


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


# ---- all is well --------------------------------------------------------------------------------------------------
def test_machines_that_are_well_pass_every_claim(world):
    ctx = world.run()
    assert not ctx.warnings and world.platform.closed
    for variant in ("found", "power", "tools", "snapshot", "consolidation", "disk_uuid"):
        assert [o["to_node"] for o in ctx.seen(kind="machine", variant=variant, ok=True)] == ["n1", "n2", "n3"]
    assert ctx.seen(kind="datastore", variant="free", ok=True)
    assert ctx.measurements == {"free on ds1": 50.0, "free on ds1 after growth": 30.0}
    assert ctx.observed["machine_ids"] == {"machine 1": "vm-1", "machine 2": "vm-2", "machine 3": "vm-3"}


def test_the_platform_gets_its_own_names_and_is_asked_once(world):
    world.options |= {"hostname": "vc", "platform_username": "me", "platform_validate_certs": False,
                      "ssh_key_file": "~/key"}
    world.run()
    assert world.given["username"] == "me" and world.given["password"] == "not to be told"
    assert world.given["validate_certs"] is False and not world.given["ssh_key_file"].startswith("~")
    assert world.job.check_mode and world.job.deadline == world.ctx.deadline
    assert len(world.platform.asked) == 1
    assert "not to be told" not in str((world.ctx.observed, world.ctx.observations))


def test_without_a_platform_it_does_not_apply():
    assert "machines_check_platform" in Machines().applies(FakeContext())
    assert Machines().applies(FakeContext(platform="esxi")) == ""


# ---- which machine is which node ----------------------------------------------------------------------------------
def test_byte_orders_of_a_uuid():
    assert swapped("564d1234-abcd-ef01-2345-6789abcdef01") == "34124d56-cdab-01ef-2345-6789abcdef01"
    assert swapped(swapped(UUID.format(7))) == UUID.format(7)


def test_a_node_is_found_by_its_provider_id_and_in_the_other_byte_order(world):
    world.nodes[0]["spec"]["providerID"] = f"vsphere://{UUID.format(1)}"
    world.nodes[0]["status"]["nodeInfo"]["systemUUID"] = swapped(UUID.format(1)).upper()
    world.nodes[1]["status"]["nodeInfo"]["systemUUID"] = swapped(UUID.format(2))
    assert [o["ok"] for o in world.run().seen(variant="found")] == [True] * 3
    assert world.ctx.observed["machine_ids"]["machine 2"] == "vm-2"


def test_a_name_is_no_proof_where_a_uuid_is_known(world):
    world.spoil(3, uuid=UUID.format(9), name="n3")
    assert "n3" in world.red("n3 .uuids: no machine has", Inconclusive).observed["machines_not_found"]


def test_uuids_that_nodes_share_are_not_theirs(world):
    for number, item in enumerate(world.nodes, 1):
        item["status"]["nodeInfo"]["systemUUID"] = UUID.format(1)
        world.spoil(number, name=f"n{number}")
    assert len(world.run().observed["machine_ids"]) == 3


@pytest.mark.parametrize(("provider", "key"), [
    ("aws:///eu-central-1a/i-0123456789abcdef0", ("ids", "i-0123456789abcdef0")),
    ("aws:///x/fargate-ip-1", ("names", "n1")),
    ("", ("names", "n1")), ("vsphere://423A5B1C-0D2E-4F60-9A81-000000000001", ("names", "n1"))])
def test_keys_on_aws(provider, key):
    assert keys_of([node(1, provider=provider, system="ec2abcde-0000-0000-0000-000000000000")], "aws")["n1"] == [key]


def test_keys_on_vsphere_and_of_long_names():
    found = keys_of([node(1, provider="vsphere://423A5B1C-0D2E-4F60-9A81-000000000001")], "vsphere")["n1"]
    assert found == [("uuids", UUID.format(1))]
    item = node(1)
    item["metadata"]["name"] = "n1.example.com"
    assert keys_of([item], "esxi") == {"n1.example.com": [("names", "n1.example.com"), ("names", "n1")]}


def test_named_machines_are_matched_by_name_or_address(world):
    world.options["names"] = ["machine 1", "n2.example.com", "n3"]
    world.spoil(1, uuid="", address="192.0.2.1")
    world.spoil(2, uuid="", name="n2.example.com")
    world.spoil(3, uuid="", name="n3")
    world.nodes[0] = node(1, address="192.0.2.1")
    assert [o["ok"] for o in world.run().seen(variant="found")] == [True] * 3


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("absent", [(), (1,), (2, 3), (1, 2, 3, 4, 5)])
def test_absent_machines_are_left_out_and_the_others_found(told, absent):
    platform = Platform("esxi", [Machine(str(n), f"n{n}") for n in range(1, 6) if n not in absent], told=told)
    keys = [("names", f"n{n}") for n in range(1, 6)]
    found, why = find_all(platform.find, keys)
    assert {m.name for m in found} == {f"n{n}" for n in range(1, 6) if n not in absent}
    assert set(why) == {("names", f"n{n}") for n in absent} and all("no machine has" in w for w in why.values())
    assert not told or platform.round_trips <= 2


def test_what_is_wrong_with_the_connection_is_not_about_machines():
    def find(wanted):
        raise BadOption("access_key: no AWS credentials: set access_key and secret_key")
    with pytest.raises(BadOption, match="access_key"):
        find_all(find, [("ids", "i-1"), ("ids", "i-2")])


def test_an_ambiguous_name_is_told_and_the_others_are_judged(world):
    world.nodes = [node(1), node(2)]
    world.machines = [Machine("1", "n1", tools="running"), Machine("2", "n2", tools="running"), Machine("3", "n2")]
    ctx = world.red(r"1 without a machine.*: n2 \(names: 2 machines are named 'n2'; name one by ids\)", Inconclusive)
    assert [o["target"] for o in ctx.seen(variant="power", ok=True)] == ["n1"]


# ---- what is missing ----------------------------------------------------------------------------------------------
def test_a_missing_machine_may_only_be_invisible(world):
    del world.machines[1]
    ctx = world.red("1 without a machine, which is missing or not visible to this user: n2", Inconclusive)
    assert ctx.steps[-1] == "every node has a machine"
    assert [o["to_node"] for o in ctx.seen(variant="found", ok=False)] == ["n2"]
    world.machines[0] = replace(world.machines[0], power="off")
    world.red("1 of 2 machines: machine 1 is powered off; 1 without a machine, which is missing or not visible")


def test_nothing_to_look_at_is_no_success(world):
    world.nodes = []
    ctx = world.red("neither a node nor a machine", Inconclusive)
    assert ctx.seen(ok=True) == []
    world.options["names"] = ["machine 9"]
    world.red("1 without a machine.*: machine 9", Inconclusive)


def test_a_cluster_that_does_not_tell_its_nodes(world):
    world.nodes_answer = api_error(503, "down")
    world.red(r"does not tell its nodes \(down\), and no machine is named", Inconclusive)
    world.options["names"] = ["machine 1", "machine 2"]
    world.spoil(2, power="off")
    ctx = world.red("^1 of 2 machines: machine 2 is powered off$")
    assert ctx.observed["nodes_not_read"] == "down"


@pytest.mark.parametrize(("error", "key"), [(BadOption("hostname: is needed"), "bad_option"),
                                            (PlatformError("vc: wrong password"), "platform_said")])
def test_a_platform_that_cannot_be_asked(world, monkeypatch, error, key):
    def refuse(given, job):
        raise error
    monkeypatch.setattr(module.machine_platforms, "open", refuse)
    assert world.red(f"platform vsphere: {error}", Inconclusive).observed[key] == str(error)


# ---- what is wrong with them --------------------------------------------------------------------------------------
@pytest.mark.parametrize(("values", "variant", "words"), [
    ({"power": "off"}, "power", "machine 2 is powered off"),
    ({"power": "suspended"}, "power", "machine 2 is suspended"),
    ({"tools": "not running", "extra": {"tools_status": "guestToolsCurrent"}}, "tools",
     r"machine 2 runs no guest tools \(guestToolsCurrent\)"),
    ({"tools": "none"}, "tools", "machine 2 has no guest tools"),
    ({"snapshots": lambda: (Snapshot("1", "golden", ago(4)),)}, "snapshot", "machine 2 has snapshot 'golden', 4.0 days old"),
    ({"snapshots": lambda: tuple(Snapshot(str(n), f"s{n}", ago(1), parent=str(n - 1)) for n in range(4))}, "snapshot",
     "machine 2 has 4 snapshots on each other"),
    ({"consolidate": True}, "consolidation", "machine 2 needs a consolidation"),
    ({"extra": {"disk_uuid": False}}, "disk_uuid", "machine 2 disk.EnableUUID is not TRUE"),
])
def test_each_trouble_is_said_of_its_machine(world, values, variant, words):
    world.spoil(2, **values)
    ctx = world.red(f"^1 of 3 machines: {words}")
    assert [(o["target"], o["to_node"]) for o in ctx.seen(ok=False)] == [("machine 2", "n2")]
    assert ctx.seen(ok=False)[0]["variant"] == variant and list(ctx.observed[f"machines_{variant}"]) == ["machine 2"]


def test_a_machine_that_is_off_has_no_tools_to_run(world):
    world.spoil(2, power="off", tools="not running")
    assert world.red("powered off$").seen(variant="tools", ok=False) == []


def test_all_troubles_are_told_the_first_claim_names_the_step(world):
    world.spoil(1, power="off")
    world.spoil(3, consolidate=True)
    ctx = world.red("machine 1 is powered off; 1 of 3 machines: machine 3 needs a consolidation")
    assert ctx.steps[-1] == "every machine is powered on"


def test_bounds_of_snapshots_are_options(world):
    world.spoil(1, snapshots=(Snapshot("1", "a", ago(2)), Snapshot("2", "b", ago(1), parent="1")))
    world.run()
    world.options["snapshot_age_days"] = 1.5
    world.red("snapshot 'a', 2.0 days old$")
    world.options |= {"snapshot_age_days": 3.0, "snapshot_depth": 1}
    world.red("2 snapshots on each other")
    circle = (Snapshot("1", "a", "", parent="2"), Snapshot("2", "b", "", parent="1"))
    assert chain(Machine("1", "m", snapshots=circle)) == 2


def test_snapshots_and_tools_on_aws_are_no_trouble(monkeypatch):
    world = World(monkeypatch, platform="aws")
    world.nodes = [node(1, provider="aws:///a/i-01")]
    world.machines = [Machine("i-01", "n1", snapshots=(Snapshot("s", "old", ago(99)),))]
    assert {o["variant"] for o in world.run().observations} == {"found", "power", "disk_uuid"}


@pytest.mark.parametrize(("free", "verdict"), [(9.9, "red"), (10, "warned"), (19.9, "warned"), (20, "green")])
def test_room_on_datastores(world, free, verdict):
    world.stores = [Store("ds1", 1000 * GIB, int(free * 10 * GIB), 300 * GIB), Store("other", 100, 0)]
    if verdict == "red":
        assert world.red("1 of 1 datastores: ds1 has 9.9 % free").seen(kind="datastore", ok=False)[0]["target"] == "ds1"
    else:
        assert bool(world.run().warnings) == (verdict == "warned")
    assert world.ctx.measurements["free on ds1 after growth"] == pytest.approx(free - 30, abs=0.1)


def test_a_datastore_without_capacity_has_nothing_free():
    assert free_percent(Store("gone", 0, 0)) == 0


def test_the_control_plane_is_not_on_one_host(world):
    world.spoil(2, extra={"host": "esx1"})
    ctx = world.red("host esx1 has 2 machines of the control plane: machine 1, machine 2")
    assert [(o["target"], o["error"]) for o in ctx.seen(variant="apart")] == [
        ("machine 1", "shares host esx1 with machine 2"), ("machine 2", "shares host esx1 with machine 1")]
    world.options["control_plane_apart"] = False
    world.run()
    world.options["control_plane_apart"] = True
    world.spoil(2, extra={})
    world.spoil(3, extra={"host": "esx1"})  # a worker
    world.run()


def test_options_become_a_selection():
    assert selection({}) == Wanted() == selection({"names": [], "tags": {}, "folder": ""})
    assert selection({"tags": {"cluster": 1}, "ids": ["a"]}) == Wanted(ids=("a",), tags=(("cluster", "1"),))
    assert params({})["ssh_host_key_checking"] == "yes" and "platform" in params({})


@pytest.mark.parametrize(("said", "told"), [
    ("username: is needed for platform vsphere; give the option, or set VMWARE_USER",
     "platform_username: is needed for platform vsphere; give the option, or set VMWARE_USER"),
    ("Permission denied (check username and password, or ssh_key_file)",
     "Permission denied (check platform_username and platform_password, or ssh_key_file)"),
    ("names: no machine is named 'password'", "names: no machine is named 'password'")])
def test_a_platforms_words_name_the_options_of_the_check(said, told):
    assert own_words(said) == told
