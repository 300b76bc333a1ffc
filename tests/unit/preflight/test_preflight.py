# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A preflight names each thing that is missing in a line, and makes nothing."""
from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.action.preflight import ActionModule
from ansible_collections.assay.clusters.plugins.module_utils.engine import probe_maker, registry, rights
from ansible_collections.assay.clusters.plugins.module_utils.engine.fleet import Choice
from ansible_collections.assay.clusters.plugins.module_utils.engine.terms import Terms
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.preflight import cluster, permissions, platforms
from ansible_collections.assay.clusters.plugins.module_utils.preflight.entry import Look, Wish
from ansible_collections.assay.clusters.tests.unit.kube.server import Request, Server

CHECKS = [registry.load()[n] for n in ("dns", "storage")]
IMAGES = {"agnhost": "registry.k8s.io/e2e-test-images/agnhost:2.53"}


class Api:
    """An API server that allows all but `refused` (verb, resource, namespace), and answers GETs from `found`."""

    def __init__(self) -> None:
        self.refused: set[tuple[str, str, str]] = set()
        self.found: dict[str, Any] = {"/version": {"gitVersion": "v1.34.1"}}
        self.admin, self.namespace_says = False, ""
        self.before: Any = lambda request: None
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.server = Server(self._respond).start()

    def _respond(self, request: Request) -> None:
        self.requests.append((request.method, request.path, dict(request.query)))
        self.before(request)
        if request.method == "POST" and request.path == permissions.REVIEWS:
            request.answer({"status": {"allowed": self._allowed(request.data["spec"])}}, 201)
        elif request.method == "POST" and request.path == "/api/v1/namespaces":
            labels = request.data["metadata"]["labels"]
            if self.namespace_says and (self.namespace_says != "no level" or cluster._LEVEL in labels):
                request.refuse(403, "Forbidden", self.namespace_says)
            else:
                request.answer(request.data, 201)
        elif request.path == "/api/v1/events":
            reason = request.query["fieldSelector"].split(",")[0].removeprefix("reason=")
            request.answer({"items": [e for e in self.found.get("events", []) if e["reason"] == reason]})
        elif request.path in self.found:
            request.answer(self.found[request.path])
        elif request.path.rsplit("/", 1)[1] in ("nodes", "resourcequotas", "limitranges"):
            request.answer({"items": [], "metadata": {}})
        else:
            request.refuse(404, "NotFound", f"{request.path} not found")

    def _allowed(self, spec: dict[str, Any]) -> bool:
        of = spec.get("resourceAttributes")
        if of is None or of["verb"] == "*":
            return self.admin if of else True
        below = f"/{of['subresource']}" if "subresource" in of else ""
        return (of["verb"], of["resource"] + below, of.get("namespace", "")) not in self.refused

    def made(self) -> list[Any]:
        """What was asked that could have changed something."""
        return [r for r in self.requests if r[0] != "GET" and r[1] != permissions.REVIEWS and r[2].get("dryRun") != "All"]


@pytest.fixture
def api():
    made = Api()
    yield made
    made.server.stop()


def _look(api: Api | None, namespace: str = "", **wish: Any) -> dict[str, Any]:
    connection = Connection.resolve({"host": api.server.url}, {}) if api else None
    wished = {"host": "c", "connection": connection, "checks": CHECKS, "terms": Terms(namespace), "images": IMAGES,
              "optional": ["reads"], "seconds": 20.0, **wish}
    try:
        return Look(Wish(**wished), Job(environ={}, check_mode=True))()
    finally:
        if connection:
            connection.close()


@pytest.mark.parametrize("namespace", ["", "ours"])
def test_nothing_is_missing_and_nothing_is_made(api, namespace):
    api.found["/api/v1/namespaces/ours"] = {"metadata": {"name": "ours", "labels": {cluster._LEVEL: "baseline"}}}
    found = _look(api, namespace)
    assert found["missing"] == [] == api.made() and found["version"] == "v1.34.1" and found["permissions_asked"] > 30
    assert found["notes"] == (["Pod Security: ours enforces baseline; probes fit restricted"] if namespace else [])


def test_the_questions_are_the_rules_of_the_roles():
    for namespace, scope in (("", "cluster"), ("ours", "namespace")):
        asked = {(q.verb, q.group, q.resource, q.namespace, q.name) for q in permissions.questions(CHECKS, namespace, ["reads"])
                 if not q.url}
        given = set()
        for role in rights.roles(CHECKS, "x", scope, "ours", ["reads"]):
            for rule in role.get("rules", ()):
                where = role["metadata"].get("namespace", "")
                given |= {(v, g, r, where, n) for v in rule["verbs"] for g in rule.get("apiGroups", ())
                          for r in rule["resources"] for n in rule.get("resourceNames", [""])}
        assert asked == given


