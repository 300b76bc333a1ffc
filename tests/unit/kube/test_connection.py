# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which cluster is meant, and as whom: options, K8S_AUTH_* names and kubeconfigs, and what is said of wrong ones."""
from __future__ import annotations

import base64
import json
import os
import stat
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.tests.unit.kube.kubeconfigs import config as _config


def _headers(connection):
    return [(name.lower(), value) for name, value in connection.headers()]


def test_a_kubeconfig_is_a_path_a_content_or_a_dictionary(resolve, tmp_path, monkeypatch):
    config = _config("east", "west", current="west")
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in (str(path), path, "~/config", yaml.safe_dump(config), json.dumps(config), config):
        found = resolve({"kubeconfig": value})
        assert (found.server, found.context) == ("https://west:6443", "west")
        assert _headers(found) == [("authorization", "Bearer token-of-west")]
        assert found.secrets() == ["token-of-west"]


def test_other_clients_of_the_configuration_find_the_token_by_either_name(resolve):
    found = resolve({"host": "https://a", "api_key": "abc"})
    assert {found.configuration.get_api_key_with_prefix(name) for name in ("authorization", "BearerToken")} == {"Bearer abc"}
    found.configuration.api_key.clear()  # and some releases of the package forget one of them
    assert _headers(found) == [("authorization", "Bearer abc")]


@pytest.mark.parametrize(("user", "word"), [
    ({"token": "abc"}, "Bearer abc"), ({"username": "jane", "password": "word"}, "Basic amFuZTp3b3Jk"),
    ({"username": "jane", "password": "word", "token": "abc"}, "Bearer abc"), ({"username": "jane"}, ""), ({}, "")])
def test_a_user_of_a_kubeconfig_is_who_asks(resolve, user, word):
    """By a password, too, where a proxy before the API server knows it; what says who we are is a secret."""
    found = resolve({"kubeconfig": _config("east", current="east", user=user)})
    assert _headers(found) == ([("authorization", word)] if word else [])
    assert found.secrets() == ([word.split()[1]] if word else [])


def test_several_kubeconfigs_are_merged_as_kubectl_does(resolve, tmp_path):
    paths = [tmp_path / "one", tmp_path / "absent", tmp_path / "two"]
    paths[0].write_text(yaml.safe_dump(_config("east", current="east")))
    paths[2].write_text(yaml.safe_dump(_config("west", current="west")))
    joined = os.pathsep.join(map(str, paths))
    assert resolve({"kubeconfig": joined}).server == "https://east:6443"
    assert resolve({"kubeconfig": joined, "context": "west"}).server == "https://west:6443"


def test_the_only_context_needs_no_naming_and_relative_files_lie_beside_the_kubeconfig(resolve, tmp_path, monkeypatch):
    (tmp_path / "token").write_text("from-a-file")
    (tmp_path / "config").write_text(yaml.safe_dump(_config("east", user={"tokenFile": "token"})))
    monkeypatch.chdir(os.path.dirname(sys.executable))
    assert _headers(resolve({"kubeconfig": str(tmp_path / "config")})) == [("authorization", "Bearer from-a-file")]


def test_options_win_over_the_environment_and_both_over_the_kubeconfig(resolve):
    config = json.dumps(_config("east", "west", current="east"))
    environ = {"K8S_AUTH_KUBECONFIG": config, "K8S_AUTH_CONTEXT": "west"}
    assert resolve(**environ).server == "https://west:6443"
    assert resolve({"context": "east"}, **environ).server == "https://east:6443"
    assert resolve({"context": None, "host": ""}, **environ).server == "https://west:6443"
    found = resolve({"api_key": "mine"}, **environ, K8S_AUTH_API_KEY="theirs", K8S_AUTH_HOST="other.test:443/")
    assert found.server == "https://other.test:443"
    assert _headers(found) == [("authorization", "Bearer mine")]


@pytest.mark.parametrize(("names", "attribute"), [
    (("K8S_AUTH_SSL_CA_CERT", "K8S_AUTH_CA_CERT"), "ssl_ca_cert"),
    (("K8S_AUTH_CERT_FILE", "K8S_AUTH_CLIENT_CERT"), "cert_file"),
    (("K8S_AUTH_KEY_FILE", "K8S_AUTH_CLIENT_KEY"), "key_file"),
])
def test_both_environment_names_of_kubernetes_core_name_a_file(resolve, pair, names, attribute):
    # The certificate and its key may lie in one file; they are given together, whichever of the two is looked at.
    pem = pair / "both.pem"
    rest = {"K8S_AUTH_HOST": "https://a.test", "K8S_AUTH_CERT_FILE": str(pem), "K8S_AUTH_KEY_FILE": str(pem)}
    for name in names:
        environ = {k: v for k, v in rest.items() if k not in names}
        assert getattr(resolve(**{**environ, name: str(pem)}).configuration, attribute) == str(pem)


