# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is made of the answers of a Service, the check's own and a user's."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.endpoints import SERVICE_LABEL, endpoints
from ansible_collections.assay.clusters.plugins.module_utils.checks._network.service_node import tries
from ansible_collections.assay.clusters.plugins.module_utils.checks._network.service_questions import refused
from ansible_collections.assay.clusters.plugins.module_utils.checks.service import spread
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.dataplane import Dataplane, user_service
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeProbe


def test_healthy_service_passes_and_is_measured():
    ctx = Dataplane().run()
    assert not ctx.warnings
    assert {o["from_node"] for o in ctx.seen(kind="service", variant="vip", ok=True)} == {"n0", "n1", "n2"}
    assert {o["from_node"] for o in ctx.seen(kind="service", variant="pod", ok=True)} == {"n0", "n1", "n2"}
    assert len(ctx.seen(variant="empty", ok=True)) == len(ctx.seen(variant="affinity", ok=True)) == 3
    assert "Service served on the slowest node after" in ctx.measurements


def test_flushed_rules_of_one_node_differ_from_the_pod_addresses():
    plane = Dataplane()
    plane.flushed = {"n1"}
    with pytest.raises(StepFailed, match="fails from 1 of 3 nodes: n1"):
        plane.run()
    assert [o["from_node"] for o in plane.ctx.seen(variant="vip", ok=False)] == ["n1"]
    assert len(plane.ctx.seen(variant="pod", from_node="n1", ok=True)) == 3
    assert ("Node", "", "n1") in plane.ctx.path


def test_a_pod_that_is_never_chosen_fails():
    plane = Dataplane()
    plane.never = {"n2"}
    with pytest.raises(StepFailed, match="never reached the pod on n2"):
        plane.run()


def test_a_service_without_pods_that_still_answers_fails():
    plane = Dataplane()
    plane.stale = True
    with pytest.raises(StepFailed, match="lost its pods its address still answers"):
        plane.run()


def test_a_service_without_pods_that_is_silent_warns():
    plane = Dataplane()
    plane.silent = True
    assert "time out instead of refusing" in plane.run().warnings[0]


def test_broken_affinity_fails():
    plane = Dataplane()
    plane.rotating = True
    with pytest.raises(StepFailed, match="session affinity fails from 3 of 3 nodes"):
        plane.run()


def test_users_service_is_connected_to_from_every_node():
    plane = user_service(Dataplane(service="web", namespace="shop"), {"app": "web"}, 2)
    plane.run()
    assert len(plane.ctx.seen(target="10.96.7.7:80", variant="vip", ok=True)) == 3
    assert len(plane.ctx.seen(target="10.0.1.1:8000", variant="endpoint", ok=True)) == 3


def test_users_service_with_a_selector_that_matches_nothing():
    plane = user_service(Dataplane(service="web", namespace="shop"), {"app": "wbe"}, 0)
    words = "Service shop/web has no ready endpoint; its selector is app=wbe and matches no pod"
    with pytest.raises(StepFailed, match=words):
        plane.run()
    assert plane.ctx.observed["selector"] == {"app": "wbe"} and plane.ctx.observed["matching_pods"] == 0
    assert ("Service", "shop", "web") in plane.ctx.path
    assert len(plane.ctx.seen(target="shop/web", variant="endpoints", ok=False)) == 1


def test_users_service_that_is_refused_on_one_node():
    plane = user_service(Dataplane(service="web", namespace="shop"), {"app": "web"}, 1)
    plane.connects = {("n2", "10.96.7.7:80"): "TIMEOUT"}
    with pytest.raises(StepFailed, match=r"shop/web fails from 1 of 3 nodes: n2 \(10.96.7.7:80: TIMEOUT\)"):
        plane.run()


def test_users_service_that_does_not_exist():
    with pytest.raises(StepFailed, match="there is no Service default/web"):
        Dataplane(service="web", namespace="default").run()


def test_backends_are_few_and_spread():
    probes = [FakeProbe(f"n{i:02}", "") for i in range(50)]
    assert [p.node for p in spread(probes, 4)] == ["n00", "n12", "n25", "n37"]
    assert spread(probes[:2], 4) == probes[:2]
    assert tries(1) == 30 and tries(4) == 42


