# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what a run left to the files of a submission, in a folder of its own: without secrets, else as they were."""
from __future__ import annotations

import codecs
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from ..jobs.errors import PlatformError
from ..publish import redacted, sources
from ..runs.limits import Limited, TooMuch
from ..runs.model import VALIDATE, Run, Source
from ..runs.read import SourceError, read
from ..runs.xml import XmlError
from .model import JUNIT, LOG, MARK

_BROKEN = (TooMuch, EOFError, zlib.error, OSError)


class _Utf8:
    """A log that PowerShell wrote is UTF-16; any other is as it is."""

    def __init__(self, stream: Limited) -> None:
        self._stream, self._begun = stream, False
        self._decoder: codecs.IncrementalDecoder | None = None

    def read(self, size: int = 1 << 16) -> bytes:
        piece = self._stream.read(size)
        if not self._begun and piece[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._begun = True
        while self._decoder and piece:
            if text := self._decoder.decode(piece):
                return text.encode()
            piece = self._stream.read(size)
        return piece


def run_of(src: Sequence[str], server: str) -> Run:
    """The one run of the conformance tests that a source holds. PlatformError where there is none, or more than one."""
    try:
        found = [_light(r) for r in read(src, version=server) if r.kind != VALIDATE and _of(r, "junit", "log")]
    except SourceError as e:
        raise PlatformError(str(e)) from None
    named = [r for r in found if _of(r, "junit") and _of(r, "log")] or found
    if not named:
        raise PlatformError(f"{', '.join(map(str, src))}: there are no {LOG} and {JUNIT} of conformance tests in it")
    if len(named) > 1:
        places = ", ".join(r.place or r.name or "." for r in named[:3])
        raise PlatformError(f"{', '.join(map(str, src))}: there are {len(named)} runs in it ({places}), and a submission is of "
                            "one: name its folder")
    return named[0]


def _light(run: Run) -> Run:
    """With a conformance test of each file alone: of many runs only one is wanted, and that is read again to be judged."""
    run.cases = list({c.file: c for c in run.cases if MARK in c.name}.values())
    return run


def _of(run: Run, *kinds: str) -> list[Source]:
    return [s for s in run.sources if s.kind in kinds]


def _one(run: Run, kind: str, name: str) -> str:
    """The path of the one file of a kind, "" where there is none."""
    found, tested = _of(run, kind), {c.file for c in run.cases}
    chosen = [s for s in found if s.path in tested or kind == "log"] or found
    exact = [s for s in chosen if os.path.basename(s.path).removesuffix(".gz") == name]
    chosen = exact if len(exact) == 1 and kind == "log" else chosen
    if len(chosen) > 1:
        names = ", ".join(s.path for s in chosen[:3])
        raise PlatformError(f"The run left {len(chosen)} files of the kind {kind} ({names}), and a submission has one, {name}: "
                            "run the tests so that they leave one, as Ginkgo 2 does also when it runs them in parallel")
    return chosen[0].path if chosen else ""


def _log(stream: Limited, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        redacted.text(_Utf8(stream), out.write)


def _junit(stream: Limited, path: Path) -> None:
    """PlatformError for what is no XML: it cannot be looked through for secrets."""
    try:
        redacted.document(stream, path)
    except XmlError as e:
        raise PlatformError(f"{path.name} cannot be read: the file {e}") from None


def files(src: Sequence[str], run: Run, folder: Path) -> None:
    """Write e2e.log and junit_01.xml of the run, as far as it left them."""
    into: dict[str, tuple[str, Callable[[Limited, Path], None]]] = {}
    for kind, name, write in (("log", LOG, _log), ("junit", JUNIT, _junit)):
        if path := _one(run, kind, name):
            into[path] = (name, write)
    for path, stream in sources.files(src, set(into)):
        name, write = into[path]
        try:
            write(stream, folder / name)
        except _BROKEN as e:
            raise PlatformError(f"{path} cannot be read: {e or type(e).__name__}") from None
