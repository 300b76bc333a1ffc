# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each API server by its own address: which are asked, whom they are believed to be, and what is no word about them."""
from __future__ import annotations

import ssl

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._api.health import Unreachable, health
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.tests.lab.pki import Pki
from ansible_collections.assay.clusters.tests.unit.checks.api_servers import BAD, Server

INSIDE = ("kubernetes.default.svc", "kubernetes", "api.test")


@pytest.fixture
def server(monkeypatch):
    return Server(monkeypatch)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("ca"))
    made.ca("ca", "the cluster")
    return (made.folder / "ca.crt").read_text()


def test_one_behind_a_load_balancer_that_is_not_ready(server):
    server.replicas["10.0.0.2"] = health(500, BAD)
    with pytest.raises(StepFailed, match=r"1 of 2 API servers are not ready: 10.0.0.2:6443 \(500 etcd\)"):
        server.run()


def test_those_that_cannot_be_asked_are_told_not_failed(server):
    server.replicas = {"10.0.0.1": Unreachable("timed out"), "10.0.0.2": health(403, "")}
    ctx = server.run()
    assert ctx.observed["not_asked_directly"] == {
        "10.0.0.1:6443": "timed out", "10.0.0.2:6443": "does not tell its health to strangers (403)"}
    assert ctx.observed["api_servers"] == 2 and not ctx.warnings
    server.replicas["10.0.0.1"] = Unreachable("certificate has expired", tls=True)
    assert "10.0.0.1:6443 does not verify: certificate has expired" in server.run().warnings[0]


@pytest.mark.parametrize("there", [health(404, "404 page not found"), health(200, "<html>Sign in</html>"), health(401, "{}"),
                                   health(502, "<html>Bad Gateway</html>"),
                                   Unreachable("self-signed certificate", tls=True, foreign=True)])
def test_somebody_else_at_a_private_address_is_no_broken_api_server(server, there):
    server.replicas["10.0.0.2"] = there
    ctx = server.run()
    assert list(ctx.observed["not_asked_directly"]) == ["10.0.0.2:6443"] and not ctx.warnings
    assert [o["target"] for o in ctx.seen(variant="replica")] == ["10.0.0.1:6443"]


@pytest.mark.parametrize(("proxy", "path", "why"), [("http://proxy.test:3128", "", "through a proxy"),
                                                    (None, "/k8s/clusters/c-m-x/", "below a path")])
def test_addresses_of_the_cluster_say_nothing_where_it_is_reached_through_something_else(server, proxy, path, why):
    server.settings.proxy = proxy
    server.ctx.client.connection.server += path
    assert why in server.run().observed["not_asked_directly"] and server.asked == []


@pytest.mark.parametrize("verify", [True, False])
def test_they_are_believed_by_the_clusters_own_ca_and_the_names_that_its_pods_use(server, ca, verify):
    """Whoever stands before them has a name and a CA of its own; and who verifies nothing there does so here."""
    server.settings.verify_ssl = verify
    server.publish(ca)
    server.run()
    for _address, names, context in server.asked:
        assert names == INSIDE and context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
        assert [dict(part[0] for part in c["subject"])["commonName"] for c in context.get_ca_certs()] == ["the cluster"]
    assert len(server.asked) == 2


@pytest.mark.parametrize("published", [None, "", "no certificate"])
@pytest.mark.parametrize("verify", [True, False])
def test_without_it_the_connections_trust_is_taken(server, clock, published, verify):
    server.settings.verify_ssl = verify
    server.publish(published)
    if published is None:
        server.ctx.items.clear()
    server.run()
    assert {(n, c.verify_mode == ssl.CERT_REQUIRED) for _a, n, c in server.asked} == {(("api.test",), verify)}
    assert (clock.passed >= 5) == (published is None), "it takes the controller a moment"
