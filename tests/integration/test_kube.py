# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real API server: who it takes us for, where its kinds live, its watches over a restart, and all ways to a pod."""
from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.common import names
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.kinds import path_of
from ansible_collections.assay.clusters.plugins.module_utils.kube.pods import pod_ready
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import PodHttp, TransportError
from ansible_collections.assay.clusters.plugins.module_utils.kube.watch import Watch
from tests.rights import wait_until_allowed

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ROLES = "/apis/rbac.authorization.k8s.io/v1"
CERTIFICATES = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


@pytest.fixture(scope="module")
def connect(kubeconfig: str) -> Iterator[Any]:
    """A client by options; without any it is the administrator."""
    made = []

    def call(**options: Any) -> Client:
        connection = Connection.resolve(options or {"kubeconfig": kubeconfig}, {})
        made.append((Client(connection), connection))
        return made[-1][0]

    yield call
    for client, connection in made:
        client.close()
        connection.close()


@pytest.fixture(scope="module")
def admin(connect: Any) -> Client:
    return connect()


@pytest.fixture(scope="module")
def address(admin: Client) -> dict[str, Any]:
    """Where the cluster is and which authority it has, without any credentials: host and ca_cert."""
    return {"host": admin.server, "ca_cert": admin.connection.configuration.ssl_ca_cert}


def _after(function: Any, seconds: float = 60.0) -> Any:
    """The first true value; for what controllers and caches need a moment for."""
    end = time.monotonic() + seconds
    while not (value := function()) and time.monotonic() < end:
        time.sleep(0.2)
    return value


@pytest.fixture(scope="module")
def space(admin: Client) -> Iterator[str]:
    """A path of a namespace with a ServiceAccount `reader` that may look at its pods and run commands in them."""
    name = f"test-kube-{uuid.uuid4().hex[:8]}"
    path = f"/api/v1/namespaces/{name}"
    admin.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": {
        "pod-security.kubernetes.io/enforce": "restricted"}}})
    try:
        assert _after(lambda: admin.get(f"{path}/serviceaccounts")["items"])
        admin.create(f"{path}/serviceaccounts", {"metadata": {"name": "reader"}})
        admin.create(f"{ROLES}/namespaces/{name}/roles", {"metadata": {"name": "reader"}, "rules": [
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]}]})
        admin.create(f"{ROLES}/namespaces/{name}/rolebindings", {
            "metadata": {"name": "reader"}, "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": name}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}})
        wait_until_allowed(admin.create, f"system:serviceaccount:{name}:reader", "create", "pods/exec", name)
        yield path
    finally:
        admin.delete(path)


@pytest.fixture(scope="module")
def token(admin: Client, space: str) -> str:
    asked = admin.create(f"{space}/serviceaccounts/reader/token", {"spec": {"expirationSeconds": 600}})
    return asked["status"]["token"]


def _who(client: Client) -> dict[str, Any]:
    return client.create(REVIEW, {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})["status"]["userInfo"]


# ---- who we are -----------------------------------------------------------------------------------------------
def test_a_token_is_its_service_account_with_its_rights_and_no_others(
        connect: Any, address: dict[str, Any], space: str, token: str) -> None:
    client = connect(**address, api_key=token)
    assert _who(client)["username"] == f"system:serviceaccount:{space.rpartition('/')[2]}:reader"
    assert client.get(f"{space}/pods")["kind"] == "PodList"
    with pytest.raises(ApiError) as e:
        client.get("/api/v1/nodes")
    assert (e.value.status, e.value.reason, e.value.verb, e.value.resource) == (403, "Forbidden", "list", "nodes")
    watch = Watch(client, f"{space}/pods")
    watch.start()
    with pytest.raises(ApiError) as e:  # it may list and not watch
        watch.wait(lambda items: False, time.monotonic() + 30)
    assert (e.value.status, e.value.verb, e.value.resource) == (403, "watch", "pods")


