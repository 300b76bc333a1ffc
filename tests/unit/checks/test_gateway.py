# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""gateway up to its traffic, which is that of ingress: classes, Gateways of ours and of others, routes, and what is skipped."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks import gateway
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge import proof
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge import gateway_conditions
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge.ask import Answer, Question
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe, Now, api_error

API = "/apis/gateway.networking.k8s.io/v1"
YES = {"status": "True", "observedGeneration": 1}


def _conditions(*types: str, **no: str) -> list[dict[str, Any]]:
    """Those that are met, and a reason for each that is not."""
    return [{"type": t, **YES} for t in types if t not in no] + [
        {"type": t, **YES, "status": "False", "reason": reason, "message": ""} for t, reason in no.items()]


def _class(name: str, controller: str = "istio.io/gateway-controller", *met: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "generation": 1}, "spec": {"controllerName": controller},
            "status": {"conditions": _conditions(*met)}}


class World:
    """Objects by path; each Gateway is programmed and each route accepted, unless a test says otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (proof, gateway_conditions, gateway):
            monkeypatch.setattr(module, "time", Now.clock)
        monkeypatch.setattr(proof, "Outside", lambda: self._answer)
        self.classes = [_class("istio", "istio.io/gateway-controller", "Accepted")]
        self.gateway: dict[str, str] = {}
        self.route: dict[str, str] = {}
        self.options, self.answers, self.addresses = dict[str, Any](), dict[str, Any](), [{"value": "192.0.2.9"}]

    @property
    def _answer(self) -> Any:
        def ask(question: Question) -> Answer:
            self.asked.append(question)
            made = {m["spec"]["hostnames"][0]: m for m in self.ctx.created if m["kind"] == "HTTPRoute"}
            mine = made.get(question.host)
            if mine is None or ("HTTPRoute", mine["metadata"]["name"]) in self.ctx.deleted:
                return Answer(404, "nobody", ours=True, connected=True)
            path, _mark, query = question.path.partition("?")
            names = {r["matches"][0]["path"]["value"]: r["backendRefs"][0]["name"] for r in mine["spec"]["rules"]}
            pod = f"probe-n{1 if '-a-' in names.get(path, '') else 2}"
            return Answer(200 if path in names else 404, query.removeprefix("msg=") or pod, ours=True, connected=True)

        ask.place = "here"  # type: ignore[attr-defined]
        return ask

    def prove(self) -> FakeContext:
        self.asked: list[Question] = []
        probes = [FakeProbe(n, "10.0.0.1", dial=lambda *_a: (["probe-n1"], [])) for n in ("n1", "n2")]
        self.ctx = ctx = FakeContext({}, probes, **{"gateway_limit": 20, **self.options})
        space, n = f"{API}/namespaces/{ctx.namespace}", ctx.nonce
        programmed = {"metadata": {"name": f"{n}-gw0", "namespace": ctx.namespace, "generation": 1}, "status": {
            "conditions": _conditions("Accepted", "Programmed", **self.gateway), "addresses": self.addresses}}
        accepted = {"parents": [{"conditions": _conditions("Accepted", "ResolvedRefs", **self.route)}]}
        answers = {gateway.CLASSES: {"items": self.classes}, f"{space}/gateways/{n}-gw0": programmed, **self.answers}
        answers |= {f"{gateway.CLASSES}/{c['metadata']['name']}": c for c in self.classes}
        for name in (f"{n}-ga0", f"{n}-gb0", f"{n}-ga", f"{n}-gb"):
            answers[f"{space}/httproutes/{name}"] = {"metadata": {"name": name, "generation": 1}, "status": accepted}
        ctx.client.answers = answers
        ctx.check, ctx.finding = gateway.Gateway(), SimpleNamespace(observed=ctx.observed)  # type: ignore[attr-defined]
        assert ctx.check.applies(ctx) == ""
        ctx.check.run(ctx)
        return ctx


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.mark.parametrize(("answers", "words"), [({}, "not installed"), ({gateway.CLASSES: {"items": []}}, "no GatewayClass")])
def test_what_is_not_there_is_skipped(answers: dict[str, Any], words: str) -> None:
    ctx: Any = FakeContext(answers)
    assert words in gateway.Gateway().applies(ctx)


def test_a_class_is_proved_with_a_gateway_of_its_own(world: World) -> None:
    ctx = world.prove()
    made = {m["kind"]: m for m in ctx.created}
    assert list(made) == ["Secret", "Gateway", "Service", "HTTPRoute"] and not ctx.warnings
    assert {(one["protocol"], one["port"]) for one in made["Gateway"]["spec"]["listeners"]} == {("HTTP", 80), ("HTTPS", 443)}
    assert [kind for kind, _name in ctx.deleted] == ["HTTPRoute", "HTTPRoute", "Gateway"]


def test_ports_are_those_of_other_gateways_but_for_one_whose_ports_are_those_of_pods(world: World) -> None:
    listeners = [{"protocol": "HTTP", "port": 8000}, {"protocol": "HTTPS", "port": 8443}]
    world.answers[f"{API}/gateways"] = {"items": [{"spec": {"gatewayClassName": "istio", "listeners": listeners}}]}
    world.prove()
    assert {q.port for q in world.asked} == {8000, 8443}
    world.classes = [_class("istio", "traefik.io/gateway-controller", "Accepted")]
    made = next(m for m in world.prove().created if m["kind"] == "Gateway")
    assert {q.port for q in world.asked} == {80, 443} and [one["port"] for one in made["spec"]["listeners"]] == [8000, 8443]


@pytest.mark.parametrize(("what", "words", "step"), [
    ({"gateway": {"Accepted": "ListenersNotValid"}}, "Accepted=False .ListenersNotValid", "the Gateway is accepted"),
    ({"route": {"Accepted": "NotAllowedByListeners"}}, "NotAllowedByListeners", "its routes are accepted"),
    ({"addresses": []}, "it has no address", "the Gateway is accepted"),
    ({"classes": [_class("istio")]}, "GatewayClass istio Accepted=Unknown", "its GatewayClass is accepted")])
def test_the_first_stage_that_breaks_is_told(world: World, what: dict[str, Any], words: str, step: str) -> None:
    for name, value in what.items():
        setattr(world, name, value)
    with pytest.raises(StepFailed, match=words):
        world.prove()
    assert world.ctx.steps[-1].startswith(step) and world.ctx.observed["unmet_conditions"]


def test_a_class_that_nobody_accepts_is_told_beside_one_that_is(world: World) -> None:
    world.classes += [_class("old", "example.com/gone")]
    world.answers |= {f"/apis/apps/v1/{kind}": {"items": []} for kind in ("deployments", "daemonsets")}
    assert "GatewayClass old was left out" in world.prove().warnings[0]
    world.options["gateway_classes"] = ["istio"]
    assert not world.prove().warnings


NO_CLASSES = 'gatewayclasses is forbidden: User "guest" cannot list resource "gatewayclasses" at the cluster scope'


@pytest.mark.parametrize("named", [False, True])
def test_a_tenant_who_may_not_see_classes_names_a_gateway(world: World, named: bool) -> None:
    world.answers[gateway.CLASSES] = api_error(403, NO_CLASSES)
    if not named:
        with pytest.raises(Inconclusive, match='cannot list resource "gatewayclasses".*; name a Gateway that takes our routes in load_balan'):
            world.prove()
        return
    test_routes_at_a_gateway_of_somebody(world)


def test_routes_at_a_gateway_of_somebody(world: World) -> None:
    listener = {"name": "web", "protocol": "HTTP", "port": 8080, "hostname": "*.apps.test"}
    world.options["gateway"] = "infra/shared"
    world.answers[f"{API}/namespaces/infra/gateways/shared"] = {
        "metadata": {"name": "shared", "namespace": "infra", "generation": 1},
        "spec": {"gatewayClassName": "istio", "listeners": [listener]},
        "status": {"conditions": _conditions("Accepted", "Programmed"), "addresses": world.addresses}}
    ctx = world.prove()
    assert {m["kind"] for m in ctx.created} == {"Service", "HTTPRoute"} and {k for k, _n in ctx.deleted} == {"HTTPRoute"}
    route = next(m for m in ctx.created if m["kind"] == "HTTPRoute")
    assert route["spec"]["parentRefs"][0]["sectionName"] == "web" and route["spec"]["hostnames"][0].endswith(".apps.test")
    assert {(q.port, q.tls) for q in world.asked} == {(8080, False)}


@pytest.mark.parametrize(("options", "words"), [
    ({"gateway": "shared"}, "is not namespace/name"), ({"gateway": "infra/none"}, "there is no Gateway infra/none"),
    ({"gateway_classes": ["none"]}, "there is no GatewayClass none"),
    ({"gateway_addresses": {"istio": 7}}, "the value of istio")])
def test_options_that_name_what_is_not_there(world: World, options: dict[str, Any], words: str) -> None:
    world.options = options
    with pytest.raises(Inconclusive, match=words):
        world.prove()
