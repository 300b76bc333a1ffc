# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""api_server, seen red: the server away, the wrong CA, a bad token, no rights, etcd frozen."""
from __future__ import annotations

import base64
import copy
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.engine import run
from tests.faults.conftest import assert_red
from tests.rights import wait_until_allowed

pytestmark = [pytest.mark.faults, pytest.mark.lab]


def _kubeconfig(lab: Any) -> dict[str, Any]:
    with open(lab.kubeconfig, encoding="utf-8") as f:
        return yaml.safe_load(f)


def test_stopped_server_is_unreachable(lab: Any, prove: Any) -> None:
    with lab.fault.stop("cp", "kube-apiserver"):
        records = prove("api_server", "dns", "nodes")
    assert_red(records["api_server"], "api.unreachable", [], "confirmed")
    for other in ("dns", "nodes"):
        assert_red(records[other], "api.unreachable", [], "confirmed", verdict="inconclusive", follows="api.unreachable")
    prove.green("api_server")


def test_wrong_ca_is_tls(lab: Any, prove: Any) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
    import datetime

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another CA")])
    now = datetime.datetime.now(datetime.timezone.utc)
    other = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
             .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
             .not_valid_after(now + datetime.timedelta(days=1))
             .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    config = copy.deepcopy(_kubeconfig(lab))
    config["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(
        other.public_bytes(serialization.Encoding.PEM)).decode()
    records = prove("api_server", connection={"kubeconfig": config})
    assert_red(records["api_server"], "api.tls", [], "confirmed", "certificate")
    prove.green("api_server")


def test_bad_token_is_unauthenticated(lab: Any, prove: Any) -> None:
    config = _kubeconfig(lab)
    cluster = config["clusters"][0]["cluster"]
    config["users"][0]["user"] = {"token": "not-a-token"}
    records = prove("api_server", "nodes", connection={"kubeconfig": config})
    assert_red(records["api_server"], "api.unauthenticated", [], "confirmed")
    assert_red(records["nodes"], "api.unauthenticated", [], "confirmed", verdict="inconclusive", follows="api.unauthenticated")
    assert cluster["server"] in str(prove.result["server"])
    assert "not-a-token" not in str(prove.result)


def test_user_without_rights_is_forbidden(lab: Any, prove: Any) -> None:
    records = prove("api_server", "nodes",
                    connection={"kubeconfig": str(lab.kubeconfig), "impersonate_user": "nobody-in-particular"})
    assert_red(records["api_server"], "harness.forbidden", ["permission/create namespaces"], "confirmed",
               verdict="inconclusive")
    assert_red(records["nodes"], "harness.forbidden", ["permission/list nodes"], "confirmed", verdict="inconclusive")


@pytest.fixture
def reader(lab: Any) -> Any:
    """A user who may read everything and change nothing."""
    group, name = "/apis/rbac.authorization.k8s.io/v1", "test-reader"
    api = "rbac.authorization.k8s.io"
    lab.api(f"{group}/clusterroles", "POST", {
        "apiVersion": f"{api}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": [
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
            {"nonResourceURLs": ["*"], "verbs": ["get"]}]})
    lab.api(f"{group}/clusterrolebindings", "POST", {
        "apiVersion": f"{api}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": api, "kind": "User", "name": name}]})
    wait_until_allowed(lambda path, body: lab.api(path, "POST", body), name, "list", "nodes")
    yield name
    for kind in ("clusterrolebindings", "clusterroles"):
        lab.api(f"{group}/{kind}/{name}", "DELETE")


def test_user_who_may_not_make_a_namespace(lab: Any, prove: Any, reader: str) -> None:
    records = prove("dns", "pod_network", connection={"kubeconfig": str(lab.kubeconfig), "impersonate_user": reader})
    for record in records.values():
        assert_red(record, "harness.forbidden", ["permission/create namespaces"], "confirmed",
                   verdict="inconclusive")
    assert prove.result["leftovers"] == []
    assert f"assay-{prove.result['run_id']}" not in [n["metadata"]["name"] for n in lab.api("/api/v1/namespaces")["items"]]


def test_frozen_etcd_is_unhealthy(lab: Any, prove: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(run, "_SILENT", 5.0)  # nothing can be removed meanwhile
    with lab.fault.freeze("cp", "etcd"):
        records = prove("api_server", "dns", limit=15)
    assert_red(records["api_server"], "etcd.unhealthy", [], "confirmed")
    assert_red(records["dns"], "etcd.unhealthy", [], "confirmed", verdict="inconclusive", follows="etcd.unhealthy")
    prove.green("api_server")


@pytest.mark.gauntlet
def test_a_firewall_before_the_server(lab: Any, prove: Any) -> None:
    """Nothing refuses, nothing answers."""
    with lab.fault.drop_port("cp", 6443):
        records = prove("api_server", "nodes")
    assert_red(records["api_server"], "api.unreachable", [], "confirmed", "no answer within")
    assert_red(records["nodes"], "api.unreachable", [], "confirmed", verdict="inconclusive", follows="api.unreachable")
    assert prove.result["leftovers"] == []
    prove.green("api_server")
