# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one redaction point: secrets are replaced before anything is stored, shown or logged; what would steer the terminal
of who reads it goes, too, as the words come from clusters, registries and programs.

What a secret looks like is told by its own shape (JWT, private key, AWS key, basic auth in a URL) or by the name that
stands before it (password, token, client-key-data). Names, digests, UIDs and other random-looking text have neither,
and stay as they are. No pattern here looks over the same text again and again: the time is a multiple of the length.
"""
from __future__ import annotations

import base64
import binascii
import functools
import json
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "[redacted]"
# What stands for the rest of data beyond so many levels: schemas of the real world have some dozens, and Python gives up at hundreds.
TOO_DEEP, _DEEPEST = "[nested too deep]", 150
# Texts that are remembered: so long, so many.
_SHORT, _MANY = 300, 10000
# Given secrets: characters that one has at least, and up to which it may be nothing but a word or a number.
_LEAST, _WORD = 4, 8

# Names whose value is a secret: as the end of a key, of an environment variable, of a flag.
_SURE = (r"pass(?:word|wd|phrase|code)|pwd|api[_-]?key|(?:secret[_-]?)?access[_-]?key|secret[_-]?key|private[_-]?key"
         r"|client[_-]?key(?:[_-]?data)?|client[_-]?secret"
         r"|(?:id|access|refresh|auth|session|security|bearer|api)[_-]?token"
         r"|tls[._-]key|x-amz-signature|x-amz-credential|dockerconfigjson|dockercfg|bearer|cookie")
# Names that are also plain English ("secret: not found"): their value must look like one.
_MAYBE = r"secret|token|credentials?|authorization"
_KEY = re.compile(rf"(?:^|[_\-. ])(?:(?:{_SURE})s?|{_MAYBE})$", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FLAG = re.compile(rf"^--?(?:[\w-]+-)?(?:{_SURE}|{_MAYBE})$", re.IGNORECASE)

_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=\s\\:,.-]*")
_KUBECONFIG = re.compile(r"(?=.*\bkind[\"']?\s*:\s*[\"']?Config\b)(?=.*\busers[\"']?\s*:)"
                         r"(?=.*\bclusters[\"']?\s*:)",
                         re.DOTALL)

_QUOTE = r"\\{0,3}[\"']"
_VALUE = rf"(?:({_QUOTE})(?:(?!\2).)*(?:\2|$)|[^\s\"',;&(){{}}\[\]<>\\][^\s\"',;&(){{}}\[\]<>\\]*)"
_ASSIGNED = re.compile(rf"((?:{_SURE})(?:{_QUOTE})?\s*[:=]\s*){_VALUE}", re.IGNORECASE)
# After these a colon may begin prose: a digit, a quote or an equals sign tells a value from a word.
_ASSIGNED_MAYBE = re.compile(
    rf"((?<![^\W_])(?:{_MAYBE})(?:(?:{_QUOTE})?\s*=\s*|{_QUOTE}\s*:\s*(?={_QUOTE})"
    rf"|\s*:\s*(?:(?:bearer|basic|token)\s+)?(?=(?:{_QUOTE})?[^\s\"'\d]{{0,200}}\d)(?=\S{{6}}))){_VALUE}", re.IGNORECASE)
_FLAG_VALUE = re.compile(rf"(?<!\S)(--?(?:[\w-]+-)?(?:{_SURE}|{_MAYBE})[ =]){_VALUE}", re.IGNORECASE)
_URL_USER = re.compile(r"(?<=[a-z0-9+.-])(://)[^\s/@:\"']*:[^\s/@\"']*@|\b(https?://)[^\s/@:\"']+@", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer\s+)(?=\S*\d|\S{20})[A-Za-z0-9._~+/-]{8,}=*", re.IGNORECASE)
_BASIC = re.compile(r"\b(basic\s+)([A-Za-z0-9+/]{6,}={0,2})", re.IGNORECASE)
_DOCKER_AUTH = re.compile(rf"({_QUOTE}auth{_QUOTE}\s*:\s*{_QUOTE})([A-Za-z0-9+/]{{6,}}={{0,2}})")
# JWT, JWE. What ends after its first part is none, nor is what else begins in that part: it is passed over as a whole.
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}+(\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*)?")
_SHAPES = re.compile(
    r"\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{16}\b"                              # AWS
    r"|\bk8s-aws-v1\.[A-Za-z0-9_-]{16,}"                                     # EKS
    r"|\bsha256~[A-Za-z0-9_-]{20,}"                                          # OpenShift
    r"|\b(?:token-[a-z0-9]{5}|kubeconfig-[a-z0-9-]{1,253}):[a-z0-9]{20,}"  # Rancher
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bxox[abeprs]-[A-Za-z0-9-]{10,}|\bAIza[\w-]{35}\b|\bya29\.[\w-]{20,}")

# What XML 1.0 does not allow, not even escaped; nor is it wanted on a terminal. Beside it characters that turn the order
# of what is read, or are not seen.
_CONTROL = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
                      "|[\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
# Sequences of terminals: of colours and cursors; of titles and links with their text, as far as they are closed in their line;
# of character sets; in one byte, too.
_ANSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
                   r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n]*(?:\x07|\x1b\\|\x9c)"
                   r"|\x1b[ -/]+[0-~]|\x1b[0-Z\\`-~]")
# Ends of lines for some readers, and a return, after which a terminal writes over what stands there.
_ENDS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")


def printable(text: str) -> str:
    """Text without terminal sequences and control characters; line ends (as \\n) and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub("", _ENDS.sub("\n", _ANSI.sub("", text)))


