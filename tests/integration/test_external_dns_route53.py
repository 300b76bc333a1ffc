# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records in Route 53, in moto's server, as external-dns writes them: found in the zones that hold the domain until they are gone."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._external_dns import route53
from ansible_collections.assay.clusters.plugins.module_utils.checks._external_dns.records import Host, Site
from ansible_collections.assay.clusters.plugins.module_utils.checks.external_dns import ExternalDns
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.plugins.module_utils.engine import cloud_rights
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, Now
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import healthy, one
from tests.fakes.clock import Clock
from tests.fakes.moto_server import KEYS, REGION, allowed_only, client

DOMAIN, TARGET = "apps.example.com", "192.0.2.10"
NAME = f"assay-0123456789-ser.{DOMAIN}"
SITE = Site(DOMAIN, None, (Host(NAME, "Service", "ser-0", "v1", "assay-1", None),))
OWNER = f"a-{NAME}"


class Account:
    """Hosted zones, and records in them."""

    def __init__(self, moto: str):
        self.api, self.count = client(moto, "route53"), 0

    def zone(self, name: str, private: bool = False) -> str:
        self.count += 1
        more = {"VPC": {"VPCRegion": REGION, "VPCId": "vpc-1"}, "HostedZoneConfig": {"Comment": "", "PrivateZone": True}} if private else {}
        made = self.api.create_hosted_zone(Name=name, CallerReference=f"x{self.count}", **more)
        return str(made["HostedZone"]["Id"].rpartition("/")[2])

    def change(self, action: str, zone: str, name: str, kind: str, value: str) -> None:
        self.api.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": {
            "Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}}]})

    def external_dns(self, action: str, *zones: str) -> None:
        for zone in zones:
            self.change(action, zone, NAME, "A", TARGET)
            self.change(action, zone, OWNER, "TXT", '"heritage=external-dns,external-dns/owner=prod"')


