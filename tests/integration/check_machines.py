# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check of machines on its own, against a cluster that is a fake API server."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.checks.machines import Machines
from ansible_collections.assay.clusters.plugins.module_utils.engine import options
from ansible_collections.assay.clusters.plugins.module_utils.engine.run import Run, Settings
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from tests.fakes.api_server import FakeApiServer
from tests.fakes.weather import SKY

# A node of the control plane.
LEADS = {"labels": {"node-role.kubernetes.io/control-plane": ""}}


def run(api: FakeApiServer, folder: Path, /, **given: Any) -> dict[str, Any]:
    """The record of the check with these options; nothing may be left."""
    connection = Connection.resolve({"kubeconfig": api.kubeconfig}, {})
    resolved = options.resolve(Machines, given, {})
    with SKY.product():
        done = Run(Settings("c", connection, [Machines], {"machines": resolved}, journal_dir=folder)).go()
    assert done["leftovers"] == []
    return done["records"][0]


def told(record: dict[str, Any]) -> tuple[str, str, list[str]]:
    return record["verdict"], record["cause"], record["scope"]