def test_refusals_are_told_from_silence():
    assert refused(["dial tcp 10.96.0.1:80: connect: connection refused"])
    assert refused(["connect: no route to host"])
    assert not refused(["dial tcp 10.96.0.1:80: i/o timeout"])
    assert not refused([])


def test_endpoints_of_dual_slices_and_named_ports():
    found = endpoints([{"metadata": {"labels": {SERVICE_LABEL: "a"}}, "ports": [{"port": 53}, {"name": "m", "port": 9}],
                        "endpoints": [{"addresses": ["fd00::1"], "conditions": {}},
                                      {"addresses": ["10.0.0.1"], "conditions": {"ready": False}}]},
                       {"metadata": {"labels": {SERVICE_LABEL: "b"}}, "endpoints": None, "ports": None}], "a")
    assert [(e.address, e.ready, e.port(), e.port("m"), e.port("x")) for e in found] == [
        ("fd00::1", True, 53, 9, None), ("10.0.0.1", False, 53, 9, None)]


# ---- time ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("late", "warned"), [(10, False), (40, True)])
def test_a_node_that_follows_late_is_waited_for_and_told(clock, late, warned):
    plane = Dataplane()
    plane.flushed = {"n1"}
    clock.after(late, plane.flushed.clear)
    ctx = plane.run()
    assert late <= ctx.measurements["Service served on the slowest node after"] <= late + 1
    assert any("until all nodes followed a change" in w for w in ctx.warnings) is warned and not ctx.seen(ok=False)


@pytest.mark.parametrize(("seconds", "most"), [(600.0, 62), (20.0, 17), (4.0, 1)])
def test_a_node_that_never_follows_fails_in_time(clock, seconds, most):
    """What is left is for the rest of the check; what the other nodes saw is there all the same."""
    plane = Dataplane()
    plane.ctx.deadline = clock.monotonic() + seconds
    plane.flushed = {"n1"}
    with pytest.raises(StepFailed, match="fails from 1 of 3 nodes: n1"):
        plane.run()
    assert most - 5 <= clock.passed <= most and len(plane.ctx.seen(variant="vip", ok=True)) == 2


@pytest.mark.parametrize(("seconds", "within"), [(600.0, 60), (20.0, 20)])
def test_endpoints_that_never_are_as_they_should_fail_in_time(clock, seconds, within):
    plane = Dataplane()
    plane.ctx.deadline = clock.monotonic() + seconds
    plane._slices = lambda: None
    with pytest.raises(StepFailed, match=f"^endpoints of Service svc-{plane.ctx.nonce} are 3 pods: not within {within} s$"):
        plane.run()
    assert clock.passed == within


def test_an_address_that_answers_for_a_while_after_its_pods_are_gone_is_waited_for(clock):
    plane = Dataplane()
    plane.stale, select = True, plane.patch

    def patch(path, body, **more):
        clock.after(15, lambda: setattr(plane, "stale", False))
        return select(path, body, **more)

    plane.ctx.client.patch = patch
    ctx = plane.run()
    assert not ctx.seen(ok=False) and clock.passed >= 15


@pytest.mark.parametrize(("seconds", "most"), [(600.0, 63), (20.0, 17)])
def test_an_address_that_answers_for_ever_fails_in_time(clock, seconds, most):
    plane = Dataplane()
    plane.ctx.deadline = clock.monotonic() + seconds
    plane.stale = True
    with pytest.raises(StepFailed, match="lost its pods its address still answers on n0"):
        plane.run()
    assert most - 5 <= clock.passed <= most
    assert {o["from_node"] for o in plane.ctx.seen(variant="empty", ok=False)} == {"n0", "n1", "n2"}


def test_nodes_that_do_not_come_back_to_a_service_are_named(clock):
    plane = Dataplane()
    select = plane.patch

    def patch(path, body, **more):
        if "/services/svc" in path:
            plane.flushed = {"n2"}
        return select(path, body, **more)

    plane.ctx.client.patch = patch
    with pytest.raises(StepFailed, match=r"got its pods its address does not answer on n2 \("):
        plane.run()
    assert 60 <= clock.passed <= 63


def test_a_node_that_is_late_is_asked_seldom_and_seldomer():
    plane = Dataplane()
    plane.flushed = {"n1"}
    plane.fails("fails from 1 of 3 nodes")
    assert plane.requests.count("n0") == 1 and 10 < plane.requests.count("n1") < 40, "for a minute"
