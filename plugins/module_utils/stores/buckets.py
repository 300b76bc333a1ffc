# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses of places in buckets, s3://bucket/path and gs://bucket/path, and the store behind one."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..jobs.errors import BadOption
from .store import Store

S3, GCS = "s3", "gs"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, and the same of Google, which has underscores.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")


def split(address: str, option: str) -> tuple[str, str, str] | None:
    """(scheme, bucket, path) of a place in a bucket; None for a folder. BadOption, naming the option, for others."""
    scheme = _SCHEME.match(address)
    if not scheme:
        return None
    if scheme[1] not in (S3, GCS):
        raise BadOption(f"{option}: must be a folder, s3://bucket/path or gs://bucket/path, not {address!r}")
    bucket, _slash, path = address[scheme.end():].partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise BadOption(f"{option}: {bucket!r} is no name of a bucket")
    return scheme[1], bucket, path


def open_bucket(scheme: str, bucket: str, prefix: str, params: Mapping[str, Any], environ: Mapping[str, str],
                option: str = "dest") -> Store:
    """What is below a prefix, "" for the whole bucket. option: that names it. Clients are imported where one is meant."""
    if scheme == S3:
        from .s3 import S3Store

        return S3Store(bucket, prefix, params, environ, option)
    from .gcs import GcsStore

    return GcsStore(bucket, prefix, params, environ, option)
