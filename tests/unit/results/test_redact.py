"""Planted secrets are found in every shape and place; harmless text stays as it is."""
from __future__ import annotations

import base64
import json

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import redact as module
from ansible_collections.assay.clusters.plugins.module_utils.results.redact import MASK, Redactor, redact

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IkFB.eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50.c2lnbmF0dXJlLXBsYW50ZWQ"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEplantedKEYline1\nMIIEplantedKEYline2==\n-----END RSA PRIVATE KEY-----"
BASIC = base64.b64encode(b"admin:planted-Pass").decode()

TEXTS = {
    "bearer": ("Authorization: Bearer abcDEF123.planted-tok", "planted-tok"),
    "bearer in prose": ("sent bearer 0123456789planted to the server", "0123456789planted"),
    "basic": (f"Authorization: Basic {BASIC}", BASIC),
    "basic lower case": (f"header authorization=basic {BASIC}", BASIC),
    "jwt": (f"token {JWT} rejected", "eyJpc3Mi"),
    "pem": (f"read {PEM} from file", "planted"),
    "pem cut off": ("x -----BEGIN PRIVATE KEY-----\nMIIEplantedKEY", "planted"),
    "pem in json": (json.dumps({"a": PEM.replace("RSA ", "EC ")}), "planted"),
    "pem for ssh": (PEM.replace("RSA", "OPENSSH"), "planted"),
    "url": ("Get https://user:planted@registry.example.com/v2/: 401", "planted"),
    "url without user": ("proxy http://:planted@10.0.0.1:3128 refused", "planted"),
    "url with token": ("clone https://plantedtoken@git.example.com/x", "plantedtoken"),
    "aws id": ("user AKIAPLANTEDKEY123456 is not authorized", "AKIAPLANTED"),
    "aws secret": ("AWS_SECRET_ACCESS_KEY=plantedW+4/9abcdef", "planted"),
    "aws session": ("aws_session_token: plantedFwoGZ123", "planted"),
    "presigned": ("https://b.s3.amazonaws.com/x?X-Amz-Signature=planted0a1b&X-Amz-Date=1", "planted0a1b"),
    "eks": ("k8s-aws-v1.aHR0cHM6Ly9zdHMucGxhbnRlZA", "aHR0cHM6"),
    "openshift": ("sha256~Wq3kPlantedPlantedPlanted0123456789", "Planted"),
    "rancher": ("kubeconfig-u-x7k2p:planted0123456789planted012345", "planted0123"),
    "github": ("ghp_plantedPLANTED0123456789abcd", "planted"),
    "flag": ("ran login --username u --password planted -v", "planted"),
    "flag with equals": ("--token=planted.tok", "planted.tok"),
    "yaml": ("  password: planted\n  other: 1", "planted"),
    "yaml quoted": ("client-secret: 'planted with blanks' # x", "with blanks"),
    "json": ('{"db_password": "planted \\" x", "n": 1}', "planted"),
    "json in json": (json.dumps(json.dumps({"password": "planted"})), "planted"),
    "query": ("GET /x?access_token=planted&a=b", "planted"),
    "yaml token quoted": ("token: \"planted99\"", "planted99"), "yaml secret quoted": ("secret: 'planted99'", "planted99"),
    "token with digit": ("token: planted99", "planted99"),
    "client key": ("    client-key-data: TUlJRXBsYW50ZWQ=", "TUlJRX"),
    "docker": (f'{{"auths": {{"r.example.com": {{"auth": "{BASIC}"}}}}}}', BASIC),
    "variable": ("DB_PASSWORD=planted ./run", "planted"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_secret_in_text(name: str) -> None:
    text, secret = TEXTS[name]
    assert secret in text
    cleaned = redact(text)
    assert secret not in cleaned
    assert "redacted" in cleaned
    assert redact(cleaned) == cleaned


HARMLESS = [
    "node/ip-10-40-3-17.eu-west-1.compute.internal",
    "registry.example.com:5000/agnhost:2.53@sha256:7e8bdd271312fd25fc5ff5a8f04727be84044eb3d7d8d03611972a6752e2e11e",
    "docker-pullable://nginx@sha256:7e8bdd271312fd25fc5ff5a8f04727be84044eb3d7d8d03611972a6752e2e11e",
    "containerd://f0a1b2c3d4e5f60718293a4b5c6d7e8ff0a1b2c3d4e5f60718293a4b5c6d7e8f",
    "uid 0f8fad5b-d9cd-469f-a165-70867728950e resourceVersion 184467",
    "pod/kube-proxy-x7k2p on shop-prod-01 10.244.3.8:8080 fd00::1",
    "Secret default/db-password not found", 'couldn\'t find key password in Secret default/db',
    "failed to get bearer token: no such file", "the bearer authentication scheme", "basic authentication failed",
    "pull secret: missing", "token: expired",
    "serviceaccount token projected at /var/run/secrets/kubernetes.io/serviceaccount",
    'MountVolume.SetUp failed for volume "kube-api-access-9xk2p" : object "kube-root-ca.crt" not registered',
    'Www-Authenticate: Bearer realm="https://auth.example.com/token",service="registry"',
    "https://prod-eu-1.k8s.example.com:6443/api/v1/namespaces/assay-3f9a21c0/pods/probe-8xq2c:8080/proxy",
    "x509: certificate signed by unknown authority", "secretName: tls-cert", "imagePullSecrets: [regcred]",
    "-----BEGIN CERTIFICATE-----\nMIIBpublic\n-----END CERTIFICATE-----",
    "kubectl --context prod-eu-1 get pods -A", "2026-03-14T09:24:11Z", "ssh-ed25519 host key verification failed",
    "exceeded quota: compute, requested: secrets=1, used: secrets=10, limited: secrets=10", "",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays(text: str) -> None:
    assert redact(text) == text


def test_structures_keep_their_shape() -> None:
    data = {"password": "planted", "empty": {"token": "", "secret": None, "apiKey": 12345}, "volumes": [
        {"secret": {"secretName": "tls"}}], "count": 3, "ok": True, "ratio": 0.5, "t": ("a", "b"), "none": None}
    assert redact(data) == {
        "password": MASK, "empty": {"token": "", "secret": None, "apiKey": MASK},
        "volumes": [{"secret": {"secretName": "tls"}}], "count": 3, "ok": True, "ratio": 0.5, "t": ["a", "b"],
        "none": None}
    assert data["password"] == "planted"


@pytest.mark.parametrize("key", ["password", "db_password", "clientSecret", "AWS_SESSION_TOKEN", "client-key-data",
                                 "api_key", "Authorization", "private_key", "bearerToken", ".dockerconfigjson",
                                 "tls.key"])
def test_secret_keys(key: str) -> None:
    assert redact({key: "planted"}) == {key: MASK}


@pytest.mark.parametrize("key", ["secretName", "tokenExpirationSeconds", "resourceVersion", "name", "keys", "secrets",
                                 "passwordPolicyName", "imagePullSecrets", "podname", "kubeconfig"])
def test_harmless_keys(key: str) -> None:
    assert redact({key: "/home/ci/value"}) == {key: "/home/ci/value"}


def test_kubernetes_objects() -> None:
    secret = {"kind": "Secret", "data": {"a": "cGxhbnRlZA=="}, "stringData": {"b": "planted"},
              "metadata": {"name": "x"}}
    assert redact(secret) == {"kind": "Secret", "data": {"a": MASK}, "stringData": {"b": MASK},
                              "metadata": {"name": "x"}}
    env = [{"name": "DB_PASSWORD", "value": "planted"}, {"name": "MODE", "value": "fast"}]
    assert redact(env) == [{"name": "DB_PASSWORD", "value": MASK}, {"name": "MODE", "value": "fast"}]


def test_lines_and_arguments() -> None:
    assert "planted" not in str(redact(["before", *PEM.split("\n"), "after"]))
    assert redact(["before", *PEM.split("\n"), "after"])[-1] == "after"
    assert redact(["login", "--password", "planted", "--quiet"]) == ["login", "--password", MASK, "--quiet"]


def test_kubeconfig_is_hidden_whole() -> None:
    yaml = "apiVersion: v1\nkind: Config\nclusters:\n- cluster: {server: x}\n" \
        "users:\n- user:\n    exec: {args: [planted]}\n"
    assert redact(yaml) == "[redacted kubeconfig]"
    as_json = json.dumps({"kind": "Config", "clusters": [], "users": [{"user": {"x": "planted"}}]})
    assert redact({"kubeconfig": as_json}) == {"kubeconfig": "[redacted kubeconfig]"}


def test_given_secrets_in_every_form() -> None:
    secret = 'hunter two"&/'
    redactor = Redactor([secret, "", "abc"])
    forms = [secret, json.dumps(secret), "hunter+two%22%26%2F", "hunter%20two%22%26%2F",
             base64.b64encode(secret.encode()).decode()]
    for form in forms:
        assert "hunter" not in redactor.redact(f"see {form} there")
        assert form not in redactor.redact({form: [form]})
    assert redactor.redact("abc is too short to be told from text") == "abc is too short to be told from text"
    assert redact(secret) == secret, "secrets of one redactor are not those of another"


def test_registered_for_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_default", Redactor())
    module.register("planted-value", None)
    assert redact("a planted-value b") == f"a {MASK} b"


@pytest.mark.parametrize("wrap", [lambda d: [d], lambda d: {"a": d}, lambda d: {"kind": d}, lambda d: {"password": [d]},
                                  lambda d: ["--password", d]])
def test_what_is_nested_too_deep_is_left_out_and_breaks_nothing(wrap) -> None:
    """JSON of a stranger, which may be as deep as it likes."""
    data = "hunter2-secret"
    for _level in range(700):
        data = wrap(data)
    said = repr(Redactor(["hunter2-secret"]).redact({"deep": data, "after": "seen"}))
    assert module.TOO_DEEP in said and "hunter2" not in said and "'after': 'seen'" in said
