# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ends, of all that a cluster stands on; and what is no fault."""
from __future__ import annotations

import base64
import json
import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates import hooks
from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates import secrets as cert_secrets
from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates import servers as cert_servers
from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates.read import of_der
from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates.time import Bounds, Clocks, near
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.checks import certificate_world as made
from ansible_collections.assay.clusters.tests.unit.checks.certificate_world import CA, HOOK, HOOK_CA, World, ago, kubelet, request
from tests.fakes.authority import issue, tls_secret

DAY = 86400.0


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


def failed(world, words):
    with pytest.raises(StepFailed, match=words):
        world.run()


def test_a_healthy_cluster_passes(world):
    ctx = world.run()
    assert ctx.warnings == [] and world.bad() == set() and "not_looked_at" not in ctx.observed
    assert {o["target"] for o in ctx.observations} == {
        "apiserver/api.test:6443", "apiserver/10.0.0.1:6443", "node/n1", "node/n2", "validatingwebhookconfiguration/guard",
        "secret/web/site", "ingress/web/site"}
    assert ctx.observed["certificates"] == 7 and ctx.measurements["days until the first certificate ends"] == pytest.approx(400, abs=1)


# ---- how near is near ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("life", "left", "level"), [
    (365, 31, ""), (365, 29, "warn"), (365, 8, "warn"), (365, 6.9, "fail"), (365, -1, "fail"), (3650, 29, "warn"),
    (90, 16, ""), (90, 14, "warn"), (90, 7.4, "warn"), (90, 6.9, "fail"), (6, 1.1, ""), (6, 0.9, "warn"), (6, 0.4, "fail"),
    (1, 0.2, ""), (1, 0.1, "warn"), (1, 0.05, "fail")])
def test_an_end_is_near_by_the_length_of_a_life(life, left, level):
    clocks = Clocks(1e9, 1e9)
    assert near(1e9 + left * DAY, life * DAY, clocks, Bounds(30, 7))[0] == level


@pytest.mark.parametrize(("bounds", "left", "level"), [
    (Bounds(60, 50, 0, 0), 55, "warn"), (Bounds(60, 50, 0, 0), 49, "fail"), (Bounds(0, 0, 0, 0), 0.1, ""),
    (Bounds(0, 7, 0, 0), 6, "fail"), (Bounds(1, 7), 6, "fail")])
def test_days_of_ones_own_are_meant_as_they_are(bounds, left, level):
    assert near(1e9 + left * DAY, 90 * DAY, Clocks(1e9, 1e9), bounds)[0] == level


@pytest.mark.parametrize("ahead", [-3 * DAY, 3 * DAY])
def test_nothing_has_ended_by_one_clock_alone(world, ahead):
    """The API server's is before, or after it; ours is between."""
    ends = -1 if ahead < 0 else 1
    world.served["api.test", 6443] = [issue("kube-apiserver", by=CA, ends=ends, begins=-400)]
    world.ctx.client.ahead = ahead
    warned = " ".join(world.run().warnings)
    assert "apiserver/api.test:6443 ended on" in warned and "by one of two clocks" in warned and world.bad() == set()
    assert ("ahead of" if ahead < 0 else "behind") in warned


def test_a_begin_that_is_to_come(world):
    world.served["api.test", 6443] = [issue("kube-apiserver", by=CA, begins=2)]
    failed(world, r"the time of every certificate has begun, but: apiserver/api.test:6443 begins in 48 hours only")
    assert world.bad() == {("begin", "apiserver/api.test:6443")}
    world.ctx.client.ahead = 3 * DAY
    world.ctx.observations.clear()
    assert "still to come by one of two clocks" in world.run().warnings[0]


# ---- API servers, kubelets, requests, our own --------------------------------------------------------------------------
def test_each_api_server_by_its_own_address(world):
    world.served["10.0.0.1", 6443] = [issue("kube-apiserver", by=CA, ends=3)]
    failed(world, "apiserver/10.0.0.1:6443 ends in 3 days, on .* noticed by every client of the API")
    assert world.bad() == {("time", "apiserver/10.0.0.1:6443")}


