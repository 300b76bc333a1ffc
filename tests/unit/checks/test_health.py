# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking one API server by its address, over real TLS."""
from __future__ import annotations

import datetime
import http.server
import ipaddress
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.assay.clusters.plugins.module_utils.checks._api.health import Unreachable, ask, health, tls


def _certificate(folder, names, days=1):
    """A self-signed certificate with these names or addresses; negative days: it has expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    now = datetime.datetime.now(datetime.timezone.utc)
    alternatives = [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=9))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(alternatives), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256()))
    path = folder / "server.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()) + cert.public_bytes(serialization.Encoding.PEM))
    ca = folder / "ca.pem"
    ca.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    return path, ca


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"[+]ping ok\n[-]etcd failed: reason withheld\n" if self.path.startswith("/readyz") else b"ok"
        self.server.seen = dict(self.headers)
        self.send_response(500 if self.path.startswith("/readyz") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def serve(tmp_path):
    servers = []

    def start(names, days=1):
        path, ca = _certificate(tmp_path, names, days)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return server, str(ca)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("names", [["api.test"], ["127.0.0.1"]])
def test_certificate_may_hold_the_name_or_the_address(serve, names):
    server, ca = serve(names)
    told = ask("127.0.0.1", server.server_port, "/readyz?verbose=true", ("api.test",), tls(ca, True))
    assert (told.status, told.failed) == (500, {"etcd": "failed: reason withheld"})
    assert ask("127.0.0.1", server.server_port, "/livez", ("api.test",), tls(ca, True)).ok
    assert not {k for k in server.seen if k.lower() in ("authorization", "cookie", "impersonate-user")}


@pytest.mark.parametrize("names, days", [(["other.test"], 1), (["api.test"], -1)])
def test_wrong_and_expired_certificates_are_told_from_silence(serve, names, days):
    server, ca = serve(names, days)
    with pytest.raises(Unreachable) as raised:
        ask("127.0.0.1", server.server_port, "/livez", ("api.test",), tls(ca, True))
    assert raised.value.tls and not raised.value.foreign
    assert ask("127.0.0.1", server.server_port, "/livez", ("api.test",), tls(None, False)).ok


def test_the_clusters_own_ca_may_be_given_as_text_and_any_of_its_names_will_do(serve, tmp_path):
    server, ca = serve(["kubernetes.default.svc"])
    text = open(ca, encoding="utf-8").read()
    assert ask("127.0.0.1", server.server_port, "/livez", ("api.test", "kubernetes.default.svc"), tls(None, False, text)).ok
    with pytest.raises(Unreachable) as raised:
        ask("127.0.0.1", server.server_port, "/livez", ("api.test",), tls(None, False, text))
    assert raised.value.tls and not raised.value.foreign, "not for that name"
    (tmp_path / "another").mkdir()
    other = _certificate(tmp_path / "another", ["kubernetes.default.svc"])[1].read_text()
    with pytest.raises(Unreachable) as raised:
        ask("127.0.0.1", server.server_port, "/livez", ("kubernetes.default.svc",), tls(None, False, other))
    assert raised.value.tls and raised.value.foreign, "also where the connection verifies nothing"


@pytest.mark.parametrize(("text", "known"), [("ok", True), ("[+]ping ok", True), ("[-]etcd failed", True), ("", False),
                                             ("<html>Sign in</html>", False), ('{"kind": "Status"}', False)])
def test_what_no_api_server_writes_is_known(text, known):
    assert health(200, text).known is known


def test_closed_port_is_no_tls_trouble(serve):
    server, ca = serve(["api.test"])
    port = server.server_port
    server.shutdown()
    server.server_close()
    with pytest.raises(Unreachable, match="refused") as raised:
        ask("127.0.0.1", port, "/livez", ("api.test",), tls(ca, True))
    assert not raised.value.tls
