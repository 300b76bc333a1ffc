# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""TLS towards API servers, the same for all requests, and key files judged before the first of them."""
from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import Any

from . import library
from .errors import BadInput


class _Asked(Exception):
    """OpenSSL wants a passphrase."""


def _nobody(*_args: Any) -> str:
    raise _Asked


def context(verify: bool, ca_file: str | None, cert_file: str | None = None, key_file: str | None = None,
            ca_data: str = "") -> ssl.SSLContext:
    """Settings that trust what the connection trusts. ssl.SSLError or OSError where a file is no good.

    CAs are trusted as kubectl trusts them: only the chain to them and the name are judged. Python 3.13 and newer ask for
    more by themselves, which the CAs of older clusters and of companies do not have. Who compares the name is up to urllib3;
    whoever else uses it has to set check_hostname.
    """
    made = library.load().urllib3.util.ssl_.create_urllib3_context(
        cert_reqs=ssl.CERT_REQUIRED if verify else ssl.CERT_NONE)
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if ca_file or ca_data:
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        made.load_verify_locations(ca_file, cadata=ca_data or None)
    elif verify:
        made.load_default_certs()
    if cert_file:
        made.load_cert_chain(cert_file, key_file, password=_nobody)
    return made


def of(configuration: Any) -> ssl.SSLContext:
    """Those of a connection."""
    c = configuration
    return context(c.verify_ssl, c.ssl_ca_cert, c.cert_file, c.key_file)


# ---- files ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Pem:
    """A file with the words it is known by: whole ("kubeconfig: users[u].client-key-data") and beside its fellow."""

    path: str
    where: str
    field: str


def judge_ca(ca: Pem) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca.path)
    except (ssl.SSLError, OSError):
        raise BadInput(f"{ca.where} holds no certificate in PEM form that can be read") from None


def judge_pair(cert: Pem, key: Pem) -> None:
    """Whether they are a certificate and its key, which nobody has to unlock."""
    judge_ca(cert)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert.path, key.path, password=_nobody)
    except _Asked:
        raise BadInput(f"{key.where} is encrypted, and nobody is asked for its passphrase here; give the key without one") \
            from None
    except ssl.SSLError as e:
        if e.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"):
            raise BadInput(f"{key.where} does not belong to {cert.field}") from None
        if e.reason and "TOO" in e.reason:
            raise BadInput(f"{cert.where} is not accepted by OpenSSL here: {e.reason.lower().replace('_', ' ')}") from None
        raise BadInput(f"{key.where} holds no private key in PEM form that can be read") from None
    except OSError as e:
        raise BadInput(f"{key.where} cannot be read: {e.strerror or 'no file'}") from None


def ended(cert_file: str | None) -> str:
    """When a certificate ended, in its own words; "" for one that is good, and where that cannot be told."""
    try:
        end = str(ssl._ssl._test_decode_cert(cert_file)["notAfter"])  # type: ignore[attr-defined]
        return end if ssl.cert_time_to_seconds(end) < time.time() else ""
    except Exception:  # not part of what Python promises
        return ""
