# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What belongs to others, replayed: their claims, their containers, names that begin alike, and words of yesterday."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, MINUTES_AGO, NODES, SPACE, cause, coredns, deployment, event, finding, healthy, meta, on_path, one, pod,
    power_off, replace_pod, seen, waiting)

ROOM = "0/3 nodes are available: 3 Insufficient cpu."
TAINTED = "0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: gpu}."
UNREADY = "Readiness probe failed: HTTP probe failed with statuscode: 503"


def _storage(*path: dict[str, str]) -> Any:
    return finding("storage", "claim data-x is bound: not within 180 s", path=list(path))


# ---- claims ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("first", [True, False])
def test_a_claim_waits_whatever_became_of_others(first: bool) -> None:
    data = healthy()
    claims = [{"metadata": meta(n, SPACE), "status": {"phase": p}}
              for n, p in (("data-y", "Bound"), ("data-x", "Pending"))]
    data["pvcs"] = claims if first else claims[::-1]
    data["events"] = [event("PersistentVolumeClaim", "data-x", "ProvisioningFailed", "rpc error: broken")]
    path = on_path("PersistentVolumeClaim", "data-x")
    assert cause(_storage(path), data) == ("storage.provision-failed", "confirmed",
                                           [f"persistentvolumeclaim/{SPACE}/data-x"])
    assert cause(_storage(on_path("PersistentVolumeClaim", "data-y")), data)[0] == "unknown.timeout"


# ---- containers ------------------------------------------------------------------------------------------------------
def _two_containers(other: dict[str, Any]) -> dict[str, Any]:
    """A name server with another container beside it; its kubelet says that the pod's probe fails."""
    data = healthy()
    server = coredns("n1", False)
    server["spec"]["containers"].append({"name": "other"})
    server["status"]["containerStatuses"].append({"name": "other", "ready": False, **other})
    replace_pod(data, server)
    data["deployments"] = [deployment("coredns", "kube-system", 1, 0)]
    data["events"] = [event("Pod", "coredns-n1", "Unhealthy", UNREADY, "kube-system")]
    return data


@pytest.mark.parametrize(("other", "code"), [
    ({"state": {"running": {"startedAt": MINUTES_AGO}}}, "pod.probe-failing"),
    (waiting("ContainerCreating"), "dns.server-down"),
    ({"state": {"terminated": {"exitCode": 0}}}, "dns.server-down")])
def test_a_probe_fails_only_where_all_containers_run(other: dict[str, Any], code: str) -> None:
    check = finding("dns", "it is quiet", observations=[seen("dns", "internal", n, error="no answer") for n in NODES])
    assert cause(check, _two_containers(other))[0] == code


# ---- names -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("message", "named"), [
    ("the kubelet on n1 is quiet", True), ("n1: it is quiet", True), ("(n1) is quiet", True),
    ("it is quiet on n1.", True),
    ("n10 is quiet", False), ("n1-a is quiet", False), ("xn1 is quiet", False), ("n1.lab is quiet", False),
    ("a.n1 is quiet", False)])
def test_a_node_is_named_by_its_whole_name(message: str, named: bool) -> None:
    data = healthy()
    power_off(data, "n1")
    assert cause(finding("storage", message), data)[0] == ("node.unreachable" if named else "unknown.unexplained")


def test_the_provisioner_of_another_driver_is_not_asked() -> None:
    """Names of drivers have parts in common; those of pods say which driver they are of."""
    data = healthy()
    words = 'nodes is forbidden: User "system:serviceaccount:kube-system:other" cannot list resource "nodes"'
    data["pods"] += [pod(f"{n}-controller-5d", "kube-system") for n in ("efs-csi", "ebs-metrics", "aws")]
    data["logs"] = {f"kube-system/{n}-controller-5d/main": [words] for n in ("efs-csi", "ebs-metrics", "aws")}
    check = finding("storage", "it was strange", observed={"provisioner": "efs.csi.aws.com"})
    assert cause(check, data)[0] == "rbac.missing"
    del data["logs"]["kube-system/efs-csi-controller-5d/main"]
    assert cause(check, data)[0] == "unknown.unexplained"


# ---- events ----------------------------------------------------------------------------------------------------------
def _series(words: str, first: str, last: str) -> dict[str, Any]:
    """An event as the scheduler writes it when it says the same again: without the times of other events."""
    out = event("Pod", "reader-x", "FailedScheduling", words)
    out.update(firstTimestamp=None, lastTimestamp=None, eventTime=first, series={"count": 9, "lastObservedTime": last})
    out["metadata"]["creationTimestamp"] = first
    return out


@pytest.mark.parametrize(("last", "code"), [(JUST_NOW, "sched.constraint"),
                                            ("2026-03-14T09:20:00.000000Z", "sched.insufficient")])
def test_what_the_scheduler_says_again_and_again_it_said_last_when_it_last_said_it(last: str, code: str) -> None:
    data = healthy()
    data["pods"].append(pod("reader-x", SPACE, "", ready=False))
    other = event("Pod", "reader-x", "FailedScheduling", ROOM, last="2026-03-14T09:28:00Z")
    for events in ([_series(TAINTED, "2026-03-14T09:10:00.000000Z", last), other],
                   [other, _series(TAINTED, "2026-03-14T09:10:00.000000Z", last)]):
        data["events"] = events
        found = one(_storage(on_path("Pod", "reader-x")), data)
        assert found.cause == code


def test_what_the_scheduler_says_again_began_when_it_first_said_it() -> None:
    data = healthy()
    data["pods"].append(pod("reader-x", SPACE, "", ready=False))
    data["events"] = [_series(ROOM, MINUTES_AGO, JUST_NOW)]
    check = _storage(on_path("Pod", "reader-x"))
    for ended, code in ((1773480359.0, "sched.insufficient"), (1773480320.0, "unknown.timeout")):  # 09:25:59, 09:25:20
        check.ended = ended
        assert cause(check, data)[0] == code