def test_each_thing_that_may_not_be_done_is_a_line_and_what_a_run_does_without_is_a_note(api):
    api.found["/api/v1/namespaces/ours"] = {"metadata": {"name": "ours"}}
    api.refused = {("create", "daemonsets", "ours"), ("get", "daemonsets", "ours"), ("get", "pods/proxy", "ours"),
                   ("list", "events", ""), ("watch", "nodes", "")}
    found = _look(api, "ours")
    assert sorted(found["missing"]) == ["permission: may not create, get daemonsets.apps in the namespace ours",
                                        "permission: may not get pods/proxy in the namespace ours",
                                        "permission: may not watch nodes"]
    assert "permissions that a run does without are missing: list events in all namespaces" in found["notes"]


def test_whoever_may_do_everything_is_asked_once(api):
    api.admin = True
    assert _look(api)["missing"] == [] and [r[1] for r in api.requests].count(permissions.REVIEWS) == 1


@pytest.mark.parametrize(("says", "line"), [
    ("admission webhook denied it: no team", "namespace: a run could not make its own: admission webhook denied it: no team"),
    ("no level", ""), ('namespaces is forbidden: User "u" cannot create resource "namespaces"', "")])
def test_what_would_refuse_the_namespace_of_a_run_is_asked_by_a_dry_run(api, says, line):
    api.namespace_says = says
    missing = _look(api)["missing"]
    assert [m for m in missing if m.startswith("namespace")] == missing and bool(missing) is bool(line)
    assert not line or missing[0].startswith(line)
    assert api.made() == []


def test_a_namespace_that_is_not_there(api):
    assert _look(api, "ours")["missing"] == ["namespace: ours is not there; validate_namespace names an existing one"]


def _quota(hard: dict[str, str], used: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "q"}, "spec": spec, "status": {"hard": hard, "used": used}}


@pytest.mark.parametrize(("quota", "ranges", "lines"), [
    (_quota({"pods": "10"}, {"pods": "8"}), [], ["quota: q allows 10 of pods, 8 are used, and 3 probes want 1 each"]),
    (_quota({"pods": "11", "cpu": "930m", "limits.memory": "1Gi"}, {"pods": "8", "cpu": "900m"}), [], []),
    (_quota({"cpu": "920m"}, {"cpu": "0.9"}), [], ["quota: q allows 920m of cpu, 0.9 are used, and 3 probes want 10m each"]),
    (_quota({"requests.memory": "64Mi"}, {}), [],
     ["quota: q allows 64Mi of requests.memory, 0 are used, and 3 probes want 32Mi each"]),
    (_quota({"limits.cpu": "4"}, {}), [],
     ["quota: q wants limits.cpu of every pod, probes have none, and no LimitRange gives a default"]),
    (_quota({"limits.cpu": "4"}, {}), [{"spec": {"limits": [{"default": {"cpu": "100m"}}]}}], []),
    (_quota({"pods": "0"}, {}, scopes=["BestEffort"]), [], [])])
def test_quotas_hold_a_probe_for_each_node(api, quota, ranges, lines):
    space = "/api/v1/namespaces/ours"
    api.found.update({space: {"metadata": {"name": "ours"}}, f"{space}/resourcequotas": {"items": [quota]},
                      f"{space}/limitranges": {"items": ranges},
                      "/api/v1/nodes": {"metadata": {}, "items": [{"metadata": {"name": n}} for n in "abc"]}})
    assert _look(api, "ours")["missing"] == lines


def test_a_probe_is_counted_as_it_is_made():
    pod = probe_maker.manifest("i", "p", "r", Choice())["spec"]["template"]["spec"]
    assert len(pod["containers"]) == 1
    wants = {f"{kind}.{what}": value for kind, of in pod["containers"][0]["resources"].items() for what, value in of.items()}
    assert cluster.PROBE == {**wants, "pods": "1"}


def _event(reason: str, at: int, text: str) -> dict[str, Any]:
    return {"reason": reason, "lastTimestamp": f"2026-01-01T00:00:{at:02d}Z", "message": text, "metadata": {}}


FAILED = 'Failed to pull image "registry.k8s.io/pause:3": dial tcp: i/o timeout'


