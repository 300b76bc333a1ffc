# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Rancher has of a cluster, against the fake Rancher."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.leftovers import job as leftovers_job
from tests.fakes.rancher import FakeRancher
from tests.fakes.weather import Weather

MACHINES, DEPLOYMENTS = "cluster.x-k8s.io.machines", "cluster.x-k8s.io.machinedeployments"
CREATED = "2026-11-20T10:00:00Z"


@pytest.fixture
def rancher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRancher]:
    for name in ("URL", "TOKEN", "USERNAME", "PASSWORD", "TOKEN_KEY"):
        monkeypatch.delenv(f"RANCHER_{name}", raising=False)
    with FakeRancher() as fake:
        yield fake


def ask(fake: FakeRancher, **params: Any) -> dict[str, Any]:
    return leftovers_job.entry({"providers": ["rancher"], "name": "ci", "wait": False, "wait_timeout": 0, "wait_sleep": 0.05, "before": None,
                                "fail_on_leftovers": False, "rancher": {"url": fake.url, "token": fake.token}, **params},
                               Job(environ={}))


def test_one_look_goes_through_foul_weather(rancher: FakeRancher) -> None:
    """Every other answer is a balancer's page or cut, and the job has no time of its own to wait."""
    leak(rancher, "machine")
    rancher.weather = Weather(2, 1, ("page", "reset"))
    assert {t["kind"] for t in ask(rancher)["leftovers"]} >= {"cluster", "machine"} and rancher.weather.spoilt >= 3


def machine(name: str, of: str, going: bool = False) -> dict[str, Any]:
    gone = {"deletionTimestamp": "2026-11-20T11:00:00Z"} if going else {}
    return {"id": f"fleet-default/{name}", "metadata": {
        "name": name, "namespace": "fleet-default", "creationTimestamp": CREATED, "labels": {"cluster.x-k8s.io/cluster-name": of},
        "finalizers": ["machine.cluster.x-k8s.io"], **gone, "state": {
            "name": "removing" if going else "running", "message": "waiting for the plan to be applied" * going}}}


def leak(rancher: FakeRancher, kind: str) -> str:
    """A thing of this kind of the cluster ci, as Rancher lists it; its id."""
    number = next((c["id"] for c in rancher.clusters.values()), "") or rancher.add("ci", labels={
        "assay.clusters/owner": "ci.runner"}, created=CREATED)["id"]
    if kind == "node":
        rancher.nodes.append({"id": f"{number}:machine-x", "clusterId": number, "nodeName": "ci-worker-1", "state": "active",
                              "created": CREATED, "creatorId": "user-abc"})
        return f"{number}:machine-x"
    if kind == "volume":
        rancher.volumes[number] = [{"id": "pvc-1", "name": "pvc-1", "state": "released", "created": CREATED, "creatorId": "user-abc"}]
        return "ci/pvc-1"
    if kind == "machine":
        rancher.objects[MACHINES] = [machine("ci-apps-x", "ci"), machine("other-x", "other")]
        return f"{MACHINES}/fleet-default/ci-apps-x"
    if kind == "machine_deployment":
        rancher.objects[DEPLOYMENTS] = [machine("ci-apps", "ci")]
        return f"{DEPLOYMENTS}/fleet-default/ci-apps"
    return beside(rancher, kind, number) or number


def beside(rancher: FakeRancher, kind: str, number: str) -> str:
    """What a cluster was made with, or is known by elsewhere."""
    if kind == "cloud_credential":
        ours = {"id": "cattle-global-data:cc-1", "name": "vcenter", "created": CREATED, "labels": {"assay.clusters/cluster": "ci"},
                "vmwarevspherecredentialConfig": {"username": "planted-user"}}
        rancher.credentials = [ours, {"id": "cattle-global-data:cc-2", "name": "ci-of-others", "created": CREATED}]
        return "cattle-global-data:cc-1"
    if kind == "token":
        rancher.listed_tokens = [{"id": "kubeconfig-user-1", "clusterId": number, "created": CREATED},
                                 {"id": "token-abcde", "clusterId": number, "current": True}, {"id": "token-2", "clusterId": "c-other"}]
        return "kubeconfig-user-1"
    made = {"machine_config": ("rke-machine-config.cattle.io.vmwarevsphereconfigs", "nc-ci-apps-x7k2p", {}),
            "fleet_cluster": ("fleet.cattle.io.clusters", "c-npk9v", {"management.cattle.io/cluster-display-name": "ci"}),
            "fleet_bundle": ("fleet.cattle.io.bundles", "fleet-agent-ci", {})}
    if kind not in made:
        return ""
    path, name, labels = made[kind]
    rancher.objects[path] = [machine(name, "") | {"metadata": {**machine(name, "")["metadata"], "labels": labels}}]
    return f"{path}/fleet-default/{name}"


@pytest.mark.parametrize("kind", ["cluster", "node", "volume", "machine", "machine_deployment", "cloud_credential", "token",
                                  "machine_config", "fleet_cluster", "fleet_bundle"])
