# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Leaves what two killed runs leave: python -m tests.fakes.dead_run KUBECONFIG CLUSTER JOURNAL.

One is of this controller: a namespace and a ClusterRole, and the journal that tells of them. The other one is of another
controller: a namespace whose label says that it has expired. Their names begin like those of real runs.
"""
from __future__ import annotations

import json
import sys
from pathlib import Path

from ansible_collections.assay.clusters.plugins.module_utils.common import names
from ansible_collections.assay.clusters.plugins.module_utils.common.journal import Journal
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.kinds import path_of

_RBAC = "rbac.authorization.k8s.io/v1"


def leave(kubeconfig: str, cluster: str, folder: Path) -> list[str]:
    """The ids of both runs."""
    connection = Connection.resolve({"kubeconfig": kubeconfig}, {})
    client = Client(connection)
    own, other = names.new_run_id(), names.new_run_id()
    journal = Journal(folder, own, cluster, connection.server)
    for run, lives, version, kind in ((own, 3600, "v1", "Namespace"), (own, 3600, _RBAC, "ClusterRole"),
                                      (other, -60, "v1", "Namespace")):
        name = f"assay-{run}"
        if run == own:
            journal.intend(kind, name, "", version)
        body = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": names.labels(run, lives)}}
        client.create(path_of(version, kind), {**body, **({"rules": []} if kind == "ClusterRole" else {})})
    # the process that the journal names is of an earlier boot, so it is gone for certain
    first, _end, rest = journal.path.read_text(encoding="utf-8").partition("\n")
    journal.path.write_text(json.dumps({**json.loads(first), "boot_id": "an earlier boot", "started": 1}) + "\n" + rest, encoding="utf-8")
    client.close()
    connection.close()
    return [own, other]


if __name__ == "__main__":
    print(" ".join(leave(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
