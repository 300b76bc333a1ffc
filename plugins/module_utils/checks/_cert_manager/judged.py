# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether what was issued is right: its names, its chain, its time, its key; and whether the Secret holds it.

The chain is that of the CertificateRequest, which is nothing secret; a key is looked at in our own Secret alone, and kept nowhere.
"""
from __future__ import annotations

import base64
import binascii
import hashlib
import time
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError
from ...kube.kinds import path_of
from ...kube.reading import stamp_of
from .._certificates.read import Cert, broken_at, named, of_base64
from .course import conditions

if TYPE_CHECKING:
    from ...engine.context import Context
    from .course import Course
    from .issuers import Wanted

# Seconds that clocks may differ.
_SKEW = 300.0


def chain_of(course: Course) -> list[Cert]:
    """What the issuer has handed out last, the certificate itself first."""
    return of_base64(str((course.request.get("status") or {}).get("certificate") or ""))


def serial(cert: Cert) -> str:
    return f"{cert.parsed.serial_number:x}"


def _now(course: Course) -> float:
    """When it was issued, by cert-manager's clock (epoch seconds): whoever signs may differ from it, this machine does not matter."""
    return stamp_of((conditions(course.request).get("Ready") or {}).get("lastTransitionTime")) or time.time()


def wrong(wanted: Wanted, course: Course) -> str:
    """What is wrong with what was issued, in words; empty where nothing is."""
    chain, now = chain_of(course), _now(course)
    if not chain:
        return "what was issued is no certificate"
    leaf = chain[0]
    if not leaf.is_for(wanted.host) or set(map(str.lower, leaf.names)) != {wanted.host} or leaf.addresses:
        return f"it is for {', '.join((*leaf.names, *leaf.addresses)) or 'no name'}, not for {wanted.host} alone"
    if leaf.ca:
        return "it may sign others: it is a CA's"
    if not leaf.begins - _SKEW <= now < leaf.ends:
        return "its time has not begun" if now < leaf.begins else "its time has ended already"
    for lower, upper in zip(chain, chain[1:]):
        if lower.signed_by(upper) is False:
            return f"the chain is broken: {named(lower)} is not signed by {named(upper)}, which follows it"
    anchors = of_base64(str((course.request.get("status") or {}).get("ca") or ""))
    if wanted.issuer.type == "ca" and anchors and (told := broken_at(chain, anchors)):
        return f"the chain does not lead to the CA of the issuer: {told}"
    asked = _key_of_request(str((course.request.get("spec") or {}).get("request") or ""))
    if asked and leaf.key and asked != leaf.key:
        return "it is for another key than the one of the request"
    return ""


def _mark(public: Any) -> str:
    from cryptography.hazmat.primitives import serialization
    return hashlib.sha256(public.public_bytes(serialization.Encoding.DER,
                                              serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _key_of_request(text: str) -> str:
    """A mark of the public key that was asked for, as certificates have it; empty where that cannot be read."""
    from cryptography import x509
    try:
        return _mark(x509.load_pem_x509_csr(base64.b64decode(text)).public_key())
    except (ValueError, TypeError, binascii.Error):
        return ""


def _key_of_secret(text: str) -> str:
    from cryptography.hazmat.primitives import serialization
    try:
        return _mark(serialization.load_pem_private_key(base64.b64decode(text), None).public_key())
    except (ValueError, TypeError, binascii.Error):
        return ""


def stored(ctx: Context, wanted: Wanted, course: Course) -> str | None:
    """What is wrong with the Secret, in words; None where our user may not read it."""
    try:
        data = ctx.client.quiet.get(path_of("v1", "Secret", ctx.namespace, f"{wanted.object}-tls")).get("data") or {}
    except ApiError as e:
        if e.status in (401, 403):
            return None
        if e.status == 404:
            return "there is no Secret with it"
        raise
    chain = of_base64(str(data.get("tls.crt") or ""))
    if not chain or chain[0].fingerprint != chain_of(course)[0].fingerprint:
        return "the Secret has another certificate than the one that was issued last"
    if _key_of_secret(str(data.get("tls.key") or "")) != chain[0].key:
        return "the key in the Secret is not that of the certificate"
    return ""
