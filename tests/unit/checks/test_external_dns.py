# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""external_dns: what its arguments mean, which servers are asked, and what is a fault, a precondition, or nothing to prove."""
from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._external_dns import records as edns_records
from ansible_collections.assay.clusters.plugins.module_utils.checks._external_dns import resolvers, route53
from ansible_collections.assay.clusters.plugins.module_utils.checks._external_dns.servers import parents
from ansible_collections.assay.clusters.plugins.module_utils.checks._external_dns.setup import PREFIXES, setups
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply, Inconclusive, StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.edns_world import ARGUMENTS, DEPLOYMENTS, PRIMARY, SECONDARY, World, deployment
from ansible_collections.assay.clusters.tests.unit.checks.fakes import Now


@pytest.fixture(autouse=True)
def _time(monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    for module in (edns_records, resolvers):
        monkeypatch.setattr(module, "time", Now.clock)


# ---- all is well --------------------------------------------------------------------------------------------------
def test_a_healthy_one_passes_and_nothing_stays() -> None:
    world = World()
    ctx = world.run()
    assert not ctx.warnings and not [o for o in ctx.observations if not o["ok"]]
    assert world.records == {PRIMARY: {}, SECONDARY: {}}
    assert ctx.observed["servers"] == {PRIMARY: f"ns.example.com ({PRIMARY})", SECONDARY: f"ns2.example.com ({SECONDARY})"}
    assert {o["variant"] for o in ctx.observations} == {"made", "followed", "gone", "resolved"}


class Recorded:
    """A provider of names, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, _ctx: Any) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        def ask(sites: Any = (), *more: Any) -> None:
            self.asked.append((name, [s.domain for s in sites], *more))

        return ask


@pytest.mark.parametrize(("arguments", "options", "left"), [
    (ARGUMENTS, {}, ["apps.example.com"]),
    ((*ARGUMENTS, "--policy=upsert-only"), {"external_dns_records_may_stay": True}, [])])
def test_the_provider_is_asked_before_and_after_but_not_for_what_may_stay(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...],
                                                                          options: dict[str, Any], left: list[str]) -> None:
    provider = Recorded()
    monkeypatch.setattr(route53, "Provider", provider)
    World(*arguments, **options).run()
    everywhere = ["apps.example.com"]
    assert provider.asked == [("find", everywhere), ("there", everywhere, "192.0.2.10"), ("gone", left, 300.0), ("close", [])]


def test_no_load_balancer_is_made_and_no_controller_serves_the_ingress() -> None:
    world = World()
    world.run()
    made, ingress = world.manifests
    assert made["spec"]["clusterIP"] == "None" and "type" not in made["spec"]
    assert ingress["spec"]["ingressClassName"] == "assay-clusters-none"
    assert {n for m in world.manifests for n in m["metadata"]["annotations"].values()} >= {"192.0.2.10"}
    assert {k.partition("/")[0] for k in made["metadata"]["annotations"]} == {p.rstrip("/") for p in PREFIXES}


def test_filters_of_its_arguments_are_met() -> None:
    world = World(*ARGUMENTS, "--label-filter=dns=public,tier in (a)".replace(",tier in (a)", ""), "--annotation-filter=team",
                  "--ingress-class=nginx", f"--annotation-prefix={PREFIXES[0]}")
    world.run()
    for made in world.manifests:
        assert made["metadata"]["labels"] == {"dns": "public"} and made["metadata"]["annotations"]["team"] == ""
        assert PREFIXES[1] not in str(made)
    assert world.manifests[1]["spec"]["ingressClassName"] == "nginx"


def test_a_wildcard_is_told_and_is_what_stays() -> None:
    world = World()
    world.wild = "198.51.100.9"
    assert "any name in apps.example.com has an address (198.51.100.9)" in world.run().warnings[0]


def test_a_private_zone_is_looked_at_by_what_pods_ask() -> None:
    world = World()
    world.mute = {PRIMARY, SECONDARY}
    ctx = world.run()
    assert "only what pods ask was looked at" in ctx.warnings[0] and {o["target"].partition(" at ")[2] for o in ctx.observations} == {
        "the name server of pods"}


# ---- faults -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("change", "step", "words"), [
    ({"late": {SECONDARY}}, "names of a Service", f"at ns2.example.com ({SECONDARY}): no record (NXDOMAIN)"),
    ({"elsewhere": {SECONDARY}}, "names of a Service", "leads to 203.0.113.99 instead of 192.0.2.10"),
    ({"late": {PRIMARY, SECONDARY}}, "names of a Service", "records of 2 names not at all name servers within 300 s"),
    ({"behind": True}, "recursive", "recursive name servers do not know what the zone has: the one that pods ask says of"),
    ({"keeps": True}, "after the deletion", "is still there: NOERROR A 198.51.100.20"),
    ({"mute": {SECONDARY}}, "name servers answer", f"ns2.example.com ({SECONDARY}): connection timed out"),
    ({"lame": {SECONDARY}}, "name servers answer", "without authority"),
    ({"owner": "another"}, "names of a Service", "belongs to another"),
    ({"ns": []}, "name servers answer", "no name server knows the zone of apps.example.com"),
])
def test_the_first_claim_that_is_not_met_names_the_step(change: dict[str, Any], step: str, words: str) -> None:
    world = World()
    vars(world).update(change)
    with pytest.raises(StepFailed, match=re.escape(words)):
        world.run()
    assert world.ctx.steps[-1].startswith(step)


# ---- what is not proved -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("arguments", "options", "words"), [
    ((*ARGUMENTS, "--namespace=team"), {}, "looks at namespace team only"),
    ((*ARGUMENTS, "--target-net-filter=10.0.0.0/8"), {}, "takes targets of some nets only (--target-net-filter)"),
    ((*ARGUMENTS, "--label-filter=a in (b)"), {}, "a filter that is more than equalities"),
    (("--source=crd", "--domain-filter=apps.example.com"), {}, "looks neither at Services nor at Ingresses, but at crd"),
    (("--source=service",), {}, "is limited to no domain"),
    (ARGUMENTS, {"external_dns_zone": "other.test"}, "keeps apps.example.com; correct dns_check_external_dns_zone"),
    (ARGUMENTS, {"external_dns_targets": ["10.0.0.1"]}, "must be two IPv4 addresses that differ, not 10.0.0.1"),
    (ARGUMENTS, {"external_dns_targets": ["a", "b"]}, "must be two IPv4 addresses that differ, not a, b"),
])
def test_what_stands_in_the_way_is_told_and_nothing_is_made(arguments: Any, options: Any, words: str) -> None:
    world = World(*arguments, **options)
    with pytest.raises(Inconclusive, match=re.escape(words)):
        world.run()
    assert not world.manifests


def test_where_deployments_may_not_be_seen_the_domain_is_enough() -> None:
    with pytest.raises(Inconclusive, match="may not be seen: deployments.apps is forbidden.* name the domain in dns_check_external_dns_zone"):
        World(seen=False).run()
    world = World(seen=False, external_dns_zone="apps.example.com")
    assert not world.run().warnings and world.records == {PRIMARY: {}, SECONDARY: {}}


def test_without_external_dns_there_is_nothing_to_prove() -> None:
    world = World()
    world.ctx.client.answers[DEPLOYMENTS] = {"items": [deployment("--domain-filter=x.test", image="acme/external-dns-exporter:1")]}
    with pytest.raises(DoesNotApply, match="no Deployment has its image"):
        world.run()


@pytest.mark.parametrize("policy", ["upsert-only", "create-only"])
def test_records_that_would_stay_are_made_only_where_they_may(policy: str) -> None:
    world = World(*ARGUMENTS, f"--policy={policy}")
    with pytest.raises(DoesNotApply, match=f"has the policy {policy} and never deletes a record"):
        world.run()
    assert not world.manifests
    world = World(*ARGUMENTS, f"--policy={policy}", external_dns_records_may_stay=True)
    world.keeps = True
    assert "remove them by hand" in world.run().warnings[0]


def test_a_source_that_is_not_watched_is_told() -> None:
    world = World("--source=ingress", "--domain-filter=apps.example.com", "--txt-owner-id=prod")
    assert "does not look at objects of kind Service" in world.run().warnings[0] and len(world.manifests) == 1


# ---- arguments ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("arguments", "names"), [
    ((), ("a-web.x.test", "web.x.test")), (("--txt-prefix=own-",), ("own-a-web.x.test", "own-web.x.test")),
    (("--txt-suffix=-own",), ("a-web-own.x.test", "web-own.x.test")), (("--txt-prefix=%{record_type}-own-",), ("a-own-web.x.test",))])
def test_names_of_the_records_that_say_whose_they_are(arguments: tuple[str, ...], names: tuple[str, ...]) -> None:
    [one] = setups([deployment(*arguments)])
    assert one.owner_names("web.x.test") == names


def test_arguments_of_every_form_and_the_environment() -> None:
    [one] = setups([deployment("--domain-filter", "B.test.", "--policy=sync", "--events", "--source=service", image="mirror:5000/k/external-dns@sha256:1",
                               EXTERNAL_DNS_SOURCE="ingress\nservice", EXTERNAL_DNS_TXT_OWNER_ID="me")])
    assert (one.domains, one.sources, one.owner, one.flags["events"]) == (("b.test",), ("service",), "me", ("",))
    [two] = setups([deployment("--rfc2136-zone=a.test", "--rfc2136-zone=b.test")])
    assert two.domains == ("a.test", "b.test") and two.keeps("x.b.test") and not two.keeps("xb.test")


def test_a_domain_has_those_above_it_but_for_the_top_level() -> None:
    assert parents("a.b.example.com.") == ["a.b.example.com", "b.example.com", "example.com"] and parents("lan") == ["lan"]