def _is_basic(text: str) -> bool:
    """Whether base64 text holds user:password."""
    try:
        return b":" in base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False


def _mask_basic(match: re.Match[str]) -> str:
    return match[1] + MASK if _is_basic(match[2]) else match[0]


def _mask_jwt(match: re.Match[str]) -> str:
    return MASK if match[1] else match[0]


def _without_keys(text: str) -> str:
    """Text without private keys; one that is cut off goes as far as it may be a key."""
    parts, at, whole = [], 0, True
    while begin := _PEM.search(text, at):
        end = _END.search(text, begin.end()) if whole else None
        whole = end is not None  # without an end to this one there is none to the next
        parts += [text[at:begin.start()], MASK]
        at = (end or _PEM_BODY.match(text, begin.end())).end()
    return "".join([*parts, text[at:]])


def _forms(secret: str) -> set[str]:
    """A secret as it may appear: plain, escaped in JSON (Python's, Go's), in a shell's quotes, in a URL, in base64."""
    raw = secret.encode("utf-8", "surrogatepass")
    inside, coded = json.dumps(secret, ensure_ascii=False)[1:-1], base64.b64encode(raw).decode()
    go = inside.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return {secret, printable(secret), inside, go, json.dumps(secret)[1:-1], secret.replace("'", "'\"'\"'"),
            urllib.parse.quote(raw, safe=""), urllib.parse.quote_plus(raw),
            coded, coded.rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}


# Words that sentences, verdicts and names of fields here are made of; up to _WORD letters.
_OURS = frozenset("""
    active admin after agent answer answers api aws balancer before cause certain check checks claim cluster command config
    could create created data default delete deleted denied detail dns domain driver expected error errors evidence expired fail failed
    false file files forbid found gate gone group have health healthy host hosts id image images item items kind kinds known kube
    label labels layer lease left leftover like limit list lost machine made master message metadata method missing name names
    network node nodes none normal not null object objects observed only other owner pass passed password path paths pending
    phase platform pod pods port ports private probe probes public pull ready reason record records refused remedy report
    result results role root run running run_id runs scope secret seconds server servers service set skipped snapshot spec
    started state status step storage system task tasks test tested text time token true type types unknown user users uuid
    value verdict version volume volumes warned warning was watch webhook were where with worker write wrong zone zones changed
    """.split())


def _where(secret: str) -> re.Pattern[str] | None:
    """Where a secret is meant that is a plain word or a number; None for any other, which is meant everywhere."""
    if len(secret) > _WORD or not secret.isascii():
        return None
    if secret.isalpha() and secret.lower() in _OURS:
        return re.compile(rf"(?<=[\"'`]){secret}(?=\\{{0,3}}[\"'`])|(?<=[=:]){secret}(?!\w)")
    if secret.isdigit() or secret.isalpha() and (secret.isupper() or secret[1:].islower()):
        return re.compile(rf"(?<!\w){secret}(?!\w)")
    return None


@functools.lru_cache(4096)
def _names_secret(key: str) -> bool:
    return bool(_KEY.search(_CAMEL.sub("_", key)))


def is_secret_key(key: Any) -> bool:
    """Whether the value under this key is a secret: "password", "clientSecret", "AWS_SESSION_TOKEN"."""
    return isinstance(key, str) and _names_secret(key)


