# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The nodes of a run: which can be asked, which are, and what is told of the others."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import nodes, selectors
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive
from ansible_collections.assay.clusters.plugins.module_utils.engine.fleet import Choice, follow, sample
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.tests.unit.checks.fakes import fleet, node
from ansible_collections.assay.clusters.tests.unit.engine.fake_api import FakeApi

FARGATE = {"eks.amazonaws.com/compute-type": "fargate"}


def choice(selector: str = "", size: int = 300) -> Choice:
    return Choice(selectors.parse(selector, "validate_node_selector"), size)


def aged(name: str, day: int, **labels: str) -> dict[str, Any]:
    out = node(name, **labels)
    out["metadata"]["creationTimestamp"] = f"2026-{1 + day // 28:02}-{1 + day % 28:02}T00:00:00Z"
    return out


@pytest.mark.parametrize(("change", "why"), [
    ({}, ""),
    ({"labels": FARGATE}, "it is a virtual node, without a machine of its own"),
    ({"labels": {"type": "virtual-kubelet"}}, "it is a virtual node, without a machine of its own"),
    ({"labels": {"liqo.io/type": "virtual-node"}}, "it is a virtual node, without a machine of its own"),
    ({"taints": [{"key": "virtual-kubelet.io/provider", "value": "azure", "effect": "NoSchedule"}]},
     "it is a virtual node, without a machine of its own"),
    ({"labels": {"kubernetes.io/os": "windows"}}, "its operating system is windows"),
    ({"labels": {"eks.amazonaws.com/compute-type": "ec2", "type": "large"}}, ""),
    ({"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]}, ""),
    ({"labels": {"pool": "dmz"}}, "validate_node_selector leaves it out")])
def test_nodes_that_cannot_or_shall_not_be_asked_are_told_and_never_missed(change: dict[str, Any], why: str) -> None:
    odd = node("odd", **change.get("labels", {}))
    odd["spec"] = {"taints": change.get("taints", [])}
    found = fleet([node("n1"), odd], choice("pool!=dmz"))
    assert (found.asked, found.left_out) == ((["n1"], {"odd": why}) if why else (["n1", "odd"], {}))
    assert found.sampled == ""


def test_the_system_is_read_where_the_label_is_missing() -> None:
    old = {"metadata": {"name": "w"}, "status": {"nodeInfo": {"operatingSystem": "windows"}}}
    assert nodes.system(old) == "windows" and nodes.system({"metadata": {"name": "n"}}) == "linux"


@pytest.mark.parametrize("labels", [{}, FARGATE, {"type": "virtual-kubelet"}, {"kubernetes.io/os": "windows"}, {"pool": "dmz"},
                                    {"liqo.io/type": "virtual-node"}])
def test_the_affinity_of_the_probes_leaves_out_what_is_not_asked(labels: dict[str, str]) -> None:
    mine = choice("pool!=dmz")
    wanted = node("n", **labels)
    met = all(selectors.Requirement(e["key"], e["operator"], tuple(e.get("values", ()))).met(wanted["metadata"]["labels"])
              for e in mine.affinity())
    assert met == (not mine.why_not(wanted))


def test_nodes_that_come_and_go_are_told() -> None:
    found = fleet([node("n1"), node("n2")])
    del found.watch.there["n2"]
    found.watch.there["n3"] = node("n3")
    assert (found.asked, found.there(), found.joined(), found.gone()) == (["n1", "n2"], ["n1"], ["n3"], ["n2"])


# ---- samples ----------------------------------------------------------------------------------------------------
def thousand() -> list[dict[str, Any]]:
    """Three zones; one pool has a single node, and so has one architecture."""
    out = [aged(f"n{i:04}", i % 200, **{"topology.kubernetes.io/zone": "abc"[i % 3], "cloud.google.com/gke-nodepool": "web"})
           for i in range(1000)]
    out[500]["metadata"]["labels"]["cloud.google.com/gke-nodepool"] = "gpu"
    out[501]["metadata"]["labels"]["kubernetes.io/arch"] = "arm64"
    out[502] = aged("newest", 300, **{"topology.kubernetes.io/zone": "a"})
    out[503] = aged("oldest", 0, **{"topology.kubernetes.io/zone": "a"})
    out[503]["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    return out


def test_a_sample_has_every_zone_and_pool_the_newest_and_the_oldest() -> None:
    chosen = sample(thousand(), 30)
    assert len(chosen) == 30 and len({nodes.name(n) for n in chosen}) == 30
    assert {nodes.zone(n) for n in chosen} == {"a", "b", "c"} and {"gpu", "web"} <= {nodes.pool(n) for n in chosen}
    assert {"newest", "oldest"} <= {nodes.name(n) for n in chosen}
    assert any(n["metadata"]["labels"].get("kubernetes.io/arch") == "arm64" for n in chosen)


def test_a_sample_is_the_same_from_run_to_run() -> None:
    assert [nodes.name(n) for n in sample(thousand(), 50)] == [nodes.name(n) for n in sample(list(reversed(thousand())), 50)]


def test_a_sample_is_spread_and_not_the_first_names() -> None:
    numbers = [int(nodes.name(n)[1:]) for n in sample(thousand(), 100) if nodes.name(n)[1:].isdigit()]
    assert sum(n < 500 for n in numbers) > 20 and sum(n >= 500 for n in numbers) > 20


@pytest.mark.parametrize(("size", "asked", "words"), [
    (300, 300, "300 of 1,000 nodes asked"), (999, 999, "999 of 1,000 nodes asked"), (1000, 1000, ""), (0, 1000, ""), (1, 1, "1 of 1,000 nodes asked")])
def test_beyond_the_size_a_sample_is_asked_and_said_so(size: int, asked: int, words: str) -> None:
    found = fleet([node("windows", **{"kubernetes.io/os": "windows"}), *thousand()], choice(size=size))
    assert (len(found.asked), found.sampled, len(found.nodes)) == (asked, words, 1001)


# ---- the list ---------------------------------------------------------------------------------------------------
def test_the_nodes_are_listed_once_and_followed(api: FakeApi) -> None:
    api.put("/api/v1/nodes/n1", status={"images": [{"names": ["r.io/large"]}], "nodeInfo": {"operatingSystem": "linux"}})
    found = follow(Client(Connection.resolve({"host": api.url}, {})), Choice(), 1e12)
    assert found.known and found.asked == ["n1"] and list(found.nodes) == ["n1"]
    assert found.nodes["n1"]["status"] == {"nodeInfo": {"operatingSystem": "linux"}}  # without what nobody reads
    found.stop()


def test_a_cluster_without_nodes_is_known_at_once(api: FakeApi) -> None:
    found = follow(Client(Connection.resolve({"host": api.url}, {})), Choice(), 1e12)
    assert found.known and found.asked == []
    found.stop()


def test_who_may_not_list_nodes_knows_none(api: FakeApi) -> None:
    api.refuse["GET", "/api/v1/nodes"] = (403, "Forbidden", 'nodes is forbidden: User "t" cannot list resource "nodes"')
    found = follow(Client(Connection.resolve({"host": api.url}, {})), Choice(), 1e12)
    assert (found.known, found.asked, found.nodes, found.joined(), found.gone(), found.there()) == (False, [], {}, [], [], [])


def test_nodes_that_cannot_be_listed_are_no_verdict(api: FakeApi) -> None:
    api.refuse["GET", "/api/v1/nodes"] = (422, "Invalid", "no such thing")
    with pytest.raises(Inconclusive, match="the nodes could not be listed: no such thing"):
        follow(Client(Connection.resolve({"host": api.url}, {})), Choice(), 1e12)
