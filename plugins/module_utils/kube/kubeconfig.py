# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kubeconfigs as kubectl reads them, and what is said of wrong ones: one sentence that never holds a value of theirs."""
from __future__ import annotations

import base64
import binascii
import codecs
import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

from .errors import BadInput
from .shallow import shallow

_HINT = "give the path or the content of a kubeconfig"
_KINDS = ("clusters", "users", "contexts")
# So much of a path, and so many names, are shown.
_SHOWN, _NAMED = 100, 20
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_CONTENT = re.compile(r"[\ufeff\s]*(?:\{|---|%YAML|[A-Za-z-]+:\s+\S)")
# What nobody calls a folder: a long run of characters of all sorts, as tokens and encoded keys are.
_RANDOM = re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])[A-Za-z0-9_+=-]{24,}"
                     r"|(?=[a-z]*[0-9])[a-z0-9]{30,}|[0-9a-f-]{32,}")
_PARTS = re.compile(r"[^A-Za-z0-9_=+-]+")
_ENDING = re.compile(r"\.(?:ya?ml|json|conf|cfg|txt|pem|crt|cer|key|token|(?:kube)?config)$")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Entry:
    """A cluster, user or context. where: what it is called in sentences; base: the folder that relative paths start from."""

    name: str
    body: dict[str, Any]
    where: str
    base: str


@dataclass(frozen=True)
class Choice:
    """What one context of a kubeconfig says; user is None where it names none."""

    context: str
    cluster: Entry
    user: Entry | None


