# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where audit events are looked for: what all sources have in common, and files that a server hands out piece by piece."""
from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...kube.errors import ApiError
from ...kube.patient import PatientClient
from .events import Event, of_lines

# Below /var/log, where installers put the file: kubeadm's documentation, OpenShift, kOps, Konvoy, Kubespray.
USUAL = ("kubernetes/audit.log", "kubernetes/audit/audit.log", "kube-apiserver/audit.log", "kube-apiserver-audit.log",
         "kubernetes/audit/kube-apiserver-audit.log", "kubernetes/kube-apiserver-audit.log", "audit/kube-apiserver-audit.log",
         "kubernetes/kubernetes-audit.log", "audit/audit.log")
# Bytes of one look: what a busy API server writes in minutes.
_PIECE = 16 << 20
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)")
_LINK = re.compile(r'href="([^"/]+)"')


class NoSource(Exception):
    """A source cannot be asked. kind: "forbidden", "absent" (what an option names is not there), "option" (it is wrong),
    "down" (it does not answer)."""

    def __init__(self, text: str, kind: str):
        super().__init__(text)
        self.kind = kind


class Source(ABC):
    """words: what it is, for sentences. wait: seconds until it has everything, unless an option says otherwise."""

    words = ""
    wait = 240.0

    @abstractmethod
    def start(self) -> None:
        """Before the requests are sent. Raises NoSource."""

    @abstractmethod
    def look(self) -> Iterable[Event]:
        """The events of ours that are new, or all of them. Raises NoSource."""

    def stop(self) -> None:
        """Nothing is looked for any more."""

    def absent(self) -> dict[str, str]:
        """Places that have nothing to look into, and why."""
        return {}


@dataclass
class _File:
    """base: the path of /var/log on the server; path: of the file below it; read: bytes that were looked at."""

    client: PatientClient
    base: str
    path: str
    read: int = 0


def refused(e: ApiError, what: str) -> NoSource:
    """What an API server says of a way to a source."""
    kind = "forbidden" if e.status in (401, 403) else "absent" if e.status == 404 else "down"
    return NoSource(f"{what}: {e.message}", kind)


class Files(Source):
    """Files below /var/log that servers hand out: never whole, from their end at the start on.

    places: name -> (client, path of /var/log on its server).
    """

    wait = 45.0

    def __init__(self, words: str, places: Mapping[str, tuple[PatientClient, str]], paths: Sequence[str], mark: str):
        self.words, self._places, self._paths, self._mark = words, places, paths, mark
        self._files: dict[str, _File] = {}
        self._absent: dict[str, str] = {}

    def start(self) -> None:
        for place, (client, base) in self._places.items():
            self._open(place, client, base)
        if not self._files and self._absent:
            raise NoSource("; ".join(dict.fromkeys(self._absent.values())), "absent")

    def _open(self, place: str, client: PatientClient, base: str) -> None:
        for path in self._paths:
            file = _File(client, base, path)
            try:
                file.read = _piece(file, "bytes=-1")[2]
            except ApiError as e:
                if e.status != 404:
                    raise refused(e, f"{base} of {place}") from e
                continue
            self._files[place] = file
            return
        self._absent[place] = f"{place} shows no file {' or '.join(self._paths[:3])} below {base}"

    def absent(self) -> dict[str, str]:
        return self._absent

    def look(self) -> Iterable[Event]:
        out: list[Event] = []
        for place, file in self._files.items():
            try:
                out += of_lines(self._news(file), place, self._mark)
            except ApiError as e:
                raise refused(e, f"{file.base} of {place}") from e
        return out

    def _news(self, file: _File) -> str:
        """What was written since the last look; a line that is not whole yet is left for the next one."""
        text, end, size = _piece(file, f"bytes={file.read}-{file.read + _PIECE - 1}")
        before = ""
        if size < file.read:  # another file by now
            before = self._rotated(file)
            file.read = 0
            text, end, size = _piece(file, f"bytes=0-{_PIECE - 1}")
        whole, newline, rest = text.rpartition("\n")
        file.read = max(file.read, end - len(rest.encode())) if newline else file.read
        return before + whole

    def _rotated(self, file: _File) -> str:
        """The rest of the file that was put away, which is the newest of those beside it."""
        folder, _slash, name = file.path.rpartition("/")
        stem, _dot, ending = name.rpartition(".")
        try:
            listing = file.client.get(f"{file.base}/{folder}/", raw=True)
        except ApiError:
            return ""
        put_away = re.compile(rf"{re.escape(stem)}-[\dT.-]+\.{re.escape(ending)}")
        names = sorted(n for n in _LINK.findall(listing) if put_away.fullmatch(n))
        if not names:
            return ""
        old = _File(file.client, file.base, f"{folder}/{names[-1]}", file.read)
        return _piece(old, f"bytes={file.read}-{file.read + _PIECE - 1}")[0]


def _piece(file: _File, wanted: str) -> tuple[str, int, int]:
    """(text, where it ends, how long the file is), all in bytes; no text beyond its end."""
    try:
        text, told = file.client.request("GET", f"{file.base}/{file.path}", headers={"Range": wanted}, raw=True,
                                         with_headers=True)
    except ApiError as e:
        found = _RANGE.fullmatch(e.headers.get("Content-Range") or "") if e.status == 416 else None
        if not found:
            raise
        return "", int(found[3]), int(found[3])
    found = _RANGE.fullmatch(told.get("Content-Range") or "")
    if not found or found[2] is None:  # the whole file, where something in between does not hand out pieces
        size = len(text.encode())
        return text, size, size
    return text, int(found[2]) + 1, int(found[3])


def below_log(path: Any) -> str:
    """A path below /var/log as these servers take it; "" for another."""
    return str(path).removeprefix("/var/log/") if str(path or "").startswith("/var/log/") else ""