def test_the_cas_end_is_that_of_all_it_signed(world):
    old = issue("kubernetes", ca=True, ends=3, key=CA.key)
    world.ctx.items["configmaps"] = {(world.ctx.namespace, "kube-root-ca.crt"): {"data": {"ca.crt": old.pem}}}
    failed(world, "its CA kubernetes ends in 3 days")
    world.ctx.items["configmaps"] = {(world.ctx.namespace, "kube-root-ca.crt"): {"data": {"ca.crt": old.pem + CA.pem}}}
    world.ctx.observations.clear()
    world.run()  # it is being replaced
    assert world.bad() == set()


def test_somebody_elses_server_at_a_private_address_is_not_judged(world):
    """From here it is another one; from inside it is ours."""
    asked = []

    def seen(host, port):
        asked.append((host, port))
        foreign = issue("printer", ends=-9)
        return [foreign] if (host, port) == ("10.0.0.1", 6443) and asked.count((host, port)) == 1 else world.served[host, port]

    world.seen = seen
    world.run()
    assert world.bad() == set() and asked.count(("10.0.0.1", 6443)) == 2


def test_kubelets_are_judged_by_when_they_had_to_ask_for_another(world):
    world.served["10.0.0.1", 10250] = [kubelet("n1", ends=2.8, begins=-27.2)]  # 9.3 % of 30 days: in time
    assert world.run().warnings == []
    world.served["10.0.0.1", 10250] = [kubelet("n1", ends=2.5, begins=-27.5)]
    assert "node/n1 ends in 60 hours" in world.run().warnings[0]
    world.served["10.0.0.1", 10250] = [kubelet("n1", ends=1, begins=-29)]
    failed(world, "node/n1 ends in 24 hours, on .* noticed by kubectl logs and exec")
    assert world.bad() == {("time", "node/n1")} and world.ctx.seen(ok=False)[0]["to_node"] == "n1"


def test_what_a_kubelet_signs_itself_is_no_fault(world):
    own = issue("n1-ca@1700000000", ca=True)
    world.served["10.0.0.1", 10250] = [issue("n1@1700000000", ["n1"], by=own), own]
    assert world.run().warnings == [] and world.bad() == set()
    world.served["10.0.0.1", 10250] = [issue("n1@1700000000", ["n1"], by=own, ends=-5), own]
    assert "node/n1 signed its certificate itself, which ended 5 days ago" in world.run().warnings[0] and world.bad() == set()


def test_kubelets_that_are_not_reached_are_told_and_no_fault(world):
    del world.served["10.0.0.1", 10250]
    world.served["10.0.0.2", 10250] = [issue("switch", ends=-1)]
    left = world.run().observed["not_looked_at"]
    assert left == {"2 of 2 kubelets": "(n1: refuses the connection, or no way leads there, asked from a probe)"}
    assert world.bad() == set() and world.ctx.warnings == [f"not looked at: 2 of 2 kubelets {left['2 of 2 kubelets']}"]


@pytest.mark.parametrize(("cert", "judged"), [
    (kubelet("n1"), True), (issue("static", addresses=["10.0.0.1"], by=CA), True), (issue("static", ["n1"], by=CA), True),
    (kubelet("n9"), False), (issue("static", ["other"], by=CA), False)])
def test_what_answers_at_a_nodes_address_is_judged_where_it_says_that_it_is_its_kubelet(world, cert, judged):
    world.served["10.0.0.1", 10250] = [cert]
    world.run()
    assert ({o["target"] for o in world.ctx.observations} >= {"node/n1"}) is judged


def test_a_network_that_holds_all_probes_is_asked_a_few_times_only(world):
    nodes = {f"m{n}": {"metadata": {"name": f"m{n}"}, "status": {"addresses": [{"type": "InternalIP", "address": f"10.9.0.{n}"}]}}
             for n in range(40)}
    world.ctx.fleet.watch.there = nodes
    world.ctx.fleet.asked = sorted(nodes)
    calls = []
    shell = world._shell
    for p in world.ctx.probes.all:
        p._shell = lambda probe, command: calls.append(command) or shell(probe, command)
    world.ctx.options["places"], world.exit = ["kubelets", "api_servers"], 28
    world.run()
    assert len(calls) <= 4 + 8
    assert world.ctx.warnings[0].startswith("not looked at: 40 of 40 kubelets (m0: does not answer in time, asked from a probe)")


