"""Equal causes are one, and what follows is put under its root."""
from __future__ import annotations

from ansible_collections.assay.clusters.plugins.module_utils.results import causes, clean
from ansible_collections.assay.clusters.plugins.module_utils.results.record import FAILED, INCONCLUSIVE
from ansible_collections.assay.clusters.tests.unit.results import samples


def groups(*runs: dict) -> list[causes.CauseGroup]:
    return causes.group_causes([clean.clean_run(r) for r in runs])


def failed(check: str, cluster: str = "c1", **fields: object) -> dict:
    return samples.record(cluster, "network", check, **{"verdict": FAILED, **fields})


def test_healthy_has_none() -> None:
    assert groups(samples.healthy()) == []


def test_consequences_under_their_root() -> None:
    (group,) = groups(samples.node_down())
    assert (group.code, group.checks, group.followed) == ("node.unreachable", ["nodes"], ["pod_network", "service"])
    assert (group.confidence, group.layer, group.clusters) == ("confirmed", 2, ["prod-eu-2"])


def test_same_cause_on_two_clusters_is_one() -> None:
    (group,) = groups(samples.same_cause("a"), samples.same_cause("b"))
    assert group.clusters == ["a", "b"]
    assert group.scope == ["deployment/kube-system/coredns"], "said once, as it is the same on both"
    assert len(group.commands) == 2
    assert len(group.evidence) == 3


def test_scopes_that_differ_name_their_cluster() -> None:
    one = samples.run("a", [failed("dns", "a", cause="x.y", scope=["node/n1"])])
    two = samples.run("b", [failed("dns", "b", cause="x.y", scope=["node/n2"])])
    assert groups(one, two)[0].scope == ["a: node/n1", "b: node/n2"]


def test_weight_decides_the_order() -> None:
    assert [g.code for g in groups(*samples.estate())] == ["node.unreachable", "dns.upstream", "image.not-found"]


def test_the_stage_that_failed_first_comes_before_those_that_follow_from_it() -> None:
    records = [failed("dispose", cause="stage.failed(dispose)", started="2026-03-14T10:00:00.000+00:00"),
               failed("leftovers", cause="stage.failed(dispose)", started="2026-03-14T10:01:00.000+00:00"),
               failed("provision", cause="stage.failed(provision)", started="2026-03-14T09:00:00.000+00:00")]
    assert [g.code for g in groups(samples.run("c1", records))] == ["stage.failed(provision)", "stage.failed(dispose)"]


def test_a_stage_that_failed_comes_after_what_has_a_name() -> None:
    records = [failed("dispose", cause="stage.failed(dispose)"), failed("leftovers", cause="stage.failed(dispose)"),
               failed("dns", cause="api.unreachable")]
    assert [g.code for g in groups(samples.run("c1", records))] == ["api.unreachable", "stage.failed(dispose)"]


def test_chains_end_at_the_root() -> None:
    records = [failed("a", cause="node.unreachable"), failed("b", cause="net.node-isolated",
                                                             consequence_of="node.unreachable"),
               failed("c", cause="svc.no-endpoints", consequence_of="net.node-isolated")]
    (group,) = groups(samples.run("c1", records))
    assert (group.code, group.followed) == ("node.unreachable", ["b", "c"])


def test_root_without_a_record_of_its_own() -> None:
    (group,) = groups(samples.run("c1", [failed("b", cause="dns.server-down", consequence_of="node.unreachable")]))
    assert (group.code, group.checks, group.consequences) == ("node.unreachable", ["b"], [])


def test_circles_and_unknown_causes_end() -> None:
    records = [failed("a", cause="x.a", consequence_of="x.b"), failed("b", cause="x.b", consequence_of="x.a"),
               failed("c")]
    found = groups(samples.run("c1", records))
    assert sorted(r["check"] for g in found for r in g.records) == ["a", "b", "c"]
    assert causes.UNKNOWN in [g.code for g in found]


def test_confidence_says_where_it_differs() -> None:
    runs = [samples.run(c, [failed("a", c, cause="x.y", confidence=how)]) for c, how in
            (("c1", "suspected"), ("c2", "confirmed"))]
    assert groups(*runs)[0].confidence == "confirmed, elsewhere suspected"


def test_inconclusive_after_failed() -> None:
    records = [failed("a", verdict=INCONCLUSIVE, cause="image.auth"), failed("b", verdict=INCONCLUSIVE,
                                                                             cause="image.auth"),
               failed("c", cause="net.mtu")]
    found = groups(samples.run("c1", records))
    assert [(g.code, g.verdict) for g in found] == [("net.mtu", FAILED), ("image.auth", INCONCLUSIVE)]


def test_leftovers_of_run_and_records() -> None:
    run = clean.clean_run(samples.run("c1", [failed("a", leftovers=["pod/x"])], leftovers=["pod/x", "namespace/y"]))
    assert causes.leftovers(run) == ["pod/x", "namespace/y"]
