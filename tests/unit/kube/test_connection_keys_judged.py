# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Key files are judged before any request: what is unsound is one sentence that names field and file."""
from __future__ import annotations

import base64
import sys

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.tests.unit.kube.kubeconfigs import coded, config


def _twice(path):
    return base64.b64encode(base64.b64encode(path.read_bytes())).decode()


def _of(text):
    return base64.b64encode(text.encode()).decode()


CERT, KEY, CA = "client-certificate-data", "client-key-data", "certificate-authority-data"
USER, CLUSTER = "kubeconfig: users[east].", "kubeconfig: clusters[east]."
RAW = "take the output of kubectl config view --raw"


@pytest.mark.parametrize(("user", "sentence"), [
    (lambda d: {CERT: coded(d / "jane.crt"), KEY: coded(d / "joe.key")}, f"{USER}{KEY} does not belong to {CERT}"),
    (lambda d: {CERT: coded(d / "jane.crt"), KEY: coded(d / "rsa.key")}, f"{USER}{KEY} does not belong to {CERT}"),
    (lambda d: {CERT: "DATA+OMITTED", KEY: "DATA+OMITTED"}, f"{USER}{CERT} is DATA+OMITTED; {RAW}"),
    (lambda d: {CERT: coded(d / "jane.crt"), KEY: "REDACTED"}, f"{USER}{KEY} is REDACTED; {RAW}"),
    (lambda d: {"token": "REDACTED"}, f"{USER}token is REDACTED; {RAW}"),
    (lambda d: {"username": "jane", "password": "REDACTED"}, f"{USER}password is REDACTED; {RAW}"),
    (lambda d: {CERT: coded(d / "jane.crt"), KEY: _twice(d / "jane.key")},
     f"{USER}{KEY} is base64 of base64; encode the PEM text once"),
    (lambda d: {CERT: _twice(d / "jane.crt"), KEY: coded(d / "jane.key")},
     f"{USER}{CERT} is base64 of base64; encode the PEM text once"),
    (lambda d: {CERT: coded(d / "jane.crt")}, f"{USER}{CERT} has no client-key-data or client-key beside it"),
    (lambda d: {CERT: coded(d / "jane.crt"), KEY: ""}, f"{USER}{CERT} has no client-key-data or client-key beside it"),
    (lambda d: {CERT: coded(d / "jane.crt"), KEY: coded(d / "locked.key")},
     f"{USER}{KEY} is encrypted, and nobody is asked for its passphrase here; give the key without one"),
    (lambda d: {CERT: coded(d / "jane.crt"), KEY: coded(d / "jane.key")[:-21]},
     f"{USER}{KEY} is not whole base64: a part of it is missing or is something else"),
    (lambda d: {CERT: (d / "jane.crt").read_text(), KEY: coded(d / "jane.key")},
     f"{USER}{CERT} is PEM text; encode it in base64, or name its file as client-certificate"),
    (lambda d: {CERT: _of("hello, world"), KEY: coded(d / "jane.key")},
     f"{USER}{CERT} is base64 of something that is no PEM text"),
    (lambda d: {CERT: coded(d / "jane.key"), KEY: coded(d / "jane.key")},
     f"{USER}{CERT} holds no certificate in PEM form that can be read"),
    (lambda d: {CERT: coded(d / "jane.crt"), KEY: coded(d / "jane.crt")},
     f"{USER}{KEY} holds no private key in PEM form that can be read"),
    (lambda d: {CERT: coded(d / "jane.crt"), KEY: _of((d / "jane.key").read_text()[:150])},
     f"{USER}{KEY} holds no private key in PEM form that can be read"),
])
def test_an_unsound_certificate_or_key_is_named_by_its_field(resolve, pair, user, sentence, capfd):
    with pytest.raises(BadInput) as e:
        resolve({"kubeconfig": config("east", user=user(pair))})
    assert str(e.value) == sentence and capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("value", "words"), [
    (lambda d: "DATA+OMITTED", f"is DATA+OMITTED; {RAW}"), (lambda d: _of("junk"),
                                                            "is base64 of something that is no PEM text"),
    (lambda d: _twice(d / "ca.crt"), "is base64 of base64; encode the PEM text once"),
    (lambda d: coded(d / "jane.key"), "holds no certificate in PEM form that can be read"),
])
def test_an_unsound_ca_is_named_by_its_field(resolve, pair, value, words):
    with pytest.raises(BadInput) as e:
        resolve({"kubeconfig": config("east", cluster={CA: value(pair)})})
    assert str(e.value) == f"{CLUSTER}{CA} {words}"