def test_a_leak_is_listed_until_it_is_removed(rancher: FakeRancher, kind: str) -> None:
    before = ask(rancher)
    number = leak(rancher, kind)
    found = {(i["kind"], i["id"]): i for i in ask(rancher, before=before)["leftovers"]}
    assert [key for key in found if key[0] == kind] == [(kind, number)]
    thing = found[kind, number]
    assert thing["created"] == CREATED and thing["age_seconds"] > 3600
    assert thing["owner"] == {"cluster": "ci.runner", "node": "user-abc", "volume": "user-abc"}.get(kind, "")
    rancher.clusters.clear()
    rancher.nodes.clear()
    rancher.objects.clear()
    rancher.credentials, rancher.listed_tokens = rancher.credentials[1:], rancher.listed_tokens[1:]
    assert ask(rancher, before=before, fail_on_leftovers=True)["clean"]


@pytest.mark.parametrize(("name", "owner", "of"), [
    ("nc-ci-apps-x7k2p", "", "ci"), ("nc-ci-2-apps-x7k2p", "", "ci-2"), ("nc-ci2-apps-x7k2p", "", "ci2"), ("nc-ci-apps-x7k2p", "other", "other"),
    ("workers-1", "ci", "ci"), ("nc-ci-3f9a1c07-x26112106-apps-x7k2p", "", "ci of the run"), ("workers-1", "", "")])
def test_a_machine_config_is_its_owners_else_that_of_its_name(rancher: FakeRancher, name: str, owner: str, of: str) -> None:
    one = machine(name, "")
    one["metadata"].update(labels={}, ownerReferences=[{"kind": "Cluster", "name": owner}] if owner else None)
    rancher.objects["rke-machine-config.cattle.io.amazonec2configs"] = [one]
    for wanted in ("ci", "ci-2", "ci2", "other"):
        assert bool(ask(rancher, name=wanted)["leftovers"]) is (of == wanted)
    assert bool(ask(rancher, run_id="3f9a1c07")["leftovers"]) is (of in ("ci", "ci of the run"))


@pytest.mark.parametrize("by", [{"name": "ci"}, {"name": "", "patterns": ["kubeconfig-*"]}], ids=["the cluster's note", "a pattern"])
def test_a_token_that_tells_no_cluster_is_found(rancher: FakeRancher, by: dict[str, Any]) -> None:
    """As Rancher makes them for kubeconfigs: without a cluster, and all with one description."""
    rancher.listed_tokens = [{"id": f"kubeconfig-u-{n}", "description": "Kubeconfig token", "created": CREATED} for n in ("1", "2")]
    rancher.add("ci", annotations={"assay.clusters/tokens": "kubeconfig-u-0,kubeconfig-u-2"})
    found = [i["id"] for i in ask(rancher, **by)["leftovers"] if i["kind"] == "token"]
    assert found == ["kubeconfig-u-1", "kubeconfig-u-2"][-1 if "patterns" not in by else 0:]


def test_what_is_of_other_clusters_is_not_listed(rancher: FakeRancher) -> None:
    rancher.add("ci2")
    rancher.objects[MACHINES] = [machine("ci2-x", "ci2")]
    assert ask(rancher)["leftovers"] == []
    assert {i["kind"] for i in ask(rancher, name="", patterns=["ci2*"])["leftovers"]} == {"cluster", "machine"}


def test_a_machine_that_a_finalizer_holds_says_so(rancher: FakeRancher) -> None:
    rancher.objects[MACHINES] = [machine("ci-apps-x", "ci", going=True)]
    [held] = ask(rancher)["leftovers"]
    assert held["cause"] == "finalizer"
    assert held["detail"] == "held by finalizer machine.cluster.x-k8s.io; removing: waiting for the plan to be applied"


def test_a_cluster_that_waits_for_its_machines_has_the_cause_dependency(rancher: FakeRancher) -> None:
    rancher.add("ci")["steps"] = [("removing", "yes", "waiting for machines")] * 9
    [held] = ask(rancher)["leftovers"]
    assert (held["cause"], held["detail"]) == ("dependency", "removing: waiting for machines")


@pytest.mark.parametrize(("path", "kind"), [("/v3/nodes", "node"), (f"/v1/{MACHINES}", "machine"), ("/v3/clusters", "cluster")])
def test_a_kind_that_may_not_be_listed_has_the_cause_permission(rancher: FakeRancher, path: str, kind: str) -> None:
    rancher.forbidden[path] = 403
    [closed] = ask(rancher)["leftovers"]
    assert (closed["kind"], closed["id"], closed["cause"]) == (kind, "", "permission") and "403" in closed["detail"]


def test_volumes_of_a_cluster_that_does_not_answer_are_unknown(rancher: FakeRancher) -> None:
    number = leak(rancher, "cluster")
    rancher.forbidden[f"/v3/cluster/{number}/persistentVolumes"] = 503
    [_cluster, unknown] = sorted(ask(rancher)["leftovers"], key=lambda i: i["kind"])
    assert (unknown["kind"], unknown["cause"]) == ("volume", "dependency") and "unknown" in unknown["detail"]


def test_errors_are_one_sentence_and_show_no_token(rancher: FakeRancher) -> None:
    rancher.forbidden["/v3/clusters"] = 500
    with pytest.raises(PlatformError, match="status 500") as e:
        ask(rancher)
    assert rancher.token not in str(e.value)
    with pytest.raises(PlatformError, match="must authenticate"):
        ask(rancher, rancher={"url": rancher.url, "token": "token-wrong:x"})
    with pytest.raises(BadOption, match="rancher.url: must be like"):
        ask(rancher, rancher={})
