# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parts of cert_manager: what objects of cert-manager say in a row, and whether an Ingress serves what was issued."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._cert_manager import served
from ansible_collections.assay.clusters.plugins.module_utils.checks._cert_manager.course import Course, Moment
from ansible_collections.assay.clusters.plugins.module_utils.checks._cert_manager.issuers import Issuer, Wanted
from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates.read import of_der
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge.ask import Answer, Question
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe, Now
from tests.fakes.authority import issue


def _item(name: str, owner: str = "", state: str = "", reason: str = "", **conditions: str) -> dict[str, Any]:
    """conditions: type=STATUS:Reason:message."""
    told = [{"type": t, **dict(zip(("status", "reason", "message"), words.split(":", 2)))} for t, words in conditions.items()]
    return {"metadata": {"name": name, "uid": name, "ownerReferences": [{"uid": owner}] if owner else []}, "spec": {"type": "HTTP-01"},
            "status": {"conditions": told, **({"state": state} if state else {}), **({"reason": reason} if reason else {})}}


CERT = _item("cm0", Ready="False:DoesNotExist:Issuing certificate as Secret does not exist", Issuing="True:DoesNotExist:as above")
REQUEST = _item("r", "cm0", Approved="True:cert-manager.io:approved", Ready="False:Pending:Waiting on order o")
BARE = _item("r", "cm0", Approved="True:x:y")


@pytest.mark.parametrize(("course", "words", "lost"), [
    (Course(_item("cm0")), "nobody has written a condition to the Certificate", False),
    (Course(CERT), "DoesNotExist: Issuing certificate as Secret does not exist", False),
    (Course(CERT, [_item("r", "cm0")]), "nobody has approved its request", False),
    (Course(CERT, [BARE]), "its request is approved, and nobody signs it", False),
    (Course(CERT, [REQUEST]), "request Pending: Waiting on order o", False),
    (Course(CERT, [BARE], [_item("o", "r")]), "its Order has no state: cert-manager has got no answer from the ACME server", False),
    (Course(CERT, [REQUEST], [_item("o", "r", "errored", "429 rateLimited")]), "order errored 429 rateLimited", False),
    (Course(CERT, [REQUEST], [_item("o", "r", "pending")], [_item("c", "o", "pending", "not yet propagated")]),
     "challenge pending not yet propagated", False),
    (Course(CERT, [_item("r", "cm0", Ready="False:Failed:order errored")]), "request Failed: order errored", True),
    (Course(CERT, [_item("r", "cm0", Denied="True:Policy:no", Ready="False:Denied:denied")]), "request Policy: no", True)])
def test_the_last_word_of_what_hangs_on_a_certificate(course: Course, words: str, lost: bool) -> None:
    assert (course.words(), course.lost()) == (words, lost)


def test_what_somebody_else_has_is_not_ours() -> None:
    wanted = Wanted(Issuer("ClusterIssuer", "x"), "", "h", "cm0", uid="cm0")
    now = Moment([CERT, _item("web")], [REQUEST, _item("web-1", "web")], [_item("o", "r"), _item("web-1-2", "web-1")], [])
    course = now.of(wanted)
    assert course and [i["metadata"]["name"] for i in (*course.requests, *course.orders)] == ["r", "o"]
    assert now.left(wanted) == ["certificate/cm0"] and Moment([], [_item("cm00-1")], [], []).left(wanted) == []


# ---- served -------------------------------------------------------------------------------------------------------
LEAF, OTHER = (of_der(issue(name, [name]).der) for name in ("h.test", "other.test"))


class World:
    """say(question): the answer from here; a probe answers `inside`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, say: Any, inside: Any = None, address: str = "192.0.2.9"):
        monkeypatch.setattr(served, "time", Now.clock)
        self.ctx = FakeContext(probes=[FakeProbe("n1", "10.0.0.1"), FakeProbe("n2", "10.0.0.2")])
        self.ctx.check, self.ctx.finding = SimpleNamespace(name="cert_manager"), SimpleNamespace(observed=self.ctx.observed)
        self.ctx.client.answers[f"/apis/networking.k8s.io/v1/namespaces/{self.ctx.namespace}/ingresses/cm0-in"] = {
            "status": {"loadBalancer": {"ingress": [{"ip": address}] if address else []}}}
        world = self

        class Asker:
            def __init__(self, probe: Any = None):
                self.probe, self.place = probe, "a pod" if probe else "here"

            def __call__(self, question: Question) -> Answer:
                assert question.host == "h.test" and question.tls
                return (inside or say)(question) if self.probe else say(question)

        class Within(Asker):
            """As seen from a probe."""

        monkeypatch.setattr(served, "Outside", Asker)
        monkeypatch.setattr(served, "Inside", Within)
        self.wanted = [Wanted(Issuer("ClusterIssuer", "x"), "", "h.test", "cm0")]
        self.served = served.Served(world.ctx, "nginx", "", 5.0)

    def prove(self) -> FakeContext:
        self.served.make(self.wanted)
        self.served.prove(self.wanted, {"cm0": LEAF}, "served")
        return self.ctx


def _ours(question: Question) -> Answer:
    return Answer(200, "probe-n1", "", LEAF.der, question.fingerprint == LEAF.fingerprint, connected=True)


def test_the_very_certificate_is_served_before_our_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = World(monkeypatch, _ours).prove()
    assert [(o["variant"], o["ok"]) for o in ctx.observations] == [("served", True)] and not ctx.warnings
    assert [m["spec"]["tls"][0]["secretName"] for m in ctx.created if m["kind"] == "Ingress"] == ["cm0-tls"]
    assert all(m["metadata"]["name"].replace("-", "").isalnum() for m in ctx.created)


@pytest.mark.parametrize(("answer", "address", "words"), [
    (Answer(200, "probe-n1", "", OTHER.der, False, connected=True), "192.0.2.9", "it serves CN=other.test"),
    (Answer(404, "nobody", "", LEAF.der, True, connected=True), "192.0.2.9", "with our certificate it answers 404 nobody"),
    (Answer(200, "hello", "", LEAF.der, True, connected=True), "192.0.2.9", "with our certificate it answers 200 hello"),
    (Answer(error="connection refused"), "192.0.2.9", "connection refused"),
    (Answer(), "", "the Ingress has got no address")])
def test_what_is_served_instead(monkeypatch: pytest.MonkeyPatch, answer: Answer, address: str, words: str) -> None:
    world = World(monkeypatch, lambda _question: answer, address=address)
    world.ctx.client.answers |= {f"/apis/apps/v1/{k}": {"items": []} for k in ("deployments", "daemonsets")}
    with pytest.raises(StepFailed, match=f"does not serve what was issued: .*{words}"):
        world.prove()
    assert "around" in world.ctx.observed


def test_an_address_that_only_pods_reach_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = World(monkeypatch, lambda _question: Answer(error="no answer in time"), _ours).prove()
    assert ctx.warnings == ["192.0.2.9:443 is not reached from here (no answer in time): what it serves was asked from a pod alone"]
