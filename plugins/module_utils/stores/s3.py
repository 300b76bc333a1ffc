# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bucket of S3, or of what speaks its protocol, as a store. Tags are ETags; conditions are those of PutObject."""
from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..clouds.aws import AwsError, connect
from ..jobs.errors import BadOption, PlatformError
from .prepared import Prepared
from .store import ABSENT, Conflict, Passing

_CHUNK = 1 << 20
_MISSING = {"NoSuchKey", "404", "NotFound"}
_CONFLICT = {"PreconditionFailed", "ConditionalRequestConflict", "412"}
_FORBIDDEN = {"AccessDenied", "403", "AllAccessDisabled"}
_BUSY = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted", "Throttling",
         "ThrottlingException", "RequestLimitExceeded"}
# What an operation is called as a right.
_RIGHTS = {"ListObjectsV2": "s3:ListBucket", "GetObject": "s3:GetObject", "PutObject": "s3:PutObject",
           "DeleteObject": "s3:DeleteObject"}


def _is_passing(error: AwsError) -> bool:
    """By the error of boto3 that it was made of: the network, or a server that is busy."""
    from botocore import exceptions

    cause = error.__context__
    if isinstance(cause, exceptions.ClientError):
        status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.code in _BUSY or status == 429 or status >= 500 and status != 501
    if isinstance(cause, exceptions.SSLError):
        return False
    return isinstance(cause, (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError))


class S3Store:
    """Files below a prefix of a bucket, "" for all of it. params, environ: as `connect` takes them. option: what names it."""

    def __init__(self, bucket: str, prefix: str, params: Mapping[str, Any], environ: Mapping[str, str],
                 option: str = "dest") -> None:
        self._bucket, self._prefix, self._option = bucket, f"{prefix}/" if prefix else "", option
        own = [environ.get(v) for v in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")]
        self._where = str(next((a for a in (params.get("endpoint_url"), *own) if a), ""))
        told = [environ.get(v) for v in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")]
        if self._where and not any((params.get("region"), params.get("profile"), *told)):
            # a store that is not AWS's has no regions, but requests are signed for one
            params = {**params, "region": "us-east-1"}
        # Stores that are not AWS's know only the sum that is given here. Tries are counted in one place, which is Patience.
        options = ("request_checksum_calculation", "response_checksum_validation") if self._where else ()
        sums = dict.fromkeys(options, "when_required")
        self._client = connect(params, {**environ, "AWS_MAX_ATTEMPTS": "1"}, "s3", **sums)

    def at(self, key: str = "") -> str:
        return f"s3://{self._bucket}/{self._prefix}{key}".rstrip("/")

    @contextmanager
    def _told(self, operation: str, key: str) -> Iterator[None]:
        try:
            yield
        except BadOption:
            raise
        except AwsError as e:
            if e.code in _CONFLICT:
                raise Conflict(self.at(key)) from None
            if e.code == "NoSuchBucket":
                where = f" at {self._where}" if self._where else ""
                raise BadOption(f"{self._option}: there is no bucket {self._bucket}{where}") from None
            if e.code in _FORBIDDEN:
                raise PlatformError(f"{self.at(key)}: the right {_RIGHTS[operation]} is missing, or the bucket is somebody "
                                    f"else's: {e}") from None
            kind = Passing if _is_passing(e) else PlatformError
            raise kind(f"{self.at(key)}: {e}") from None

    def _pages(self, **more: Any) -> Iterator[dict[str, Any]]:
        token: dict[str, Any] = {}
        while True:
            with self._told("ListObjectsV2", ""):
                page = self._client.call("ListObjectsV2", Bucket=self._bucket, **more, **token)
            yield page
            if not page.get("NextContinuationToken"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def folders(self) -> list[str]:
        return [p["Prefix"].removeprefix(self._prefix).rstrip("/") for page in self._pages(Prefix=self._prefix, Delimiter="/")
                for p in page.get("CommonPrefixes", [])]

    def files(self, folder: str) -> dict[str, int]:
        root = f"{self._prefix}{folder}/" if folder else self._prefix
        return {o["Key"].removeprefix(root): o["Size"] for page in self._pages(Prefix=root) for o in page.get("Contents", [])}

    def _open(self, key: str) -> dict[str, Any] | None:
        try:
            return self._client.call("GetObject", Bucket=self._bucket, Key=self._prefix + key)
        except AwsError as e:
            if e.code in _MISSING:
                return None
            raise

    def get(self, key: str) -> tuple[bytes, str] | None:
        parts: list[bytes] = []
        tags: list[str] = []
        found = self._read(key, parts.append, tags.append)
        return (b"".join(parts), tags[0]) if found else None

    def copy(self, key: str, sink: Callable[[bytes], Any]) -> bool:
        return self._read(key, sink, lambda _tag: None)

    def _read(self, key: str, sink: Callable[[bytes], Any], tag: Callable[[str], Any]) -> bool:
        from botocore import exceptions

        with self._told("GetObject", key):
            answer = self._open(key)
        if answer is None:
            return False
        tag(answer["ETag"])
        try:
            for chunk in answer["Body"].iter_chunks(_CHUNK):
                sink(chunk)
        except (exceptions.BotoCoreError, OSError) as e:
            raise Passing(f"{self.at(key)} ended before its end: {' '.join(str(e).split())}") from None
        finally:
            answer["Body"].close()
        return True

    def put(self, key: str, file: Prepared, expect: str | None = None) -> None:
        condition = {} if expect is None else {"IfNoneMatch": "*"} if expect == ABSENT else {"IfMatch": expect}
        packed = {"ContentEncoding": file.encoding} if file.encoding else {}
        with file.path.open("rb") as body, self._told("PutObject", key):
            self._client.call("PutObject", Bucket=self._bucket, Key=self._prefix + key, Body=body, ContentLength=file.size,
                              ContentMD5=base64.b64encode(file.md5).decode(), ContentType=file.content_type,
                              CacheControl=file.cache, **packed, **condition)

    def delete(self, key: str) -> None:
        with self._told("DeleteObject", key):
            self._client.call("DeleteObject", Bucket=self._bucket, Key=self._prefix + key)

    def close(self) -> None:
        self._client.close()
