# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""external_dns on the real program and two name servers, seen green and red, and what it leaves in the zone."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from tests.addons import names
from tests.addons.names import REF
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.tiers import external_dns as tier

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("external_dns")]


@pytest.fixture(autouse=True)
def _somebody(lab: Any) -> Iterator[None]:
    with names.somebodys(lab):
        yield


def _prove(prove: Any, **options: Any) -> Any:
    return prove("external_dns", external_dns=options)["external_dns"]


# ---- healthy ------------------------------------------------------------------------------------------------------
def test_names_come_follow_and_go_on_both_name_servers(lab: Any, prove: Any) -> None:
    record = _prove(prove, external_dns_resolvers=[lab.host])
    assert (record.verdict, record.message, prove.result["leftovers"]) == ("passed", "", [])
    assert set(record.observed["servers"].values()) == {f"ns.lab.test ({lab.host})", f"ns2.lab.test ({tier.second(lab)})"}
    assert {m["name"].split()[1] for m in record.measurements} == {"made", "followed", "gone"}
    assert not names.zone(lab)


@pytest.mark.gauntlet
def test_a_wildcard_is_told_and_not_taken_for_ours(lab: Any, prove: Any) -> None:
    tier.update(lab, "update add *.lab.test 30 A 203.0.113.9")
    try:
        record = _prove(prove)
        assert record.verdict == "warned" and "any name in lab.test has an address (203.0.113.9)" in record.message
    finally:
        tier.update(lab, "update delete *.lab.test")
    prove.green("external_dns")


@pytest.mark.gauntlet
def test_a_policy_that_never_deletes(lab: Any, prove: Any) -> None:
    with names.with_arguments(lab, policy="upsert-only"):
        record = _prove(prove)
        assert record.verdict == "skipped" and "has the policy upsert-only and never deletes a record" in record.message
        assert not names.zone(lab)
        record = _prove(prove, external_dns_records_may_stay=True)
        assert record.verdict == "warned" and "remove them by hand" in record.message, record.message
        assert len(names.zone(lab)) == 4, "two names, and who owns them"
    names.nothing_of_ours(lab)  # with the policy of before they go
    prove.green("external_dns")


# ---- broken -------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_key_that_its_provider_does_not_know(lab: Any, prove: Any) -> None:
    with names.with_arguments(lab, rfc2136_tsig_keyname="other."):
        record = _prove(prove, external_dns_limit=20)
    assert_red(record, "edns.provider-denied", [REF], "confirmed", "dns: bad authentication")
    names.nothing_of_ours(lab)
    prove.green("external_dns")


@pytest.mark.gauntlet
def test_records_are_left_behind(lab: Any, prove: Any) -> None:
    """It ends when all have followed. Meanwhile a recursive one that keeps what it has holds up the run before it deletes anything."""
    with names.keeping(lab) as server, ExitStack() as stack:
        def stop(_found: Any) -> None:
            stack.enter_context(lab.fault.scale(tier.NAMESPACE, "external-dns", 0))
            server.forget()

        with names.once("the second target", lambda: names.everywhere(lab, names.SECOND), stop):
            record = _prove(prove, external_dns_resolvers=[server.address], external_dns_limit=30)
    assert record.step == "after the deletion of their objects no record is left"
    assert_red(record, "edns.not-running", [REF], "confirmed", "has no available pod")
    names.nothing_of_ours(lab)
    prove.green("external_dns")


@pytest.mark.gauntlet
@pytest.mark.parametrize("target", [names.FIRST, "203.0.113.8"], ids=["our target", "its own target"])
def test_a_name_that_another_cluster_owns(lab: Any, prove: Any, target: str) -> None:
    with names.owned_by_another(lab, target) as taken:
        record = _prove(prove, external_dns_limit=45)
        assert_red(record, "edns.owner-conflict", [REF], "confirmed", "belongs to another", "owner=another")
        own = {f"{taken[0]}.", f"a-{taken[0]}."}
        wait_for("the other name gone", lambda: names.zone(lab) <= own, 60)
        assert names.zone(lab) == own and tier.asked(lab.host, taken[0]) == [target], "what is another's stays"
    prove.green("external_dns")


# ---- killed -------------------------------------------------------------------------------------------------------
def test_killed_in_the_middle_nothing_stays_after_the_next_run(lab: Any, prove: Any, tmp_path: Any) -> None:
    code = ("import sys; from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))('external_dns')")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for("a record of the run", partial(names.zone, lab), 90, 0.2)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    prove.green("external_dns")
    names.nothing_of_ours(lab)