@pytest.mark.parametrize("address", ["10.0.0.1;reboot", "$(reboot)", "a b", "10.0.0.1/x"])
def test_no_name_of_an_object_is_a_command(world, address):
    """Whoever may write a Node's status could have our probe run something."""
    world.ctx.fleet.watch.there["n1"]["status"]["addresses"][0]["address"] = address
    asked = []
    for p in world.ctx.probes.all:
        p._shell = lambda probe, command: asked.append(command) or ("", "exit status 7")
    assert "has a name that no probe is asked with" in json.dumps(world.run().observed["not_looked_at"])
    assert asked and not [c for c in asked if address in c]


@pytest.mark.parametrize(("asked", "waits"), [
    ([{}], ["a"]), ([{"age": 60}], []), ([{"signer": "example.com/other"}], []), ([{"condition": "Approved"}], []),
    ([{}, {"age": 800, "condition": "Approved"}], []),
    ([{"age": 800}, {"condition": "Denied"}], ["a"]),
    ([{}, {"user": "system:node:n2", "age": 800, "condition": "Approved"}], ["a"])])
def test_requests_that_nobody_approves(world, asked, waits):
    """Their ages are as of now: tests are collected long before."""
    world.answers[cert_servers.REQUESTS]["items"] = [request(name, **how) for name, how in zip("ab", asked)]
    if waits:
        failed(world, "certificatesigningrequest/a of system:node:n1 for kubernetes.io/kubelet-serving has waited for 1. minutes")
        assert world.ctx.seen(ok=False)[0]["to_node"] == "n1"
    else:
        world.run()
    assert world.bad() == {("request", f"certificatesigningrequest/{n}") for n in waits}


def _jwt(**claims):
    def part(data):
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")
    return f"{part({'alg': 'none'})}.{part(claims)}.c2lnbmF0dXJl"


def test_the_kubeconfigs_own_certificate_and_token(world, tmp_path):
    path, now = tmp_path / "both.pem", time.time()
    mine = issue("admin", ends=3)
    path.write_text(mine.key_pem + mine.pem)
    connection = world.ctx.client.connection
    connection.configuration.cert_file = str(path)
    connection.secrets = lambda: [_jwt(exp=now + 2 * DAY, iat=now - 300 * DAY), "opaque", _jwt(exp=now + 600, iat=now - 600)]
    failed(world, "kubeconfig/certificate ends in 3 days.*kubeconfig/token ends in 48 hours")
    assert world.bad() == {("time", "kubeconfig/certificate"), ("time", "kubeconfig/token")}
    assert connection.secrets()[0] not in json.dumps([world.ctx.observed, world.ctx.observations])


# ---- what API servers call ---------------------------------------------------------------------------------------------
def _hook(world, *bundle):
    world.answers[hooks._ADMISSION + "validatingwebhookconfigurations"]["items"] = [made.webhook("guard", *bundle)]


GUARD = "validatingwebhookconfiguration/guard"


@pytest.mark.parametrize(("bundle", "served", "bad"), [
    ((issue("hook-ca", ca=True),), HOOK, {("trust", GUARD)}), ((issue("other", ca=True),), HOOK, {("trust", GUARD)}),
    ((issue("other", ca=True), HOOK_CA), HOOK, set()), ((), HOOK, set()), ((HOOK,), HOOK, set()),
    ((HOOK_CA,), issue("hook", ["hook.svc"], by=HOOK_CA), {("name", GUARD)}),
    ((HOOK_CA,), issue("hook", ["hook.tools.svc"], by=HOOK_CA, ends=-1), {("time", GUARD)}),
    ((issue("hook-ca", ca=True, ends=-1, key=HOOK_CA.key),), HOOK, {("time", GUARD)}),
    ((issue("hook-ca", ca=True, ends=-1, key=HOOK_CA.key), HOOK_CA), HOOK, set())])
def test_webhooks_against_their_bundles(world, bundle, served, bad):
    _hook(world, *bundle)
    world.served["10.0.9.9", 443] = [served]
    if bad:
        failed(world, GUARD)
    else:
        assert world.run().warnings == []
    assert world.bad() == bad


