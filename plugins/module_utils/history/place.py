# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The history that an option names: a folder, s3://bucket/path or gs://bucket/path."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..jobs.errors import BadOption
from ..jobs.job import Job
from ..stores import buckets
from .bucket import Bucket
from .folder import Folder
from .kept import Kept


@contextmanager
def opened(address: str, params: Mapping[str, Any], job: Job, mode: int = 0o600, option: str = "path") -> Iterator[Kept]:
    """params: of the store (arguments.stores.STORE). mode: of new files in a folder. BadOption, naming the option."""
    place = buckets.split(address, option)
    if not place:
        yield Folder(address, mode, option)
        return
    scheme, bucket, path = place
    path = path.rstrip("/")
    if path and any(p in ("", ".", "..") or not p.isprintable() for p in path.split("/")):
        raise BadOption(f"{option}: {address!r} has an empty part, or one that is . or .., in its path")
    kept = Bucket(buckets.open_bucket(scheme, bucket, path, params, job.environ, option), job)
    try:
        yield kept
    finally:
        kept.close()
