# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 1, replayed: a scheduler or a controller manager that is gone, told by what only they do and by their Leases."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import diagnose
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, MINUTES_AGO, NODES, SPACE, condition, endpointslice, event, finding, healthy, lease, no_probe, on_path, one, pod,
    replace_pod, seen)

SCHEDULER, MANAGER = "kube-scheduler", "kube-controller-manager"
NO_PROBE = "no probe became ready (n1: the probe pod is Pending and not ready)"


def unseen(name: str = "probe-n2", made: str = MINUTES_AGO, **spec: Any) -> dict[str, Any]:
    """A pod of ours of which no scheduler has said anything."""
    item = pod(name, SPACE, "", {"assay.clusters/probe": "netexec"}, False, status={"phase": "Pending", "conditions": []})
    item["metadata"]["creationTimestamp"] = made
    item["spec"] |= spec
    return item


def without(*components: str, visible: bool = True) -> dict[str, Any]:
    """A cluster whose leaders of these components renewed their Leases minutes ago; or whose Leases nobody may see."""
    data = healthy()
    data["leases"] = [lease(c, MINUTES_AGO if c in components else JUST_NOW) for c in (SCHEDULER, MANAGER)] if visible else []
    return data


def test_without_a_scheduler_it_is_the_one_root_of_all_that_waits() -> None:
    data = without(SCHEDULER)
    replace_pod(data, *(unseen(f"probe-{n}") for n in NODES), unseen("writer-x"))
    found = diagnose([
        finding("dns", NO_PROBE, "inconclusive"), no_probe(),
        finding("storage", "pod writer-x with its volume ends: not within 180 s (Pending)", path=[on_path("Pod", "writer-x")]),
        finding("service", "a Deployment of ours is ready: not within 60 s")], data)
    for name in ("dns", "nodes", "storage"):
        assert (found[name].cause, found[name].confidence, found[name].scope) == (
            "ctrl.not-progressing", "confirmed", [f"controller/{SCHEDULER}"])
    assert found["dns"].evidence[:2] == [
        f"lease/kube-system/{SCHEDULER} not renewed for 240 s",
        f"pod/{SPACE}/probe-n1 waits without a word of a scheduler: no node, no condition PodScheduled, no event"]
    assert found["service"].consequence_of == "ctrl.not-progressing", "nothing else is known of what it waited for"


@pytest.mark.parametrize(("change", "sure"), [
    ({}, "probable"),  # managed control planes hide their Leases
    ({"schedulerName": "batch"}, "probable"),
    ({"volumes": [{"persistentVolumeClaim": {"claimName": "x"}}]}, ""),  # nothing is said while a volume is made, either
])
def test_where_leases_are_not_visible_silence_of_the_scheduler_is_a_sign(change: dict[str, Any], sure: str) -> None:
    data = without(visible=False)
    replace_pod(data, unseen(**change))
    found = one(no_probe(), data)
    who = change.get("schedulerName", SCHEDULER)
    assert (found.cause, found.confidence, found.scope) == (
        ("ctrl.not-progressing", sure, [f"controller/{who}"]) if sure else ("unknown.unexplained", "suspected", []))


def test_a_volume_that_is_still_made_leaves_a_silent_scheduler_likely_only() -> None:
    data = without(SCHEDULER)
    replace_pod(data, unseen(volumes=[{"persistentVolumeClaim": {"claimName": "x"}}]))
    assert one(no_probe(), data).confidence == "probable"


@pytest.mark.parametrize("why", ["young", "placed", "judged", "told", "leads", "going"])
def test_a_scheduler_is_not_blamed_for_a_pod_that_it_has_seen_or_had_no_time_for(why: str) -> None:
    data = without(*[SCHEDULER] * (why != "leads"))
    item = unseen(made=JUST_NOW if why == "young" else MINUTES_AGO)
    if why == "placed":
        item["spec"]["nodeName"] = "n2"
    elif why == "judged":
        item["status"]["conditions"] = [condition("PodScheduled", "False", "Unschedulable", "something new")]
    elif why == "told":
        data["events"] = [event("Pod", "probe-n2", "FailedScheduling", "something new")]
    elif why == "going":
        item["metadata"]["deletionTimestamp"] = JUST_NOW
    replace_pod(data, item)
    assert one(no_probe(), data).cause == "unknown.unexplained"


@pytest.mark.parametrize("words", ["endpoints of Service x are 4 pods: not within 30 s",
                                   "claim data-x is bound: not within 60 s",
                                   "no probe became ready (n1: no probe pod was made for the node)",
                                   "PersistentVolumeClaim data-x gone: not within 60 s"])
def test_what_only_the_controller_manager_does_is_its_silence_where_its_lease_is_old(words: str) -> None:
    found = one(finding("service", words), without(MANAGER))
    assert (found.cause, found.confidence, found.scope) == ("ctrl.not-progressing", "probable", [f"controller/{MANAGER}"])
    assert one(finding("service", words), without()).cause != "ctrl.not-progressing"
    assert one(finding("service", words), without(SCHEDULER)).cause != "ctrl.not-progressing"


@pytest.mark.parametrize("words", ["Pod x gone: not within 60 s", "ConfigMap x gone: not within 11 s", "Service x gone: not within 30 s"])
@pytest.mark.parametrize("silent", [True, False])
def test_what_goes_without_the_controller_manager_is_not_its_silence(words: str, silent: bool) -> None:
    data = without(*[MANAGER] * silent)
    for one_of_them in data["leases"]:
        one_of_them["spec"]["acquireTime"] = JUST_NOW
    assert one(finding("service", words), data).cause != "ctrl.not-progressing"


@pytest.mark.parametrize(("since", "cause"), [(JUST_NOW, "ctrl.not-progressing"), (MINUTES_AGO, "unknown.unexplained")])
def test_a_controller_manager_that_leads_since_a_moment_is_still_behind(since: str, cause: str) -> None:
    """As after a restart of the API server, for which it restarts, too."""
    data = without()
    for one_of_them in data["leases"]:
        one_of_them["spec"]["acquireTime"] = since
    found = one(finding("nodes", "no probe became ready (n1: no probe pod was made for the node)"), data)
    assert found.cause == cause
    if since == JUST_NOW:
        assert (found.confidence, found.scope) == ("probable", [f"controller/{MANAGER}"])
        assert found.evidence[0] == f"lease/kube-system/{MANAGER} was acquired 5 s ago"


def test_a_service_without_endpoints_follows_from_a_controller_manager_that_is_gone() -> None:
    data = without(MANAGER)
    data["endpointslices"] = [endpointslice("kube-dns", "kube-system")]
    service = finding("service", "shop/web has no endpoint", observations=[
        seen("service", "endpoints", target="shop/web", error="no endpoint")])
    dns = finding("dns", "endpoints of our Services: not within 30 s")
    found = diagnose([service, dns], data)
    assert (found["service"].cause, found["service"].consequence_of) == ("svc.no-endpoints", "ctrl.not-progressing")


def test_what_did_not_wait_does_not_follow_from_a_controller() -> None:
    data = without(SCHEDULER)
    replace_pod(data, unseen())
    found = diagnose([no_probe(), finding("service", "it broke")], data)
    assert (found["service"].cause, found["service"].consequence_of) == ("unknown.unexplained", "")
