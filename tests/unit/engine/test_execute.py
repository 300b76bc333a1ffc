# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A check on a fake API server: its fixtures, its waiting, and how every way of ending becomes a verdict."""
from __future__ import annotations

import dataclasses
import threading
import time
from types import SimpleNamespace

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import names
from ansible_collections.assay.clusters.plugins.module_utils.common.journal import Journal, read
from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply, Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.engine.context import Context, Shared
from ansible_collections.assay.clusters.plugins.module_utils.engine.execute import execute, overdue
from ansible_collections.assay.clusters.plugins.module_utils.engine.fixtures import Fixtures, Once
from ansible_collections.assay.clusters.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.patient import PatientClient
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import TransportError

SPACE = "/api/v1/namespaces/assay-r1"
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "labels": {"mine": "yes"}}}
# As the API server words a webhook that names no status (400), and a policy that names no reason (422).
DENIED = 'admission webhook "validate.policy.lab" denied the request: pods need an owner'
POLICY = "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'owners' with binding 'owners' denied request: pods need an owner"
RBAC = 'configmaps is forbidden: User "u" cannot create resource "configmaps" in API group ""'


@pytest.fixture
def run(api, tmp_path):
    """run(code, **class attributes): execute a check whose run() is code(ctx); fixtures and journal are real ones."""
    connection = Connection.resolve({"host": api.url}, {})
    client, journal = Client(connection), Journal(tmp_path, "r1", "c", api.url)
    fixtures = Fixtures(PatientClient(client, lambda: time.monotonic() + 60, lambda e: None), "r1",
                        names.labels("r1", 60), journal, time.monotonic() + 60)
    shared = Shared("c", "r1", client, fixtures, Once(Fleet), Once(lambda: None), {}, "")

    def call(code, seconds=10.0, applies="", **attributes):
        class Sample(Check):
            name, domain, proves = "sample", "own", "x"

            def applies(self, ctx):
                return applies

            def run(self, ctx):
                code(ctx)

        for name, value in attributes.items():
            setattr(Sample, name, value)
        sample = Sample()
        return execute(sample, Context(sample, {}, shared, time.monotonic() + seconds)).ctx

    call.shared, call.fixtures, call.journal = shared, fixtures, journal
    yield call
    fixtures.stop()
    client.close()
    connection.close()


def _raise(error):
    def code(ctx):
        raise error

    return code


def _error(kind="http", status=None, message=""):
    return ApiError(kind, status, "Some", message, "GET", "/x")


# ---- what is made ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("kind", "lives", "own", "ends"), [
    ("Pod", 2700.0, {}, 2700), ("Pod", 2700.0, {"activeDeadlineSeconds": 60}, 60), ("Pod", 0.0, {}, None), ("Service", 2700.0, {}, None)])
def test_a_pod_ends_by_itself_should_nobody_be_left_who_ends_it(run, kind, lives, own, ends):
    made = []
    manifest = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "p"}, "spec": {"containers": [], **own}}
    shared = dataclasses.replace(run.shared, lives=lives, fixtures=SimpleNamespace(
        create=lambda one, _client: made.append(one) or {"metadata": {}}))
    sample = SimpleNamespace(name="sample", domain="own", needs_cluster=True)
    Context(sample, {}, shared, time.monotonic() + 60).create(manifest)
    assert made[0]["spec"].get("activeDeadlineSeconds") == ends and manifest["spec"] == {"containers": [], **own}


# ---- verdicts -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "verdict", "message"), [
    (lambda ctx: None, "passed", ""),
    (lambda ctx: ctx.warn("slow disk"), "warned", "slow disk"),
    (lambda ctx: ctx.expect(False, "no answer", asked=3), "failed", "no answer"),
    (lambda ctx: ctx.inconclusive("no second node"), "inconclusive", "no second node"),
    (_raise(Inconclusive("no probe")), "inconclusive", "no probe"),
    (_raise(DoesNotApply("all nodes are virtual")), "skipped", "all nodes are virtual"),
    (_raise(TransportError("pod n/p: away")), "inconclusive", "a probe could not be asked: pod n/p: away"),
    (_raise(_error("unreachable", message="refused")), "inconclusive", "the API server did not answer: refused"),
    (_raise(_error("timeout", message="late")), "inconclusive", "the API server did not answer: late"),
    (_raise(_error(status=503, message="busy")), "inconclusive", "the API server did not answer: busy"),
    (_raise(_error(status=401, message="who")), "inconclusive", "the API server did not answer: who"),
    (_raise(_error(status=403, message=RBAC)), "inconclusive", f"not allowed: {RBAC}"),
    (_raise(_error(status=403, message="exceeded quota: q")), "inconclusive", "what the check makes is refused: exceeded quota: q"),
    *((_raise(_error(status=status, message=DENIED)), "inconclusive", f"what the check makes is refused: {DENIED}")
      for status in (400, 409, 422, 500)),
    (_raise(_error(status=422, message=POLICY)), "inconclusive", f"what the check makes is refused: {POLICY}"),
    (_raise(_error(status=422, message="spec.ports: Required value")), "failed", "spec.ports: Required value"),
    (_raise(_error(status=500, message='failed calling webhook "w"')), "failed", 'failed calling webhook "w"'),
    (_raise(_error(status=404, message="gone")), "failed", "gone"),
    (_raise(KeyError("x")), "inconclusive", "the check itself broke: KeyError: 'x'"),
])
def test_every_end_has_its_verdict(run, code, verdict, message):
    finding = run(code).finding
    assert (finding.verdict, finding.message) == (verdict, message)


