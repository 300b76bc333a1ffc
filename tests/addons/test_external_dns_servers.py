# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""external_dns on the lab where a name server of the zone, or a recursive one, is not as it should be."""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.addons import names
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.tiers import external_dns as tier

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("external_dns")]
QUICK = {"external_dns_limit": 20}
SECOND = "nameserver/ns2.lab.test"
# Enough for what a recursive name server may keep.
PATIENT = {"external_dns_limit": 90}


@pytest.fixture(autouse=True)
def _somebody(lab: Any) -> Iterator[None]:
    with names.somebodys(lab):
        yield


def _prove(prove: Any, **options: Any) -> Any:
    return prove("external_dns", external_dns=options)["external_dns"]


# ---- of the zone --------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_name_server_that_does_not_have_the_zone(lab: Any, prove: Any) -> None:
    with names.without_the_zone(lab) as server:
        _named_beside_the_others(lab, prove, server)
    prove.green("external_dns")


def _named_beside_the_others(lab: Any, prove: Any, server: str) -> None:
    tier.update(lab, f"update add ns3.lab.test 30 A {server}", "update add lab.test 30 NS ns3.lab.test.")
    try:
        wait_for("the NS record everywhere", partial(tier.same, lab), 30)
        record = _prove(prove, **QUICK)
        assert_red(record, "dns.delegation", ["nameserver/ns3.lab.test"], "confirmed", "without authority")
    finally:
        tier.update(lab, "update delete ns3.lab.test", "update delete lab.test NS ns3.lab.test.")
        wait_for("the zone as before", partial(tier.same, lab), 30)


# ---- recursive ones -----------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_resolver_that_still_has_the_old_target(lab: Any, prove: Any) -> None:
    with names.keeping(lab) as server:
        record = _prove(prove, external_dns_resolvers=[server.address], **PATIENT)
    assert record.step.startswith("recursive name servers that are named follow")
    assert_red(record, "dns.resolver-behind", [f"nameserver/{server.address}"], "confirmed",
               f"(external_dns resolved followed): leads to {names.FIRST} instead of {names.SECOND}")
    names.nothing_of_ours(lab)
    prove.green("external_dns")


@pytest.mark.gauntlet
def test_a_resolver_that_still_has_what_is_gone(lab: Any, prove: Any) -> None:
    """It keeps the first target until it has to begin anew, and the second from then on."""
    with names.keeping(lab) as server, names.once("the second target", lambda: names.everywhere(lab, names.SECOND),
                                                  lambda _found: server.forget()):
        record = _prove(prove, external_dns_resolvers=[server.address], **PATIENT)
    assert record.step.startswith("recursive name servers that are named have no record left")
    assert_red(record, "dns.resolver-behind", [f"nameserver/{server.address}"], "confirmed",
               f"(external_dns resolved gone): is still there: NOERROR A {names.SECOND}")
    assert not names.zone(lab)
    prove.green("external_dns")
