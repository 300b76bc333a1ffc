# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""load_balancer on MetalLB, green and red: from two places outside, without controller, pool, announcement; what it leaves."""
from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.addons import balancing
from tests.addons.balancing import POOL, SPEAKER, SPEAKER_REF, addresses, ours, says, shop
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.tiers import load_balancer as tier

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("load_balancer")]
NO_ADDRESS, NO_TRAFFIC = {"provision_limit": 15}, {"provision_limit": 60, "serve_limit": 20}


def _prove(prove: Any, **options: Any) -> Any:
    return prove("load_balancer", load_balancer=options)["load_balancer"]


def _service(prove: Any) -> str:
    return f"service/{prove.result['records'][0]['observed']['service']}"


# ---- healthy ------------------------------------------------------------------------------------------------------
def test_from_the_controller_and_from_a_probe_outside(lab: Any, prove: Any) -> None:
    for options in ({}, {"outside_probe_url": tier.probe_url(lab), "asked_from": "probe"}):
        record = _prove(prove, **options)
        assert (record.verdict, record.message, prove.result["leftovers"]) == ("passed", "", [])
        seen = record.observed
        assert seen["client_address"] == f"kept: {tier.address(lab) if options else lab.host}"
        assert seen["source_ranges_honoured"] is True and len(seen["health_port_asked"]) == lab.workers
        assert not ours(lab) and not says(seen["addresses"][0])


@pytest.mark.gauntlet
def test_somebody_who_is_given_the_address_afterwards_is_none_of_ours(lab: Any, prove: Any) -> None:
    with balancing.one_left(lab) as only, shop(lab, served=False):
        def wants_it() -> None:
            if any(addresses(s) for s in ours(lab)) and not lab.api(balancing.SERVICES)["items"]:
                balancing.make_service(lab)

        with balancing.meanwhile(wants_it):
            record = _prove(prove)
        assert record.verdict == "passed", record.message
        wait_for("the shop at the address", lambda: says(only).startswith("shop-"), 30)
        assert addresses(balancing.service(lab)) == [only] == record.observed["addresses"]
    prove.green("load_balancer")


# ---- no address ---------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_class_that_nobody_serves(prove: Any) -> None:
    record = _prove(prove, load_balancer_class="acme.example.com/nlb", **NO_ADDRESS)
    assert_red(record, "lb.controller-missing", ["loadbalancerclass/acme.example.com/nlb"], "probable",
               "of class acme.example.com/nlb")
    prove.green("load_balancer")


@pytest.mark.gauntlet
def test_a_pool_whose_only_address_is_somebodys(lab: Any, prove: Any) -> None:
    with balancing.one_left(lab) as only, shop(lab):
        before = balancing.service(lab)
        record = _prove(prove)
        assert_red(record, "lb.pool-exhausted", ["ipaddresspool/pool"], "confirmed", "no available IPs")
        after = balancing.service(lab)
        assert addresses(after) == [only] == addresses(before) and after["metadata"]["uid"] == before["metadata"]["uid"]
    prove.green("load_balancer")


@pytest.mark.gauntlet
def test_no_pool_at_all(lab: Any, prove: Any) -> None:
    with lab.fault.without(POOL):
        record = _prove(prove, **NO_ADDRESS)
    assert_red(record, "lb.pool-exhausted", [], "confirmed", "MetalLB has no IPAddressPool")
    prove.green("load_balancer")


# ---- no traffic ---------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_speakers_that_run_nowhere(lab: Any, prove: Any) -> None:
    with lab.fault.patch(SPEAKER, {"spec": {"template": {"spec": {"nodeSelector": {"no-such": "node"}}}}}):
        wait_for("no speaker", lambda: not lab.api(SPEAKER)["status"].get("currentNumberScheduled"), 60)
        balancing.forget(lab)
        record = _prove(prove, **NO_TRAFFIC)
    assert_red(record, "lb.not-announced", [SPEAKER_REF], "confirmed", "has no pod available")
    lab.tier("load_balancer")
    prove.green("load_balancer")