@pytest.mark.parametrize(("value", "verified"), [("no", False), ("0", False), ("False", False), ("yes", True)])
def test_certificates_are_verified_unless_switched_off(resolve, value, verified):
    assert resolve(K8S_AUTH_HOST="https://a.test").configuration.verify_ssl is True
    for name in ("K8S_AUTH_VERIFY_SSL", "K8S_AUTH_VALIDATE_CERTS"):
        assert resolve(**{"K8S_AUTH_HOST": "https://a.test", name: value}).configuration.verify_ssl is verified
    config = _config("east", cluster={"insecure-skip-tls-verify": True})
    assert resolve({"kubeconfig": config}).configuration.verify_ssl is False
    assert resolve({"kubeconfig": config, "validate_certs": True}).configuration.verify_ssl is True


def test_impersonation_has_one_header_per_group(resolve):
    expected = [("impersonate-user", "jane"), ("impersonate-group", "dev"), ("impersonate-group", "ops")]
    assert _headers(resolve({"host": "https://a", "impersonate_user": "jane", "impersonate_groups": ["dev", "ops"]})) \
        == expected
    assert _headers(resolve(K8S_AUTH_HOST="https://a", K8S_AUTH_IMPERSONATE_USER="jane",
                            K8S_AUTH_IMPERSONATE_GROUPS="dev, ops")) == expected


def test_one_server_by_its_own_address_is_asked_as_the_same_user_and_must_have_the_name(resolve):
    found = resolve({"host": "https://balancer", "api_key": "abc", "impersonate_user": "u"})
    one = found.at("https://10.0.0.1:6443", "kubernetes.default.svc")
    assert (one.server, one.configuration.host, one.configuration.tls_server_name) == (
        "https://10.0.0.1:6443", "https://10.0.0.1:6443", "kubernetes.default.svc")
    assert _headers(one) == _headers(found) and one.configuration.verify_ssl
    assert (found.server, found.configuration.host) == ("https://balancer",) * 2
    assert not getattr(found.configuration, "tls_server_name", None)


def test_keys_given_as_data_are_private_files_until_close(resolve, pair, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    text = (pair / "both.pem").read_text()
    encoded = base64.b64encode(text.encode()).decode()
    user = {"client-certificate-data": encoded, "client-key-data": encoded}
    config = _config("east", user=user, cluster={"certificate-authority-data": encoded})
    first, second = resolve({"kubeconfig": config}), resolve({"kubeconfig": config})
    for found in (first, second):
        c = found.configuration
        files = [Path(p) for p in (c.cert_file, c.key_file, c.ssl_ca_cert)]
        assert [f.read_text() for f in files] == [text] * 3
        assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
        assert {stat.S_IMODE(f.parent.stat().st_mode) for f in files} == {0o700}
    first.close()
    assert Path(second.configuration.key_file).exists() and not Path(first.configuration.key_file).exists()
    second.close()
    assert list(tmp_path.iterdir()) == []


EXEC = """#!/bin/sh
echo "$NAME asked" >> "$LOG"
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "'$1'"%s}}'
"""


def _exec_config(tmp_path, script, *arguments):
    path = tmp_path / "get-token"
    path.write_text(script)
    path.chmod(0o700)
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(path), "args": list(arguments),
               "env": [{"name": "NAME", "value": "east"}, {"name": "LOG", "value": str(tmp_path / "log")}]}
    return _config("east", user={"exec": command})


@pytest.mark.parametrize(("expires", "runs"), [
    ("", 1), (', "expirationTimestamp": "2999-01-01T00:00:00Z"', 1), (', "expirationTimestamp": "2001-01-01T00:00:00Z"', 2)])
def test_an_exec_plugin_gives_the_token_and_is_asked_again_when_it_is_near_its_end(resolve, tmp_path, expires, runs):
    found = resolve({"kubeconfig": _exec_config(tmp_path, EXEC % expires, "abc")})
    for _turn in range(2):
        assert _headers(found) == [("authorization", "Bearer abc")]
    assert (tmp_path / "log").read_text().splitlines() == ["east asked"] * runs


@pytest.mark.parametrize(("script", "words"), [
    ("#!/bin/sh\necho 'the session has expired' >&2\nexit 3\n", "the session has expired"),
    ("#!/bin/sh\necho hello\n", "failed to decode"),
    ("#!/bin/sh\necho '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"x\", \"status\": {}}'\n",
     "missing token"),
])
def test_an_exec_plugin_that_fails_is_one_sentence_and_no_anonymous_request(resolve, tmp_path, script, words, capfd):
    with pytest.raises(BadInput) as e:
        resolve({"kubeconfig": _exec_config(tmp_path, script)})
    sentence = str(e.value)
    assert sentence.startswith("kubeconfig: ") and str(tmp_path / "get-token") in sentence and words in sentence
    assert "\n" not in sentence and capfd.readouterr() == ("", "")


