# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Ingresses and Gateways are proved with: addresses of options, conditions of the object as it is now, controllers by
name."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._edge import gateway_conditions as conditions
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge import gateway_objects as objects
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge.controllers import Surroundings
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge.proof import _client_ip
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge.ask import Answer
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge.site import Site, address_of, answered_by
from ansible_collections.assay.clusters.plugins.module_utils.common import controllers


@pytest.mark.parametrize(("told", "found"), [
    ("192.0.2.1", ("192.0.2.1", None, None)), ({"address": " lb.test ", "https_port": 8443}, ("lb.test", None, 8443)),
    ({"address": "x", "http_port": "0"}, ("x", 0, None))])
def test_addresses_of_the_option(told: Any, found: Any) -> None:
    assert address_of(told) == found


@pytest.mark.parametrize("told",
                         ["", {}, [], {"address": ""}, {"address": "x", "http_port": "many"},
                          {"address": "x", "http_port": 70000}])
def test_addresses_that_make_no_sense_are_told(told: Any) -> None:
    with pytest.raises(ValueError, match="port|address"):
        address_of(told)


@pytest.mark.parametrize(("answer", "ours"), [
    (Answer(200, "probe-x\n"), True), (Answer(200, "<html>probe-x"), False), (Answer(404, "probe-x"), False),
    (Answer(200, "other"), False)])
def test_only_the_name_of_our_pod_with_200_is_ours(answer: Answer, ours: bool) -> None:
    assert answered_by(answer, {"probe-x"}) is ours


@pytest.mark.parametrize(("text", "is_it"), [
    ("10.0.0.1:51234", True), ("[fd00::1]:51234", True), ("404 page not found", False), ("Not found: 12", False)])
def test_what_netexec_says_of_who_asks_it(text: str, is_it: bool) -> None:
    assert _client_ip(Answer(200, text)) is is_it


def _condition(kind: str, status: str, generation: int = 2, **more: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "observedGeneration": generation, **more}


def test_conditions_of_an_older_generation_do_not_count() -> None:
    item = {"metadata": {"name": "g", "namespace": "n", "generation": 2}, "status": {"conditions": [
        _condition("Accepted", "True"), _condition("Programmed", "True", 1)], "listeners": [
        {"name": "web", "conditions": [_condition("ResolvedRefs", "False", reason="RefNotPermitted", message="no grant")]}]}}
    told = [conditions.words(u) for u in conditions.of_gateway(item)]
    assert told == ["Gateway n/g listener web ResolvedRefs=False (RefNotPermitted: no grant)",
                    "Gateway n/g Programmed=Unknown (nobody has set it)"]
    assert [u["object"] for u in conditions.of_gateway(item, ["other"])] == ["Gateway n/g"]


def test_a_route_that_no_parent_has_looked_at_is_not_accepted() -> None:
    route: dict[str, Any] = {"metadata": {"name": "r", "generation": 2}}
    assert [u["type"] for u in conditions.of_route(route)] == ["Accepted", "ResolvedRefs"]
    route["status"] = {"parents": [{"conditions": [_condition("Accepted", "True"), _condition("ResolvedRefs", "True")]}]}
    assert conditions.of_route(route) == []


def test_listeners_get_the_ports_of_others_of_the_class() -> None:
    def gateway(class_name: str, **ports: int) -> dict[str, Any]:
        listeners = [{"protocol": p, "port": n} for p, n in ports.items()]
        return {"spec": {"gatewayClassName": class_name, "listeners": listeners}}

    others = [gateway("a", HTTP=1), gateway("b", HTTP=8000, TCP=5), gateway("b", HTTP=9000)]
    assert objects.ports(others, "b") == (8000, 443) and objects.ports([], "b") == (80, 443)


@pytest.mark.parametrize(("listeners", "name"), [
    ([{"name": "s", "protocol": "HTTPS"}, {"name": "h", "protocol": "HTTP"}], "h"),
    ([{"name": "s", "protocol": "HTTPS", "hostname": "*.x.test"}], "s"),
    ([{"name": "h", "protocol": "HTTP", "hostname": "x.test"}], None)])
def test_a_listener_that_takes_our_hosts(listeners: list[dict[str, Any]], name: str | None) -> None:
    assert (objects.usable({"spec": {"listeners": listeners}}) or {"name": None})["name"] == name


# ---- controllers --------------------------------------------------------------------------------------------------
def _workload(name: str, image: str, space: str = "infra", labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": space}, "status": {}, "spec": {"replicas": 1, "template": {
        "metadata": {"labels": labels or {"app": name}}, "spec": {"containers": [{"name": "c", "image": image}]}}}}


@pytest.mark.parametrize(("controller", "name", "image", "found"), [
    ("k8s.io/ingress-nginx", "rke2-ingress-nginx-controller", "x", True),
    ("traefik.io/ingress-controller", "edge", "mirror/traefik:3", True),
    ("k8s.io/ingress-nginx", "nginx-demo", "nginx:1", False), ("example.com/nobody", "web", "example/web", True),
    ("", "web", "web", False), ("haproxy.org/ingress-controller/haproxy", "haproxy-ingress", "x", True)])
def test_workloads_of_a_controller(controller: str, name: str, image: str, found: bool) -> None:
    assert controllers.is_of(_workload(name, image), controller) is found


def test_the_service_before_a_controller() -> None:
    def service(name: str, selector: dict[str, str], *given: dict[str, str]) -> dict[str, Any]:
        return {"metadata": {"name": name, "namespace": "infra"}, "spec": {"type": "LoadBalancer", "selector": selector},
                "status": {"loadBalancer": {"ingress": list(given)}}}

    around = Surroundings([_workload("traefik", "traefik")], [service("web", {"app": "web"}, {"ip": "192.0.2.9"}),
                                                              service("edge", {"app": "traefik"}, {"hostname": "lb.test"})],
                          True)
    assert around.balancers("traefik.io/x") == {"infra/edge": "lb.test"} and around.address("traefik.io/x") == "lb.test"
    assert around.asleep("traefik.io/x") == ["deployment infra/traefik has no ready pod"]
    assert not around.of("k8s.io/ingress-nginx")


def test_a_site_without_tls_asks_without_it() -> None:
    site = Site("IngressClass alb", "ingress.k8s.aws/alb", ("IngressClass", "alb", "x"), "a.assay.test", "b.assay.test",
                address="lb.test")
    assert (site.target, site.question("a.assay.test", "/").tls, site.nobody("n")) == ("lb.test:80", False,
                                                                                       "nobody-n.assay.test")
