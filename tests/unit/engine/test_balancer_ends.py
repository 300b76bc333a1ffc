# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services of type LoadBalancer in a clean-up: they go before all else, are waited for, and are told where a controller
holds them."""
from __future__ import annotations

import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common.names import EXPIRES, MANAGED_BY, MANAGER, RUN
from ansible_collections.assay.clusters.plugins.module_utils.engine import cleanup, sweep
from ansible_collections.assay.clusters.tests.unit.engine.test_cleanup import OURS, SPACE, remove

__all__ = ["remove"]
SERVICES = f"{SPACE}/services"
FINALIZER = "service.kubernetes.io/load-balancer-cleanup"


def _run_in(api, labels=None, finalizers=(), kind="LoadBalancer"):
    """A run's namespace with a Service, with labels of ours or these; the journaled objects."""
    api.put(SPACE, OURS)
    api.put(f"{SERVICES}/lb-x", OURS if labels is None else labels, finalizers, spec={"type": kind})
    return [("v1", "Namespace", "", "assay-r1"), ("v1", "Service", "assay-r1", "lb-x")]


def _changes(api):
    return [c for c in api.changes if c.startswith("DELETE")]


def test_it_goes_before_its_namespace(api, remove):
    assert remove(*_run_in(api)) == [] and api.objects == {}
    assert _changes(api) == [f"DELETE {SERVICES}/lb-x", f"DELETE {SPACE}"]


def test_other_services_go_with_their_namespace(api, remove):
    assert remove(*_run_in(api, kind="ClusterIP")) == [] and _changes(api) == [f"DELETE {SPACE}"]


@pytest.mark.parametrize("labels", [{}, {RUN: "r2"}])
def test_somebodys_service_of_that_name_is_not_touched(api, remove, labels):
    made = _run_in(api, labels)
    api.objects[SPACE]["metadata"]["labels"] = {}
    assert remove(*made) == [] and not api.changes


def test_one_that_is_held_is_waited_for_and_told(api, remove, monkeypatch):
    monkeypatch.setattr(cleanup, "_BALANCERS", 1e6)
    left = remove(*_run_in(api, finalizers=(FINALIZER,)))
    assert left[0] == f"service/assay-r1/lb-x (held by finalizer {FINALIZER})"
    assert _changes(api)[0] == f"DELETE {SERVICES}/lb-x"


def test_a_sweep_takes_it_before_the_namespace_too(api, remove, tmp_path):
    _run_in(api)
    for path in (SPACE, f"{SERVICES}/lb-x"):
        api.objects[path]["metadata"]["labels"] = {MANAGED_BY: MANAGER, RUN: "r1", EXPIRES: str(int(time.time() - 60))}
    api.put("/api/v1/namespaces/shop/services/theirs", {}, spec={"type": "LoadBalancer"})
    assert sweep.sweep(remove.client, tmp_path) == {"swept": ["r1"], "remaining": []}
    assert _changes(api) == [f"DELETE {SERVICES}/lb-x", f"DELETE {SPACE}"]
    assert list(api.objects) == ["/api/v1/namespaces/shop/services/theirs"]
