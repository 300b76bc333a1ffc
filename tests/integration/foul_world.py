# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Providers in foul weather, by a seed, and clusters on them for one inventory: Rancher makes one, those on machines of a
vCenter, of an ESXi host and of AWS are reverted. All are simulators and fakes."""
from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.api_server import FakeApiServer
from tests.fakes.aws_world import World as AwsWorld
from tests.fakes.ec2_front import Front
from tests.fakes.esxi.host import Host, esxi_host
from tests.fakes.moto_server import KEYS, REGION, client
from tests.fakes.rancher import FLICKER, MAKING, FakeRancher
from tests.fakes.weather import AwsWeather, Weather
from tests.integration.machines import names, run
from tests.lab.vcsim import Vcsim, vcsim

VMS = ["DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1"]
POOLS = [{"name": "control", "quantity": 1, "controlPlaneRole": True, "etcdRole": True},
         {"name": "apps", "quantity": 2, "workerRole": True}]
# What a vCenter does and nobody hears of.
_LOST = ("RevertToSnapshot_Task", "PowerOffVM_Task", "PowerOnVM_Task", "CreateSnapshot_Task", "RemoveSnapshot_Task")
GOLDEN = "golden"


@dataclass
class World:
    """hosts: an inventory; each has what it is reached with. dice: by the seed, for what a test decides besides."""

    dice: random.Random
    rancher: FakeRancher
    center: Vcsim
    esxi: Host
    front: Front
    apis: dict[str, FakeApiServer]
    everywhere: dict[str, dict[str, Any]]
    hosts: dict[str, dict[str, Any]]

    def foul(self) -> None:
        """From now on, in kinds and in an order by the seed."""
        dice = self.dice
        kinds = ("page", "reset")
        self.rancher.making = [*dice.sample(FLICKER, dice.randint(0, len(FLICKER))), *MAKING, *self.rancher.making[-1:]]
        self.rancher.looks, self.rancher.page = dice.randint(1, 3), dice.choice((0, 1, 2))
        self.rancher.weather = Weather(dice.randint(3, 7), dice.randrange(999), kinds)
        for api in [self.rancher.api, *self.apis.values()]:
            api.weather = Weather(dice.randint(3, 7), dice.randrange(999), kinds)
        self.center.order(Weather={"Every": dice.randint(3, 7), "Seed": dice.randrange(999), "Quiet": 200},
                          Lose=dice.choice(_LOST), Count=dice.randint(1, 2))
        self.front.weather = AwsWeather(dice.randint(3, 7), dice.randrange(999))
        self.front.world = AwsWorld(self.front.moto, stopping=dice.randint(0, 3))
        self.esxi.order(dice.choice(("snapshot.revert", "power.off", "power.on", "snapshot.create")), cut=True, after=dice.random() < 0.5)

    def fair(self) -> None:
        self.rancher.weather = Weather()
        for api in [self.rancher.api, *self.apis.values()]:
            api.weather = Weather()
        self.center.order(Clear=True)
        self.front.weather, self.front.world = AwsWeather(), (lambda _action, _query, text: text)
        self.esxi.change(lambda state: state.update(faults=[]))

    @property
    def spoilt(self) -> int:
        return self.rancher.weather.spoilt + self.front.weather.spoilt + sum(a.weather.spoilt for a in self.apis.values())

    def left(self) -> list[str]:
        """Whatever is at a provider and was not before; to be asked in fair weather."""
        found = [f"cluster {c['name']} of Rancher" for c in self.rancher.clusters.values()]
        found += [f"token {t.partition(':')[0]} of Rancher" for t in self.rancher.tokens - {self.rancher.token}]
        for name in ("vsphere", "esxi", "aws"):
            snapshots = names(run("vm_snapshot_info", _plain(self.everywhere[name]["cluster_machines"])))
            found += [f"snapshot {s} of {machine}" for machine, its in snapshots.items() for s in its if s != GOLDEN]
            found += [f"no {GOLDEN} of {machine}" for machine, its in snapshots.items() if its.count(GOLDEN) != 1]
        ec2 = self.front.client
        found += [f"volume {v['VolumeId']} of nobody" for v in ec2.describe_volumes()["Volumes"] if not v["Attachments"]]
        return found


def _plain(machines: dict[str, Any]) -> dict[str, Any]:
    return {n: v for n, v in machines.items() if n not in ("auto_scaling", "pause")}


@contextmanager
def world(seed: int, folder: Path, moto: str, on: tuple[str, ...] = ("rancher", "vsphere", "esxi", "aws")) -> Iterator[World]:
    """Everything is there and in fair weather, with one set of snapshots on each platform of machines; on: clusters of the inventory."""
    with ExitStack() as open_:
        rancher, center = open_.enter_context(FakeRancher()), open_.enter_context(vcsim(machines=2))
        (folder / "esxi").mkdir()
        esxi = open_.enter_context(esxi_host(folder / "esxi"))
        esxi.add("n1", "n2")
        esxi.change(lambda state: state["stores"][0].update(free=4 * 10 ** 11))
        front = Front(moto, client(moto))
        open_.callback(front.close)
        for name in ("m1", "m2"):
            front.client.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}])
        for name in VMS:
            center.order(VM=name, Tools="guestToolsRunning")
        apis = {n: open_.enter_context(FakeApiServer()) for n in ("vsphere", "esxi", "aws")}
        machines = {"vsphere": {**center.options, "names": VMS}, "esxi": {**esxi.params, "platform": "esxi", "names": ["n1", "n2"]},
                    "aws": {"platform": "aws", "region": REGION, "endpoint_url": front.url, "access_key": KEYS["aws_access_key_id"],
                            "secret_key": KEYS["aws_secret_access_key"], "names": ["m1", "m2"]}}
        hosts = {n: _reverted(folder, n, apis[n], machines[n]) for n in apis}
        hosts["rancher"] = {"cluster_platform": "rancher", "cluster_disposable": True, "cluster_version": "v1.31.4", "cluster_nodes": 2,
                            "provision_wait_sleep": 1, "provision_timeout": 300, "cluster_rancher": {
                                "url": rancher.url, "token": rancher.token, "config": {
                                    "rkeConfig": {"machinePools": POOLS}, "cloudCredentialSecretName": "cattle-global-data:cc-1"}}}
        for name in apis:
            taken = run("vm_snapshot", {**machines[name], "snapshot_name": GOLDEN, "growth_percent": 0})
            if not taken.get("changed"):
                raise RuntimeError(taken)
        yield World(random.Random(seed), rancher, center, esxi, front, apis, hosts, {n: hosts[n] for n in on})


def _reverted(folder: Path, name: str, api: FakeApiServer, machines: dict[str, Any]) -> dict[str, Any]:
    kubeconfig = folder / f"{name}.kubeconfig"
    kubeconfig.write_text(json.dumps(json.loads(api.kubeconfig)))
    return {"cluster_kubeconfig": str(kubeconfig), "cluster_disposable": True, "cluster_machines": machines, "snapshot_pause": 0,
            "snapshot_wait_for": ["tools", "api", "nodes"], "snapshot_timeout": 600, "pipeline_snapshot": GOLDEN}