def test_an_exec_plugin_that_is_not_installed_is_named(resolve):
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-authenticator"}
    with pytest.raises(BadInput, match="^kubeconfig: .*no-such-authenticator.*No such file"):
        resolve({"kubeconfig": _config("east", user={"exec": command})})


def test_failed_input_leaves_no_keys_behind(resolve, pair, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    encoded = base64.b64encode((pair / "both.pem").read_bytes()).decode()
    config = _config("east", user={"client-certificate-data": encoded, "client-key-data": encoded})
    with pytest.raises(BadInput):
        resolve({"kubeconfig": config, "client_cert": str(tmp_path / "absent")})
    assert list(tmp_path.iterdir()) == []


TWO = _config("east", "west")


@pytest.mark.parametrize(("options", "sentence"), [
    ({}, "host: no cluster address is given; set kubeconfig (a path or the content) or host"),
    ({"kubeconfig": TWO, "context": "north"}, "context: the kubeconfig has no context 'north'; it has east, west"),
    ({"kubeconfig": TWO}, "context: the kubeconfig has no current context; name one of east, west"),
    ({"kubeconfig": {**TWO, "current-context": "gone"}},
     "context: the kubeconfig has no current context; name one of east, west"),
    ({"kubeconfig": "/no/such/file"}, "kubeconfig: cannot read /no/such/file: No such file or directory"),
    ({"kubeconfig": 7}, "kubeconfig: must be a path, the content or a dictionary, not int"),
    ({"kubeconfig": "clusters: [\n"},
     "kubeconfig: the given content is not valid YAML at line 2; give the path or the content of a kubeconfig"),
    ({"kubeconfig": {"a": 1}}, "kubeconfig: the given dictionary names no clusters; give the path or the content of a "
                               "kubeconfig"),
    ({"kubeconfig": "apiVersion: v1\nclusters: []\n"},
     "kubeconfig: the given content names no clusters; give the path or the content of a kubeconfig"),
    ({"host": "https://a", "validate_certs": "perhaps"}, "validate_certs: must be true or false, not 'perhaps'"),
    ({"host": "https://a", "ca_cert": "/no/ca.pem"}, "ca_cert: cannot read /no/ca.pem; name a readable PEM file"),
    ({"host": "https://a", "client_cert": os.devnull}, "client_cert: cannot read /dev/null; name a readable PEM file"),
    ({"host": "https://a", "client_cert": __file__},
     "client_cert, client_key: give both of them, the certificate and its key, or neither"),
    ({"host": "https://a", "username": "jane"}, "password: is missing beside username; give both, or api_key"),
    ({"host": "https://a", "impersonate_groups": ["dev"]}, "impersonate_user: is needed beside impersonate_groups"),
    ({"host": "https://a", "proxy_headers": "x"},
     "proxy_headers: must be a dictionary with basic_auth, proxy_basic_auth or user_agent"),
    ({"host": "https://a", "proxy_headers": {"X-Team": "x"}},
     "proxy_headers: must be a dictionary with basic_auth, proxy_basic_auth or user_agent"),
])
def test_wrong_input_is_one_sentence(resolve, options, sentence):
    with pytest.raises(BadInput) as e:
        resolve(options)
    assert str(e.value) == sentence


@pytest.mark.parametrize("broken", [
    {"clusters": ["east"]}, {"clusters": [{"name": "east"}]}, {"contexts": ["east"]}, {"contexts": [{"name": "east"}]},
    {"contexts": {"east": 1}}, {"users": "east"}, {"users": [{"name": "east", "user": {"client-key-data": "%%"}}]},
    {"clusters": [{"name": "other", "cluster": {"server": "https://x"}}]},
])
def test_a_malformed_kubeconfig_is_told_and_never_breaks(resolve, broken):
    try:
        resolve({"kubeconfig": {**_config("east", current="east"), **broken}})
    except BadInput as e:
        assert str(e).startswith(("kubeconfig: ", "context: ")) and "\n" not in str(e)
    else:
        assert "users" in broken  # a user that is not described is an anonymous one


def test_without_options_the_users_own_kubeconfig_is_not_used_by_accident(resolve, tmp_path):
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(_config("east", current="east")))
    with pytest.raises(BadInput, match="no cluster address is given"):
        resolve(KUBECONFIG=str(path))
    assert resolve({"context": "east"}, KUBECONFIG=str(path)).server == "https://east:6443"
