# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ingress and the stages that it shares with gateway, against a controller of the test: healthy, and each stage as it
breaks."""
from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks import ingress
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge import proof
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge.ingress_classes import CLASSES
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge.ask import Answer, Question
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply, Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe, Now, api_error

ADDRESS = "192.0.2.9"
NO_SECRET = 'secrets is forbidden: User "guest" cannot create resource "secrets" in API group "" in the namespace "x"'
SPACE = f"/apis/networking.k8s.io/v1/namespaces/{FakeContext.namespace}"
POLICIES = f"{SPACE}/networkpolicies"
NGINX = {"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}
NO_CLASSES = 'ingressclasses.networking.k8s.io is forbidden: User "guest" cannot list resource "ingressclasses" at the cluster scope'
ALB = {"metadata": {"name": "alb"}, "spec": {"controller": "ingress.k8s.aws/alb"}}
DENY = {"items": [{"metadata": {"name": "deny"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}]}


class World:
    """A controller that serves what is made, and each of its answers as a test changes it. say(question, answer): the answer
    in its place; statuses: of the Ingress, one a look, the last one for good."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.say: Callable[[Question, Answer], Answer] = lambda _question, answer: answer
        self.inside: Callable[[Question, Answer], Answer] = self.say
        self.statuses = [[{"ip": ADDRESS}]]
        self.classes, self.options, self.answers = [NGINX], dict[str, Any](), dict[str, Any]()
        self.gone, self.written, self.version = True, False, 1
        self.refuse: dict[str, Exception] = {}
        world = self
        for module in (proof, ingress):
            monkeypatch.setattr(module, "time", Now.clock)

        class Asker:
            def __init__(self, probe: Any = None) -> None:
                self.probe, self.place = probe, f"a pod on {probe.node}" if probe else "here"

            def __call__(self, question: Question) -> Answer:
                answer = world.serve(question)
                return world.inside(question, answer) if self.probe else world.say(question, answer)

        monkeypatch.setattr(proof, "Outside", Asker)
        monkeypatch.setattr(proof, "Inside", Asker)

    def serve(self, question: Question) -> Answer:
        made = [m for m in self.ctx.created if m["kind"] == "Ingress"]
        deleted = self.gone and ("Ingress", made[0]["metadata"]["name"]) in self.ctx.deleted
        services = {p["path"]: p["backend"]["service"]["name"] for rule in made[0]["spec"]["rules"]
                    if rule["host"] == question.host
                    for p in rule["http"]["paths"]}
        path, _mark, query = question.path.partition("?")
        name = services.get(path) if not deleted else None
        text = query.removeprefix("msg=") if query else f"probe-n{1 if name and '-a-' in name else 2}"
        ours = {"certificate": b"ours", "ours": True} if question.tls else {}
        return Answer(200, text, connected=True, **ours) if name else Answer(404, "nobody", connected=True, **ours)

    def prove(self) -> FakeContext:
        probes = [FakeProbe(n, f"10.0.0.{n[1]}", dial=lambda *_a: (["probe-n1"], [])) for n in ("n1", "n2")]
        status = iter(self.statuses)
        last = [self.statuses[-1]]

        def look(_params: Any) -> dict[str, Any]:
            last[0] = next(status, last[0])
            self.version += 1 if self.written else 0
            return {"metadata": {"resourceVersion": str(self.version)}, "status": {"loadBalancer": {"ingress": last[0]}}}

        answers = {CLASSES: {"items": self.classes}, **self.answers}
        self.ctx = ctx = FakeContext(answers, probes, **{"ingress_limit": 20, **self.options})
        ctx.check, ctx.finding = ingress.Ingress(), SimpleNamespace(observed=ctx.observed)  # type: ignore[attr-defined]
        for number in range(3):
            answers[f"{SPACE}/ingresses/{ctx.nonce}-ing{number}"] = look
        for which in "ab":
            made = f"/api/v1/namespaces/{ctx.namespace}/services/ingress-{which}-{ctx.nonce}"
            answers[made] = {"spec": {"clusterIP": "10.96.0.9"}}
        ctx.client.answers, ctx.on_create = answers, self._create
        assert ctx.check.applies(ctx) == ""
        ctx.check.run(ctx)
        return ctx

    def _create(self, manifest: dict[str, Any]) -> dict[str, Any]:
        if refused := self.refuse.get(manifest["kind"]):
            raise refused
        return manifest

    def breaks(self, words: str, error: type[Exception] = StepFailed) -> str:
        """The step at which it ends so."""
        with pytest.raises(error, match=words):
            self.prove()
        return self.ctx.steps[-1]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def _of(host: str) -> Callable[[Question], bool]:
    return lambda q: q.host.startswith(f"{FakeContext.nonce}-{host}")


