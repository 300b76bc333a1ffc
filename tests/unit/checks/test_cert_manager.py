# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""cert_manager against a cert-manager of the test: whom it asks and whom not, what is right of what was issued, and what stays."""
from __future__ import annotations

import base64
import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks import cert_manager
from ansible_collections.assay.clusters.plugins.module_utils.checks._cert_manager import ends, issuers
from ansible_collections.assay.clusters.plugins.module_utils.checks._cert_manager.course import ACME_API
from ansible_collections.assay.clusters.plugins.module_utils.checks._cert_manager.failure import parts
from ansible_collections.assay.clusters.plugins.module_utils.checks._cert_manager.issuers import API, Issuer
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply, Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.kube.reviews import REVIEWS
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, Now, api_error
from tests.fakes.authority import chain_pem, issue

SPACE = FakeContext.namespace
CLUSTER_ISSUERS, ISSUERS = f"/apis/{API}/clusterissuers", f"/apis/{API}/namespaces/{SPACE}/issuers"
CA = issue("company", ca=True)
STAGING, PRODUCTION = (f"https://acme-{'staging-' * s}v02.api.letsencrypt.org/directory" for s in (True, False))


def issuer(name: str, status: str = "True", space: str = "", **spec: Any) -> dict[str, Any]:
    told = {"type": "Ready", "status": status, "reason": "KeyPairVerified", "message": "Signing CA verified"}
    return {"metadata": {"name": name, **({"namespace": space} if space else {})}, "spec": spec or {"ca": {"secretName": "ca"}},
            "status": {"conditions": [told]}}


def acme(name: str, server: str, *solvers: dict[str, Any]) -> dict[str, Any]:
    return issuer(name, acme={"server": server, "solvers": list(solvers or ({"http01": {"ingress": {}}},))})


