# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first commands of the README, from an empty folder, by somebody who has a kubeconfig and nothing else."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

# (what the user has in the shell, the options, what is said of a cluster that does not answer)
FIRST = [
    ({}, "-i mycluster, -e cluster_kubeconfig=~/.kube/config", "https://127.0.0.1:1"),
    ({"KUBECONFIG": ".kube/config"}, "-i mycluster,", "https://127.0.0.1:1"),
    ({"KUBECONFIG": ".kube/config"}, "-i one,two,", "host one has no cluster address"),
    ({}, "-i mycluster,", "or, for one host, KUBECONFIG"),
]


@pytest.mark.parametrize(("environ", "options", "said"), FIRST)
def test_one_kubeconfig_is_enough_for_one_cluster(tmp_path: Path, environ: dict[str, str], options: str, said: str) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube/config").write_text(json.dumps({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}], "users": [{"name": "u", "user": {}}]}))
    kept = {k: v for k, v in os.environ.items() if not k.startswith("K8S_AUTH_") and k != "KUBECONFIG"}
    done = subprocess.run(["ansible-playbook", "assay.clusters.validate", *options.split(), "-e", "validate_checks=api_server"],
                          cwd=tmp_path, env={**kept, **environ, "HOME": str(tmp_path), "ANSIBLE_NOCOLOR": "1"}, text=True,
                          check=False, capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and said in " ".join((done.stdout + done.stderr).split()), done.stdout + done.stderr
