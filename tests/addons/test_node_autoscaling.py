# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""node_autoscaling, green and red on Karpenter's core: stopped, at its limit, refused by its cloud, machines that never join or never get
Ready, nodes that are held; somebody's node beside it stays as it is."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.addons import scaling
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.tiers import autoscaler as tier

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("autoscaler")]
CHECK = "node_autoscaling"
ON = {"allow": True}
# What is waited for in vain; a loaded machine decides and boots late.
SOON = {**ON, "trigger_limit": 25, "up_limit": 60, "down_limit": 60}
DECIDED = {"trigger_limit": 120}


def _prove(prove: Any, **options: Any) -> Any:
    return prove(CHECK, **{CHECK: {**SOON, **options}})[CHECK]


# ---- healthy ------------------------------------------------------------------------------------------------------
def test_a_node_comes_and_goes(lab: Any, prove: Any) -> None:
    prove.green(CHECK, **{CHECK: ON})
    record = prove.result["records"][0]
    assert record["observed"]["autoscaler"] == "Karpenter" and "pod anti-affinity" in record["observed"]["fits_nowhere"]
    (new,) = record["observed"]["new_nodes"]
    assert scaling.nodes(lab) == scaling.base(lab) and new not in scaling.nodes(lab) and not scaling.claims(lab) and not tier.machines(lab)


@pytest.mark.gauntlet
def test_a_node_in_each_group_that_is_named_beside_somebodys(lab: Any, prove: Any) -> None:
    groups = [tier.POOL, "topology.kubernetes.io/zone=zone-b"]
    with scaling.somebodys_node(lab) as theirs:
        before = lab.api(f"{scaling.NODES}/{theirs.node}")["metadata"]["uid"], scaling.claims(lab)
        prove.green(CHECK, **{CHECK: {**ON, "node_groups": groups}})
        seen = prove.result["records"][0]["observed"]
        assert (seen["node_groups"], seen["nodes_before"], seen["nodes_after"]) == (groups, lab.workers + 1, lab.workers + 1)
        assert len({*seen["new_nodes"]}) == 2 and theirs.node not in seen["new_nodes"]
        assert (lab.api(f"{scaling.NODES}/{theirs.node}")["metadata"]["uid"], scaling.claims(lab)) == before
        assert scaling.read(lab, theirs.pod)["status"]["podIP"] == theirs.ip


@pytest.mark.gauntlet
def test_a_pod_that_is_taken_off_its_new_node_is_made_again(lab: Any, prove: Any) -> None:
    """One of no controller: nobody else would."""
    with scaling.taken_off(lab):
        prove.green(CHECK, **{CHECK: ON})
    seen = prove.result["records"][0]["observed"]
    (ended,) = seen["seeker_ended"]
    assert "TaintManager" in ended and scaling.nodes(lab) == scaling.base(lab) and not tier.machines(lab)


def test_nothing_is_made_unless_it_is_allowed(lab: Any, prove: Any) -> None:
    record = prove(CHECK)[CHECK]
    assert (record.verdict, record.message) == ("skipped", "scaling_check_allow is not true: a node is added for the proof, and costs money")
    assert scaling.nodes(lab) == scaling.base(lab)


# ---- no node comes ------------------------------------------------------------------------------------------------
def test_a_stopped_autoscaler(lab: Any, prove: Any) -> None:
    with lab.fault.scale(tier.NAMESPACE, tier.DEPLOYMENT, 0):
        record = _prove(prove)
    assert_red(record, "cas.not-running", [f"deployment/{tier.NAMESPACE}/{tier.DEPLOYMENT}"], "confirmed", "has no available pod, of 0")
    assert not scaling.claims(lab)


@pytest.mark.gauntlet
def test_a_pool_at_its_limit(lab: Any, prove: Any) -> None:
    with scaling.at_its_limit(lab):
        record = _prove(prove)
        assert_red(record, "cas.max-reached", [f"nodepool/{tier.POOL}"], "confirmed", "all available instance types exceed limits for nodepool")
        assert len(scaling.claims(lab)) == 1 and not scaling.seekers(lab)
    prove.green(CHECK, **{CHECK: ON})


# ---- a machine that is no node ------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_machine_that_never_joins(lab: Any, prove: Any) -> None:
    with scaling.booting(lab, "silent"):
        record = _prove(prove, **DECIDED)
        (claim,) = scaling.claims(lab)
        assert_red(record, "cas.not-joining", [f"nodeclaim/{claim}"], "confirmed", "Registered=Unknown NodeNotFound: Node not registered with cluster")
        assert record.observed["left"] == [f"nodeclaim/{claim}"] and len(tier.machines(lab)) == 1, "it is told, as it stays for a while"
    prove.green(CHECK, **{CHECK: ON})


@pytest.mark.gauntlet
def test_a_node_that_joins_and_never_gets_ready(lab: Any, prove: Any) -> None:
    with scaling.booting(lab, "no-network"):
        record = _prove(prove, **DECIDED)
        (machine,) = tier.machines(lab)
        assert_red(record, "node.cni-not-ready", [f"node/{machine['node']}"], "confirmed", "cni plugin not initialized")
        assert f"node/{machine['node']}" in record.observed["left"]
    prove.green(CHECK, **{CHECK: ON})


# ---- a node that stays --------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_pod_that_holds_the_node(lab: Any, prove: Any) -> None:
    with scaling.joined(lab, "holder", {"karpenter.sh/do-not-disrupt": "true"}):
        record = _prove(prove, up_limit=240, **DECIDED)
        (machine,) = tier.machines(lab)
        assert_red(record, "cas.scaledown-blocked", [f"node/{machine['node']}"], "confirmed",
                   "pod default/holder has karpenter.sh/do-not-disrupt=true")
        assert record.observed["left"] == [f"node/{machine['node']}"]


@pytest.mark.gauntlet
def test_a_node_that_others_use_by_then_proves_nothing(lab: Any, prove: Any) -> None:
    with scaling.joined(lab, "guest", {}):
        record = _prove(prove, up_limit=240, **DECIDED)
    assert (record.verdict, record.observed["held_by"]) == ("inconclusive", ["pod default/guest runs there"]), record.message
    assert (record.cause, record.scope) == ("harness.precondition", record.observed["left"])


# ---- an end in the middle -----------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_after_a_kill_no_node_is_left_but_somebodys(lab: Any, prove: Any) -> None:
    code = ("from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))('{CHECK}', {CHECK}={ON!r})")
    with scaling.somebodys_node(lab) as theirs:
        claim = scaling.claims(lab)
        run = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        try:
            wait_for("a node for our pod", lambda: len(scaling.nodes(lab)) == lab.workers + 2, 120, 0.1)
        finally:
            run.send_signal(signal.SIGKILL)
            run.wait()
        wait_for("the journal's end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 150)
        wait_for("somebody's node alone", lambda: scaling.claims(lab) == claim and theirs.node in scaling.nodes(lab), 150, 0.5)
        assert not scaling.seekers(lab) and scaling.read(lab, theirs.pod)["status"]["podIP"] == theirs.ip
    prove.green(CHECK, **{CHECK: ON})
