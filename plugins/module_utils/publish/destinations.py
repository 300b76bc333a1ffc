# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the option dest says: a folder, s3://bucket/path or gs://bucket/path, with {cluster} and {name} filled."""
from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..jobs.errors import BadOption
from ..jobs.job import Job
from ..stores import buckets
from ..stores.buckets import GCS
from ..stores.folder import FolderStore
from ..stores.store import Store

FOLDER = ""
_PLACE = re.compile(r"\{([^{}]*)\}")
PLACES = ("cluster", "name")


@dataclass(frozen=True)
class Destination:
    """The place of one job. bucket "" for a folder, whose path is in `path`."""

    scheme: str
    bucket: str
    path: str

    @property
    def compresses(self) -> bool:
        """Whether files are packed unless the user says otherwise: Google unpacks them for who cannot, others do not."""
        return self.scheme == GCS


def places(dest: str) -> set[str]:
    """The {places} of a destination. BadOption for one that is not known."""
    found = _PLACE.findall(dest)
    for name in found:
        if name not in PLACES:
            raise BadOption(f"dest: {{{name}}} is not known; {{cluster}} and {{name}} are")
    return set(found)


def _inside(path: str, dest: str) -> str:
    parts = path.split("/")
    if any(p in ("", ".", "..") or not p.isprintable() for p in parts):
        raise BadOption(f"dest: {dest!r} has an empty part, or one that is . or .., in its path")
    if parts[-1].isdecimal():
        raise BadOption(f"dest: {dest!r} ends in a number, as a build does; name the folder of the job, to which the id of a "
                        "build is added")
    return path


def parse(dest: str, known: Mapping[str, str]) -> Destination:
    """known: what {places} stand for. BadOption, naming dest."""
    for name in places(dest):
        if not known.get(name):
            raise BadOption(f"dest: {{{name}}} has no value, as the results do not tell it" +
                            ("; set cluster" if name == "cluster" else ""))
    filled = _PLACE.sub(lambda m: known[m[1]], dest)
    place = buckets.split(filled, "dest")
    if not place:
        path = os.path.abspath(os.path.expanduser(filled))
        if ".." in Path(filled).parts and _PLACE.search(dest):
            raise BadOption(f"dest: {filled!r} has a part that is .. in its path")
        _inside(path.strip("/") or ".", dest)
        if os.path.lexists(path) and not os.path.isdir(path):
            raise BadOption(f"dest: {path} is no folder")
        return Destination(FOLDER, "", path)
    scheme, bucket, path = place
    if not path.strip("/"):
        raise BadOption(f"dest: {dest!r} has no path after the bucket; the builds of a job are below one, such as "
                        f"{scheme}://{bucket}/c1/conformance")
    return Destination(scheme, bucket, _inside(path.rstrip("/"), dest))


def open_store(at: Destination, params: Mapping[str, Any], job: Job) -> Store:
    if at.scheme == FOLDER:
        return FolderStore(Path(at.path))
    return buckets.open_bucket(at.scheme, at.bucket, at.path, params, job.environ)
