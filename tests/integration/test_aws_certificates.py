# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An API of AWS whose certificate is of an authority of one's own: all that ask it take `ca_bundle`, or AWS_CA_BUNDLE."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.arguments.leftovers import LEFTOVERS
from ansible_collections.assay.clusters.plugins.module_utils.checks._machines import options as check_options
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.machines.choice import registry
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Wanted
from tests.fakes.authority import chain_pem, issue
from tests.integration.aws_left import OURS, Cloud, cloud
from tests.integration.aws_region import Region, region
from tests.integration.machines import run

__all__ = ["cloud", "region"]  # the fixtures


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1: with its key, and what a client is to trust."""
    authority = issue("own authority", ca=True)
    server = issue("aws.test", addresses=["127.0.0.1"], by=authority)
    (folder / "server.pem").write_text(chain_pem(server) + server.key_pem)
    (folder / "ca.pem").write_text(authority.pem)
    return folder / "server.pem", folder / "ca.pem"


def test_machines_and_their_snapshots(region: Region, tmp_path: Path) -> None:
    server, authority = _certificate(tmp_path)
    region.nodes("n1")
    region.front.encrypt(server)
    refused = run("vm_snapshot_info", region.options())
    assert refused["failed"] and "CERTIFICATE_VERIFY_FAILED" in refused["msg"]
    assert [m["name"] for m in run("vm_snapshot_info", region.options(ca_bundle=str(authority)))["machines"]] == ["n1"]


def test_leftovers(cloud: Cloud, tmp_path: Path) -> None:
    assert LEFTOVERS["aws"]["options"]["ca_bundle"]["aliases"] == ["aws_ca_bundle"]
    server, authority = _certificate(tmp_path)
    key, _remove = cloud.volume(OURS)
    cloud.front.encrypt(server)
    with pytest.raises(PlatformError, match="CERTIFICATE_VERIFY_FAILED"):
        cloud.ask()
    assert [i["id"] for i in cloud.ask(aws={"ca_bundle": str(authority)})["leftovers"]] == [key]


@pytest.mark.parametrize("how", ["option", "variable of the cluster", "environment"])
def test_the_check_of_machines(region: Region, tmp_path: Path, how: str) -> None:
    server, authority = _certificate(tmp_path)
    region.nodes("n1")
    region.front.encrypt(server)
    given: dict[str, Any] = region.options(**({} if how == "environment" else {"ca_bundle": str(authority)}))
    if how == "variable of the cluster":
        given = {n: value for n, (value, _where) in check_options.of_cluster((), {check_options.OF_CLUSTER: given}).items()}
    region.job.environ = {"AWS_CA_BUNDLE": str(authority)} if how == "environment" else {}
    platform = registry.open(check_options.params(given), region.job, {})
    assert [m.name for m in platform.find(Wanted(tags=(("cluster", "prod"),)))] == ["n1"]
    platform.close()
