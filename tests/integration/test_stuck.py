# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run whose objects cannot go, through the shipped playbook: it says so everywhere, and finishes when it can."""
from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.faults import refusals
from tests.integration.conftest import eventually

HOLD = "lab.test/hold"
CHECKS = '{"validate_checks": ["api_server"], "validate_timeout": 25}'


def _held(lab: Any, space: str) -> list[str]:
    path = f"/api/v1/namespaces/{space}/configmaps"
    return [f"{path}/{m['metadata']['name']}" for m in lab.api(path)["items"]
            if HOLD in m["metadata"].get("finalizers", [])]


@pytest.mark.lab
def test_what_a_finalizer_holds_is_told_and_gone_when_it_may_go(lab: Any, playbook: Any) -> None:
    book = playbook(c={"cluster_kubeconfig": str(lab.kubeconfig)})
    held = f"Object{{metadata: Object.metadata{{finalizers: ['{HOLD}']}}}}"
    with refusals.mutating(lab, "configmaps", refusals.OURS, held,
                           lambda: HOLD in refusals.tried(lab).get("metadata", {}).get("finalizers", [])):
        done = book.run("-e", CHECKS)
    [run] = json.loads((book.results / "records.json").read_text())["runs"]
    space = f"assay-{run['run_id']}"
    held_objects = _held(lab, space)
    try:
        [path] = held_objects
        name = path.rpartition("/")[2]
        [record] = run["records"]
        assert (done.returncode, record["verdict"], record["cause"]) == (2, "failed", "leak.cleanup-stuck")
        assert record["scope"] == [f"configmap/{space}/{name}"]
        [left] = run["leftovers"]
        assert left.startswith(f"namespace/{space} (") and f"{HOLD} in 1 resource instances" in left
        cases = ET.parse(book.results / "junit.xml").getroot().iter("testcase")
        failures = {c.get("name"): c.find("failure").get("type") for c in cases if c.find("failure") is not None}
        assert failures == {"api_server": "leak.cleanup-stuck", "cleanup": "leak.cleanup-stuck"}
        assert f"namespace/{space}" in done.stdout and "left behind" in done.stdout
    finally:
        for path in held_objects:
            lab.api(path, "PATCH", {"metadata": {"finalizers": None}})
    eventually("the namespace's end", lambda: space not in [
        n["metadata"]["name"] for n in lab.api("/api/v1/namespaces")["items"]], 90)
    eventually("the guardian's end", lambda: not book.processes(), 60)
    assert not list((book.folder / "state").rglob("*.jsonl"))
