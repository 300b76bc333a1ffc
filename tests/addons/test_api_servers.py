# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two API servers on one etcd: each known to the cluster, each with its own audit log, either of them enough."""
from __future__ import annotations

import json
import socket
import ssl
import uuid
from typing import Any

import pytest

from tests.lab import Lab, LabError, node
from tests.lab.base import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.lab]
SLICE = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"


def _endpoints(lab: Any, at: str = "cp") -> set[str]:
    return {a for e in lab.api(SLICE, at=at)["endpoints"] for a in e["addresses"]}


def _named(lab: Any, name: str) -> dict[str, list[dict[str, Any]]]:
    """Events about an object, by API server."""
    return {short: [json.loads(x) for x in log.read_text().splitlines() if name in x] for short, log in lab.audit_logs.items()}


def test_both_are_behind_the_service_and_answer_pods_of_every_node(lab: Any) -> None:
    assert list(lab.control_planes) == ["cp", "cp2"] and not {"cp", "cp2"} & {*lab.machines}
    assert _endpoints(lab) == {*lab.control_planes.values()}
    for short in lab.machines:
        for where in (*(f"{a}:6443" for a in lab.control_planes.values()), "10.96.0.1:443"):
            told = node.in_pod_network(lab, short, "curl", "-sSk", "--max-time", "5", f"https://{where}/version")
            assert json.loads(told)["gitVersion"], (short, where)


def test_both_serve_a_certificate_for_what_they_are_asked_by(lab: Any) -> None:
    for address in lab.control_planes.values():
        context = ssl.create_default_context(cafile=str(lab.folder / "pki/ca.crt"))
        for name in ("kubernetes.default.svc", address):
            with context.wrap_socket(socket.create_connection((address, 6443), 5), server_hostname=name) as sock:
                assert sock.version()


def test_each_writes_its_own_requests_and_sees_what_the_other_stored(lab: Any) -> None:
    name, path = f"twice-{uuid.uuid4().hex}", "/api/v1/namespaces/default/configmaps"
    lab.api(path, "POST", {"metadata": {"name": name}}, at="cp2")
    lab.api(f"{path}/{name}", "DELETE", at="cp")

    def verbs() -> dict[str, set[str]]:
        return {short: {e["verb"] for e in events} for short, events in _named(lab, name).items()}

    wait_for("both requests, each in one log", lambda: verbs() == {"cp": {"delete"}, "cp2": {"create"}}, 20)


# Its pool of nodes stays, as all is to be well at the end.
@pytest.mark.tiers("autoscaler")
def test_a_stopped_one_leaves_the_endpoints_and_comes_back(lab: Any) -> None:
    with lab.fault.stop("cp2", "kube-apiserver"):
        assert not lab.healthy()
        wait_for("one endpoint", lambda: _endpoints(lab) == {lab.control_plane}, 60)
        assert lab.ready_nodes() == lab.workers
    wait_for("both endpoints", lambda: _endpoints(lab) == {*lab.control_planes.values()}, 60)
    assert _endpoints(lab, "cp2") == _endpoints(lab)
    lab.recovered(180)


def test_how_many_is_kept_and_bounded(lab: Any) -> None:
    assert Lab(lab.name).api_servers == Lab(lab.name, api_servers=1).api_servers == 2
    with pytest.raises(LabError, match="--api-servers: must be 1 or 2, not 3"):
        Lab("none9", api_servers=3)
