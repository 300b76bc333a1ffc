# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters that the inventory finds are changed to what group variables want of them, by ansible-playbook and the fake Rancher."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.rancher import ACTIVE, FakeRancher
from tests.unit.clusters.cluster_task import ensure

CHECKOUT = Path(__file__).resolve().parents[3]
POOLS = [{"name": "control", "quantity": 1, "controlPlaneRole": True, "etcdRole": True},
         {"name": "apps", "quantity": 2, "workerRole": True}]


def _provision(folder: Path, **environ: str) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("RANCHER_", "K8S_AUTH_"))}
    done = subprocess.run(["ansible-playbook", "assay.clusters.provision", "-i", str(folder)], text=True, check=False, timeout=240,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=CHECKOUT / "tests",
                          env={**clean, "ANSIBLE_NOCOLOR": "1", "XDG_STATE_HOME": str(folder), **environ})
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_an_upgrade_in_group_variables_happens(tmp_path: Path) -> None:
    with FakeRancher() as rancher:
        rancher.making = [ACTIVE]
        settings: dict[str, Any] = {"url": rancher.url, "token": rancher.token, "config": {"rkeConfig": {"machinePools": POOLS}}}
        assert not ensure(name="ci", platform="rancher", version="v1.31.4", rancher=settings)["failed"]
        (tmp_path / "group_vars").mkdir()
        (tmp_path / "a.clusters.yml").write_text(yaml.safe_dump({
            "plugin": "assay.clusters.clusters", "sources": [{"platform": "rancher", "rancher": {}}]}))
        (tmp_path / "group_vars" / "clusters.yml").write_text(yaml.safe_dump({
            "cluster_platform": "rancher", "cluster_rancher": {}, "cluster_version": "v1.32.1", "cluster_nodes": 3,
            "provision_wait_sleep": 0.05}))
        told = _provision(tmp_path, RANCHER_URL=rancher.url, RANCHER_TOKEN_KEY=rancher.token)
        assert "is changed from version v1.31.4, 2 nodes to version v1.32.1, 3 nodes" in " ".join(told.split())
        assert (rancher.api.version, rancher.api.nodes) == ("v1.32.1", 4)