def test_a_check_of_the_api_server_fails_where_others_could_not_be_made(run):
    assert run(_raise(_error("unreachable", message="refused")), needs_cluster=False).finding.verdict == "failed"
    assert run(_raise(_error(status=403, message="denied")), needs_cluster=False).finding.verdict == "failed", "its own subject"


def test_a_page_of_what_stands_before_the_api_server_is_no_failure_of_what_was_to_be_proved(run):
    error = _error(status=405, message="405 Not Allowed")
    error.page = True
    finding = run(_raise(error)).finding
    assert (finding.verdict, finding.message) == (
        "inconclusive", "something before the API server answered with a page of its own: 405 Not Allowed")
    assert run(_raise(error), needs_cluster=False).finding.verdict == "failed", "its own subject"


def test_a_check_that_does_not_apply_is_skipped_and_not_run(run):
    finding = run(_raise(AssertionError), applies="no load balancer here").finding
    assert (finding.verdict, finding.message) == ("skipped", "no load balancer here")


def test_a_pass_that_took_longer_than_expected_is_a_warning(run):
    finding = run(lambda ctx: time.sleep(0.02), expected=0.01).finding
    assert finding.verdict == "warned" and "expected at most" in finding.message


def test_the_first_unmet_step_is_the_one_that_is_named(run):
    def code(ctx):
        with ctx.step("the first claim"):
            ctx.expect(True, "")
        with ctx.step("the second claim"):
            ctx.fail("not so", seen="nothing")

    finding = run(code).finding
    assert (finding.step, finding.observed) == ("the second claim", {"seen": "nothing"})


@pytest.mark.parametrize("cause", [True, False])
def test_an_api_error_is_evidence_once_wherever_it_was_caught(run, api, cause):
    api.refuse[("GET", "/version")] = (403, "Forbidden", RBAC)

    def code(ctx):
        try:
            ctx.client.get("/version")
        except ApiError as e:
            raise (Inconclusive("no version") if cause else e) from e

    errors = run(code).finding.errors
    assert [(e["status"], e["message"]) for e in errors] == [(403, RBAC)]


# ---- fixtures -------------------------------------------------------------------------------------------------
def test_the_namespace_is_made_once_labelled_restricted_and_journaled_before(run, api):
    seen = []
    api.before = lambda request: seen.append(len(read(run.journal.path).objects)) if request.method == "POST" else None
    threads = [threading.Thread(target=run, args=(lambda ctx: ctx.namespace,)) for _turn in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert api.changes == [f"POST {SPACE}"] and seen == [1]
    labels = api.objects[SPACE]["metadata"]["labels"]
    assert labels[names.RUN] == "r1" and labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {names.EXPIRES, names.OWNER, names.MANAGED_BY} <= set(labels)


def test_an_object_is_labelled_journaled_and_on_the_path_of_the_finding(run, api):
    ctx = run(lambda ctx: ctx.create(CONFIG))
    made = api.objects[f"{SPACE}/configmaps/c"]["metadata"]
    assert made["labels"][names.RUN] == "r1" and made["labels"]["mine"] == "yes"
    assert [(o["kind"], o["namespace"]) for o in read(run.journal.path).objects] == [
        ("Namespace", ""), ("ConfigMap", "assay-r1")]
    assert ctx.finding.path == [{"kind": "ConfigMap", "namespace": "assay-r1", "name": "c"}]
    assert CONFIG["metadata"] == {"name": "c", "labels": {"mine": "yes"}}  # what the check gave is not changed


def test_a_namespace_that_is_refused_is_everybodys_reason_and_nothing_to_clean(run, api):
    api.refuse[("POST", "/api/v1/namespaces")] = (403, "Forbidden", "no new namespaces in a freeze")
    for _turn in range(2):
        finding = run(lambda ctx: ctx.create(CONFIG)).finding
        assert finding.verdict == "inconclusive"
        assert finding.message == "the run namespace could not be created: no new namespaces in a freeze"
        assert finding.errors[0]["status"] == 403
    # Once with the labels of Pod Security, which may be what is refused, and once without.
    assert len(api.server.asked("POST")) == 2 and read(run.journal.path).objects == []


def test_pods_wait_for_the_default_service_account(run, api):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}}
    account = threading.Timer(0.4, api.put, (f"{SPACE}/serviceaccounts/default",))
    account.start()
    assert run(lambda ctx: ctx.create(pod)).finding.verdict == "passed"
    account.join()
    posts = [p for p in api.changes if p.startswith("POST")]
    assert posts == [f"POST {SPACE}", f"POST {SPACE}/pods/p"]


