# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What does not end: an object that a finalizer holds, a namespace that an absent API holds; and one that ends too soon."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import names
from ansible_collections.assay.clusters.plugins.module_utils.engine import probe_maker
from ansible_collections.assay.clusters.plugins.module_utils.engine.fleet import Choice
from tests.faults import refusals
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.lab]
HOLD = "lab.test/hold"


def _space(prove: Any) -> str:
    return f"assay-{prove.result['run_id']}"


def _namespaces(lab: Any) -> list[str]:
    return [n["metadata"]["name"] for n in lab.api("/api/v1/namespaces")["items"]]


def _finished(lab: Any, prove: Any) -> None:
    """The guardian goes on where the run left it, and puts the journal away."""
    wait_for("the namespace's end", lambda: _space(prove) not in _namespaces(lab), 90)
    wait_for("the journal's end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 60)


def test_an_object_that_a_finalizer_holds(lab: Any, prove: Any) -> None:
    held = f"Object{{metadata: Object.metadata{{finalizers: ['{HOLD}']}}}}"
    with refusals.mutating(lab, "configmaps", refusals.OURS, held,
                           lambda: HOLD in refusals.tried(lab).get("metadata", {}).get("finalizers", [])):
        records = prove("api_server", limit=12)
    try:
        [name] = [m["metadata"]["name"] for m in lab.api(f"/api/v1/namespaces/{_space(prove)}/configmaps")["items"]
                  if m["metadata"].get("finalizers")]
        assert_red(records["api_server"], "leak.cleanup-stuck", [f"configmap/{_space(prove)}/{name}"], "suspected",
                   f"ConfigMap {name} gone: not within")
        [left] = prove.result["leftovers"]
        assert left.startswith(f"namespace/{_space(prove)} (") and f"{HOLD} in 1 resource instances" in left
        assert HOLD in str(lab.api(f"/api/v1/namespaces/{_space(prove)}/configmaps/{name}")), "no finalizer is ever stripped"
    finally:
        for m in lab.api(f"/api/v1/namespaces/{_space(prove)}/configmaps")["items"]:
            lab.api(f"/api/v1/namespaces/{_space(prove)}/configmaps/{m['metadata']['name']}", "PATCH",
                    {"metadata": {"finalizers": None}})
    _finished(lab, prove)
    prove.green("api_server")


@pytest.mark.gauntlet
def test_an_aggregated_api_that_is_away(lab: Any, prove: Any) -> None:
    """No namespace ends meanwhile, as nobody knows what of that API is in it."""
    with lab.fault.scale("kube-system", "metrics-server", 0):
        records = prove("api_server")
    assert_red(records["api_server"], "api.aggregated-down", ["apiservice/v1beta1.metrics.k8s.io"], "confirmed",
               "Available=False")
    [left] = prove.result["leftovers"]
    assert left.startswith(f"namespace/{_space(prove)} (NamespaceDeletionDiscoveryFailure: ") and "metrics.k8s.io" in left
    lab.settle()
    _finished(lab, prove)
    prove.green("api_server")


def test_a_namespace_that_somebody_ends_too_soon(lab: Any, prove: Any, monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        refusals.in_its_namespace(patch, lambda name: lab.api(f"/api/v1/namespaces/{name}", "DELETE"))
        records = prove("api_server")
    assert_red(records["api_server"], "ns.stuck", [f"namespace/{_space(prove)}"], "confirmed", "being terminated")
    assert prove.result["leftovers"] == []


@pytest.mark.gauntlet
def test_probes_that_nobody_removes_stop_serving(lab: Any) -> None:
    """As of a run that was killed with its container: the DaemonSet stays, and is not started anew for ever."""
    made = probe_maker.manifest(names.image("agnhost", {}, ""), "probe", "killed", Choice(), serves=20)
    space = "killed-with-its-container"
    pods = f"/api/v1/namespaces/{space}/pods"

    def states() -> list[str]:
        found = [p["status"] for p in lab.api(pods)["items"]]
        return [c["status"] for s in found for c in s.get("conditions") or () if c["type"] == "Ready"]

    with lab.fault.extra("/api/v1/namespaces", {"metadata": {"name": space}}):
        wait_for("the account of its pods", lambda: lab.api(f"/api/v1/namespaces/{space}/serviceaccounts/default"), 30)
        lab.api(f"/apis/apps/v1/namespaces/{space}/daemonsets", "POST", made)
        wait_for("probes that serve", lambda: states() == ["True"] * len(lab.machines), 90)
        wait_for("probes that serve nobody", lambda: states() == ["False"] * len(lab.machines), 90)
        found = lab.api(pods)["items"]
        assert {p["status"]["phase"] for p in found} == {"Running"}
        assert {c["restartCount"] for p in found for c in p["status"]["containerStatuses"]} == {0}
        said = lab.in_node("n1", "ps", "-eo", "args")
        assert "agnhost pause" in said and "netexec" not in said
