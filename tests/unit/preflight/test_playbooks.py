# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is told before anything runs, as users ask for it: the preflight, and the plans of validate and pipeline."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.tests.unit.preflight.test_preflight import COMMAND, Api

RANCHER = {"url": "https://127.0.0.1:1", "token": "not-to-be-shown"}
VSPHERE = {"platform": "vsphere", "folder": "/dc1/vm/onprem"}
NOWHERE = {"cluster_host": "https://127.0.0.1:1"}


def _run(folder: Path, playbook: str, hosts: dict[str, Any], *more: str) -> tuple[int, str, str]:
    """Exit status; what is printed, as it is and in one line."""
    (folder / "hosts.json").write_text(json.dumps({"clusters": {"hosts": hosts}}))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("K8S_AUTH_", "RANCHER_", "VMWARE_"))}
    done = subprocess.run(["ansible-playbook", f"assay.clusters.{playbook}", "-i", "hosts.json", *more], cwd=folder, text=True,
                          check=False, capture_output=True, stdin=subprocess.DEVNULL, env={**kept, "HOME": str(folder)})
    said = done.stdout + done.stderr
    print(said)
    assert [p.name for p in folder.iterdir() if not p.name.startswith(".")] == ["hosts.json"] and "not-to-be-shown" not in said
    return done.returncode, said, " ".join(said.split())


def test_a_preflight_tells_of_each_cluster_what_is_missing(tmp_path: Path) -> None:
    api = Api()
    api.refused = {("create", "daemonsets", "")}
    try:
        status, said, line = _run(tmp_path, "preflight", {
            "poor": {"cluster_host": api.server.url}, "dead": {**NOWHERE, "cluster_platform": "command", "cluster_command": {
                **COMMAND, "creat": ["x"]}},
            "tobe": {"cluster_platform": "rancher", "cluster_rancher": RANCHER, "cluster_machines": VSPHERE}},
            "-e", "validate_checks=dns", "-e", "preflight_timeout=300")
    finally:
        api.server.stop()
    assert status == 2 and api.made() == []
    for sentence in ("poor missing permission: may not create daemonsets.apps in all namespaces",
                     "dead missing API server: https://127.0.0.1:1: ",
                     "dead missing platform command: command.creat is no option; there are: create,",
                     "tobe missing platform rancher: Rancher https://127.0.0.1:1: GET /",
                     "tobe missing machines of vsphere: hostname:",
                     "poor: Kubernetes v1.34.1, "):
        assert sentence in line, sentence
    assert said.count("  missing  ") == 5


def test_the_plan_of_a_pipeline_names_what_is_made_reverted_deleted_and_kept_and_judges_options(tmp_path: Path) -> None:
    made = {"cluster_platform": "rancher", "cluster_disposable": True, "cluster_version": "v1.31.4", "cluster_nodes": 3}
    back = {**NOWHERE, "cluster_disposable": True, "pipeline_snapshot": "golden"}
    status, _said, line = _run(tmp_path, "pipeline", {
        "made": {**made, "cluster_rancher": RANCHER, "pipeline_names_with_run": False},
        "nourl": {**made, "cluster_rancher": {}},
        "back": {**back, "cluster_machines": {**VSPHERE, "hostname": "v", "username": "u", "password": "not-to-be-shown"}},
        "novc": {**back, "cluster_machines": VSPHERE}, "asis": NOWHERE}, "--check")
    assert status == 2
    for sentence in ("provision: made is made on rancher, version v1.31.4, nodes 3", "dispose: made is deleted",
                     "revert: the machines /dc1/vm/onprem go back to the snapshot golden, and what they hold since is lost",
                     "nourl missing platform rancher: rancher.url: must be like",
                     "novc missing machines of vsphere: hostname: is"):
        assert sentence in line, sentence
    assert line.count("planned without asking the cluster or its platform") == 3
    assert line.count("dispose: what runs left in it is removed, and the cluster stays") == 2


def test_the_plan_of_many_clusters_is_told_once_with_what_differs(tmp_path: Path) -> None:
    hosts = {**{f"c{i}": NOWHERE for i in range(12)}, "other": {**NOWHERE, "dns_check_queries": 7}}
    status, said, line = _run(tmp_path, "validate", hosts, "--check", "-e", "validate_checks=dns,storage")
    assert status == 0 and line.count("planned without asking any cluster, for c0, c1,") == 1
    assert said.count("check storage/storage") == 1
    planned = [one.strip() for one in said.splitlines() if one.strip().startswith(('"check', '"permission', '"image'))]
    assert len(planned) == len(set(planned)) + 2 and any("serviceaccounts" in one for one in planned)
    assert "only other:" in said and said.count("queries: ") == 2 and len(said.splitlines()) < 200