@pytest.fixture
def account(moto: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(Now, "clock", Clock())
    monkeypatch.setattr(route53, "time", Now.clock)
    for name, value in {**{k.upper(): v for k, v in KEYS.items()}, "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    made = Account(moto)
    made.zone("example.org")
    made.change("CREATE", made.zone("zz.example.com"), "www.zz.example.com", "A", "192.0.2.99")
    return made


def asked(moto: str, **options: Any) -> tuple[route53.Provider, FakeContext]:
    ctx = FakeContext(**{"external_dns_provider": "aws", "region": REGION, "endpoint_url": moto, **options})
    return route53.Provider(ctx), ctx


@pytest.mark.parametrize("zones", [["example.com"], ["apps.example.com", "example.com"], ["example.com", "example.com"]])
def test_records_are_found_in_the_nearest_zones_until_they_are_gone(moto: str, account: Account, zones: list[str]) -> None:
    made = [account.zone(name, private=bool(i)) for i, name in enumerate(zones)]
    holding = [z for z, name in zip(made, zones) if name == zones[0]]
    provider, ctx = asked(moto)
    provider.find([SITE])
    assert sorted(ctx.observed["hosted_zones"][DOMAIN]) == sorted(holding)
    account.external_dns("CREATE", *holding)
    provider.there([SITE], TARGET)
    with pytest.raises(StepFailed, match=f"^Route 53 still has A {NAME} in hosted zone {holding[0]}, TXT {OWNER} in hosted zone"):
        provider.gone([SITE], 10.0)
    account.external_dns("DELETE", *holding)
    provider.gone([SITE], 10.0)
    assert "nothing is left at Route 53 after" in ctx.measurements
    provider.close()


@pytest.mark.parametrize(("name", "kind"), [(NAME, "A"), (OWNER, "TXT"), (NAME, "TXT")])
def test_whatever_is_left_is_named_with_its_zone_and_is_a_leak(moto: str, account: Account, name: str, kind: str) -> None:
    zone = account.zone("example.com")
    account.change("CREATE", zone, name, kind, TARGET if kind == "A" else '"heritage=external-dns"')
    account.change("CREATE", zone, f"x-{name}", "A", "192.0.2.99")
    provider, ctx = asked(moto)
    provider.find([SITE])
    with pytest.raises(StepFailed, match="^Route 53 still has ") as told:
        provider.gone([SITE], 4.0)
    assert ctx.observed["left_at_provider"] == [f"{kind} {name} in hosted zone {zone}"]
    failed = Finding("external_dns", "dns", "failed", "nothing is left", str(told.value), observed=ctx.observed)
    found = one(failed, healthy())
    assert (found.cause, found.confidence, found.scope) == ("leak.provider", "confirmed", [f"hostedzone/{zone}"])
    assert found.next_command == f"aws route53 list-resource-record-sets --hosted-zone-id {zone} --start-record-name {NAME}"


@pytest.mark.parametrize(("zones", "options", "words"), [
    ([], {}, f"no hosted zone of this account holds {DOMAIN}; name the account that has it"),
    (["example.com"], {}, f"name servers have {NAME}, and hosted zone [A-Z0-9]+ of this account has not"),
    (["example.com"], {"endpoint_url": "http://127.0.0.1:1"}, "Route 53 cannot be asked: .*AWS cannot be reached"),
    (["example.com"], {"access_key": "x"}, "one is set without the other")])
def test_what_cannot_be_seen_is_said_and_is_a_matter_of_the_options(moto: str, account: Account, zones: list[str], options: dict[str, Any],
                                                                    words: str) -> None:
    for zone in zones:
        account.zone(zone)
    with pytest.raises(Inconclusive, match=f"^dns_check_external_dns_provider: .*{words}") as told:
        ctx = FakeContext()
        provider, ctx = asked(moto, **options)
        provider.find([SITE])
        provider.there([SITE], TARGET)
    assert one(Finding("external_dns", "dns", "inconclusive", "a step", str(told.value), observed={
        "provider_unasked": "x", **ctx.observed}), healthy()).cause == "harness.precondition"


def test_zones_that_follow_in_the_list_are_none_of_the_domain(moto: str, account: Account) -> None:
    """AWS lists all from the name on, moto those of the name alone."""
    provider, ctx = asked(moto)
    after = [{"Id": "/hostedzone/Z1", "Name": "example.com."}, {"Id": "/hostedzone/Z2", "Name": "www.example.com."}]
    provider._api = SimpleNamespace(call=lambda *_what, DNSName, **_more: {"HostedZones": after if DNSName == "example.com" else after[1:]})
    provider.find([SITE])
    assert ctx.observed["hosted_zones"] == {DOMAIN: ["Z1"]}


def test_nobody_is_asked_where_the_option_does_not_say_so(account: Account) -> None:
    provider, ctx = asked("http://127.0.0.1:1", external_dns_provider=None)
    provider.find([SITE])
    provider.there([SITE], TARGET)
    provider.gone([SITE], 5.0)
    assert not ctx.observed and not ctx.measurements


def test_the_generated_policy_is_enough_and_each_of_its_actions_is_needed(moto: str, account: Account) -> None:
    """Rights as IAM judges them; that of records holds in the zones that it names."""
    zone = account.zone("example.com")
    account.external_dns("CREATE", zone)
    places = {"partition": ["aws"], "region": ["*"], "account": ["*"], "zone": [zone], "log_group": ["*"]}
    policy = cloud_rights.policy(ExternalDns.cloud_permissions, places)
    assert {a for s in policy["Statement"] for a in s["Action"]} == {"route53:ListHostedZonesByName", "route53:ListResourceRecordSets"}
    elsewhere = cloud_rights.policy(ExternalDns.cloud_permissions, {**places, "zone": ["ZELSEWHERE"]})

    def seen(document: dict[str, Any]) -> str:
        with allowed_only(moto, document) as given:
            try:
                provider, _ctx = asked(moto, **given)
                provider.find([SITE])
                provider.there([SITE], TARGET)
            except Inconclusive as e:
                return str(e)
        return ""

    assert seen(policy) == ""
    for left in policy["Statement"]:
        fewer = {**policy, "Statement": [s for s in policy["Statement"] if s is not left]}
        assert f"the right {left['Action'][0]} is missing" in seen(fewer)
    assert "the right route53:ListResourceRecordSets is missing" in seen(elsewhere)
