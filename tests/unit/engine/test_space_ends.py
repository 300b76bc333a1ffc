# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long the end of a namespace is waited for: as long as it can come, and no longer."""
from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import space_ends
from ansible_collections.assay.clusters.plugins.module_utils.engine.space_ends import SpaceEnds, hopeless
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.watch import WatchTimeout
from tests.fakes.clock import Clock

KEY = ("", "assay-r1")


def _space(*conditions, finalizers=(), spec=("kubernetes",)):
    return {"metadata": {"name": "assay-r1", "finalizers": list(finalizers)}, "spec": {"finalizers": list(spec)}, "status": {
        "conditions": [{"type": t, "status": s, "message": m} for t, s, m in conditions]}}


def _held(*finalizers):
    words = ", ".join(f"{f} in 1 resource instances" for f in finalizers)
    return ("NamespaceFinalizersRemaining", "True", f"Some content in the namespace has finalizers remaining: {words}")


AWAY = ("NamespaceDeletionDiscoveryFailure", "True", "unable to retrieve metrics.k8s.io/v1beta1")
PODS = ("NamespaceContentRemaining", "True", "Some resources are remaining: pods. has 1 resource instances")


class _Watch:
    """What items() says as the time of the test passes."""

    def __init__(self, clock, item):
        self.clock, self.item = clock, item

    def wait(self, predicate, deadline):
        items = {KEY: item} if (item := self.item(self.clock.passed)) else {}
        if predicate(items):
            return True
        self.clock.sleep(deadline - self.clock.monotonic())
        raise WatchTimeout("namespaces", items)


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(space_ends, "time", made)
    return made


def _wait(clock, item, limit=120.0):
    return SpaceEnds(None, clock.monotonic() + limit, _Watch(clock, item)).wait("assay-r1")


@pytest.mark.parametrize(("conditions", "finalizers", "spec", "most"), [
    ([AWAY], (), ("kubernetes",), 7), ([("NamespaceDeletionGroupVersionParsingFailure", "True", "x")], (), ("kubernetes",), 7),
    ([PODS, ("NamespaceDeletionContentFailure", "True", "denied")], (), ("kubernetes",), 14),
    ([PODS, _held("lab.test/hold")], (), ("kubernetes",), 14),
    ([_held("foregroundDeletion", "lab.test/hold")], (), ("kubernetes",), 14),
    ([], ("controller.cattle.io/namespace-auth",), (), 14), ([PODS], (), ("kubernetes",), 48),
    ([PODS, _held("kubernetes.io/pvc-protection")], (), ("kubernetes",), 48)])
def test_what_cannot_end_is_left_soon(clock, conditions, finalizers, spec, most):
    stays = _space(*conditions, finalizers=finalizers, spec=spec)
    assert _wait(clock, lambda _passed: stays) == stays
    assert clock.passed <= most


@pytest.mark.parametrize(("conditions", "finalizers", "spec"), [
    ([("NamespaceDeletionDiscoveryFailure", "False", "all is well")], (), ("kubernetes",)),
    ([_held("kubernetes.io/pvc-protection")], (), ("kubernetes",)), ([_held("service.k8s.aws/resources")], (), ("kubernetes",)),
    ([_held("acme.cert-manager.io/finalizer")], (), ("kubernetes",)),
    ([PODS, _held("service.kubernetes.io/load-balancer-cleanup", "foregroundDeletion")], (), ("kubernetes",)),
    ([], ("controller.cattle.io/namespace-auth",), ("kubernetes",))])
def test_what_only_takes_its_time_is_given_it(clock, conditions, finalizers, spec):
    stays = _space(*conditions, finalizers=finalizers, spec=spec)
    assert hopeless(stays) == {}
    assert _wait(clock, lambda passed: stays if passed < 100 else None) is None
    assert _wait(clock, lambda _passed: stays, limit=30.0) == stays


def test_a_reason_that_passes_in_time_is_none(clock):
    """Each time it is there for less than it has to stand."""
    def item(passed):
        return None if passed > 60 else _space(AWAY) if passed % 8 < 4 else _space(PODS)

    assert _wait(clock, item) is None


def test_pods_that_go_one_by_one_are_waited_for(clock):
    """A thousand take longer than one; as long as there are fewer than before, they go."""
    def item(passed):
        left = 9 - int(passed) // 30
        return _space((*PODS[:2], f"Some resources are remaining: pods. has {left} resource instances")) if left else None

    assert SpaceEnds(None, clock.monotonic() + 600, _Watch(clock, item)).wait("assay-r1") is None


def test_a_list_that_does_not_come_is_no_end(clock):
    class Silent(_Watch):
        def wait(self, predicate, deadline):
            self.clock.sleep(deadline - self.clock.monotonic())
            raise WatchTimeout("namespaces", {})

    def answer(path, **_more):
        if isinstance(there, ApiError):
            raise there
        return there

    client = SimpleNamespace(get=answer)
    for there, told in ((_space(PODS), _space(PODS)), (ApiError("http", 404, "NotFound", "", "GET", "/"), None),
                        (ApiError("timeout", None, "", "late", "GET", "/"), {"metadata": {"name": "assay-r1"}})):
        assert SpaceEnds(client, clock.monotonic() + 30, Silent(clock, None)).wait("assay-r1") == told


def test_a_watch_that_ends_is_told_where_no_other_may_be_started(clock, monkeypatch):
    class Ended(_Watch):
        def __init__(self, *_args, **_more):
            super().__init__(clock, None)
            self.stopped = False

        def start(self):
            made.append(self)

        def stop(self):
            self.stopped = True

        def wait(self, predicate, deadline):
            raise ApiError("http", 403, "Forbidden", "cannot watch", "GET", "/api/v1/namespaces")

    made = []
    monkeypatch.setattr(space_ends, "Watch", Ended)
    with pytest.raises(ApiError, match="cannot watch"):
        SpaceEnds(None, clock.monotonic() + 30, Ended()).wait("assay-r1")
    assert [w.stopped for w in made] == [True]
