# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates and kubeconfigs of one cluster: ECDSA P-256, valid for a year."""
from __future__ import annotations

import base64
import datetime
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def _private(key: Any) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Pki:
    """The certificate authorities and certificates in one folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._cas: dict[str, tuple[x509.Certificate, Any]] = {}

    def _write(self, name: str, data: bytes) -> None:
        handle = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as f:
            f.write(data)

    def _sign(self, subject: x509.Name, issuer: x509.Name, key: Any, signer: Any, days: int,
              extensions: Sequence[tuple[Any, bool]]) -> x509.Certificate:
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(start)
                   .not_valid_after(start + datetime.timedelta(days=days)))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer, hashes.SHA256())

    def _store(self, name: str, cert: x509.Certificate, key: Any) -> None:
        self._write(f"{name}.crt", cert.public_bytes(serialization.Encoding.PEM))
        self._write(f"{name}.key", _private(key))

    def ca(self, name: str, common_name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        cert = self._sign(subject, subject, key, key, 3650, [
            (x509.BasicConstraints(ca=True, path_length=None), True), (usage, True),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)])
        self._cas[name] = cert, key
        self._store(name, cert, key)

    def read_ca(self, name: str, folder: Path) -> None:
        """One that was made before, in another folder."""
        self._cas[name] = (x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes()),
                           serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), None))

    def cert(self, name: str, ca: str, common_name: str, groups: Sequence[str] = (), names: Sequence[str] = (),
             addresses: Sequence[str] = (), server: bool = False, client: bool = True) -> None:
        ca_cert, ca_key = self._cas[ca]
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([*(x509.NameAttribute(NameOID.ORGANIZATION_NAME, g) for g in groups),
                             x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        uses = [ExtendedKeyUsageOID.SERVER_AUTH] * server + [ExtendedKeyUsageOID.CLIENT_AUTH] * client
        alternatives = [*map(x509.DNSName, names), *(x509.IPAddress(ipaddress.ip_address(a)) for a in addresses)]
        extensions: list[tuple[Any, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True), (x509.ExtendedKeyUsage(uses), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False)]
        if alternatives:
            extensions.append((x509.SubjectAlternativeName(alternatives), False))
        self._store(name, self._sign(subject, ca_cert.subject, key, ca_key, 365, extensions), key)

    def rsa_pair(self, name: str) -> None:
        key = rsa.generate_private_key(65537, 2048)
        self._write(f"{name}.key", _private(key))
        self._write(f"{name}.pub", key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))

    def kubeconfig(self, name: str, ca: str, server: str, cluster: str) -> None:
        def data(file: str) -> str:
            return base64.b64encode((self.folder / file).read_bytes()).decode()

        self._write(f"{name}.kubeconfig", f"""apiVersion: v1
kind: Config
clusters:
- name: {cluster}
  cluster: {{server: "{server}", certificate-authority-data: {data(f'{ca}.crt')}}}
users:
- name: {name}
  user: {{client-certificate-data: {data(f'{name}.crt')}, client-key-data: {data(f'{name}.key')}}}
contexts:
- name: {cluster}
  context: {{cluster: {cluster}, user: {name}}}
current-context: {cluster}
""".encode())


def make(folder: Path, name: str, address: str, service_address: str, nodes: dict[str, tuple[str, str]],
         others: Sequence[str] = ()) -> None:
    """Everything a cluster needs; nodes: short name -> (Kubernetes name, address). others: addresses of further API servers."""
    p = Pki(folder)
    server = f"https://{address}:6443"
    for ca, common_name in (("ca", "kubernetes"), ("etcd-ca", "etcd-ca"), ("front-proxy-ca", "front-proxy-ca")):
        p.ca(ca, common_name)
    p.rsa_pair("sa")
    p.cert("etcd", "etcd-ca", "etcd", names=["localhost"], addresses=["127.0.0.1", address], server=True)
    p.cert("apiserver-etcd-client", "etcd-ca", "kube-apiserver-etcd-client")
    p.cert("apiserver", "ca", "kube-apiserver", server=True, client=False,
           addresses=[service_address, address, *others, "127.0.0.1"],
           names=["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
                  "localhost"])
    p.cert("apiserver-kubelet-client", "ca", "kube-apiserver-kubelet-client")
    p.cert("front-proxy-client", "front-proxy-ca", "front-proxy-client")
    users = {"admin": ("kubernetes-admin", ["system:masters"]), "kube-proxy": ("system:kube-proxy", []),
             "kube-controller-manager": ("system:kube-controller-manager", []),
             "kube-scheduler": ("system:kube-scheduler", [])}
    for short, (node, node_address) in nodes.items():
        _node(p, name, server, short, node, node_address)
    for user, (common_name, groups) in users.items():
        p.cert(user, "ca", common_name, groups)
        p.kubeconfig(user, "ca", server, name)


def _node(p: Pki, name: str, server: str, short: str, node: str, address: str) -> None:
    p.cert(f"kubelet-{short}-server", "ca", f"system:node:{node}", ["system:nodes"], names=[node], addresses=[address, "127.0.0.1"],
           server=True, client=False)
    p.cert(f"kubelet-{short}", "ca", f"system:node:{node}", ["system:nodes"])
    p.kubeconfig(f"kubelet-{short}", "ca", server, name)


def add_node(folder: Path, name: str, address: str, short: str, node: str, node_address: str) -> None:
    """What one more node of a cluster needs, whose other certificates are in the folder; the arguments are those of `make`."""
    p = Pki(folder)
    p.read_ca("ca", folder)
    _node(p, name, f"https://{address}:6443", short, node, node_address)