@pytest.mark.gauntlet
def test_source_ranges_that_leave_us_out(lab: Any, prove: Any) -> None:
    record = _prove(prove, source_ranges=["192.0.2.0/24"], **NO_TRAFFIC)
    assert_red(record, "net.firewall-external", [_service(prove)], "confirmed", f"leave out {lab.host}")
    allowed = _prove(prove, source_ranges=[f"{lab.host}/32"])
    assert allowed.verdict == "passed", allowed.message


@pytest.mark.gauntlet
def test_a_probe_that_reaches_nothing_of_the_cluster_proves_nothing(lab: Any, prove: Any) -> None:
    rule = ["OUTPUT", "!", "-d", lab.host, "-j", "DROP"]
    tier.outside(lab, "iptables", "-A", *rule)
    try:
        record = _prove(prove, outside_probe_url=tier.probe_url(lab), serve_limit=10)
    finally:
        tier.outside(lab, "iptables", "-D", *rule)
    assert record.verdict == "inconclusive" and "no node's port answers there either" in record.message
    assert record.confidence != "confirmed"
    prove.green("load_balancer", load_balancer={"outside_probe_url": tier.probe_url(lab)})


@pytest.mark.gauntlet
def test_a_wrong_selector_of_somebodys_service(lab: Any, prove: Any) -> None:
    with shop(lab):
        prove.green("load_balancer", load_balancer={"balanced_service": "somebodys-shop/shop"})
        with lab.fault.patch(f"{balancing.SERVICES}/shop", {"spec": {"selector": {"app": "shpo"}}}):
            record = _prove(prove, balanced_service="somebodys-shop/shop")
        assert_red(record, "svc.no-endpoints", ["service/somebodys-shop/shop"], "confirmed", "app=shpo")


# ---- what is left -------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_service_that_its_controller_does_not_let_go(lab: Any, prove: Any) -> None:
    """Somebody's finalizer, as that of a cloud's controller that is away."""
    held = "service.kubernetes.io/load-balancer-cleanup"

    def hold() -> None:
        for item in ours(lab):
            if not item["metadata"].get("finalizers") and not item["metadata"].get("deletionTimestamp"):
                lab.api(_path(item), "PATCH", {"metadata": {"finalizers": [held]}})

    with balancing.meanwhile(hold):
        record = _prove(prove, gone_limit=8)
        assert_red(record, "leak.cleanup-stuck", [_service(prove)], "confirmed", f"held by finalizer {held}")
        assert any(held in line for line in prove.result["leftovers"])
    for item in ours(lab):
        lab.api(_path(item), "PATCH", {"metadata": {"finalizers": None}})
    wait_for("the journal's end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 150)
    assert not ours(lab)


def _path(item: dict[str, Any]) -> str:
    return f"/api/v1/namespaces/{item['metadata']['namespace']}/services/{item['metadata']['name']}"


def test_a_kill_in_the_middle_leaves_nothing_and_touches_nobodys(lab: Any, prove: Any) -> None:
    code = ("from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))('load_balancer')")
    with shop(lab):
        before = balancing.service(lab)
        run = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        try:
            [made] = wait_for("our Service's address", lambda: [s for s in ours(lab) if addresses(s)], 90, 0.1)
        finally:
            run.kill()
            run.wait()
        [journal] = prove.journal_dir.glob("*.jsonl")
        wait_for("the journal's end", lambda: not journal.exists(), 150)
        spaces = [n["metadata"]["name"] for n in lab.api("/api/v1/namespaces")["items"]]
        assert not ours(lab) and made["metadata"]["namespace"] not in spaces and not says(addresses(made)[0])
        after = balancing.service(lab)
        assert (after["metadata"]["uid"], after["status"]) == (before["metadata"]["uid"], before["status"])
        assert says(addresses(after)[0]).startswith("shop-")