class World:
    """A cert-manager that issues at once by a CA of its own. spoil: keywords for what it issues; late: nothing is issued;
    stays: requests stay when a Certificate goes; secrets: whether they may be read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *found: dict[str, Any], **options: Any):
        for module in (cert_manager, ends):
            monkeypatch.setattr(module, "time", Now.clock)
        self.ctx = FakeContext(**{"cert_manager_limit": 20, **options})
        self.ctx.finding = SimpleNamespace(observed=self.ctx.observed)
        self.ctx.client.answers.update({
            f"/apis/{API}": {}, CLUSTER_ISSUERS: {"items": [i for i in found if "namespace" not in i["metadata"]]},
            ISSUERS: {"items": [i for i in found if "namespace" in i["metadata"]]}})
        for api, plural in ((API, "certificates"), (API, "certificaterequests"), (ACME_API, "orders"), (ACME_API, "challenges")):
            self.ctx.client.answers[f"/apis/{api}/namespaces/{SPACE}/{plural}"] = lambda _p, k=plural: {"items": self.objects[k]}
        self.objects: dict[str, list[dict[str, Any]]] = {k: [] for k in ("certificates", "certificaterequests", "orders", "challenges")}
        self.ctx.on_create, self.ctx.delete, self.ctx.client.patch = self._created, self._deleted, self._patched
        self.ctx.client.delete = lambda path: self.ctx.client.answers.pop(path, None)
        self.spoil: dict[str, Any] = {}
        self.late = self.stays = False
        self.secrets, self.again = True, True
        self.last: Any = None

    def run(self) -> FakeContext:
        check = cert_manager.CertManager()
        check.bounds(self.ctx.options)
        if reason := check.applies(self.ctx):
            raise DoesNotApply(reason)
        check.run(self.ctx)
        return self.ctx

    def _created(self, manifest: dict[str, Any]) -> dict[str, Any]:
        manifest["metadata"] |= {"uid": manifest["metadata"]["name"], "generation": 1, "resourceVersion": "1"}
        manifest["status"] = {}
        self.objects["certificates"].append(manifest)
        path = f"/apis/{API}/namespaces/{SPACE}/certificates/{manifest['metadata']['name']}"
        self.ctx.client.answers[path] = manifest
        if not self.late:
            self._issue(manifest, 1)
        return manifest

    def _issue(self, made: dict[str, Any], revision: int) -> None:
        name, host = made["metadata"]["name"], made["spec"]["dnsNames"][0]
        by = self.spoil.get("by", CA)
        leaf = self.last if self.last and not self.again else issue(name, self.spoil.get("names", [host]), by=by)
        self.last = leaf
        chain = base64.b64encode(chain_pem(leaf).encode()).decode()
        self.objects["certificaterequests"].append({
            "metadata": {"name": f"{name}-{revision}", "uid": f"{name}-{revision}", "ownerReferences": [{"uid": name}],
                         "annotations": {"cert-manager.io/certificate-revision": str(revision)}},
            "spec": {}, "status": {"certificate": chain, "ca": base64.b64encode(chain_pem(CA).encode()).decode(), "conditions": [
                {"type": "Ready", "status": "True", "reason": "Issued",
                 "lastTransitionTime": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}]}})
        made["status"] = {"revision": revision, "conditions": [{"type": "Ready", "status": "True"}]}
        key = base64.b64encode(self.spoil.get("key", leaf).key_pem.encode()).decode()
        secret = {"data": {"tls.crt": chain, "tls.key": key}} if self.secrets else api_error(403, "secrets is forbidden")
        self.ctx.client.answers[f"/api/v1/namespaces/{SPACE}/secrets/{name}-tls"] = secret

    def _patched(self, path: str, body: dict[str, Any], **_more: Any) -> dict[str, Any]:
        assert path.endswith("/status") and [c.get("reason") for c in body["status"]["conditions"]][-1] == "ManuallyTriggered"
        name = path.split("/")[-2]
        self._issue(next(c for c in self.objects["certificates"] if c["metadata"]["name"] == name), 2)
        return {}

    def _deleted(self, kind: str, name: str, **_more: Any) -> None:
        self.ctx.deleted.append((kind, name))
        for plural in ("certificates", *([] if self.stays else ["certificaterequests"])):
            self.objects[plural] = [i for i in self.objects[plural] if not i["metadata"]["name"].startswith(name)]


# ---- whom it asks -------------------------------------------------------------------------------------------------
def test_a_ca_needs_nothing_and_what_is_issued_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, issuer("company"))
    ctx = world.run()
    assert ctx.observed["asked"] == ["ClusterIssuer company"] and not ctx.warnings
    assert set(ctx.measurements) == {f"ClusterIssuer company: {w} after" for w in ("issued", "renewed")}
    made = ctx.created[0]
    assert made["spec"]["issuerRef"] == {"name": "company", "kind": "ClusterIssuer", "group": "cert-manager.io"}
    assert ctx.adopted == [("Secret", f"{made['metadata']['name']}-tls")] and "labels" in made["spec"]["secretTemplate"]


@pytest.mark.parametrize(("found", "words"), [
    ([acme("le", STAGING)], "ClusterIssuer le was not asked: .*certificates_check_cert_manager_domain$"),
    ([acme("le", STAGING), issuer("company")], "ClusterIssuer le was not asked: .*; everything holds of ClusterIssuer company"),
    ([acme("a", "https://10.0.0.1/dir"), acme("b", STAGING)], "ClusterIssuer a, ClusterIssuer b were not asked")])
def test_without_a_domain_an_acme_issuer_is_never_green(monkeypatch: pytest.MonkeyPatch, found: list[Any], words: str) -> None:
    with pytest.raises(Inconclusive, match=words):
        World(monkeypatch, *found).run()


@pytest.mark.parametrize(("found", "options", "words"), [
    ([], {}, "has no issuer"),
    ([acme("le", PRODUCTION)], {"cert_manager_domain": "example.com"}, "ClusterIssuer le: its ACME server is one for all the world"),
    ([issuer("own", selfSigned={})], {}, "of the type selfSigned"),
    ([acme("le", STAGING)], {"cert_manager_domain": "example.com", "cert_manager_challenges": ["dns01"]}, "leaves it out")])
def test_nobody_is_asked_who_was_not_named(monkeypatch: pytest.MonkeyPatch, found: list[Any], options: dict[str, Any], words: str) -> None:
    with pytest.raises(DoesNotApply, match=words):
        World(monkeypatch, *found, **options).run()


@pytest.mark.parametrize(("solver", "words"), [
    ({"dns01": {}, "selector": {"dnsZones": ["example.org"]}}, "its solver takes names in example.org alone; name another domain in"),
    ({"selector": {}}, "ClusterIssuer le: it has no solver for http01 or dns01")])
def test_who_is_named_and_cannot_be_asked_is_no_matter_of_skipping(monkeypatch: pytest.MonkeyPatch, solver: Any, words: str) -> None:
    with pytest.raises(Inconclusive, match=words):
        World(monkeypatch, acme("le", STAGING, solver), cert_manager_issuers=["le"], cert_manager_domain="example.com").run()


def test_who_is_named_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [acme("le", PRODUCTION), issuer("own", selfSigned={}), issuer("here", space=SPACE), issuer("company")]
    ctx = World(monkeypatch, *found, cert_manager_domain="example.com", cert_manager_issuers=["le", "Issuer/here"]).run()
    assert ctx.observed["asked"] == ["ClusterIssuer le by http01", "Issuer here"]
    with pytest.raises(Inconclusive, match="neither NAME, ClusterIssuer/NAME nor Issuer/NAME.*validate_namespace"):
        World(monkeypatch, *found, cert_manager_issuers=["shop/le"]).run()
    with pytest.raises(StepFailed, match="there is no ClusterIssuer x; there are ClusterIssuer le"):
        World(monkeypatch, *found, cert_manager_issuers=["x"]).run()


def test_an_issuer_that_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    late = issuer("late", "False")
    ctx = World(monkeypatch, late, issuer("company")).run()
    assert ctx.warnings == ["ClusterIssuer late is not ready: KeyPairVerified: Signing CA verified"]
    for options in ({}, {"cert_manager_issuers": ["late"]}):
        with pytest.raises(StepFailed, match="is ready: ClusterIssuer late|is not ready: ClusterIssuer late"):
            World(monkeypatch, late, **options).run()


def test_issuers_that_may_not_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for options, asked in (({}, None), ({"cert_manager_issuers": ["company"]}, ["ClusterIssuer company"])):
        world = World(monkeypatch, **options)
        world.ctx.client.answers |= {CLUSTER_ISSUERS: api_error(403), ISSUERS: api_error(403)}
        if asked:
            assert world.run().observed["asked"] == asked
            continue
        with pytest.raises(Inconclusive, match="may not be seen; name those to prove in"):
            world.run()


def test_no_cert_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.ctx.client.answers.pop(f"/apis/{API}")
    with pytest.raises(DoesNotApply, match="no cert-manager here"):
        world.run()


@pytest.mark.parametrize(("server", "public"), [
    (PRODUCTION, True), (STAGING, False), ("https://dv.acme-v02.api.pki.goog/directory", True),
    ("https://dv.acme-v02.test-api.pki.goog/directory", False), ("https://acme.zerossl.com/v2/DV90", True),
    ("https://10.1.2.3:14000/dir", False), ("https://ca.corp.example.com/acme", False), ("https://myletsencrypt.org/d", False), ("", False)])
def test_which_servers_are_for_all_the_world(server: str, public: bool) -> None:
    assert issuers.public(server) is public


# ---- solvers ------------------------------------------------------------------------------------------------------
WEB, ZONE, LABEL, NAMED = (
    {"http01": {}}, {"dns01": {}, "selector": {"dnsZones": ["example.com"]}},
    {"dns01": {}, "selector": {"matchLabels": {"use": "dns"}}}, {"http01": {}, "selector": {"dnsNames": ["www.example.com"]}})


@pytest.mark.parametrize(("solvers", "host", "able", "told"), [
    ([WEB, LABEL], "x.example.com", {"http01": {}, "dns01": {"use": "dns"}}, {}),
    ([WEB, ZONE], "x.example.com", {"dns01": {}}, {"http01": "another solver comes before it"}),
    ([WEB, ZONE], "x.example.org", {"http01": {}}, {"dns01": "names in example.com alone"}),
    ([WEB, {"dns01": {}}], "x.example.com", {"http01": {}}, {"dns01": "another solver"}),
    ([NAMED], "x.example.com", {}, {"http01": "the names www.example.com alone"})])
def test_the_solver_that_takes_a_name(solvers: list[Any], host: str, able: dict[str, Any], told: dict[str, str]) -> None:
    found, why = issuers.ways(Issuer("ClusterIssuer", "x", solvers=tuple(solvers)), host)
    assert {w: labels for w, (labels, _solver) in found.items()} == able
    assert set(why) == set(told) and all(told[w] in why[w] for w in told)


# ---- what was issued ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("spoil", "words"), [
    ({"names": ["other.test"]}, "it is for other.test, not for cm0-"),
    ({"by": issue("other", ca=True)}, "the chain does not lead to the CA of the issuer"),
    ({"key": issue("other", ["x"])}, "the key in the Secret is not that of the certificate")])
def test_what_was_issued_is_not_right(monkeypatch: pytest.MonkeyPatch, spoil: dict[str, Any], words: str) -> None:
    world = World(monkeypatch, issuer("company"))
    world.spoil = spoil
    with pytest.raises(StepFailed, match=words):
        world.run()


def test_the_same_certificate_once_more_is_no_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, issuer("company"))
    world.again = False
    with pytest.raises(StepFailed, match="the serial number of the one before"):
        world.run()


def test_a_secret_that_may_not_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, issuer("company"))
    world.secrets = False
    assert [w for w in world.run().warnings if "rbac_optional: issued_secrets" in w] == world.ctx.warnings


@pytest.mark.parametrize(("own", "may", "refused"), [(True, False, False), (False, True, False), (False, False, True)])
def test_no_secret_is_left_where_others_work(monkeypatch: pytest.MonkeyPatch, own: bool, may: bool, refused: bool) -> None:
    world = World(monkeypatch, issuer("company"))
    world.ctx.run_id = world.ctx.run_id if own else "another"
    world.ctx.client.answers[REVIEWS] = lambda _body: {"status": {"allowed": may}}
    if not refused:
        assert world.run().created
        return
    with pytest.raises(Inconclusive, match="would stay in namespace .*issued_secrets"):
        world.run()
    assert not world.ctx.created


def test_nobody_does_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, issuer("company"))
    world.late = True
    world.ctx.client.answers |= {f"/apis/apps/v1/{k}": {"items": []} for k in ("deployments", "daemonsets")} | {
        "/api/v1/services": {"items": []}}
    with pytest.raises(StepFailed, match=r"no certificate was issued within .* \(nobody has written a condition to the Certificate\)"):
        world.run()
    assert world.ctx.observed["not_issued"]["ClusterIssuer company"]["conditions"] == {}


@pytest.mark.parametrize(("found", "seconds"), [((acme("le", STAGING),), 15), ((acme("le", STAGING), issuer("company")), 300)])
def test_a_solver_that_no_node_takes_is_not_waited_for_by_those_who_have_nothing_else(
        monkeypatch: pytest.MonkeyPatch, found: tuple[dict[str, Any], ...], seconds: float) -> None:
    world = World(monkeypatch, *found, cert_manager_domain="example.com", cert_manager_limit=300)
    world.late = True
    pod = {"metadata": {"name": "cm-acme-http-solver-x"}, "spec": {}, "status": {"conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu."}]}}
    world.ctx.client.answers |= {f"/apis/apps/v1/{k}": {"items": []} for k in ("deployments", "daemonsets")} | {
        "/api/v1/services": {"items": []}, f"/api/v1/namespaces/{SPACE}/pods": {"items": [pod]}}
    start = Now.clock.monotonic()
    with pytest.raises(StepFailed, match="no certificate was issued within"):
        world.run()
    assert Now.clock.monotonic() - start == pytest.approx(seconds, abs=5) and ("Pod", SPACE, pod["metadata"]["name"]) in world.ctx.path


def test_what_stays_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, issuer("company"))
    world.stays = True
    with pytest.raises(StepFailed, match="there is still certificaterequest/cm0-"):
        world.run()


def test_the_parts_of_cert_manager_by_their_images() -> None:
    def one(name: str, image: str, ready: int = 1) -> dict[str, Any]:
        return {"metadata": {"name": name, "namespace": "cm"}, "spec": {"replicas": 1, "template": {"spec": {
            "containers": [{"image": image}]}}}, "status": {"readyReplicas": ready}}

    found = parts([one("a", "quay.io/jetstack/cert-manager-controller:v1.18.2"), one("b", "registry:5000/x/cert-manager-webhook@sha256:0", 0),
                   one("c", "docker.io/bitnami/cert-manager:1.18"), one("d", "my/cert-manager-dashboard:1")])
    assert found == {"deployment/cm/a": ("controller", 1), "deployment/cm/b": ("webhook", 0), "deployment/cm/c": ("controller", 1)}
