# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""load_balancer: what is proved, what is a fault, what cannot be told from where it is asked, and what does not apply."""
from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._balancer import address as balancer_address
from ansible_collections.assay.clusters.plugins.module_utils.checks._balancer import gone as balancer_gone
from ansible_collections.assay.clusters.plugins.module_utils.checks._balancer import policies
from ansible_collections.assay.clusters.plugins.module_utils.checks._balancer import traffic as balancer_traffic
from ansible_collections.assay.clusters.plugins.module_utils.checks._balancer import users
from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.endpoints import SERVICE_LABEL
from ansible_collections.assay.clusters.plugins.module_utils.checks._balancer.outside import Heard
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply, Inconclusive, StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.balancers import HEALTH_PORT, VIP, Balancer
from ansible_collections.assay.clusters.tests.unit.checks.fakes import Now, api_error


@pytest.fixture(autouse=True)
def _time(monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    for module in (balancer_address, balancer_gone, policies, balancer_traffic, users):
        monkeypatch.setattr(module, "time", Now.clock)


def _event(reason: str, message: str = "", kind: str = "Warning") -> dict[str, Any]:
    return {"reason": reason, "message": message, "type": kind, "lastTimestamp": "2026-01-01T00:00:00Z"}


def _workload(name: str, namespace: str, available: int = 1, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels}, "status": {"availableReplicas": available}}


# ---- all is well --------------------------------------------------------------------------------------------------
def test_a_healthy_one_passes_with_one_service_and_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancer()
    ctx = world.run(monkeypatch)
    assert not ctx.warnings and len(ctx.created) == 1
    assert (ctx.observed["client_address"], ctx.observed["source_ranges_honoured"]) == (f"kept: {world.client}", True)
    assert ctx.observed["health_port_asked"] == ["n0", "n1", "n2"]
    assert not [o for o in ctx.observations if not o["ok"]]
    assert {"address given after", "our pods answer behind the address after", "the Service is gone after",
            "the address is silent after"} <= set(ctx.measurements)
    assert world.patched == [{"loadBalancerSourceRanges": ["192.0.2.0/24"]}, {"loadBalancerSourceRanges": None},
                             {"externalTrafficPolicy": "Local"}]


def test_what_options_ask_for_is_in_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancer(load_balancer_class="acme/nlb", service_annotations={"acme/internal": True},
                     source_ranges=["198.51.100.0/24"])
    [made] = world.run(monkeypatch).created
    assert made["spec"]["loadBalancerClass"] == "acme/nlb" and made["metadata"]["annotations"] == {"acme/internal": "True"}
    assert made["spec"]["loadBalancerSourceRanges"] == ["198.51.100.0/24"] == world.patched[1]["loadBalancerSourceRanges"]


