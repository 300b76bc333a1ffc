# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRODUCT.yaml: its keys and their rules."""
from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from email.utils import getaddresses
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import marked
from .model import ERROR, PRODUCT, WARNING, Finding

TYPES = ("distribution", "hosted platform", "installer")
REQUIRED = {
    "vendor": "the legal entity that certifies",
    "name": "the product",
    "version": "the version of the product, not that of Kubernetes",
    "type": f"one of {', '.join(TYPES)}",
    "description": "one sentence about the product",
    "website_url": "the page about the product",
    "documentation_url": "the page of its documentation",
    "contact_email_address": "who is asked about the submission"}
OPTIONAL = {"repo_url": "the repository of an open source product", "product_logo_url": "the logo, as SVG, EPS or AI"}
KEYS = (*REQUIRED, *OPTIONAL)
_URLS = ("website_url", "repo_url", "documentation_url", "product_logo_url")
_VECTORS = (".svg", ".eps", ".ai")
_PIXELS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".ico", ".tif", ".tiff")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


def render(values: Mapping[str, Any]) -> str:
    """The file of such values; what is empty is left out."""
    return marked.dump({k: str(values[k]).strip() for k in KEYS if str(values.get(k) or "").strip()})


def _url(text: str) -> str:
    """Why a text is no address of a page, "" where it is one."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _port = parts.port
    except ValueError as e:
        return f"is no URL ({e})"
    if re.search(r"\s", text):
        return "has a blank in it, which a URL cannot have"
    if parts.scheme.lower() not in ("http", "https") or not host:
        return "must be an absolute URL that begins with https:// or http://"
    return "has a user or password in it, which would be public" if "@" in parts.netloc else ""


def _logo(text: str) -> tuple[str, str]:
    """(severity, why) for an address that is not that of a drawing."""
    path = urlsplit(text).path.lower()
    if path.endswith(_PIXELS):
        return ERROR, "is a picture of pixels, and the logo must be SVG, EPS or AI"
    return ("", "") if path.endswith(_VECTORS) else (WARNING, "does not end in .svg, .eps or .ai, which the logo must be")


def _mail(text: str) -> bool:
    """One address, with a name or without; as it stands there, as the library also reads what it must guess."""
    found = [address for _who, address in getaddresses([text])]
    return len(found) == 1 and found[0] in text and bool(_ADDRESS.fullmatch(found[0]))


def _value(key: str, text: str) -> Iterator[tuple[str, str, str]]:
    """(code, severity, why) of a value that is there."""
    if key == "type" and text not in TYPES:
        yield "product-type", ERROR, f"must be one of {', '.join(TYPES)}, not {text[:80]!r}"
    if key in _URLS:
        wrong = _url(text)
        if wrong:
            yield "product-url", ERROR, wrong
        elif key == "product_logo_url" and (logo := _logo(text))[0]:
            yield "product-logo", *logo
    if key == "contact_email_address" and not _mail(text):
        yield "product-email", ERROR, "must be one mail address, such as conformance@example.com"


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, KEYS, 1)
    return f"{key} is not known" + (f", did you mean {near[0]}?" if near else f"; the keys are {', '.join(KEYS)}")


class _Reading:
    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Finding] = []
        self.values: dict[str, str] = {}

    def add(self, code: str, severity: str, message: str, line: int = 0) -> None:
        self.found.append(Finding(code, severity, message, self.file, line))

    def key(self, name: str, key: Any, value: Any) -> None:
        if name in self.values:
            self.add("product-twice", ERROR, f"{name} is there twice", marked.line(key))
            return
        if name not in KEYS:
            self.add("product-unknown", WARNING, _unknown(name), marked.line(key))
            return
        kind = marked.kind(value)
        text = "" if kind in ("null", "mapping", "list") else value.value.strip()
        self.values[name] = text
        if kind in ("mapping", "list"):
            self.add("product-value", ERROR, f"{name} must be a text, not a {kind}", marked.line(key))
            self.values[name] = "?"  # it is there, so it is not missing as well
            return
        if text and kind in ("int", "float", "bool", "timestamp"):
            self.add("product-number", WARNING, f"{name} is read as a value of the kind {kind}: put {text} in quotes",
                     marked.line(value))
        if text:
            for code, severity, why in _value(name, text):
                self.add(code, severity, f"{name} {why}", marked.line(value))

    def missing(self, node: Any) -> None:
        lines = {n: marked.line(k) for n, k, _v in marked.fields(node)} if node is not None else {}
        for key, what in REQUIRED.items():
            if not self.values.get(key):
                self.add("product-missing", ERROR, f"{key} is {'empty' if key in self.values else 'missing'}: {what}",
                         lines.get(key, 0))


def check(text: str, file: str = PRODUCT) -> tuple[dict[str, str], list[Finding]]:
    """(its values, what is wrong). file: as findings name it."""
    reading = _Reading(file)
    try:
        node = marked.compose(text)
    except marked.BadYaml as e:
        return {}, [Finding("product-yaml", ERROR, f"is no YAML: {e}", file, e.line)]
    if node is not None and marked.kind(node) != "mapping":
        words = f"must be a mapping with the keys {', '.join(KEYS)}"
        return {}, [Finding("product-yaml", ERROR, words, file, marked.line(node))]
    for name, key, value in marked.fields(node) if node is not None else []:
        reading.key(name, key, value)
    reading.missing(node)
    return reading.values, reading.found


def load(path: Path, file: str) -> tuple[dict[str, str], list[Finding]]:
    """The same of a file that is there."""
    with path.open("rb") as handle:
        text = handle.read(marked.MIB + 1)
    if len(text) > marked.MIB:
        return {}, [Finding("file-large", ERROR, "is larger than 1 MiB, which no such file is", file)]
    try:
        return check(text.decode(), file)
    except UnicodeDecodeError:
        return {}, [Finding("file-encoding", ERROR, "is not UTF-8", file)]
