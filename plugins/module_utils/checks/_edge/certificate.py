# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A certificate of our own for names of our own: nobody has to trust it, as it is known by its fingerprint."""
from __future__ import annotations

import base64
import datetime
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...kube import library
from ...kube.errors import ApiError

if TYPE_CHECKING:
    from ...engine.context import Context

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """fingerprint: SHA-256 of the certificate, as hex. pin: base64 of the SHA-256 of its public key, as curl takes it.
    certificate, key: PEM; the key is shown nowhere."""

    fingerprint: str
    pin: str
    certificate: str
    key: str = field(repr=False)

    def secret(self, name: str) -> dict[str, Any]:
        """The Secret that a controller reads it from."""
        data = {"tls.crt": self.certificate, "tls.key": self.key}
        return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": name},
                "data": {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}}


def make(*names: str) -> Pair:
    """Signed by its own key, for these names, from yesterday (clocks differ) to tomorrow. MissingLibrary without the
    library."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as e:
        raise library.missing("cryptography", e) from None
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0][:64])])
    made = (x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - _DAY).not_valid_after(now + _DAY)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(key, hashes.SHA256()))
    encoding = serialization.Encoding
    spki = key.public_key().public_bytes(encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Pair(made.fingerprint(hashes.SHA256()).hex(), base64.b64encode(hashlib.sha256(spki).digest()).decode(),
                made.public_bytes(encoding.PEM).decode(),
                key.private_bytes(encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode())


def put(ctx: Context, pair: Pair, name: str) -> Pair | None:
    """Make its Secret. Where our user may not, None: then nothing is asked by TLS, and that is told once."""
    try:
        ctx.create(pair.secret(name))
        return pair
    except ApiError as e:
        if e.status != 403 or not e.verb:
            raise
        told = "TLS with a certificate of our own was not asked, as our user may make no Secret (rbac_optional: edge_certificates)"
        if told not in ctx.warnings:
            ctx.warn(told)
        return None


def whose(der: bytes) -> str:
    """Whom a certificate is for, in words; its fingerprint where it cannot be read."""
    try:
        from cryptography import x509
        found = x509.load_der_x509_certificate(der)
        subject = found.subject.rfc4514_string() or "no subject"
        return subject if found.subject == found.issuer else f"{subject}, issued by {found.issuer.rfc4514_string()}"
    except (ImportError, ValueError):
        return f"SHA-256 {hashlib.sha256(der).hexdigest()[:16]}"
