# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes behind which no machine of the platform stands: they are told, and not missed."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply, Inconclusive
from ansible_collections.assay.clusters.tests.unit.checks.test_machines import World, node

FARGATE = node(4, provider="aws:///eu-central-1a/fargate-ip-10-0-1-7.eu-central-1.compute.internal")
HYBRID = node(4, provider="eks-hybrid:///eu-central-1/prod/mi-0123456789abcdef0")
VIRTUAL = node(4)
VIRTUAL["metadata"]["labels"]["type"] = "virtual-kubelet"


@pytest.mark.parametrize("stranger", [FARGATE, HYBRID, VIRTUAL])
@pytest.mark.parametrize("named", [True, False])
def test_a_node_without_a_machine_is_not_missed(monkeypatch, stranger, named):
    world = World(monkeypatch, "aws", **({"names": [f"n{n}" for n in (1, 2, 3)]} if named else {}))
    world.nodes = [*(node(n, provider=f"aws:///eu-central-1a/i-{n}") for n in (1, 2, 3)), stranger]
    for n in (1, 2, 3):
        world.spoil(n, id=f"i-{n}", uuid="", name=f"n{n}")
    ctx = world.run()
    assert ctx.observed["nodes_without_a_machine"] == ["n4"] and not ctx.seen(ok=False)
    assert [o["to_node"] for o in ctx.seen(variant="found", ok=True)] == ["n1", "n2", "n3"]


def test_a_cluster_of_such_nodes_alone_has_nothing_to_ask_about(monkeypatch):
    world = World(monkeypatch, "aws")
    world.nodes = [FARGATE]
    world.red("no node here has a machine of its own", DoesNotApply)
    world.options["names"] = ["machine 9"]
    world.red("1 without a machine.*: machine 9", Inconclusive)


def test_a_windows_node_and_one_of_a_distribution_have_machines(monkeypatch):
    world = World(monkeypatch)
    world.nodes[0]["metadata"]["labels"]["kubernetes.io/os"] = "windows"
    world.nodes[1]["spec"]["providerID"] = "rke2://n2"
    assert len(world.run().observed["machine_ids"]) == 3