def decoded(data: bytes) -> str | None:
    """Text by its mark, else UTF-8, as kubectl reads it; None for what is no text."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def shown(name: str) -> str:
    """A name in a sentence: cut, and without control characters."""
    clean = "".join(c if c.isprintable() else "?" for c in name)
    return clean if len(clean) <= _SHOWN else clean[:_SHOWN] + "…"


def shown_end(path: str) -> str:
    """The same of a path, whose end is what tells it from others."""
    return shown(path) if len(path) <= _SHOWN else "…" + shown(path[-_SHOWN:])


def shown_path(path: str, given: str | None = None) -> str:
    """The same of a path, unless what is given for it looks like something else: tokens and keys end up there, too."""
    given = path if given is None else given
    if len(given) > 4096 or "\n" in given or any(map(_RANDOM.fullmatch, _PARTS.split(given))):
        return "the given text"
    return shown_end(path) if len(given) <= 16 or given[0] in "~." or "/" in given or _ENDING.search(given) else "the given text"


def file_of(value: Any) -> str:
    """The one file that a kubeconfig was given as, from the root; "" for content, for several, and for what had better not be shown."""
    path = os.path.abspath(os.path.expanduser(value)) if isinstance(value, str) and len(value) <= 4096 and "\0" not in value else ""
    return path if path.isprintable() and os.path.isfile(path) and shown_path(path) != "the given text" else ""


def shown_paths(paths: list[Path], by: str) -> str:
    """Several, joined; one that looks like something else tells that all of them may be its pieces."""
    said = [shown_path(str(p)) for p in paths]
    return "the given text" if "the given text" in said else shown(by.join(said[:_NAMED]))


def listed(names: list[str]) -> str:
    more = f", +{len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(shown, names[:_NAMED])) + more


def from_base64(text: str) -> str | None:
    """The text that is in it, through as many layers as there are; None where it is no base64 of a text."""
    found = None
    for _layer in range(4):
        packed = "".join(text.split())
        if not _BASE64.fullmatch(packed):
            break
        try:
            data = base64.b64decode(packed.rstrip("=").translate({45: 43, 95: 47}) + "=" * (-len(packed.rstrip("=")) % 4))
        except binascii.Error:
            break
        inside = decoded(data)
        if inside is None or not all(c.isprintable() or c.isspace() or c == "\ufeff" for c in inside):
            break
        found = text = inside
    return found


# ---- YAML -----------------------------------------------------------------------------------------------------
@functools.cache
def _loader() -> Any:
    """Numbers and dates stay as they are written: they are names and tokens here."""
    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Knows truth, nothing and merge keys besides text."""

    kept = tuple(f"tag:yaml.org,2002:{name}" for name in ("bool", "null", "merge"))
    Loader.yaml_implicit_resolvers = {
        first: [r for r in found if r[0] in kept] for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    return Loader


def _documents(text: str, origin: str) -> list[Any]:
    try:
        return [d for d in yaml.load_all(shallow(text), Loader=_loader()) if d is not None]
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError) as e:
        mark = getattr(e, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise BadInput(f"kubeconfig: {origin} is not valid YAML{where}; {_HINT}") from None


def _document(text: str, origin: str) -> Any:
    """What a text holds, None for an empty one."""
    found = _documents(text, origin)
    if len(found) > 1:
        raise BadInput(f"kubeconfig: {origin} holds {len(found)} documents; keep the one that is meant")
    return found[0] if found else None


def _text_of(path: Path) -> str:
    try:
        text = decoded(path.read_bytes())
    except (OSError, ValueError) as e:
        reason = getattr(e, "strerror", None) or "no path"
        raise BadInput(f"kubeconfig: cannot read {shown_path(str(path))}: {reason}") from None
    if text is None:
        raise BadInput(f"kubeconfig: cannot read {shown_path(str(path))}: not text")
    # What is kept encoded in a variable may be written to a file as it is.
    return from_base64(text) or text


# ---- one kubeconfig, of one text or of several files -------------------------------------------------------------
class Kubeconfig:
    """origin: what it is called in sentences."""

    def __init__(self, origin: str) -> None:
        self.origin, self.current = origin, ""
        self._entries: dict[str, dict[str, Entry]] = {kind: {} for kind in _KINDS}

    def add(self, data: Any, name: str, base: str = "", path: str = "") -> None:
        """What another text says; what is known already stays. name: of the text."""
        if not isinstance(data, Mapping):
            raise BadInput(f"kubeconfig: {name} names no clusters; {_HINT}")
        said = data.get("current-context")
        self.current = self.current or (str(said) if isinstance(said, (str, int)) else "")
        for kind in _KINDS:
            for key, entry in self._read(kind, data.get(kind), name, base, path).items():
                self._entries[kind].setdefault(key, entry)

    def _read(self, kind: str, items: Any, name: str, base: str, path: str) -> dict[str, Entry]:
        out: dict[str, Entry] = {}
        if not isinstance(items or [], list):
            raise BadInput(f"kubeconfig: {name} cannot be used: its {kind} are not a list with a name each")
        for item in items or []:
            if not isinstance(item, Mapping) or not isinstance(item.get("name"), (str, int)):
                raise BadInput(f"kubeconfig: {name} cannot be used: its {kind} are not a list with a name each")
            key, body = str(item["name"]), item.get(kind[:-1])
            if key in out:
                raise BadInput(f"kubeconfig: {name} has two {kind} named {shown(key)!r}; keep the one that is meant")
            if not isinstance(body or {}, Mapping):
                raise BadInput(f"kubeconfig: {name} cannot be used: {kind}[{shown(key)}] is no dictionary")
            where = f"kubeconfig: {f'{path}: ' if path else ''}{kind}[{shown(key)}]"
            out[key] = Entry(key, {str(k): v for k, v in (body or {}).items()}, where, base)
        return out

    def names(self, kind: str) -> list[str]:
        return list(self._entries[kind])

    def choose(self, wanted: str | None, signed_in: bool = False) -> Choice:
        """What the wanted, the current or the only context says. signed_in: by options, so that no user has to be there."""
        names = self.names("contexts")
        if not self.names("clusters"):
            raise BadInput(f"kubeconfig: {self.origin} names no clusters; {_HINT}")
        called = self.origin if self.origin[:4] != "the " else "the kubeconfig"
        if wanted and wanted not in names:
            raise BadInput(f"context: {called} has no context {shown(wanted)!r}; it has {listed(names) or 'none'}")
        name = wanted or (self.current if self.current in names else names[0] if len(names) == 1 else "")
        if not name:
            raise BadInput(f"context: {called} has no current context; name one of {listed(names) or 'its own'}")
        context = self._entries["contexts"][name]
        user = context.body.get("user")
        if signed_in and str(user) not in self._entries["users"]:
            user = None
        return Choice(name, self._named(context, "cluster"), self._named(context, "user") if user else None)

    def _named(self, context: Entry, what: str) -> Entry:
        kind, name = f"{what}s", context.body.get(what)
        if not isinstance(name, (str, int)) or isinstance(name, bool):
            raise BadInput(f"{context.where} names no {what}")
        if str(name) not in self._entries[kind]:
            start = context.where.partition("contexts[")[0]
            raise BadInput(f"{start}context {shown(context.name)!r} names {what} {shown(str(name))!r}, which is not among "
                           f"its {kind} ({listed(self.names(kind)) or 'there are none'})")
        return self._entries[kind][str(name)]


def _of_text(text: str, origin: str) -> Kubeconfig:
    found = Kubeconfig(origin)
    found.add(_document(text, origin), origin)
    return found


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as e:
        raise BadInput(f"kubeconfig: cannot read {shown_path(str(path))}: {e.strerror}") from None


def _of_files(paths: list[Path]) -> Kubeconfig:
    """Several files as kubectl reads them: absent and empty ones are left out, and the first to say something is right."""
    there = [p for p in paths if _exists(p)]
    if not there:
        raise BadInput(f"kubeconfig: none of {shown_paths(paths, ', ')} exists")
    found = Kubeconfig(shown_paths(paths, os.pathsep))
    for path in there:
        name = shown_end(str(path))
        if (data := _document(_text_of(path), name)) is not None:
            found.add(data, name, str(path.absolute().parent), name)
    return found


def _is_there(path: str) -> bool:
    try:
        return os.path.exists(path)
    except (OSError, ValueError):
        return False


def read(value: Any) -> Kubeconfig:
    """A kubeconfig of a path (several, joined by colons), a content, also in base64, or a dictionary."""
    if isinstance(value, Mapping):
        try:
            return _of_text(yaml.safe_dump(dict(value)), "the given dictionary")
        except yaml.YAMLError:
            raise BadInput(f"kubeconfig: the given dictionary holds what YAML cannot; {_HINT}") from None
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise BadInput(f"kubeconfig: must be a path, the content or a dictionary, not {type(value).__name__}")
    if _CONTENT.match(text) or ("\n" in text.strip() and from_base64(text) is None):
        return _of_text(text, "the given content")
    text = text.strip()
    if not _is_there(os.path.expanduser(text)) and (inside := from_base64(text)) is not None:
        if not _CONTENT.match(inside) and "\n" not in inside.strip():
            raise BadInput(f"kubeconfig: the given text is base64, and what is in it is no kubeconfig; {_HINT}")
        return _of_text(inside, "the given content")
    paths = [Path(os.path.expanduser(p)) for p in text.split(os.pathsep) if p]
    if len(paths) > 1:
        return _of_files(paths)
    path = paths[0] if paths else Path(text)
    found = Kubeconfig(shown_path(str(path)))
    found.add(_document(_text_of(path), found.origin), found.origin, str(path.resolve().parent), found.origin)
    return found
