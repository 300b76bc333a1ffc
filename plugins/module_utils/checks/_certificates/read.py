# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates as plain data: whom they are for, from when to when, and who signed them. Nothing secret is in one."""
from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import ipaddress
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...kube import library

_PEM = re.compile(r"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.*?)-----END", re.DOTALL)


@dataclass(frozen=True)
class Cert:
    """One certificate. begins, ends: epoch seconds. names: DNS names as they are written in it; addresses: of IP entries;
    common_name: of its subject. key: a mark of its public key. parsed: the library's object, for signatures."""

    subject: str
    issuer: str
    common_name: str
    begins: float
    ends: float
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    ca: bool
    der: bytes = field(repr=False)
    key: str = field(repr=False)
    parsed: Any = field(repr=False, compare=False, default=None)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all of it, as hex."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def life(self) -> float:
        """Seconds from its begin to its end."""
        return self.ends - self.begins

    @property
    def self_issued(self) -> bool:
        return self.subject == self.issuer

    def signed_by(self, other: Cert) -> bool | None:
        """Whether the other's key signed it; None where the library here cannot tell."""
        if self.issuer != other.subject:
            return False
        verify = getattr(self.parsed, "verify_directly_issued_by", None)
        if verify is None:
            return None
        try:
            verify(other.parsed)
        except (ValueError, TypeError):  # another name, or a key of another kind
            return False
        except Exception as e:  # InvalidSignature, or an algorithm that is not known here
            return False if type(e).__name__ == "InvalidSignature" else None
        return True

    def is_for(self, name: str) -> bool:
        """Whether a client that asks for this name or address takes it; a common name counts for nothing, as in Go."""
        try:
            return str(ipaddress.ip_address(name)) in self.addresses
        except ValueError:
            return any(_matches(pattern, name) for pattern in self.names)


def _matches(pattern: str, name: str) -> bool:
    """A name of a certificate; a star stands for the whole first label alone."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    first, dot, rest = pattern.partition(".")
    if first == "*" and dot:
        return bool(name.partition(".")[0]) and name.partition(".")[2] == rest
    return pattern == name


def _load(der: bytes) -> Any:
    """MissingLibrary where cryptography is not there; ValueError for what is no certificate."""
    try:
        from cryptography import x509
    except ImportError as e:
        raise library.missing("cryptography", e) from None
    # Of old authorities' serial numbers and the like, which are no matter of ours.
    warnings.filterwarnings("ignore", message="Parsed a ")
    return x509.load_der_x509_certificate(der)


def _moment(parsed: Any, name: str) -> float:
    """Before its release 42 the library told them without their zone."""
    found = getattr(parsed, f"{name}_utc", None) or getattr(parsed, name).replace(tzinfo=datetime.timezone.utc)
    return float(found.timestamp())


def _alternatives(parsed: Any) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    from cryptography import x509
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    ca = False
    try:
        extensions = parsed.extensions
        for extension in extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                names = tuple(extension.value.get_values_for_type(x509.DNSName))
                addresses = tuple(map(str, extension.value.get_values_for_type(x509.IPAddress)))
            elif isinstance(extension.value, x509.BasicConstraints):
                ca = bool(extension.value.ca)
    except (ValueError, x509.DuplicateExtension):
        pass  # what it is for cannot be read: for nothing then
    return names, addresses, ca


def of_der(der: bytes) -> Cert:
    """ValueError for what is no certificate, MissingLibrary without the library."""
    from_library = _load(der)
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    common = from_library.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    names, addresses, ca = _alternatives(from_library)
    try:
        key = hashlib.sha256(from_library.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    except Exception:  # a key of a kind that is not known here
        key = ""
    return Cert(from_library.subject.rfc4514_string(), from_library.issuer.rfc4514_string(),
                str(common[0].value) if common else "", _moment(from_library, "not_valid_before"),
                _moment(from_library, "not_valid_after"), names, addresses, ca, der, key, from_library)


def of_ders(ders: Iterable[bytes]) -> list[Cert]:
    """Those that can be read, in their order, each once."""
    found: dict[bytes, Cert] = {}
    for der in ders:
        try:
            found.setdefault(der, of_der(der))
        except ValueError:
            continue
    return list(found.values())


def of_pem(text: str) -> list[Cert]:
    """All certificates of a text, in their order; nothing else of it is looked at."""
    ders = []
    for body in _PEM.findall(text):
        try:
            ders.append(base64.b64decode("".join(body.split())))
        except (binascii.Error, ValueError):
            continue
    return of_ders(ders)


def of_base64(text: str) -> list[Cert]:
    """Those of a field of the API: base64 of PEM text."""
    try:
        return of_pem(base64.b64decode(text or "").decode("ascii", "replace"))
    except (binascii.Error, ValueError):
        return []


def named(cert: Cert) -> str:
    """What people call it."""
    return cert.common_name or (cert.names[0] if cert.names else cert.subject) or "without a name"


def broken_at(chain: Sequence[Cert], anchors: Sequence[Cert]) -> str:
    """Where a chain as it was served does not lead to one of the anchors, in words; empty where it does, or where that cannot
    be told. An anchor may be any certificate of the chain itself, as API servers take it."""
    known = {a.fingerprint for a in anchors}
    current, rest = chain[0], list(chain[1:])
    for _step in range(len(chain) + 1):
        if current.fingerprint in known:
            return ""
        said = [current.signed_by(a) for a in anchors]
        if True in said:
            return ""
        following = next((c for c in rest if current.signed_by(c)), None)
        if following is None:
            if None in said:
                return ""
            if any(a.subject == current.issuer for a in anchors):
                return f"{named(current)} is signed by another key than that of the CA {current.issuer}, which is trusted"
            if current.self_issued:
                return f"{named(current)} signed itself, and is not trusted"
            return f"{named(current)} is signed by {current.issuer}, which is neither trusted nor sent along"
        rest.remove(following)
        current = following
    return ""