def test_without_a_service_account_the_controller_manager_is_asked_about(run, api, monkeypatch):
    monkeypatch.setattr("ansible_collections.assay.clusters.plugins.module_utils.engine.fixtures.ACCOUNT_LIMIT", 0.3)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}}
    finding = run(lambda ctx: ctx.create(pod)).finding
    assert finding.verdict == "inconclusive" and "is kube-controller-manager running?" in finding.message
    assert api.names("pods") == []


def test_a_deleted_object_is_gone_before_the_step_goes_on_and_off_the_journal(run, api):
    def code(ctx):
        ctx.create(CONFIG)
        ctx.delete("ConfigMap", "c")
        ctx.expect(f"{SPACE}/configmaps/c" not in api.objects, "still there")
        ctx.delete("ConfigMap", "never-made")

    assert run(code).finding.verdict == "passed"
    assert [o["kind"] for o in read(run.journal.path).objects] == ["Namespace"]


# ---- waiting --------------------------------------------------------------------------------------------------
def test_waiting_ends_at_the_deadline_of_the_check_or_its_own(run):
    for seconds, own in ((0.3, None), (60.0, 0.3)):
        finding = run(lambda ctx, own=own: ctx.until(lambda: False, "the address", own, every=0.05), seconds=seconds).finding
        assert finding.verdict == "failed" and finding.message.startswith("the address: not within ")


def test_polling_goes_on_over_passing_errors_and_tells_the_last_one(run, api):
    api.refuse[("GET", "/version")] = (503, "Some", "starting")
    finding = run(lambda ctx: ctx.until(lambda: run.shared.client.get("/version"), "the version", 0.3, 0.05)).finding
    assert finding.message.endswith("; last: starting")
    threading.Timer(0.2, api.refuse.clear).start()
    assert run(lambda ctx: ctx.until(lambda: run.shared.client.get("/version"), "v", 10, 0.05)).finding.verdict == "passed"


def test_the_shared_watch_wakes_who_waits(run, api):
    def code(ctx):
        ctx.create(CONFIG)
        threading.Timer(0.3, api.put, (f"{SPACE}/pods/late",)).start()
        ctx.wait("pods", lambda items: ("assay-r1", "late") in items, "the pod")
        with pytest.raises(StepFailed, match="^another: not within "):
            ctx.wait("pods", lambda items: ("assay-r1", "never") in items, "another", 0.2)

    assert run(code).finding.verdict == "passed"


def test_an_abort_ends_all_waiting(run):
    threading.Timer(0.2, run.shared.abort.set).start()
    assert run(lambda ctx: ctx.until(lambda: False, "x", every=30.0), seconds=120).finding.verdict == "failed"


def test_work_in_parallel_keeps_its_order_and_raises_after_all_have_ended(run):
    ended = []

    def work(n):
        time.sleep(0.02 * (3 - n))
        ended.append(n)
        if n == 1:
            raise StepFailed("one")
        return n * n

    def code(ctx):
        assert ctx.in_parallel(lambda n: n * n, [1, 2, 3]) == [1, 4, 9]
        ctx.in_parallel(work, [0, 1, 2])

    finding = run(code).finding
    assert (finding.verdict, finding.message, sorted(ended)) == ("failed", "one", [0, 1, 2])


@pytest.mark.parametrize(("code", "nodes", "verdict", "how_far"), [
    (lambda ctx: [ctx.see("pod", True, from_node=n) for n in ("n1", "n2", "n1")], 5, "inconclusive", "; 2 of 5 nodes asked"),
    (lambda ctx: ctx.see("node", True, to_node="n1"), 5000, "inconclusive", "; 1 of 5,000 nodes asked"),
    (lambda ctx: ctx.in_parallel(lambda n: n, range(7)), 0, "inconclusive", "; 7 of 7 questions answered"),
    (lambda ctx: [ctx.see("pod", n != "n2", from_node=n) for n in ("n1", "n2")], 5, "failed",
     "; 2 of 5 nodes asked; 1 of 2 answers are not as they should be"),
    (lambda ctx: None, 5, "inconclusive", ""),
])
def test_a_check_that_went_on_asking_until_its_limit_says_how_far_it_came(run, code, nodes, verdict, how_far):
    for run_limit, words in ((0.0, "60 s"), (30.0, "the run's limit of 30 s")):
        outcome = overdue(run(code, limit=60.0), nodes, run_limit)
        assert (outcome.ctx.finding.verdict, outcome.ctx.finding.message) == (verdict, f"not finished within {words}{how_far}")
        assert outcome.seconds == (run_limit or 60.0)