def test_files_are_named_with_their_kubeconfig_and_their_path(resolve, pair, tmp_path):
    (tmp_path / "keys").mkdir()
    for name, of in (("a.crt", "jane.crt"), ("a.key", "joe.key"), ("locked.key", "locked.key")):
        (tmp_path / "keys" / name).write_bytes((pair / of).read_bytes())
    path, folder = tmp_path / "config", tmp_path / "keys"
    for key, words in (("keys/a.key", f"{folder}/a.key does not belong to client-certificate {folder}/a.crt"),
                       ("keys/locked.key", f"{folder}/locked.key is encrypted, and nobody is asked for its passphrase here; "
                                           "give the key without one"),
                       ("keys/none.key", f"{folder}/none.key cannot be read: No such file or directory")):
        path.write_text(yaml.safe_dump(config("east", user={"client-certificate": "keys/a.crt", "client-key": key})))
        with pytest.raises(BadInput) as e:
            resolve({"kubeconfig": str(path)})
        assert str(e.value) == f"kubeconfig: {path}: users[east].client-key {words}"


@pytest.mark.parametrize(("options", "sentence"), [
    ({"client_cert": "jane.crt", "client_key": "joe.key"}, "client_key: {}/joe.key does not belong to client_cert {}/jane.crt"),
    ({"client_cert": "jane.crt", "client_key": "locked.key"}, "client_key: {}/locked.key is encrypted, and nobody is asked for "
                                                              "its passphrase here; give the key without one"),
    ({"client_cert": "jane.key", "client_key": "jane.key"}, "client_cert: {}/jane.key holds no certificate in PEM form that can "
                                                            "be read"),
    ({"ca_cert": "jane.key"}, "ca_cert: {}/jane.key holds no certificate in PEM form that can be read"),
])
def test_files_of_options_are_named_by_option_and_path(resolve, pair, options, sentence):
    with pytest.raises(BadInput) as e:
        resolve({"host": "https://a", **{n: str(pair / v) for n, v in options.items()}})
    assert str(e.value) == sentence.replace("{}", str(pair))


def test_sound_ones_work_in_all_forms(resolve, pair):
    wrapped = base64.encodebytes((pair / "jane.key").read_bytes()).decode()
    user = {CERT: coded(pair / "jane.crt"), KEY: wrapped, "client-key": "/no/such"}  # data go before a file
    c = resolve({"kubeconfig": config("east", user=user, cluster={CA: coded(pair / "ca.crt")})}).configuration
    assert open(c.key_file, encoding="utf-8").read() == (pair / "jane.key").read_text()
    user = {"client-certificate": str(pair / "both.pem"), "client-key": str(pair / "both.pem")}
    cluster = {CA: "", "certificate-authority": str(pair / "ca.crt")}
    c = resolve({"kubeconfig": config("east", user=user, cluster=cluster)}).configuration
    assert (c.cert_file, c.ssl_ca_cert) == (str(pair / "both.pem"), str(pair / "ca.crt"))


def test_a_key_without_a_certificate_is_passed_over_as_kubectl_does(resolve, pair):
    found = resolve({"kubeconfig": config("east", user={"token": "abc", KEY: coded(pair / "locked.key")})})
    assert found.secrets() == ["abc"] and not found.configuration.key_file


@pytest.mark.parametrize(("cert", "key", "words"), [
    ("jane.crt", "jane.key", ""), ("jane.crt", "joe.key", "the clientKeyData of {} does not belong to its clientCertificateData"),
    ("jane.crt", "locked.key", "the clientKeyData of {} is encrypted")])
def test_what_a_program_gives_is_judged_as_well(resolve, pair, tmp_path, cert, key, words):
    script = tmp_path / "sign-in"
    script.write_text(f"#!{sys.executable}\nimport json\nprint(json.dumps({{'apiVersion': 'v1', 'kind': 'ExecCredential', 'status':"
                      f" {{'clientCertificateData': open({str(pair / cert)!r}).read(), 'clientKeyData': "
                      f"open({str(pair / key)!r}).read()}}}}))\n")
    script.chmod(0o700)
    user = {"exec": {"apiVersion": "v1", "command": str(script)}}
    if not words:
        found = resolve({"kubeconfig": config("east", user=user)})
        assert open(found.configuration.cert_file, encoding="utf-8").read() == (pair / cert).read_text()
        return
    with pytest.raises(BadInput) as e:
        resolve({"kubeconfig": config("east", user=user)})
    assert words.format(script) in str(e.value) and "\n" not in str(e.value)
