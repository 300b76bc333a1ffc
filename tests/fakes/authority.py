# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real certificates for tests, of any age and signed by anybody."""
from __future__ import annotations

import base64
import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    cert: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        return self.cert.public_bytes(PEM).decode()

    @property
    def der(self) -> bytes:
        return self.cert.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def issue(common_name: str, names: Sequence[str] = (), addresses: Sequence[str] = (), ends: float = 400, begins: float = -300,
          by: Issued | None = None, ca: bool = False, key: Any = None, groups: Sequence[str] = ()) -> Issued:
    """groups: organizations of the subject. ends, begins: days from now. by: who signs it; itself without. key: of an older
    one that is to be kept."""
    made = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([*(x509.NameAttribute(NameOID.ORGANIZATION_NAME, g) for g in groups),
                         x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(by.cert.subject if by else subject)
               .public_key(made.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now + datetime.timedelta(days=begins)).not_valid_after(now + datetime.timedelta(days=ends))
               .add_extension(x509.BasicConstraints(ca, None), True))
    others = [*map(x509.DNSName, names), *(x509.IPAddress(ipaddress.ip_address(a)) for a in addresses)]
    if others:
        builder = builder.add_extension(x509.SubjectAlternativeName(others), False)
    return Issued(builder.sign(by.key if by else made, hashes.SHA256()), made)


def chain_pem(*chain: Issued) -> str:
    return "".join(c.pem for c in chain)


def tls_secret(name: str, namespace: str, *chain: Issued) -> dict[str, Any]:
    """A Secret with the chain and the key of its first."""
    data = {"tls.crt": chain_pem(*chain), "tls.key": chain[0].key_pem}
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": name, "namespace": namespace},
            "data": {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}}
