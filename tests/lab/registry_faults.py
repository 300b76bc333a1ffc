# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A registry that is slow, strict or broken: a proxy before the lab's own, which the nodes know by one more host name.

    with FaultyRegistry(lab) as registry:
        image = registry.add(megabytes=6)
        registry.rate_all = 2e6

It lives in the caller's process. Its images are in memory only, so that the shared storage of the lab does not grow.
"""
from __future__ import annotations

import base64
import datetime
import ipaddress
import os
import ssl
import threading
import time
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from . import images

if TYPE_CHECKING:
    from .cluster import Lab

_CHUNK = 32 * 1024


class _Bucket:
    """Bytes per second for all who take from it; in turn, so each of k gets a k-th."""

    def __init__(self) -> None:
        self._lock, self._free = threading.Lock(), 0.0

    def take(self, size: int, rate: float) -> None:
        with self._lock:
            self._free = max(self._free, time.monotonic()) + size / rate
            until = self._free
        time.sleep(max(0.0, until - time.monotonic()))


def _certificate(folder: Path, address: str) -> ssl.SSLContext:
    """A server's context with a certificate that nobody knows."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "faulty registry")])
    now = datetime.datetime.now(datetime.timezone.utc)
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1)).add_extension(x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address(address))]), critical=False).sign(key, hashes.SHA256()))
    pem = folder / "server.pem"
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()) + cert.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class FaultyRegistry:
    """host: the name by which nodes pull from it. All that follows may be changed while it runs.

    rate_all: bytes/s for all pulls together; rate_each: of every connection; rate_of: of a node's short name.
    users: name -> password, empty lets everybody in; busy: how many of the next requests get 429; mute: no answer at all.
    """

    def __init__(self, lab: Lab, host: str = "", tls: bool = False):
        self.lab, self.host, self.tls = lab, host or f"r{uuid.uuid4().hex[:8]}.lab.test", tls
        self.rate_all = self.rate_each = 0.0
        self.rate_of: dict[str, float] = {}
        self.users: dict[str, str] = {}
        self.busy, self.mute = 0, False
        self.requests: list[str] = []
        self._blobs: dict[str, tuple[str, bytes]] = {}
        self._lock, self._all = threading.Lock(), _Bucket()
        self._of: dict[str, _Bucket] = {}
        self._ended = threading.Event()

    # ---- images -----------------------------------------------------------------------------------------------
    def add(self, megabytes: float = 1.0) -> str:
        """A new image of random bytes, without any program; its full name."""
        with TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            data.write_bytes(os.urandom(int(megabytes * 1e6)))
            manifest, *blobs = images.parts(images.Image(files={"/data": str(data)}))
        path = f"prepull/t{uuid.uuid4().hex[:8]}"
        for where in ("1", images.digest(manifest)):
            self._blobs[f"/v2/{path}/manifests/{where}"] = images.MANIFEST, manifest
        for blob in blobs:
            self._blobs[f"/v2/{path}/blobs/{images.digest(blob)}"] = "application/octet-stream", blob
        return f"{self.host}/{path}:1"

    def digest_of(self, image: str) -> str:
        path = image.removeprefix(self.host).removesuffix(":1")
        return images.digest(self._blobs[f"/v2{path}/manifests/1"][1])

    # ---- what is refused --------------------------------------------------------------------------------------
    def refusal(self, authorization: str) -> int:
        """The status of a request that is not served; 0 for one that is."""
        with self._lock:
            self.busy -= 1
            if self.busy >= 0:
                return 429
        if not self.users:
            return 0
        try:
            user, _colon, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        except ValueError:
            return 401
        return 0 if self.users.get(user) == password and user else 401

    def pace(self, address: str, bucket: _Bucket, size: int) -> None:
        """Sleep for as long as these bytes take on the way to this address."""
        short = next((n for n, a in self.lab.nodes.items() if a == address), "")
        if self.rate_of.get(short):
            self._of.setdefault(short, _Bucket()).take(size, self.rate_of[short])
        if self.rate_each:
            bucket.take(size, self.rate_each)
        if self.rate_all:
            self._all.take(size, self.rate_all)

    def find(self, path: str, accept: str) -> tuple[int, str, bytes]:
        """(status, content type, body): ours, else the lab's."""
        if path in self._blobs:
            return 200, *self._blobs[path]
        request = urllib.request.Request(f"http://{self.lab.registry}{path}", headers={"Accept": accept})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
                return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        except urllib.error.HTTPError as e:
            return e.code, e.headers.get("Content-Type", ""), e.read()

    # ---- running ----------------------------------------------------------------------------------------------
    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                self.bucket = _Bucket()

            def _serve(self) -> None:
                path = self.path.partition("?")[0]
                registry.requests.append(f"{self.client_address[0]} {self.command} {path}")
                if registry.mute:
                    registry._ended.wait(600)
                    self.close_connection = True
                    return
                status = registry.refusal(self.headers.get("Authorization", ""))
                kind, body = "text/plain", b""
                if not status:
                    status, kind, body = registry.find(path, self.headers.get("Accept", "*/*"))
                self.send_response_only(status)
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="faulty"')
                if "/manifests/" in path and status == 200:
                    self.send_header("Docker-Content-Digest", images.digest(body))
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                for start in range(0, len(body) if self.command == "GET" else 0, _CHUNK):
                    piece = body[start:start + _CHUNK]
                    registry.pace(self.client_address[0], self.bucket, len(piece))
                    self.wfile.write(piece)

            do_GET = do_HEAD = _serve

            def log_message(self, *_words: Any) -> None:
                pass

        return Handler

    def __enter__(self) -> FaultyRegistry:
        self._server = ThreadingHTTPServer((self.lab.host, 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_words: None  # nodes that hang up, or do not trust us
        if self.tls:
            with TemporaryDirectory() as folder:
                context = _certificate(Path(folder), self.lab.host)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        url = f"{'https' if self.tls else 'http'}://{self.lab.host}:{self._server.server_address[1]}"
        text = f'server = "{url}"\n[host."{url}"]\n  capabilities = ["pull", "resolve"]\n'
        for short in self.lab.machines:  # read anew for each pull
            self.lab.in_node(short, "sh", "-c", 'mkdir -p "$1" && printf %s "$2" > "$1/hosts.toml"', "sh", self._folder, text)
        return self

    @property
    def _folder(self) -> str:
        return f"/etc/containerd/certs.d/{self.host}"

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        for short in self.lab.machines:
            self.lab.in_node(short, "rm", "-rf", self._folder, check=False)
            names = self.lab.in_node(short, "ctr", "-n", "k8s.io", "images", "ls", "-q", check=False).split()
            mine = [n for n in names if n.startswith(f"{self.host}/")]
            if mine:
                self.lab.in_node(short, "ctr", "-n", "k8s.io", "images", "rm", *mine, check=False)
        self._server.shutdown()
        self._server.server_close()