def test_a_wrong_token_is_unauthenticated(connect: Any, address: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as e:
        connect(**address, api_key="wrong").get("/api/v1/nodes")
    assert (e.value.status, e.value.reason) == (401, "Unauthorized")


def test_impersonation_is_a_user_with_groups(connect: Any, kubeconfig: str) -> None:
    client = connect(kubeconfig=kubeconfig, impersonate_user="jane", impersonate_groups=["dev", "ops"])
    who = _who(client)
    assert who["username"] == "jane" and {"dev", "ops"} <= set(who["groups"])
    with pytest.raises(ApiError) as e:
        client.get("/api/v1/nodes")
    assert e.value.status == 403 and 'User "jane" cannot list' in e.value.message


def _signed(admin: Client, user: str, group: str) -> tuple[bytes, bytes]:
    """A key and the certificate that the cluster's own authority signs for it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, group), x509.NameAttribute(NameOID.COMMON_NAME, user)])
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    name = f"test-kube-{uuid.uuid4().hex[:8]}"
    body = {"metadata": {"name": name}, "spec": {
        "request": base64.b64encode(asked.public_bytes(serialization.Encoding.PEM)).decode(), "usages": ["client auth"],
        "signerName": "kubernetes.io/kube-apiserver-client", "expirationSeconds": 600}}
    made = admin.create(CERTIFICATES, body)
    try:
        made["status"] = {"conditions": [{"type": "Approved", "status": "True", "reason": "Test", "message": "for a test"}]}
        admin.request("PUT", f"{CERTIFICATES}/{name}/approval", body=made)
        signed = _after(lambda: admin.get(f"{CERTIFICATES}/{name}").get("status", {}).get("certificate"))
        assert signed, "the cluster signs no client certificates"
    finally:
        admin.delete(f"{CERTIFICATES}/{name}")
    return base64.b64decode(signed), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def test_a_client_certificate_is_its_user_as_files_and_as_data(
        admin: Client, connect: Any, address: dict[str, Any], tmp_path: Any) -> None:
    certificate, key = _signed(admin, "jane", "dev")
    (tmp_path / "crt").write_bytes(certificate)
    (tmp_path / "key").write_bytes(key)
    with open(address["ca_cert"], "rb") as f:
        authority = base64.b64encode(f.read()).decode()
    config = {"clusters": [{"name": "c", "cluster": {"server": address["host"], "certificate-authority-data": authority}}],
              "contexts": [{"name": "c", "context": {"cluster": "c", "user": "jane"}}],
              "users": [{"name": "jane", "user": {"client-certificate-data": base64.b64encode(certificate).decode(),
                                                  "client-key-data": base64.b64encode(key).decode()}}]}
    for client in (connect(**address, client_cert=str(tmp_path / "crt"), client_key=str(tmp_path / "key")),
                   connect(kubeconfig=yaml.safe_dump(config))):
        who = _who(client)
        assert who["username"] == "jane" and "dev" in who["groups"]


def test_an_authority_that_did_not_sign_the_server_is_refused(connect: Any, address: dict[str, Any], tmp_path: Any) -> None:
    from ansible_collections.assay.clusters.tests.lab.pki import Pki

    Pki(tmp_path).ca("other", "somebody else")
    with pytest.raises(ApiError) as e:
        connect(host=address["host"], ca_cert=str(tmp_path / "other.crt")).get("/version")
    assert e.value.kind == "tls" and "CERTIFICATE_VERIFY_FAILED" in e.value.message


# ---- kinds and watches ----------------------------------------------------------------------------------------
def test_every_kind_of_kubernetes_itself_lives_where_we_say(admin: Client) -> None:
    groups = ["v1", *(g["preferredVersion"]["groupVersion"] for g in admin.get("/apis")["groups"]
                      if "." not in g["name"] or g["name"].endswith(".k8s.io"))]
    wrong = []
    for group in groups:
        if group.startswith("metrics.k8s.io"):  # other things under names of Kubernetes' own kinds
            continue
        base = f"/api/{group}" if "/" not in group else f"/apis/{group}"
        for found in admin.get(base)["resources"]:
            if "/" not in found["name"]:
                space = "/namespaces/n" if found["namespaced"] else ""
                if path_of(group, found["kind"], "n") != f"{base}{space}/{found['name']}":
                    wrong.append(f"{group} {found['kind']}")
    assert wrong == [] and len(groups) > 10


def _config(space: str, admin: Client, name: str, value: str) -> None:
    body = {"metadata": {"name": name}, "data": {"value": value}}
    if name in {i["metadata"]["name"] for i in admin.get(f"{space}/configmaps")["items"]}:
        admin.patch(f"{space}/configmaps/{name}", {"data": {"value": value}})
    else:
        admin.create(f"{space}/configmaps", body)


def _has(space: str, name: str, value: str) -> Any:
    key = (space.rpartition("/")[2], name)
    return lambda items: key in items and items[key]["data"]["value"] == value


@pytest.mark.lab
def test_a_watch_goes_on_over_a_restart_of_the_api_server(lab: Any, connect: Any, space: str) -> None:
    client = connect()
    watch = Watch(client, f"{space}/configmaps")
    watch.start()
    try:
        _config(space, client, "watched", "before")
        assert watch.wait(_has(space, "watched", "before"), time.monotonic() + 30)
        with lab.fault.stop("cp", "kube-apiserver"):
            with pytest.raises(ApiError) as e:
                client.get("/version")
            assert e.value.kind == "unreachable"
            time.sleep(2)
            assert _has(space, "watched", "before")(watch.items())
        _config(space, client, "watched", "after")
        assert watch.wait(_has(space, "watched", "after"), time.monotonic() + 60)
        client.delete(f"{space}/configmaps/watched")
        key = (space.rpartition("/")[2], "watched")
        assert watch.wait(lambda items: key not in items, time.monotonic() + 30)
    finally:
        watch.stop()


def test_a_version_that_is_too_old_lists_anew(admin: Client, space: str) -> None:
    watch = Watch(admin, f"{space}/configmaps")
    # As after a long sleep: the first request is a watch from a version that is compacted away, or by a young server replayed.
    watch._version, watch._synced = "1", True
    watch.start()
    try:
        _config(space, admin, "old", "x")
        assert watch.wait(_has(space, "old", "x"), time.monotonic() + 60)
    finally:
        watch.stop()


# ---- ways to a pod --------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def pod(admin: Client, space: str) -> str:
    container = {"name": "c", "image": names.image("agnhost", {}, ""), "args": ["netexec", "--http-port=8080"],
                 "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
                 "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}
    admin.create(f"{space}/pods", {"metadata": {"name": "probe"}, "spec": {
        "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0, "containers": [container],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}}})
    assert _after(lambda: pod_ready(admin.get(f"{space}/pods/probe")), 120)
    return "probe"


@pytest.mark.parametrize(("transport", "name"), [("proxy", "pod-proxy"), ("port_forward", "port-forward"),
                                                 ("exec", "exec"), ("auto", "pod-proxy")])
def test_every_way_reaches_the_pod(admin: Client, space: str, pod: str, transport: str, name: str) -> None:
    http = PodHttp(admin, space.rpartition("/")[2], transport)
    for word in ("one", "two words & more"):
        answer = http.get(pod, 8080, f"/echo?msg={word.replace(' ', '%20').replace('&', '%26')}", timeout=10)
        assert (answer.text, answer.status, answer.transport) == (word, 200, name)
    assert http.get(pod, 8080, "/hostname", timeout=10).text == pod and http.transport == name


@pytest.mark.parametrize("transport", ["proxy", "port_forward"])
def test_what_the_pod_refuses_is_its_answer_by_every_way(admin: Client, space: str, pod: str, transport: str) -> None:
    http = PodHttp(admin, space.rpartition("/")[2], transport)
    assert http.get(pod, 8080, "/echo?msg=no&code=503", timeout=10).status == 503


def test_where_proxy_and_port_forward_are_forbidden_commands_are_used(
        connect: Any, address: dict[str, Any], token: str, space: str, pod: str) -> None:
    http = PodHttp(connect(**address, api_key=token), space.rpartition("/")[2])
    answer = http.get(pod, 8080, "/hostname", timeout=10)
    assert (answer.text, answer.transport) == (pod, "exec")


@pytest.mark.parametrize(("name", "port"), [("probe", 9999), ("absent", 8080)])
def test_a_pod_that_does_not_listen_or_does_not_exist_is_told_for_every_way(
        admin: Client, space: str, pod: str, name: str, port: int) -> None:
    with pytest.raises(TransportError) as e:
        PodHttp(admin, space.rpartition("/")[2]).get(name, port, "/", timeout=5)
    for word in ("pod-proxy: ", "port-forward: ", "exec: "):
        assert word in str(e.value)


def test_a_port_forward_is_made_anew_after_the_pod_closed_it(admin: Client, space: str, pod: str) -> None:
    http = PodHttp(admin, space.rpartition("/")[2], "port_forward")
    for _turn in range(5):
        assert http.get(pod, 8080, "/hostname", timeout=10).text == pod
    with pytest.raises(TransportError):
        http.get(pod, 9999, "/", timeout=5)
    assert http.get(pod, 8080, "/hostname", timeout=10).text == pod