def test_a_healthy_controller_is_proved_and_told(world: World) -> None:
    ctx = world.prove()
    assert [m["kind"] for m in ctx.created] == ["Service", "Service", "Secret", "Ingress"]
    paths = {p["path"]: p["pathType"] for m in ctx.created if m["kind"] == "Ingress" for r in m["spec"]["rules"]
             for p in r["http"]["paths"]}
    assert paths == {"/hostname": "Exact", "/echo": "Exact"}, "netexec has a shell, too"
    assert ctx.deleted == [("Ingress", f"{ctx.nonce}-ing0")] and not ctx.warnings
    told = ctx.observed["IngressClass nginx"]
    assert told["an unknown host gets"] == "404 nobody" and told["asked from"] == "here" and "without TLS" in told
    assert "PRIVATE KEY" not in str(ctx.observed) + str(ctx.observations)


@pytest.mark.parametrize(("message", "goes_on"), [(NO_SECRET, True), ("exceeded quota: secrets=0", False)])
def test_without_the_right_to_a_secret_it_asks_without_tls_and_tells(world: World, message: str, goes_on: bool) -> None:
    world.refuse = {"Secret": api_error(403, message)}
    if not goes_on:
        with pytest.raises(ApiError, match="exceeded quota"):
            world.prove()
        return
    ctx = world.prove()
    assert ctx.warnings == [
        "TLS with a certificate of our own was not asked, as our user may make no Secret (rbac_optional: edge_certificates)"]
    assert "tls" not in [m for m in ctx.created if m["kind"] == "Ingress"][0]["spec"] and not [o for o in ctx.observations if not o["ok"]]


# ---- which classes -------------------------------------------------------------------------------------------------
def test_a_tenant_who_may_not_see_classes_names_them(world: World) -> None:
    world.answers[CLASSES] = api_error(403, NO_CLASSES)
    with pytest.raises(Inconclusive, match='cannot list resource "ingressclasses".*; name those to prove in load_balancing_check_ingress'):
        world.prove()
    world.options["ingress_classes"] = ["nginx"]
    ctx = world.prove()
    assert [m["spec"]["ingressClassName"] for m in ctx.created if m["kind"] == "Ingress"] == ["nginx"] and not ctx.warnings


def test_without_a_class_there_is_nothing_to_prove() -> None:
    ctx: Any = FakeContext({CLASSES: {"items": []}})
    assert "no IngressClass" in ingress.Ingress().applies(ctx)


def test_a_class_that_costs_a_balancer_wants_to_be_named(world: World) -> None:
    world.classes = [ALB, NGINX]
    ctx = world.prove()
    assert "alb" in ctx.observed["not_asked"] and len([m for m in ctx.created if m["kind"] == "Ingress"]) == 1
    world.classes = [ALB]
    world.breaks("costs money; name one", DoesNotApply)
    world.options["ingress_classes"] = ["alb"]
    assert "Secret" not in [m["kind"] for m in world.prove().created], "its certificates are the cloud's"


@pytest.mark.parametrize(("options", "words"), [
    ({"ingress_classes": ["other"]}, "there is no IngressClass other; there are nginx"),
    ({"ingress_addresses": {"nginx": {"address": ""}}}, "load_balancing_check_ingress_addresses: the value of nginx")])
def test_options_that_name_what_is_not_there(world: World, options: dict[str, Any], words: str) -> None:
    world.options = options
    world.breaks(words, Inconclusive)


# ---- the address ----------------------------------------------------------------------------------------------------
def test_no_address(world: World) -> None:
    world.statuses = [[]]
    assert world.breaks("no address within 20 s: IngressClass nginx") == "its controller gives it an address"
    world.options["ingress_addresses"] = {"nginx": ADDRESS}
    assert world.prove().seen(variant="address") == [], "it was not asked for"


def test_an_address_that_changes_by_itself(world: World) -> None:
    world.statuses = [[{"ip": ADDRESS}], [{"ip": "192.0.2.10"}], [{"ip": ADDRESS}]]
    assert world.breaks("as if two controllers served its class") == "one controller alone gives it its address"
    world.statuses = [[{"ip": ADDRESS}], [{"ip": ADDRESS}, {"ip": "192.0.2.10"}]]
    world.prove()
    world.statuses = [*[[{"ip": ADDRESS}]] * 20, [{"ip": "192.0.2.10"}]]
    world.prove()
    world.written = True
    world.breaks("as if two controllers served its class")


