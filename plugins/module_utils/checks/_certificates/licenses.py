# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Licences by what their own servers say: GitLab's licence API, and whatever answers JSON with a date in it."""
from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ...kube import library, tls
from ...kube.errors import BadInput
from ...kube.json_text import json_of
from ...kube.pages import words as page_words
from ...kube.reading import date_of
from ...results import redact
from .options import Entry
from .time import Bounds, Clocks

FORMATS = ("auto", "iso", "epoch_seconds", "epoch_millis")
_KEYS = ("name", "gitlab", "url", "expires", "format", "token", "token_env", "headers", "header_env", "ca_file",
         "validate_certs", "warn_days", "fail_days")
_LICENSE = "/api/v4/license"
# Seconds for an answer, so often it is asked, and the pause between (no longer is waited for what Retry-After says).
_ANSWER, _TRIES, _PAUSE = 10.0, 3, 2.0
_LARGEST = 4 << 20
_WEATHER = (408, 425, 429, 500, 502, 503, 504)
# Numbers from here on are milliseconds.
_MILLIS = 1e11


class NotTold(Exception):
    """The end of a licence is not known; the message says why, in words that follow its name."""


@dataclass(frozen=True)
class License:
    """One licence of the inventory. expression: a compiled JMESPath; bounds: from when on its end is near."""

    name: str
    url: str
    gitlab: bool
    headers: Mapping[str, str]
    expression: Any
    format: str
    ca_file: str
    verify: bool
    bounds: Bounds

    @property
    def target(self) -> str:
        return f"license/{self.name}"


@dataclass(frozen=True)
class Told:
    """What the server said: ends is epoch seconds, None for a licence without an end; expired: in its own words, where it says
    that; over: users beyond those that are paid for."""

    ends: float | None
    expired: bool
    over: int
    clocks: Clocks


# ---- options -------------------------------------------------------------------------------------------------------
def entries(option: str, values: Iterable[Any], usual: Bounds, environ: Mapping[str, str]) -> list[License]:
    """BadInput for an entry that is wrong; its secrets are kept out of all output from here on."""
    return [_entry(Entry(option, number, value, _KEYS), usual, environ) for number, value in enumerate(values, 1)]


