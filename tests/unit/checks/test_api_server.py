# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Health lines, and the use of the API."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._api.health import health
from ansible_collections.assay.clusters.plugins.module_utils.checks.api_server import APISERVICES, unavailable
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.checks.api_servers import BAD, GOOD, Server, apiservice
from ansible_collections.assay.clusters.tests.unit.checks.fakes import api_error


@pytest.fixture
def server(monkeypatch):
    return Server(monkeypatch)


def test_healthy_server_passes(server):
    ctx = server.run()
    assert not ctx.warnings
    healthy = {o["target"] for o in ctx.seen(kind="api", variant="health", ok=True)}
    assert healthy == {"/livez", "/readyz", "/readyz/etcd"}
    assert {o["target"] for o in ctx.seen(variant="replica", ok=True)} == {"10.0.0.1:6443", "10.0.0.2:6443"}
    assert ctx.observed["readyz_checks"] == 2
    assert {"create", "create to watch event", "read, median", "write, median", "delete"} <= set(ctx.measurements)


def test_pages_of_what_stands_before_the_api_server_are_a_warning(server):
    server.ctx.client.pages += ["502 Bad Gateway", "504 Gateway Time-out", "502 Bad Gateway"]
    assert server.run().warnings == [
        "something before the API server answered 3 requests with pages of its own: 502 Bad Gateway, 504 Gateway Time-out"]


def test_health_lines():
    told = health(500, BAD)
    assert not told.ok and told.failed == {"etcd": "failed: reason withheld"} and told.passed == 2
    assert health(200, "ok") == health(200, "ok\n\n")


@pytest.mark.parametrize("error", [api_error(500, BAD), api_error(500, "Internal Server Error", BAD),
                                   api_error(500, "failed", {"kind": "Status", "message": BAD})])
def test_unready_server_names_the_failed_lines_wherever_they_stand(server, error):
    server.ctx.client.answers["/readyz"] = error
    with pytest.raises(StepFailed, match="/readyz answers 500: etcd failed: reason withheld"):
        server.run()
    assert server.ctx.seen(kind="api", target="/readyz/etcd", ok=False)
    assert server.ctx.steps[-1] == "the API server is ready" and server.ctx.observed["failed_checks"] == ["etcd"]


def test_errors_of_other_kinds_are_handed_on(server):
    server.ctx.client.answers["/livez"] = api_error(401, "Unauthorized")
    with pytest.raises(ApiError) as raised:
        server.run()
    assert raised.value.status == 401


def test_dead_store_and_missing_line(server):
    server.ctx.client.answers["/readyz/etcd"] = api_error(500, "etcd failed")
    with pytest.raises(ApiError, match="etcd failed"):
        server.run()
    server.ctx.client.answers["/readyz/etcd"] = api_error(404)
    assert "not tested" in server.run().observed["store"]
    server.ctx.client.answers["/readyz/etcd"] = api_error(403)
    assert "not allowed" in server.run().observed["store"], "etcd's line of /readyz was read"


def test_object_that_is_read_back_changed(server):
    server.ctx.on_create = lambda m: {**server.created(m), "metadata": {"name": "x", "uid": "another"}}
    with pytest.raises(StepFailed, match="read back changed"):
        server.run()


def test_server_that_answers_for_objects_that_do_not_exist(server):
    name = f"/api/v1/namespaces/{server.ctx.namespace}/configmaps/absent-{server.ctx.nonce}"
    server.ctx.client.answers[name] = {}
    with pytest.raises(StepFailed, match="which does not exist, is answered"):
        server.run()


@pytest.mark.parametrize(("read", "write", "slow"), [
    (0.26, 0.51, ["reading", "writing"]), (0.26, 0.49, ["reading"]), (0.24, 0.51, ["writing"]), (0.24, 0.49, [])])
def test_slow_answers_warn(server, read, write, slow):
    server.ctx.client.takes = {"get": read, "patch": write}
    ctx = server.run()
    assert [w.split(" one ")[0] for w in ctx.warnings] == slow
    assert {o["variant"] for o in ctx.seen(target="latency", ok=False)} == {w[:4] + "e" * (w == "writing") for w in slow}
    assert ctx.measurements["read, median"] == pytest.approx(read * 1000)


# ---- time ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_moment_of_ill_health_is_outlasted(server, clock, path):
    """As after an election of etcd's leader."""
    server.ctx.client.answers[path] = api_error(500, BAD)
    clock.after(5, lambda: server.ctx.client.answers.update({path: GOOD}))
    ctx = server.run()
    assert not ctx.seen(ok=False) and ctx.seen(target=path, ok=True)[0]["seconds"] >= 5


@pytest.mark.parametrize(("seconds", "looks"), [(600.0, 11), (15.0, 6), (10.0, 1), (3.0, 1)])
def test_ill_health_that_stays_is_told_in_time(server, clock, seconds, looks):
    """After ten seconds, and at once where no more are left to do the rest in."""
    server.ctx.deadline = clock.monotonic() + seconds
    server.ctx.client.answers["/readyz"] = api_error(503, BAD)
    with pytest.raises(StepFailed, match="/readyz answers 503: etcd failed"):
        server.run()
    assert server.ctx.client.asked.count("/readyz") == looks and clock.passed <= 10


@pytest.mark.parametrize(("seconds", "within"), [(600.0, 10), (4.0, 4)])
def test_a_watch_that_does_not_see_the_object_fails_in_time(server, clock, seconds, within):
    server.ctx.deadline = clock.monotonic() + seconds
    made = server.ctx.on_create

    def unseen(manifest):
        answer = made(manifest)
        server.ctx.items.clear()
        return answer

    server.ctx.on_create = unseen
    with pytest.raises(StepFailed, match=f"^a watch sees the object: not within {within} s$"):
        server.run()
    assert clock.passed == within


def test_aggregated_apis(server):
    server.ctx.client.answers[APISERVICES]["items"].append(
        apiservice("v1.custom", "adapter", False, "MissingEndpoints"))
    with pytest.raises(StepFailed, match=r"1 of 3 APIs are not available: v1.custom \(MissingEndpoints: words\)"):
        server.run()
    assert {("Service", "kube-system", "adapter"), ("APIService", "", "v1.custom")} <= set(server.ctx.path)
    server.ctx.options["aggregated"] = False
    assert "v1.custom" in server.run().warnings[0]
    server.ctx.client.answers[APISERVICES] = api_error(403)
    assert "not tested" in server.run().observed["aggregated"]
    server.ctx.client.answers[APISERVICES] = api_error(500, "etcdserver: request timed out")
    with pytest.raises(ApiError, match="timed out"):
        server.run()
    assert unavailable({"metadata": {"name": "x"}}) == "has no Available condition"
