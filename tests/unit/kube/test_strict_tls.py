# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CAs of older clusters have no key identifiers: they work as with kubectl where Python 3.13 and newer is strict by itself."""
from __future__ import annotations

import datetime
import ipaddress
import ssl
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.assay.clusters.plugins.module_utils.checks._api import health
from ansible_collections.assay.clusters.plugins.module_utils.kube import tls
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import PodHttp, TransportError
from ansible_collections.assay.clusters.tests.unit.kube.kubeconfigs import coded, config
from ansible_collections.assay.clusters.tests.unit.kube.server import Server


def _certificate(name, issuer=None, ca=False, extensions=()):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer[0].subject if issuer else subject)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1)))
    for extension, critical in ((x509.BasicConstraints(ca, None), ca), *extensions):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def _write(path, made):
    path.write_bytes(made[0].public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(made[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


@pytest.fixture(scope="module", params=["no identifiers", "no key usage", "an intermediate"])
def authority(request, tmp_path_factory):
    """A folder with ca.crt, as EKS, microk8s and companies make theirs, and server.crt for 127.0.0.1 of it."""
    folder = tmp_path_factory.mktemp("authority")
    bare = request.param == "no identifiers"
    ca = root = _certificate("ca", ca=True)
    if request.param == "an intermediate":  # trusted alone, its own root is not there
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        ca = _certificate("between", root, True, [(usage, True)])
    extensions = [(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)]
    if not bare:
        extensions.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(ca[1].public_key()), False))
    _write(folder / "ca.crt", ca)
    _write(folder / "other.crt", _certificate("ca", ca=True))
    _write(folder / "server.crt", _certificate("server", ca, extensions=extensions))
    return folder


@pytest.fixture
def server(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.crt", authority / "server.key")
    with Server(lambda r: r.answer({"gitVersion": "v1"}), tls=context) as made:
        yield made


@pytest.fixture(params=["strict", "names itself", "as it is"], autouse=True)
def strict(request, monkeypatch):
    """As Python 3.13 and newer make contexts by themselves, and what builds on them; and as urllib3 1.26 makes its own."""
    if request.param == "as it is":
        return
    import urllib3.util.ssl_ as of_urllib3

    def strictly(make):
        def made(*args, **named):
            context = make(*args, **named)
            if request.param == "strict":
                context.verify_flags |= ssl.VERIFY_X509_STRICT
            elif make.__name__ == "create_urllib3_context":
                context.check_hostname = False
            return context
        return made

    monkeypatch.setattr(of_urllib3, "create_urllib3_context", strictly(of_urllib3.create_urllib3_context))
    monkeypatch.setattr(ssl, "create_default_context", strictly(ssl.create_default_context))


@pytest.mark.parametrize("by", ["option", "kubeconfig"])
def test_a_ca_that_is_given_is_trusted_as_kubectl_trusts_it(server, authority, resolve, by):
    cluster = {"server": server.url, "certificate-authority-data": coded(authority / "ca.crt")}
    options = {"host": server.url, "api_key": "abc", "ca_cert": str(authority / "ca.crt")} if by == "option" else {
        "kubeconfig": config("east", cluster=cluster)}
    assert Client(resolve(options)).get("/version") == {"gitVersion": "v1"}


def test_single_api_servers_are_asked_so_as_well(server, authority):
    port = urlsplit(server.url).port
    assert health.ask("127.0.0.1", port, "/readyz", ("127.0.0.1",), health.tls(str(authority / "ca.crt"), True)).ok


def test_websockets_come_as_far(server, authority, resolve):
    client = Client(resolve({"host": server.url, "api_key": "abc", "ca_cert": str(authority / "ca.crt")}))
    with pytest.raises(TransportError, match="Handshake status 200"):
        PodHttp(client, "n", "exec").get("p", 80, "/")
    assert server.asked("GET", "/api/v1/namespaces/n/pods/p/exec")


def test_chain_and_name_are_judged_all_the_same(server, authority, resolve):
    address = {"host": server.url, "api_key": "abc"}
    for options in ({"ca_cert": str(authority / "other.crt")}, {}):
        client = Client(resolve({**address, **options}))
        with pytest.raises(ApiError) as e:
            client.get("/version")
        assert e.value.kind == "tls"
        with pytest.raises(TransportError, match="(?i)certificate verify failed"):
            PodHttp(client, "n", "exec").get("p", 80, "/")
    named = config("east", cluster={"server": server.url, "certificate-authority": str(authority / "ca.crt"),
                                    "tls-server-name": "elsewhere.test"})
    client = Client(resolve({"kubeconfig": named}))
    with pytest.raises(ApiError) as e:
        client.get("/version")
    assert e.value.kind == "tls"
    with pytest.raises(TransportError, match="(?i)certificate verify failed.*elsewhere"):
        PodHttp(client, "n", "exec").get("p", 80, "/")
    assert server.requests == []


def test_public_authorities_and_those_of_a_company_are_judged_so_as_well():
    assert not tls.context(True, None).verify_flags & ssl.VERIFY_X509_STRICT


@pytest.mark.parametrize("verify", [True, False])
def test_who_compares_the_name_is_up_to_urllib3(verify):
    import urllib3.util.ssl_ as of_urllib3
    theirs = of_urllib3.create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if verify else ssl.CERT_NONE)
    assert tls.context(verify, None).check_hostname is theirs.check_hostname
    assert health.tls(None, verify).check_hostname is verify