def test_a_webhook_that_does_not_answer_is_told_and_its_bundle_judged(world):
    world.served["10.0.9.9", 443] = "away"
    assert world.run().observed["not_looked_at"] == {GUARD: "refuses the connection, or no way leads there, asked from a probe"}
    _hook(world, issue("hook-ca", ca=True, ends=-2))
    failed(world, f"{GUARD} ended 48 hours ago, on .* noticed by whoever writes what webhook guard.test guards")


def test_conversions_and_aggregated_apis_and_what_they_do_not_verify(world):
    client = made.webhook("x", HOOK_CA)["webhooks"][0]["clientConfig"]
    world.answers[hooks._CRDS]["items"] = [
        {"metadata": {"name": "things.test"}, "spec": {"conversion": {"strategy": "Webhook", "webhook": {"clientConfig": client}}}},
        {"metadata": {"name": "plain.test"}, "spec": {"conversion": {"strategy": "None"}}}]
    world.answers[hooks._APIS]["items"] = [
        {"metadata": {"name": "v1.test"}, "spec": client}, {"metadata": {"name": "v1."}, "spec": {}},
        {"metadata": {"name": "v1.loose"}, "spec": {"service": client["service"], "insecureSkipTLSVerify": True}}]
    _hook(world, HOOK_CA)
    world.served["10.0.9.9", 443] = [issue("stray", ["stray"], ends=-1)]
    failed(world, "its clients trust, but: validatingwebhook")
    of = {"customresourcedefinition/things.test", "apiservice/v1.test", GUARD}
    assert world.bad() == {(variant, target) for variant in ("trust", "name", "time") for target in of}


def test_a_url_is_reached_by_api_servers_alone(world):
    world.answers[hooks._ADMISSION + "mutatingwebhookconfigurations"]["items"] = [
        made.webhook("far", url="https://127.0.0.1:23443/mutate")]
    assert "127.0.0.1:23443" in world.run().observed["not_looked_at"]["mutatingwebhookconfiguration/far"]


# ---- Secrets and Ingresses ---------------------------------------------------------------------------------------------
def _stored(world, *items):
    world.answers[cert_secrets.SECRETS]["items"] = list(items)


def test_a_secret_that_ends_fails_only_where_something_uses_it(world):
    old = issue("old", ["www.site.test"], ends=-3)
    _stored(world, tls_secret("site", "web", old), tls_secret("left", "web", old), tls_secret("mounted", "apps", old))
    pod = {"metadata": {"name": "shop"}, "spec": {"volumes": [
        {"name": "a", "emptyDir": {}}, {"name": "b", "projected": {"sources": [{"secret": {"name": "mounted"}}]}}]}}
    world.answers["/api/v1/namespaces/apps/pods"] = {"items": [pod]}
    world.answers["/api/v1/namespaces/web/pods"] = {"items": []}
    world.served["192.0.2.1", 443] = [old]
    failed(world, r"secret/web/site ended 3 days ago.*ingress/web/site")
    assert world.bad() == {("time", "secret/web/site"), ("time", "secret/apps/mounted"), ("time", "ingress/web/site")}
    _stored(world, tls_secret("left", "web", old))
    world.ctx.observations.clear()
    world.served["192.0.2.1", 443] = [made.SITE]
    assert "noticed by nobody: no Ingress and no pod uses it" in world.run().warnings[0] and world.bad() == set()


@pytest.mark.parametrize(("due", "bad"), [(3600 * 30, False), (-3600 * 30, True)])
def test_what_cert_manager_renews_in_time_is_not_near_its_end(world, due, bad):
    young = issue("site", ["www.site.test"], ends=5)
    _stored(world, tls_secret("site", "web", young))
    world.served["192.0.2.1", 443] = [young]
    world.ctx.options["places"] = ["secrets", "kubelets"]
    world.answers[cert_secrets.CERTIFICATES] = {"items": [{
        "metadata": {"namespace": "web", "name": "site"}, "spec": {"secretName": "site"}, "status": {"renewalTime": ago(-due)}}]}
    if bad:
        failed(world, "secret/web/site ends in 5 days.* and cert-manager had to renew it on")
    else:
        assert world.run().warnings == []


