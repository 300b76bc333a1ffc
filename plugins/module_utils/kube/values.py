# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts and addresses as they are given, judged before the first request: what is unsound is one sentence."""
from __future__ import annotations

from typing import Any

from . import library
from .errors import BadInput

# What `kubectl config view` writes in place of data.
OMITTED = ("DATA+OMITTED", "DATA OMITTED", "OMITTED", "REDACTED", "DATA+REDACTED")
_PROXIES = ("http", "https", "socks5", "socks5h", "socks4", "socks4a")
_BLANK = " \t\r\n\v\f\x00\ufeff"


def header_value(value: Any, where: str) -> str:
    """A text that a request can carry in its header: what stands around it is no part of it."""
    text = str(value).strip(_BLANK).strip()
    if any(c in text for c in "\r\n\v\f\x85\u2028\u2029"):
        raise BadInput(f"{where} holds a line end in the middle")
    if not text.isascii() or not text.isprintable():
        raise BadInput(f"{where} holds characters that no request can carry")
    return text


def token(value: Any, where: str) -> str:
    text = header_value(value, where)
    if not text:
        raise BadInput(f"{where} is empty")
    if text.upper() in OMITTED:
        raise BadInput(f"{where} is {text}; take the output of kubectl config view --raw")
    if " " in text or "\t" in text:
        raise BadInput(f"{where} holds white space in the middle")
    return text


# ---- addresses --------------------------------------------------------------------------------------------------
def _parsed(text: str, where: str) -> Any:
    try:
        url = library.load().urllib3.util.parse_url(text)
        if url.host:
            return url
    except (library.load().urllib3.exceptions.HTTPError, ValueError):
        pass
    raise BadInput(f"{where} is no address like https://kube.example.com:6443") from None


def server(value: Any, where: str) -> str:
    """The address with its scheme; without one it is https, as credentials go there."""
    text = str(value).strip(_BLANK).strip()
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "https", text
    if scheme.lower() not in ("http", "https"):
        raise BadInput(f"{where} must begin with https://")
    if not rest or any(c.isspace() or not c.isprintable() for c in rest):
        raise BadInput(f"{where} is no address like https://kube.example.com:6443")
    text = f"{scheme.lower()}://{rest}".rstrip("/")
    if _parsed(text, where).auth:
        raise BadInput(f"{where} must not hold a user or a password; give them as credentials")
    return text


def proxy(value: Any, where: str) -> str:
    text = str(value).strip(_BLANK).strip()
    scheme = text.partition("://")[0].lower() if "://" in text else ""
    if scheme not in _PROXIES or not text.isprintable():
        raise BadInput(f"{where} must begin with http://, https:// or socks5://")
    text = scheme + text[len(scheme):]
    _parsed(text, where)
    if scheme.startswith("socks"):
        try:
            __import__("socks")
        except ImportError as e:
            raise library.missing("PySocks", e) from None
    return text