class Redactor:
    """Replaces secrets in nested data; secrets given by value are replaced wherever they appear.

    Given secrets below 4 characters are ignored: they would hit harmless text everywhere. So would a password that is one
    of our own words ("wrong", "failed"): it would eat sentences, verdicts and names of fields, and a gap in a known sentence
    tells it to everybody. It is replaced where a value stands (after = and :, in quotes) and in its encoded forms only; any
    other plain word and a number ("8443") where they are no part of a longer one.
    """

    def __init__(self, secrets: Iterable[str] = ()):
        self._known: list[str] = []
        self._common: dict[str, re.Pattern[str]] = {}
        self._seen: dict[str, str] = {}
        self.register(*secrets)

    def register(self, *secrets: str | None) -> None:
        """More secrets known by value, in every form they may appear in."""
        known, common = set(self._known), {}
        for secret in secrets:
            bare = secret.strip() if secret else ""
            if len(bare) < _LEAST:
                continue
            forms = _forms(secret) | _forms(bare)
            if pattern := _where(bare):
                forms = {f for f in forms if f.strip() != bare}
                common[bare] = pattern
            known |= forms
        self._known = sorted(known, key=len, reverse=True)  # longest first: one may hold another
        self._common = {**self._common, **common}
        self._seen = {}  # a new one: what another thread is writing now goes into the old one

    def redact(self, value: Any, level: int = 0) -> Any:
        """A copy of the value (strings, numbers, dictionaries, lists) without secrets, and without what is nested too deep."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, bytes):
            return self._text(value.decode("utf-8", "replace"))
        if isinstance(value, Mapping):
            return TOO_DEEP if level > _DEEPEST else self._mapping(value, level + 1)
        if isinstance(value, (list, tuple, set, frozenset)):
            return TOO_DEEP if level > _DEEPEST else self._sequence(list(value), level + 1)
        return value

    def _mapping(self, value: Mapping[Any, Any], level: int) -> dict[Any, Any]:
        everything = value.get("kind") == "Secret"
        # {name: DB_PASSWORD, value: ...} is how containers get environment variables
        named = is_secret_key(value.get("name"))
        result = {}
        for key, item in value.items():
            clean_key = self._text(key) if isinstance(key, str) else key
            if everything and key in ("data", "stringData") and isinstance(item, Mapping):
                result[clean_key] = {k: MASK for k in item}
            elif is_secret_key(key) or (named and key == "value"):
                result[clean_key] = self._secret(item, level)
            else:
                result[clean_key] = self.redact(item, level)
        return result

    def _secret(self, item: Any, level: int) -> Any:
        """The value of a secret-like key; structures below it (secret: {secretName: x}) are no secrets themselves."""
        if item is None or isinstance(item, bool) or item == "":
            return item
        if isinstance(item, (Mapping, list, tuple, set)):
            if isinstance(item, Mapping) or level > _DEEPEST:
                return self.redact(item, level)
            return [self._secret(i, level + 1) for i in item]
        return MASK

    def _sequence(self, items: list[Any], level: int) -> list[Any]:
        """Lists hold log lines and command lines: a key may go over lines, a password may follow its flag."""
        result: list[Any] = []
        in_key = after_flag = False
        for item in items:
            if isinstance(item, bytes):
                item = item.decode("utf-8", "replace")
            if isinstance(item, str) and in_key:
                in_key = not _END.search(item)
                result.append(MASK)
                continue
            if after_flag and not (isinstance(item, str) and item.startswith("-")):
                result.append(self._secret(item, level))
            else:
                result.append(self.redact(item, level))
            after_flag = isinstance(item, str) and bool(_FLAG.match(item))
            in_key = isinstance(item, str) and bool(_BEGIN.search(item)) and not _END.search(item)
        return result

    def _text(self, text: str) -> str:
        """Results hold the same words again and again, and are redacted at every door; so what was found is kept."""
        seen = self._seen
        clean = seen.get(text)
        if clean is None:
            clean = self._search(printable(text))
            if len(text) <= _SHORT and len(seen) < _MANY:
                seen[text] = clean
        return clean

    def _search(self, text: str) -> str:
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, MASK)
        for word, pattern in self._common.items():
            if word in text:
                text = pattern.sub(MASK, text)
        if len(text) < 6:
            return text
        if "Config" in text and _KUBECONFIG.match(text):
            return "[redacted kubeconfig]"
        text = _without_keys(text)
        text = _JWT.sub(_mask_jwt, text)
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