@pytest.mark.parametrize(("stored", "served", "bad", "words"), [
    (issue("site", ["www.site.test"], begins=-1), made.SITE, {("stale", "ingress/web/site")}, "has not loaded it"),
    (made.SITE, issue("default", ["ingress.local"]), {("name", "ingress/web/site"), ("other", "ingress/web/site")},
     "serves a certificate for ingress.local in place of the one of secret/web/site"),
    (made.SITE, issue("front", ["*.site.test"], begins=-1), set(), ""),
    (issue("site", ["www.site.test"], begins=-0.001), made.SITE, set(), "has not loaded it")])
def test_what_is_served_against_what_is_stored(world, stored, served, bad, words):
    """A front that has a newer one of its own is no fault; one of a moment ago is only told."""
    _stored(world, tls_secret("site", "web", stored))
    world.served["192.0.2.1", 443] = [served]
    if bad:
        failed(world, words)
    else:
        assert words in " ".join(world.run().warnings)
    assert world.bad() - {("name", "ingress/web/site")} == bad - {("name", "ingress/web/site")}


@pytest.mark.parametrize(("address", "shown_here", "left"), [
    ("10.7.7.7", made.SITE, False), ("lb.test", made.SITE, False), ("10.7.7.7", issue("printer"), True), ("203.0.113.9", issue("printer"), True)])
def test_a_private_address_may_be_another_machines_from_here(world, monkeypatch, address, shown_here, left):
    """Pods do not reach it, and from here something answers."""
    world.answers[cert_secrets.INGRESSES]["items"][0]["status"]["loadBalancer"]["ingress"] = [{"ip": address}]
    monkeypatch.setattr(cert_secrets, "chain", lambda place, timeout: [shown_here.der])
    world.run()
    assert world.bad() == set() and ("ingress/web/site (www.site.test)" in world.ctx.observed.get("not_looked_at", {})) is left


def test_an_api_server_that_falls_silent_proves_nothing_but_what_was_seen(world):
    world.answers[cert_secrets.SECRETS] = ApiError("unreachable", None, "ConnectTimeout", "no answer", "GET", "/api/v1/secrets")
    with pytest.raises(ApiError, match="no answer"):
        world.run()
    world.served["10.0.0.1", 10250] = [kubelet("n1", ends=-1)]
    failed(world, "node/n1 ended")


def test_nothing_of_a_secret_but_its_certificate_is_kept():
    item = tls_secret("site", "web", made.SITE)
    kept = cert_secrets.certificate_alone(item)
    assert kept["key"] == ("web", "site") and kept["chain"] == [of_der(made.SITE.der)]
    assert item["data"]["tls.key"] not in repr(kept) and "PRIVATE" not in repr(kept)


def test_a_user_without_the_optional_rights_is_told_what_was_not_looked_at(world):
    lists = [path for _name, path, _read, _page in hooks._LISTS]
    world.forbid(cert_secrets.SECRETS, cert_secrets.INGRESSES, cert_servers.REQUESTS, *lists)
    left = world.run().observed["not_looked_at"]
    assert set(left) == {"TLS Secrets", "ingresses", "certificatesigningrequests", *(n for n, *_rest in hooks._LISTS)}
    assert world.bad() == set() and world.ctx.warnings == [
        "not looked at: certificatesigningrequests may not be listed, validatingwebhookconfigurations may not be listed, "
        "mutatingwebhookconfigurations may not be listed and 3 more"]
    assert "TLS Secrets" not in world.ctx.warnings[0], "that right is given on demand alone"


def test_where_nothing_can_be_looked_at_nothing_is_proved(world):
    world.served.clear()
    world.forbid(cert_secrets.SECRETS, cert_secrets.INGRESSES)
    world.answers[hooks._ADMISSION + "validatingwebhookconfigurations"]["items"] = []
    with pytest.raises(Inconclusive, match="^no certificate could be looked at: "):
        world.run()


def test_places_that_are_not_wanted_are_not_asked(world):
    world.ctx.options["places"] = ["kubelets"]
    world.run()
    assert world.ctx.client.asked == [] and {o["target"] for o in world.ctx.observations} == {"node/n1", "node/n2"}