def test_an_address_that_this_machine_does_not_reach(world: World) -> None:
    lost = Answer(error="no answer in time")
    world.say = lambda _question, _answer: lost
    world.breaks("everything holds from a pod on n1, but 192.0.2.9:443 is not reached from here", Inconclusive)
    world.inside = world.say
    assert world.breaks("nothing answers at the address") == "the controller answers at the address"


# ---- stages ---------------------------------------------------------------------------------------------------------
def test_another_certificate(world: World) -> None:
    other = {"certificate": b"x", "ours": False}
    world.say = lambda q, a: Answer(a.status, a.text, connected=True, **other) if q.tls else a
    assert world.breaks("another certificate than ours .* the host is routed to us") == "TLS is with our certificate"
    assert world.ctx.seen(variant="route")[0]["ok"]
    world.say = lambda q, a: Answer(404, "nobody", connected=True, **(other if q.tls else {}))
    world.breaks("the host is not routed to us")
    assert not world.ctx.seen(variant="route")[0]["ok"]


@pytest.mark.parametrize(("path", "host", "answer", "words", "step"), [
    ("/hostname", "a", Answer(404, "nobody", ours=True), "404 nobody", "our host and path"),
    ("/hostname", "a", Answer(200, "welcome", ours=True), "somebody else answers it", "our host and path"),
    ("/hostname", "a", Answer(200, "probe-n2", ours=True), "which is behind the other path", "our host and path"),
    ("/echo", "a", Answer(404, "nobody", ours=True), "/echo: 404 nobody", "a second path"),
    ("/hostname", "b", Answer(200, "probe-n1", ours=True), "which is behind the other path", "a second path"),
    ("/hostname", "nobody", Answer(200, "probe-n1", ours=True), "no rule names leads to our pods", "a host and a path"),
    ("/clientip", "a", Answer(200, "10.0.0.1:51000", ours=True), "no rule names leads to our pods", "a host and a path")])
def test_a_route_that_leads_elsewhere(world: World, path: str, host: str, answer: Answer, words: str, step: str) -> None:
    named = _of(host) if host != "nobody" else lambda q: q.host.startswith("nobody-")
    world.say = lambda q, a: answer if q.path.partition("?")[0] == path and named(q) else a
    assert world.breaks(words).startswith(step)


def test_a_backend_that_is_not_reached_is_asked_by_others(world: World) -> None:
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{FakeContext.namespace}/endpointslices"
    labels = {"kubernetes.io/service-name": f"ingress-a-{FakeContext.nonce}"}
    world.answers[slices] = {"items": [{"metadata": {"labels": labels}, "endpoints": [{"addresses": ["10.0.0.1"]}]}]}
    world.say = lambda q, a: Answer(502, "Bad Gateway", ours=True, connected=True) if a.status == 200 else a
    world.breaks("502 Bad Gateway")
    assert [(o["variant"], o["ok"]) for o in world.ctx.observations[-2:]] == [("pod", True), ("service", True)]
    world.answers[slices] = {"items": []}
    world.breaks("502 Bad Gateway")
    assert [(o["kind"], o["variant"], o["ok"]) for o in world.ctx.observations[-1:]] == [("service", "endpoints", False)]


def test_policies_that_may_keep_the_controller_out_prove_nothing(world: World) -> None:
    world.answers[POLICIES] = DENY
    world.prove()
    world.say = lambda q, a: Answer(504, "Gateway Timeout", ours=True, connected=True) if a.status == 200 else a
    world.breaks("allow traffic from the namespace of the controller", Inconclusive)
    world.say = lambda q, a: Answer(404, "nobody", ours=True, connected=True)
    world.breaks("404 nobody")


def test_a_redirect_to_tls_is_told(world: World) -> None:
    world.say = lambda q, a: a if q.tls else Answer(308, "", "https://x/", connected=True)
    assert world.prove().observed["IngressClass nginx"]["without TLS"] == "redirected to TLS (308)"


def test_a_host_that_stays_after_its_deletion(world: World) -> None:
    world.gone = False
    assert world.breaks("20 s after its deletion our host is still routed") == "after its deletion our host leads nowhere"