def test_a_single_pod_is_enough_where_there_is_one_node(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Balancer(nodes=1).run(monkeypatch).warnings


def test_one_that_ends_connections_itself_need_not_keep_the_clients_address(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancer()
    world.status, world.client = [{"ip": VIP, "ipMode": "Proxy"}], "10.0.0.2"
    ctx = world.run(monkeypatch)
    assert ctx.observed["client_address"] == "replaced: 10.0.0.2" and "ends connections itself" in ctx.observed["capability"]


def test_ranges_that_are_not_honoured_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancer()
    world.honours = False
    [warning] = world.run(monkeypatch).warnings
    assert "loadBalancerSourceRanges are not honoured here" in warning


def test_somebody_else_at_the_address_afterwards_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancer()
    world.after = "shop-1"
    assert world.run(monkeypatch).observed["address_answers_now"] == "somebody else, as 'shop-1'"


def test_a_name_is_waited_for_and_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancer()
    world.status = [{"hostname": "lb.example.com"}]
    assert "the name is gone after" in world.run(monkeypatch).measurements


# ---- no address ---------------------------------------------------------------------------------------------------
def _without(monkeypatch: pytest.MonkeyPatch, kind: type[Exception], *events: dict[str, Any],
             **options: Any) -> tuple[Balancer, str]:
    world = Balancer(**options)
    world.status, world.events = [], list(events)
    world.lists |= options.pop("lists", {})
    with pytest.raises(kind) as told:
        world.run(monkeypatch)
    return world, str(told.value)


def test_where_nothing_makes_load_balancers_there_is_nothing_to_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    world, said = _without(monkeypatch, DoesNotApply)
    assert "no other Service has an address, and no controller is known" in said
    assert Now.clock.monotonic() < world.ctx.deadline - 2900


@pytest.mark.parametrize("lists", [
    {"/apis/apps/v1/deployments": [_workload("controller", "metallb-system", app="metallb")]},
    {"/apis/apps/v1/deployments": [_workload("openstack-cloud-controller-manager", "kube-system")]},
    {"/api/v1/services": [{"metadata": {"name": "web", "namespace": "shop"}, "spec": {"type": "LoadBalancer"},
                           "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}}]},
    {"/apis/cilium.io/v2/ciliumloadbalancerippools": [{"metadata": {"name": "pool"}}]}])
def test_where_something_makes_them_silence_is_a_failure(monkeypatch: pytest.MonkeyPatch, lists: dict[str, Any]) -> None:
    world = Balancer()
    world.status = []
    world.lists |= lists
    with pytest.raises(StepFailed, match="has got no address: after 6. s .* no event and no finalizer, and "):
        world.run(monkeypatch)
    assert world.ctx.observed["signs"] == []


@pytest.mark.parametrize("by", [{"reportingComponent": "ipallocator-repair-controller"}, {"source": {"component": "kube-proxy"}},
                                {"source": {"component": "endpoint-slice-controller"}}])
def test_what_kubernetes_itself_says_of_a_service_is_no_sign_of_a_load_balancer(monkeypatch: pytest.MonkeyPatch, by: dict[str, Any]) -> None:
    words = "Cluster IP [IPv4]: 10.96.128.79 is not allocated; repairing"
    world, said = _without(monkeypatch, DoesNotApply, {**_event("ClusterIPNotAllocated", words), **by})
    assert "no event and no finalizer" in said and Now.clock.monotonic() < world.ctx.deadline - 2900


def test_a_class_that_is_wished_for_fails_without_its_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    _world, said = _without(monkeypatch, StepFailed, load_balancer_class="acme/nlb")
    assert "of class acme/nlb has got no address" in said


def test_who_may_not_see_controllers_does_not_call_them_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancer()
    world.status = []
    world.lists["/apis/apps/v1/deployments"] = api_error(403)
    with pytest.raises(Inconclusive, match=r"we may not list deployments \(HTTP 403\); let our user list them in all namespaces, or"):
        world.run(monkeypatch)


def _waiting(minutes: float, **meta: Any) -> dict[str, Any]:
    born = datetime.datetime.fromtimestamp(Now.clock.time() - 60 * minutes, datetime.timezone.utc).isoformat()
    return {"metadata": {"name": "web", "namespace": "shop", "creationTimestamp": born, **meta}, "spec": {"type": "LoadBalancer"}}


def test_where_another_service_waits_in_vain_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancer()
    world.status, world.lists["/api/v1/services"] = [], [_waiting(60.0)]
    with pytest.raises(DoesNotApply, match="nothing makes load balancers here: Service shop/web has waited for an address for more than"):
        world.run(monkeypatch)
    assert not world.ctx.created and not world.ctx.client.patched and Now.clock.passed < 1.0


@pytest.mark.parametrize(("minutes", "meta", "more"), [
    (1.0, {}, {}), (60.0, {"finalizers": ["service.k8s.aws/resources"]}, {}), (60.0, {}, {"spec": {"type": "NodePort"}}),
    (60.0, {}, {"spec": {"type": "LoadBalancer", "loadBalancerClass": "acme/nlb"}}),
    (60.0, {}, {"status": {"conditions": [{"type": "acme", "status": "True"}]}})])
def test_one_that_is_new_or_is_served_or_of_another_kind_says_nothing(monkeypatch: pytest.MonkeyPatch, minutes: float,
                                                                      meta: dict[str, Any], more: dict[str, Any]) -> None:
    world = Balancer()
    world.status, world.lists["/api/v1/services"] = [], [{**_waiting(minutes, **meta), **more}]
    with pytest.raises(DoesNotApply, match="after 2. s our Service of type LoadBalancer has no address"):
        world.run(monkeypatch)


@pytest.mark.parametrize("lists", [
    {"/apis/apps/v1/daemonsets": [_workload("kube-vip", "kube-system")]}, {"/apis/apps/v1/deployments": api_error(403)}])
def test_where_somebody_may_be_there_our_own_service_is_tried(monkeypatch: pytest.MonkeyPatch, lists: dict[str, Any]) -> None:
    world = Balancer()
    world.status, world.lists = [], {**world.lists, "/api/v1/services": [_waiting(60.0)], **lists}
    with pytest.raises((StepFailed, Inconclusive), match="our Service of type LoadBalancer has no address"):
        world.run(monkeypatch)


def test_a_controller_that_says_why_is_waited_for_and_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    world, said = _without(monkeypatch, StepFailed, _event("EnsuringLoadBalancer", kind="Normal"),
                           _event("SyncLoadBalancerFailed", "Error syncing load balancer: AccessDenied"), provision_limit=90)
    assert said.endswith("SyncLoadBalancerFailed: Error syncing load balancer: AccessDenied") and "within 9" in said
    assert world.ctx.observed["signs"] == ["EnsuringLoadBalancer", "SyncLoadBalancerFailed"]


def test_a_pool_without_addresses_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    _world, said = _without(monkeypatch, StepFailed, _event("AllocationFailed", 'Failed to allocate IP for "a/b": no '
                                                                                'available IPs'))
    assert "no available IPs" in said and "within 1" in said


# ---- no traffic ---------------------------------------------------------------------------------------------------
def _red(monkeypatch: pytest.MonkeyPatch, kind: type[Exception], **state: Any) -> tuple[Balancer, str]:
    world = Balancer(**state.pop("options", {}))
    for name, value in state.items():
        setattr(world, name, value)
    with pytest.raises(kind) as told:
        world.run(monkeypatch)
    return world, str(told.value)


def test_an_address_that_is_silent_where_nodes_answer_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    world, said = _red(monkeypatch, StepFailed, down=True)
    assert f"{VIP}:80 does not lead to our pods from the controller" in said
    assert len(world.ctx.seen(variant="node_port", ok=True)) == 3 and world.ctx.observed["asker"] == world.own


def test_where_nothing_of_the_cluster_answers_nothing_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    _world, said = _red(monkeypatch, Inconclusive, down=True, reachable=False)
    assert "outside_probe_url" in said and "no node's port answers there either" in said


def test_unless_the_inventory_says_that_it_must_be_reached_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    _red(monkeypatch, StepFailed, down=True, reachable=False, options={"asked_from": "controller"})


def test_a_pod_that_is_never_chosen_fails_where_only_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    _world, said = _red(monkeypatch, StepFailed, never={"n1", "n2"})
    assert "only 1 of 3 pods answered" in said


def test_who_asks_from_inside_proves_nothing_of_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for own in ("10.0.0.2", "10.244.1.77"):
        _world, said = _red(monkeypatch, Inconclusive, own=own)
        assert f"{own}, an address of the cluster itself" in said
    world = Balancer(asked_from="controller")
    world.own = "10.0.0.2"
    assert "an address of the cluster itself" in world.run(monkeypatch).warnings[0]


@pytest.mark.parametrize("seen", ["10.0.0.2", "10.244.2.1"])
def test_a_client_whose_address_is_replaced_fails(monkeypatch: pytest.MonkeyPatch, seen: str) -> None:
    _world, said = _red(monkeypatch, StepFailed, client=seen)
    assert f"see {seen}, an address of the cluster, in place of their client's" in said


def test_an_address_behind_a_translation_outside_counts_as_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancer()
    world.client = "198.51.100.99"
    assert world.run(monkeypatch).observed["client_address"] == "kept: 198.51.100.99"


def test_an_address_that_changes_by_itself_fails_with_its_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancer()
    asked = world.ask

    def flaps(host: str, port: int, path: str = "/hostname") -> Any:
        world.item["status"]["loadBalancer"]["ingress"] = [{"ip": VIP if world.turn % 2 else "203.0.113.9"}]
        world.item["metadata"]["managedFields"] = [
            {"manager": "controller" if world.turn % 2 else "other-lb", "fieldsV1": {"f:status": {"f:loadBalancer": {}}}},
            {"manager": "ours", "fieldsV1": {"f:spec": {}}}]
        return asked(host, port, path)

    monkeypatch.setattr(world, "ask", flaps)
    with pytest.raises(StepFailed, match=f"changes between {VIP} and 203.0.113.9 while nobody changes"):
        world.run(monkeypatch)
    assert world.ctx.observed["status_written_by"] == ["controller", "other-lb"]


# ---- the health port ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("text", "words"), [
    ("", f"answers at its port 30080, and not at its health port {HEALTH_PORT}: connection refused"),
    ('503 {"localEndpoints": 0}', "says that it has 0 pods behind the Service, and has one")])
def test_a_health_port_that_is_wrong_fails_at_its_node(monkeypatch: pytest.MonkeyPatch, text: str, words: str) -> None:
    world, said = _red(monkeypatch, StepFailed, health={"n1": text})
    assert "fails at 1 of 3 nodes: n1" in said and words in said and ("Node", "", "n1") in world.ctx.path


def test_one_that_cannot_be_reached_from_here_is_told_and_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancer()
    world.reachable = False
    ctx = world.run(monkeypatch)
    assert ctx.observed["health_port_asked"].startswith("no node answers") and not ctx.seen(variant="health_port")


# ---- afterwards ---------------------------------------------------------------------------------------------------
def test_a_service_that_is_held_names_its_finalizer(monkeypatch: pytest.MonkeyPatch) -> None:
    world, said = _red(monkeypatch, StepFailed, held=True, options={"gone_limit": 60})
    assert "held by finalizer service.kubernetes.io/load-balancer-cleanup" in said and world.ctx.observed["finalizers"]


def test_an_address_that_outlives_its_service_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    _world, said = _red(monkeypatch, StepFailed, stale=True, options={"gone_limit": 20})
    assert said == f"{VIP}:80 still leads to our pods 20 s after the Service is gone"


# ---- a user's own -------------------------------------------------------------------------------------------------
def _theirs(kind: str = "LoadBalancer", endpoints: int = 1) -> Balancer:
    world = Balancer(balanced_service="shop/web")
    get = world.ctx.client.get

    def with_theirs(path: str, params: Any = None, **more: Any) -> Any:
        if path == "/api/v1/namespaces/shop/services/web":
            return {"metadata": {"name": "web", "namespace": "shop"},
                    "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.8"}]}},
                    "spec": {"type": kind, "selector": {"app": "wbe"}, "ports": [{"port": 443}]}}
        if path == "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices":
            return {"items": [{"metadata": {"labels": {SERVICE_LABEL: "web"}}, "endpoints": [
                {"addresses": ["10.0.1.1"]}] * endpoints, "ports": [{"port": 8443}]}]}
        if path == "/api/v1/namespaces/shop/pods":
            return {"items": []}
        return get(path, params, **more)

    world.ctx.client.get = with_theirs
    return world


def test_a_users_service_is_asked_from_outside_too(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _theirs()
    asked = world.ask
    answers = {"203.0.113.8": Heard("", "Remote end closed connection without response")}
    monkeypatch.setattr(world, "ask", lambda host, port, path="/hostname": answers.get(host) or asked(host, port, path))
    assert len(world.run(monkeypatch).seen(variant="theirs", ok=True, target="203.0.113.8:443")) == 1
    answers["203.0.113.8"] = Heard("", "connection refused")
    world = _theirs()
    asked = world.ask
    monkeypatch.setattr(world, "ask", lambda host, port, path="/hostname": answers.get(host) or asked(host, port, path))
    with pytest.raises(StepFailed, match=r"Service shop/web takes no connection from the controller at 203.0.113.8:443 "
                                         r"\(connection"):
        world.run(monkeypatch)


def test_a_users_service_without_endpoints_is_told_with_its_selector(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StepFailed, match="Service shop/web has no ready endpoint; its selector is app=wbe and matches no pod"):
        _theirs(endpoints=0).run(monkeypatch)
    with pytest.raises(Inconclusive, match="is of type ClusterIP, not LoadBalancer"):
        _theirs("ClusterIP").run(monkeypatch)