def _entry(entry: Entry, usual: Bounds, environ: Mapping[str, str]) -> License:
    base, url = entry.text("gitlab"), entry.text("url")
    if bool(base) == bool(url):
        raise BadInput(f"{entry.where}: give either gitlab, its address, or url")
    parts = urlsplit(base or url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise entry.wrong("gitlab" if base else "url", "like https://host.example.com, without user and password")
    if url and not entry.has("expires"):
        raise BadInput(f"{entry.where}: has no expires, the JMESPath expression of the date in the answer")
    kind = entry.text("format", default="auto")
    if kind not in FORMATS:
        raise entry.wrong("format", f"one of {', '.join(FORMATS)}")
    headers = _headers(entry, bool(base), environ)
    redact.register(*(v.rpartition(" ")[2] for v in headers.values()))
    address = base.rstrip("/") + _LICENSE if base else url
    return License(entry.text("name", default=parts.hostname), address, bool(base), headers,
                   _expression(entry, entry.text("expires", default="expires_at")), kind, entry.file("ca_file"),
                   entry.truth("validate_certs", True), entry.bounds(usual) or usual)


def _headers(entry: Entry, gitlab: bool, environ: Mapping[str, str]) -> dict[str, str]:
    def of_environment(name: str, key: str) -> str:
        if not environ.get(name):
            raise BadInput(f"{entry.where}: {key} names {name}, which is not set in the environment of the controller")
        return environ[name].strip()

    out = {"Accept": "application/json", "User-Agent": "assay.clusters"}
    for key in ("headers", "header_env"):
        given = entry.raw(key) or {}
        if not isinstance(given, Mapping):
            raise entry.wrong(key, "a dictionary of headers")
        out.update({str(name): str(value) if key == "headers" else of_environment(str(value), key) for name, value in given.items()})
    token = entry.text("token") or (of_environment(entry.text("token_env"), "token_env") if entry.has("token_env") else "")
    if token:
        out.update({"PRIVATE-TOKEN": token} if gitlab else {"Authorization": f"Bearer {token}"})
    if any(not value.isprintable() or not name.isprintable() for name, value in out.items()):
        raise entry.wrong("headers", "without control characters")
    return out


def _expression(entry: Entry, text: str) -> Any:
    try:
        import jmespath
        from jmespath.exceptions import JMESPathError
    except ImportError as e:
        raise library.missing("jmespath", e) from None
    try:
        return jmespath.compile(text)
    except JMESPathError as e:
        raise BadInput(f"{entry.where}: expires is no JMESPath expression: {str(e).splitlines()[0]}") from None


# ---- asking --------------------------------------------------------------------------------------------------------
def ask(one: License, left: Callable[[], float], sleep: Callable[[float], Any] = time.sleep) -> Told:
    """What the server says of the licence. left: seconds that there are; weather is outlasted as far as they go. NotTold."""
    urllib3 = library.load().urllib3
    try:
        context = tls.context(one.verify, one.ca_file or None)
    except OSError as e:
        raise NotTold(f"cannot be asked, as its ca_file cannot be used: {e.strerror or e}") from None
    pool = urllib3.PoolManager(ssl_context=context, retries=False)
    why = "does not answer"
    try:
        for turn in range(_TRIES):
            try:
                status, headers, text = _once(pool, one, min(_ANSWER, max(1.0, left())))
            except (urllib3.exceptions.HTTPError, OSError) as e:
                why, pause = f"does not answer: {_reason(e)}", _PAUSE
            else:
                if status not in _WEATHER:
                    return _understood(one, status, headers, text)
                why, pause = f"answers {status} {page_words(text)}".rstrip(), _pause(headers)
            if turn + 1 == _TRIES or left() < pause + _ANSWER:
                break
            sleep(pause)
    finally:
        pool.clear()
    raise NotTold(why)


def _once(pool: Any, one: License, timeout: float) -> tuple[int, Mapping[str, str], str]:
    response = pool.request("GET", one.url, headers=dict(one.headers), timeout=timeout, redirect=False, preload_content=False)
    try:
        data = response.read(_LARGEST, decode_content=True)
    finally:
        response.release_conn()
    return response.status, response.headers, data.decode("utf-8", "replace")


def _reason(error: Any) -> str:
    """The words of the innermost error, as those around it have addresses of memory in theirs."""
    if "timed out" in str(error):
        return "no answer in time"
    found = getattr(error, "reason", None) or error.__cause__ or error.__context__ or error
    return str(getattr(found, "strerror", None) or getattr(found, "verify_message", None) or found).rpartition(": ")[2]


def _pause(headers: Mapping[str, str]) -> float:
    said = str(headers.get("Retry-After") or "")
    return min(float(said), 2 * _PAUSE) if said.isascii() and said.isdigit() else _PAUSE


def _understood(one: License, status: int, headers: Mapping[str, str], text: str) -> Told:
    if status == 401:
        raise NotTold("refuses the credentials (401); name a token that is valid")
    if status == 403:
        raise NotTold("does not tell this user (403)" + ("; GitLab tells administrators alone" if one.gitlab else ""))
    if status == 404 and one.gitlab:
        raise NotTold("has no licence to tell of (404): this is GitLab's Community Edition, or something else")
    if status != 200:
        where = str(headers.get("Location") or "")
        raise NotTold(f"answers {status} {f'(to {where[:100]})' if where else page_words(text)}".rstrip())
    try:
        data = json_of(text)
    except ValueError:
        raise NotTold(f"answers something that is not JSON: {page_words(text)}") from None
    return _told(one, data, headers)


def _told(one: License, data: Any, headers: Mapping[str, str]) -> Told:
    if one.gitlab and not isinstance(data, dict):
        raise NotTold("has no licence installed")
    try:
        found = one.expression.search(data)
    except Exception as e:  # of jmespath's own kinds, for functions on what is no fit
        raise NotTold(f"answers what its expression does not fit: {e}") from None
    clocks = _clocks(headers)
    over = data.get("overage") if one.gitlab else 0
    over = int(over) if isinstance(over, (int, float)) and not isinstance(over, bool) else 0
    if found is None:
        if one.gitlab and "expires_at" in data:
            return Told(None, bool(data.get("expired")), over, clocks)
        raise NotTold("answers without a date where the expression looks for it")
    return Told(moment(found, one.format), one.gitlab and data.get("expired") is True, over, clocks)


def _clocks(headers: Mapping[str, str]) -> Clocks:
    here, told = time.time(), date_of(headers.get("Date"))
    return Clocks(here if told is None else told, here)


def moment(value: Any, kind: str) -> float:
    """Epoch seconds of a date as it stands in an answer: a number, or ISO 8601; a day ends as it begins, by UTC."""
    number = None if isinstance(value, bool) else value if isinstance(value, (int, float)) else None
    if number is None and isinstance(value, str) and kind != "iso":
        try:
            number = float(value)
        except ValueError:
            pass
    if number is not None and kind != "iso":
        millis = kind == "epoch_millis" or (kind == "auto" and abs(number) >= _MILLIS)
        return float(number) / 1000 if millis else float(number)
    if kind in ("auto", "iso") and isinstance(value, str):
        try:
            found = datetime.datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
            return found.replace(tzinfo=found.tzinfo or datetime.timezone.utc).timestamp()
        except (ValueError, OverflowError):
            pass
    raise NotTold(f"answers {str(value)[:60]!r} for its end, which is no date in the format {kind}")
