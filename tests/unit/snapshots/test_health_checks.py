# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MachineHealthChecks of a management cluster are paused while their machines are reverted or shut down, and resumed when these
are well."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs import meanwhile
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Verbs
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.snapshots import health_checks
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.ready import Cluster
from tests.fakes.guards import Guards
from tests.fakes.machines import FakeMachines

PAUSED, MARK = "cluster.x-k8s.io/paused", "assay.clusters/paused-for"
ALL = {"matchLabels": {"pool": "all"}}


class Management(Verbs):
    """A management cluster in memory that serves one version, with a Machine for each of n1 to n3; also its own connection."""

    server = "https://management:6443"

    def __init__(self, version: str = "v1beta2") -> None:
        self.base, self.connection, self.refuses = f"/apis/cluster.x-k8s.io/{version}", self, {}
        self.nodes: list[dict[str, Any]] = [{"metadata": {"name": "n1"}}]  # of its own, one called as a machine that it manages
        self.objects: dict[str, dict[str, Any]] = {"/apis/cluster.x-k8s.io": {
            "versions": [{"version": version, "groupVersion": f"cluster.x-k8s.io/{version}"}]}}
        for name in ("n1", "n2", "n3"):
            self.put("machines", f"prod-{name}", {"clusterName": "prod", "infrastructureRef": {"name": name}}, {"pool": "all"},
                     status={"conditions": [{"type": "NodeHealthy", "status": "True"}]})

    def put(self, plural: str, name: str, spec: dict[str, Any], labels: dict[str, str] | None = None, space: str = "infra",
            notes: dict[str, str] | None = None, **more: Any) -> None:
        self.objects[self.path(plural, name, space)] = {"metadata": {
            "name": name, "namespace": space, "labels": labels or {}, "annotations": notes or {}}, "spec": spec, **more}

    def check(self, name: str, selector: dict[str, Any], cluster: str = "prod", **more: Any) -> None:
        self.put("machinehealthchecks", name, {"clusterName": cluster, "selector": selector}, **more)

    def path(self, plural: str, name: str, space: str = "infra") -> str:
        return f"{self.base}/namespaces/{space}/{plural}/{name}"

    def notes(self, name: str) -> dict[str, str]:
        return self.objects[self.path("machinehealthchecks", name)]["metadata"]["annotations"]

    def healthy(self, name: str, status: str) -> None:
        self.objects[self.path("machines", name)]["status"]["conditions"][0]["status"] = status

    def request(self, method: str, path: str, body: Any = None, **_more: Any) -> Any:
        if (method, path) in self.refuses:
            raise ApiError("http", self.refuses[method, path], "Forbidden", "no", method, path)
        if path in self.objects:
            one = self.objects[path]
            for key, value in (body or {}).get("metadata", {}).get("annotations", {}).items():
                one["metadata"]["annotations"].pop(key, None)
                one["metadata"]["annotations"].update({} if value is None else {key: value})
            return one
        plural = path.rpartition("/")[2]
        if path == "/api/v1/nodes":
            return {"kind": "List", "items": self.nodes}
        if plural in ("machines", "machinehealthchecks") and path.startswith(self.base):
            return {"kind": "List", "items": [o for p, o in self.objects.items() if f"/{plural}/" in p]}
        raise ApiError("http", 404, "NotFound", "no", method, path)

    def starting(self, _error: ApiError) -> bool:
        return False

    def close(self) -> None:
        """It is a client and a connection."""


