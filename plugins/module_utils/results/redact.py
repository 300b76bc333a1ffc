# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one redaction point: secrets are replaced before anything is stored, shown or logged.

What a secret looks like is told by its own shape (JWT, private key, AWS key, basic auth in a URL) or by the name that
stands before it (password, token, client-key-data). Names, digests, UIDs and other random-looking text have neither,
and stay as they are.
"""
from __future__ import annotations

import base64
import binascii
import functools
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "[redacted]"
# Texts that are remembered: so long, so many.
_SHORT, _MANY = 300, 10000

# Names whose value is a secret: as the end of a key, of an environment variable, of a flag.
_SURE = (r"pass(?:word|wd|phrase|code)|pwd|api[_-]?key|(?:secret[_-]?)?access[_-]?key|secret[_-]?key|private[_-]?key"
         r"|client[_-]?key(?:[_-]?data)?|client[_-]?secret"
         r"|(?:id|access|refresh|auth|session|security|bearer|api)[_-]?token"
         r"|tls[._-]key|x-amz-signature|x-amz-credential|dockerconfigjson|dockercfg|bearer|cookie")
# Names that are also plain English ("secret: not found"): their value must look like one.
_MAYBE = r"secret|token|credentials?|authorization"
_KEY = re.compile(rf"(?:^|[_\-. ])(?:{_SURE}|{_MAYBE})$", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FLAG = re.compile(rf"^--?(?:[\w-]+-)?(?:{_SURE}|{_MAYBE})$", re.IGNORECASE)

_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
                  r"(?:.*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\:,.-]*)", re.DOTALL)
_KUBECONFIG = re.compile(r"(?=.*\bkind[\"']?\s*:\s*[\"']?Config\b)(?=.*\busers[\"']?\s*:)"
                         r"(?=.*\bclusters[\"']?\s*:)",
                         re.DOTALL)

_QUOTE = r"\\{0,3}[\"']"
_VALUE = rf"(?:({_QUOTE})(?:(?!\2).)*(?:\2|$)|[^\s\"',;&(){{}}\[\]<>\\][^\s\"',;&(){{}}\[\]<>\\]*)"
_ASSIGNED = re.compile(rf"((?:{_SURE})(?:{_QUOTE})?\s*[:=]\s*){_VALUE}", re.IGNORECASE)
# After these a colon may begin prose: a digit, a quote or an equals sign tells a value from a word.
_ASSIGNED_MAYBE = re.compile(
    rf"(\b(?:[\w.-]*[_.-])?(?:{_MAYBE})(?:(?:{_QUOTE})?\s*=\s*|{_QUOTE}\s*:\s*(?={_QUOTE})"
    rf"|\s*:\s*(?:(?:bearer|basic|token)\s+)?(?=[^\s\"']*\d[^\s\"']*)(?=\S{{6}}))){_VALUE}", re.IGNORECASE)
_FLAG_VALUE = re.compile(rf"(?<!\S)(--?(?:[\w-]+-)?(?:{_SURE}|{_MAYBE})[ =]){_VALUE}", re.IGNORECASE)
_URL_USER = re.compile(r"\b([a-z][a-z0-9+.-]*://)[^\s/@:\"']*:[^\s/@\"']*@|\b(https?://)[^\s/@:\"']+@", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer\s+)(?=\S*\d|\S{20})[A-Za-z0-9._~+/-]{8,}=*", re.IGNORECASE)
_BASIC = re.compile(r"\b(basic\s+)([A-Za-z0-9+/]{6,}={0,2})", re.IGNORECASE)
_DOCKER_AUTH = re.compile(rf"({_QUOTE}auth{_QUOTE}\s*:\s*{_QUOTE})([A-Za-z0-9+/]{{6,}}={{0,2}})")
_SHAPES = re.compile(
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*"    # JWT, JWE
    r"|\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{16}\b"                          # AWS
    r"|\bk8s-aws-v1\.[A-Za-z0-9_-]{16,}"                                 # EKS
    r"|\bsha256~[A-Za-z0-9_-]{20,}"                                      # OpenShift
    r"|\b(?:token-[a-z0-9]{5}|kubeconfig-[a-z0-9-]+):[a-z0-9]{20,}"      # Rancher
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bxox[abeprs]-[A-Za-z0-9-]{10,}|\bAIza[\w-]{35}\b|\bya29\.[\w-]{20,}")


def _is_basic(text: str) -> bool:
    """Whether base64 text holds user:password."""
    try:
        return b":" in base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False


def _mask_basic(match: re.Match[str]) -> str:
    return match[1] + MASK if _is_basic(match[2]) else match[0]


def _forms(secret: str) -> set[str]:
    """A secret as it may appear: plain, escaped in JSON, in a URL, in base64."""
    raw = secret.encode()
    return {secret, secret.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"),
            urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret),
            base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("=")}


@functools.lru_cache(4096)
def _names_secret(key: str) -> bool:
    return bool(_KEY.search(_CAMEL.sub("_", key)))


def is_secret_key(key: Any) -> bool:
    """Whether the value under this key is a secret: "password", "clientSecret", "AWS_SESSION_TOKEN"."""
    return isinstance(key, str) and _names_secret(key)


class Redactor:
    """Replaces secrets in nested data; secrets given by value are replaced wherever they appear.

    Given secrets below 4 characters are ignored: they would hit harmless text everywhere.
    """

    def __init__(self, secrets: Iterable[str] = ()):
        self._known: list[str] = []
        self._seen: dict[str, str] = {}
        self.register(*secrets)

    def register(self, *secrets: str | None) -> None:
        """More secrets known by value, in every form they may appear in."""
        forms = {f for s in secrets if s and len(s) >= 4 for f in _forms(s) | _forms(s.strip()) if len(f) >= 4}
        self._known = sorted({*self._known, *forms}, key=len, reverse=True)  # longest first: one may hold another
        self._seen = {}  # a new one: what another thread is writing now goes into the old one

    def redact(self, value: Any) -> Any:
        """A copy of the value (strings, numbers, dictionaries, lists) without secrets."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, bytes):
            return self._text(value.decode("utf-8", "replace"))
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._sequence(list(value))
        return value

    def _mapping(self, value: Mapping[Any, Any]) -> dict[Any, Any]:
        everything = str(value.get("kind", "")) == "Secret"
        # {name: DB_PASSWORD, value: ...} is how containers get environment variables
        named = is_secret_key(value.get("name"))
        result = {}
        for key, item in value.items():
            clean_key = self._text(key) if isinstance(key, str) else key
            if everything and key in ("data", "stringData") and isinstance(item, Mapping):
                result[clean_key] = {k: MASK for k in item}
            elif is_secret_key(key) or (named and key == "value"):
                result[clean_key] = self._secret(item)
            else:
                result[clean_key] = self.redact(item)
        return result

    def _secret(self, item: Any) -> Any:
        """The value of a secret-like key; structures below it (secret: {secretName: x}) are no secrets themselves."""
        if item is None or isinstance(item, bool) or item == "":
            return item
        if isinstance(item, (Mapping, list, tuple, set)):
            if isinstance(item, Mapping):
                return self.redact(item)
            return [self._secret(i) if isinstance(i, (str, bytes, int, float)) else self.redact(i) for i in item]
        return MASK

    def _sequence(self, items: list[Any]) -> list[Any]:
        """Lists hold log lines and command lines: a key may go over lines, a password may follow its flag."""
        result: list[Any] = []
        in_key = after_flag = False
        for item in items:
            if isinstance(item, str) and in_key:
                in_key = not _END.search(item)
                result.append(MASK)
                continue
            if isinstance(item, str) and after_flag:
                result.append(item if item.startswith("-") else MASK)
            else:
                result.append(self.redact(item))
            after_flag = isinstance(item, str) and bool(_FLAG.match(item))
            in_key = isinstance(item, str) and bool(_BEGIN.search(item)) and not _END.search(item)
        return result

    def _text(self, text: str) -> str:
        """Results hold the same words again and again, and are redacted at every door; so what was found is kept."""
        seen = self._seen
        clean = seen.get(text)
        if clean is None:
            clean = self._search(text)
            if len(text) <= _SHORT and len(seen) < _MANY:
                seen[text] = clean
        return clean

    def _search(self, text: str) -> str:
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, MASK)
        if len(text) < 6:
            return text
        if "Config" in text and _KUBECONFIG.match(text):
            return "[redacted kubeconfig]"
        text = _PEM.sub(MASK, text)
        text = _SHAPES.sub(MASK, text)
        text = _URL_USER.sub(lambda m: (m[1] or m[2]) + MASK + "@", text)
        text = _BASIC.sub(_mask_basic, text)
        text = _DOCKER_AUTH.sub(_mask_basic, text)
        text = _BEARER.sub(lambda m: m[1] + MASK, text)
        for pattern in (_FLAG_VALUE, _ASSIGNED, _ASSIGNED_MAYBE):
            text = pattern.sub(lambda m: m[1] + (m[2] or "") + MASK + (m[2] or ""), text)
        return text


_default = Redactor()


def register(*secrets: str | None) -> None:
    """Secrets known by value (a token, a password of the connection), for every later `redact` of this process."""
    _default.register(*secrets)


def redact(value: Any) -> Any:
    """A copy of nested data or text without secrets."""
    return _default.redact(value)