@pytest.mark.parametrize(("events", "count"), [
    ([], 0), ([_event("Failed", 5, FAILED), _event("Pulled", 5, FAILED)], 1), ([_event("Failed", 5, FAILED)], 1),
    ([_event("Failed", 5, FAILED), _event("Pulled", 3, FAILED)], 1),
    ([_event("Failed", 5, FAILED), _event("Pulled", 9, 'Successfully pulled image "registry.k8s.io/x" in 1s')], 0),
    ([_event("Failed", 5, FAILED.replace("registry.k8s.io/", "")), _event("Failed", 5, "Error: ErrImagePull")], 0),
    ([_event("Failed", 5, 'Failed to pull image "registry.k8s.io/x:1": not found')], 0)])
def test_a_registry_of_ours_is_missing_while_the_last_pull_from_it_failed(api, events, count):
    api.found["events"] = events
    assert _look(api)["missing"] == [f"image registry: the last pull from registry.k8s.io failed: {FAILED}"] * count


def test_a_cluster_that_does_not_answer_is_one_line_in_time(api):
    over = threading.Event()
    api.before = lambda request: over.wait(600)
    found = _look(api, seconds=0.5)
    assert [m.partition(":")[0] for m in found["missing"]] == ["API server"] and not over.is_set()
    over.set()


def test_what_is_not_answered_in_time_is_a_note_and_no_green(api):
    over = threading.Event()
    api.before = lambda request: over.wait(600) if request.path != "/version" else None
    found = _look(api, seconds=3)
    over.set()
    assert found["missing"] == [] and found["version"] and len(found["notes"]) == 3
    assert found["notes"][0].startswith("permissions could not be asked for: ")
    assert (found["complete"], found["permissions_asked"]) == (False, 0)


@pytest.mark.parametrize(("complete", "words"), [(True, "nothing is missing"), (False, "nothing is missing, but not all could be asked")])
def test_what_was_not_asked_is_in_the_message(complete, words):
    found = {"missing": [], "notes": [], "version": "v1.34.1", "permissions_asked": 3, "complete": complete, "seconds": 1.0}
    told = ActionModule._told(SimpleNamespace(cluster="c1"), found)
    assert told["msg"] == f"c1: Kubernetes v1.34.1, 3 permissions, 1.0 s; {words}"


COMMAND = {"workdir": "/tmp", "create": ["true"], "delete": ["true"], "kubeconfig": ["true"]}


@pytest.mark.parametrize(("name", "settings", "line"), [
    ("command", COMMAND, ""), ("command", {**COMMAND, "create": ["no-such-program", "{name}"]},
                               "platform command: the program no-such-program is not on the PATH of the controller"),
    ("command", {**COMMAND, "delete": []}, "platform command: command.delete: is missing"),
    ("konvoy", {"workdir": "/tmp", "generation": "v2", "program": "no-such"},
     "platform konvoy: the program no-such is not on the PATH of the controller"),
    ("rancher", {"url": "rancher", "namespace": "x"}, "platform rancher: rancher.url: must be like https://rancher"),
    ("rancher", {"url": "https://r", "namespace": "x"}, "platform rancher: rancher.token: is missing"),
    ("rancher", {"url": "https://127.0.0.1:1", "namespace": "x", "token": "t"}, ""),
    ("rancher", {"url": "https://127.0.0.1:1", "namespace": "x", "username": "u", "password": "p"}, "")])
def test_options_of_a_platform_are_judged_without_asking_it(name, settings, line, monkeypatch):
    for variable in ("URL", "TOKEN", "USERNAME", "PASSWORD", "TOKEN_KEY"):
        monkeypatch.delenv(f"RANCHER_{variable}", raising=False)
    found = _look(None, ask=False, platform=(name, settings))
    assert [m[:len(line)] for m in found["missing"]] == ([line] if line else []) and found["version"] == ""


def test_platforms_are_asked_by_their_credentials():
    rancher = {"url": "https://127.0.0.1:1", "namespace": "x", "token": "t"}
    found = _look(None, platform=("rancher", rancher), machines={"platform": "vsphere", "names": ["a"]})
    assert found["missing"][0].startswith("platform rancher: Rancher https://127.0.0.1:1: GET ")
    assert found["missing"][1].startswith("machines of vsphere: hostname: is needed for platform vsphere; give the option, or")


def test_who_does_not_answer_is_left_behind():
    assert platforms.within(0.1, "platform x", lambda: time.sleep(30) or "")() == "platform x: no answer within 0.1 s"
    assert platforms.within(20, "platform x", lambda: "y")() == "y"
    assert platforms.within(20, "platform x", lambda: {}["y"])() == "platform x: KeyError: 'y'"