@pytest.fixture(params=["v1beta1", "v1beta2"])
def management(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Management:
    made = Management(request.param)
    made.check("all", ALL)
    monkeypatch.setattr(health_checks, "opened", lambda settings: made)
    return made


@pytest.fixture
def golden(fake: FakeMachines, monkeypatch: pytest.MonkeyPatch) -> FakeMachines:
    for name in ("n1", "n2", "n3"):
        fake.add(name, "golden")
    monkeypatch.setattr(health_checks, "_PATIENCE", 0.0)
    return fake


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a management cluster tells is not old."""
    monkeypatch.setattr(health_checks, "_OLD", 0.0)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster whose nodes are seen Ready after the revert."""
    monkeypatch.setattr(Cluster, "named", True, raising=False)
    for name, value in {"compare_before": None, "check_owners": None, "wait_api": "uid", "wait_nodes": [{"name": "n1"}], "clocks": {}}.items():
        monkeypatch.setattr(Cluster, name, lambda self, *_more, v=value: v)


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Guards:
    made = Guards()
    monkeypatch.setattr(meanwhile, "Guardian", made)
    return made


def back(run: Any, **more: Any) -> dict[str, Any]:
    return run("vm_snapshot_revert", **{"snapshot_name": "golden", "disposable": True, "boot_delay": 0,
                                        "cluster_api": {"kubeconfig": "/management"}, **more})


def test_a_check_is_paused_before_the_first_machine_is_off_and_resumed_at_the_end(
        run: Any, golden: FakeMachines, guard: Guards, management: Management, cluster: None) -> None:
    held: list[bool] = []
    golden.on = lambda verb, machine: held.append(PAUSED in management.notes("all"))
    done = back(run, kubeconfig="/c1")
    assert done["changed"] and not done.get("failed"), done
    assert held and all(held) and management.notes("all") == {} and guard.said == ["start", "dismiss"]
    assert [line for line in done["progress"] if "HealthCheck" in line] == [
        "MachineHealthCheck infra/all: paused", "MachineHealthCheck infra/all: resumed"]


@pytest.mark.parametrize(("selector", "more", "paused"), [
    (ALL, {}, True), ({"matchExpressions": [{"key": "pool", "operator": "Exists"}]}, {}, True),
    ({"matchLabels": {"pool": "other"}}, {}, False), ({}, {}, False), (ALL, {"cluster": "other"}, False),
    (ALL, {"space": "elsewhere"}, False), (ALL, {"notes": {PAUSED: ""}}, False)])
def test_only_checks_that_select_the_machines_and_run_are_paused(
        run: Any, golden: FakeMachines, guard: Guards, management: Management, cluster: None, selector: Any, more: Any,
        paused: bool) -> None:
    management.check("one", selector, **more)
    before = more.get("notes", {})
    done = back(run, kubeconfig="/c1")
    assert any(line.endswith("/one: paused") for line in done["progress"]) is paused
    assert "space" in more or management.notes("one") == before


def test_machines_are_known_by_their_provider_id_before_their_name(
        run: Any, golden: FakeMachines, guard: Guards, management: Management) -> None:
    management.put("machines", "x7", {"clusterName": "prod", "providerID": "aws:///eu-central-1a/id-n1"}, {"pool": "seven"}, status={})
    management.check("seven", {"matchLabels": {"pool": "seven"}})
    management.check("named", {"matchLabels": {"pool": "named"}})
    management.put("machines", "n1", {"clusterName": "prod"}, {"pool": "named"}, status={})
    lines = back(run, names=["n1"])["progress"]
    assert "MachineHealthCheck infra/seven: paused" in lines and "MachineHealthCheck infra/named: paused" not in lines


@pytest.mark.parametrize("why", ["off", "not well", "old"])
def test_a_check_stays_paused_while_machines_are_off_or_not_well_and_the_guardian_resumes_it(
        run: Any, golden: FakeMachines, guard: Guards, management: Management, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    """Where nobody sees the nodes, the management cluster is believed when what it tells cannot be of before."""
    if why == "not well":
        management.healthy("prod-n2", "Unknown")
    monkeypatch.setattr(health_checks, "_OLD", 9e9 if why == "old" else 0.0)
    done = back(run, power_on=why != "off")
    assert any(line.startswith("MachineHealthCheck infra/all stays paused until its machines run") for line in done["progress"])
    assert PAUSED in management.notes("all") and guard.said == ["start", "hand over"]
    with pytest.raises(PlatformError, match="stays paused"):
        guard.clean()
    monkeypatch.setattr(health_checks, "_OLD", 0.0)
    management.healthy("prod-n2", "True")
    for name in ("n1", "n2", "n3"):
        golden.set(name, power="on")
    guard.clean()
    assert management.notes("all") == {}


def test_nodes_that_were_seen_ready_need_no_word_of_the_management_cluster(
        run: Any, golden: FakeMachines, guard: Guards, management: Management, cluster: None) -> None:
    """Its conditions follow some time after."""
    management.healthy("prod-n1", "Unknown")
    assert back(run, kubeconfig="/c1")["changed"] and management.notes("all") == {}


def test_a_check_that_cannot_be_resumed_now_is_left_to_the_guardian(
        run: Any, golden: FakeMachines, guard: Guards, management: Management, cluster: None) -> None:
    golden.on = lambda verb, machine: management.refuses.update({("PATCH", management.path("machinehealthchecks", "all")): 403})
    done = back(run, kubeconfig="/c1")
    assert done["changed"] and not done.get("failed") and guard.said == ["start", "hand over"]
    assert "the management cluster https://management:6443: " in done["progress"][-1]


def test_after_a_failure_and_after_a_kill_it_is_resumed_too(
        run: Any, golden: FakeMachines, guard: Guards, management: Management, cluster: None) -> None:
    golden.refuse["off", "*"] = "not now"
    assert back(run)["failed"] and guard.said == ["start", "hand over"]
    guard.clean()
    assert management.notes("all") == {}
    # as a killed revert whose guardian has given up leaves it
    management.notes("all").update({PAUSED: "", MARK: "older"})
    guard.clean()
    assert management.notes("all")[MARK] == "older", "of another revert"
    golden.refuse.clear()
    assert back(run, kubeconfig="/c1")["changed"] and management.notes("all") == {}


def test_nothing_is_reverted_where_a_check_may_not_be_paused(
        run: Any, golden: FakeMachines, guard: Guards, management: Management) -> None:
    management.refuses["PATCH", management.path("machinehealthchecks", "all")] = 403
    failed = back(run)
    assert failed["failed"] and "the management cluster https://management:6443: " in failed["msg"] and golden.calls == []


@pytest.mark.parametrize("allowed", [False, True])
def test_a_management_cluster_of_other_machines_is_refused(
        run: Any, golden: FakeMachines, guard: Guards, management: Management, allowed: bool) -> None:
    for name in ("n1", "n2", "n3"):
        del management.objects[management.path("machines", f"prod-{name}")]
    done = back(run, allow_owned=allowed)
    words = "https://management:6443 manages no machine called n1, n2, n3"
    assert (done["msg"].startswith(f"cluster_api.kubeconfig: {words}; name the management cluster") if not allowed
            else done["changed"] and any(line.startswith(words) for line in done["progress"]))


def test_no_management_cluster_and_the_cluster_itself_are_refused(
        run: Any, golden: FakeMachines, guard: Guards, management: Management, monkeypatch: pytest.MonkeyPatch) -> None:
    management.objects["/api/v1/namespaces/kube-system"] = {"metadata": {"uid": "4711"}}
    monkeypatch.setattr(Cluster, "compare_before", lambda self: setattr(self, "id", "4711"))
    refused = back(run)
    assert refused["msg"].startswith("cluster_api.kubeconfig: leads to the cluster of these machines itself") and golden.calls == []
    management.refuses["GET", "/api/v1/namespaces/kube-system"] = 403
    assert back(run)["changed"], "whoever may not know that is not refused"
    del management.objects["/apis/cluster.x-k8s.io"]
    assert "does not know cluster.x-k8s.io, so it is no management cluster" in back(run)["msg"]


def test_check_mode_pauses_nothing(run: Any, golden: FakeMachines, guard: Guards, management: Management) -> None:
    assert back(run, check=True)["changed"] and management.notes("all") == {} and guard.said == []


@pytest.mark.parametrize("node", [
    {"spec": {"providerID": "aws:///eu-central-1a/id-n2"}}, {"spec": {}, "status": {"nodeInfo": {"systemUUID": "ID-N2"}}}])
def test_a_cluster_that_manages_itself_is_known_by_its_nodes(
        run: Any, golden: FakeMachines, guard: Guards, management: Management, node: dict[str, Any]) -> None:
    management.nodes += [{"metadata": {"name": "other"}, **node}]
    assert back(run)["msg"].startswith("cluster_api.kubeconfig: leads to the cluster of these machines itself") and golden.calls == []
    management.refuses["GET", "/api/v1/nodes"] = 403
    assert back(run)["changed"], "whoever may not know that is not refused"


# ---- a snapshot for which machines are shut down -------------------------------------------------------------------
@pytest.fixture
def running(golden: FakeMachines) -> FakeMachines:
    for name in ("n1", "n2", "n3"):
        golden.set(name, tools="running")
    return golden


def take(run: Any, **more: Any) -> dict[str, Any]:
    return run("vm_snapshot", **{"snapshot_name": "new", "state_before": "shutdown", "cluster_api": {"kubeconfig": "/management"}, **more})


def test_a_check_is_paused_while_its_machines_are_shut_down_for_a_snapshot(
        run: Any, running: FakeMachines, guard: Guards, management: Management) -> None:
    held: list[bool] = []
    running.on = lambda verb, machine: held.append(PAUSED in management.notes("all"))
    done = take(run)
    assert done["changed"] and held and all(held), done
    assert PAUSED in management.notes("all") and guard.said == ["start", "hand over"], "this task does not see its nodes"
    assert any(line.startswith("MachineHealthCheck infra/all stays paused until its machines run") for line in done["progress"])
    guard.clean()
    assert management.notes("all") == {}


def test_a_snapshot_that_fails_leaves_no_check_paused(
        run: Any, running: FakeMachines, guard: Guards, management: Management) -> None:
    running.refuse["take", "n2"] = "not now"
    assert take(run)["failed"] and guard.said == ["start", "hand over"]
    guard.clean()
    assert management.notes("all") == {}


@pytest.mark.parametrize("more", [{"state_before": "as_is"}, {"check": True}, {"snapshot_name": "golden"}])
def test_a_snapshot_that_shuts_nothing_down_pauses_nothing(
        run: Any, running: FakeMachines, guard: Guards, management: Management, more: dict[str, Any]) -> None:
    assert not take(run, **more).get("failed") and management.notes("all") == {} and guard.said == []


def test_nothing_is_shut_down_where_a_check_may_not_be_paused_or_is_of_the_cluster_itself(
        run: Any, running: FakeMachines, guard: Guards, management: Management) -> None:
    management.refuses["PATCH", management.path("machinehealthchecks", "all")] = 403
    assert "the management cluster https://management:6443: " in take(run)["msg"] and running.calls == []
    management.nodes[0]["spec"] = {"providerID": "x://id-n1"}
    assert take(run, check=True)["msg"].startswith("cluster_api.kubeconfig: leads to the cluster of these machines itself")
