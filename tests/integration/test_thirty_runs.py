# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The test or the cluster? Thirty runs, ten of them while one machine's network is at fault, each time in another way.

ASSAY_HISTORY=FOLDER keeps the history that they make.
"""
from __future__ import annotations

import json
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

CHECKS = '{"validate_checks": ["nodes", "pod_network", "service", "dns", "storage"]}'
RUNS = 30
BAD_NODE = "n3"


def _faults(lab: Any) -> dict[int, Any]:
    """What is wrong in which run: faults of one machine, that come and go."""
    fault = lab.fault
    names = ("kube-system", "k8s-app=kube-dns")
    kinds = [lambda: fault.drop_pod_port(BAD_NODE, 53, "udp"), lambda: fault.drop_pod_traffic(BAD_NODE),
             lambda: fault.cut_from_pods(BAD_NODE, *names), lambda: fault.drop_large_packets(BAD_NODE),
             lambda: fault.cut_pair(BAD_NODE, "n1"), lambda: fault.lose_packets(BAD_NODE, 0.6),
             lambda: fault.flush_service_rules(BAD_NODE)]
    return {run: kinds[n % len(kinds)] for n, run in enumerate((3, 6, 7, 11, 14, 18, 19, 23, 26, 29))}


@pytest.mark.lab
@pytest.mark.soak
@pytest.mark.timeout(5400)
def test_a_machine_that_fails_somewhere_else_each_time_is_named(lab: Any, playbook: Any, tmp_path: Path) -> None:
    kept, faults, told = Path(os.environ.get("ASSAY_HISTORY") or tmp_path / "history"), _faults(lab), {}
    for turn in range(1, RUNS + 1):
        book = playbook(c1={"cluster_kubeconfig": str(lab.kubeconfig)})
        with faults[turn]() if turn in faults else nullcontext():
            done = book.run("-e", f"validate_history={kept}", "-e", CHECKS, "-e", "validate_change=same")
        assert (done.returncode != 0) == (turn in faults), f"run {turn}"
        told[turn] = done.stdout
    runs = [json.loads(p.read_text()) for p in sorted((kept / "c1").iterdir())]
    failed = [{r["check"] for r in run["results"] if r["verdict"] == "failed" and not r["consequence_of"]} for run in runs]
    assert [n for n, checks in enumerate(failed, 1) if checks] == sorted(faults)
    assert len(set.union(*failed)) >= 3, "it was another check each time"
    assert "that is too little to tell" in told[6].lower() and f"name {lab.node_name(BAD_NODE)}" in told[RUNS].replace("node/", "")
    assert "it is that machine, its network or its disk, not the tests" in told[RUNS]
