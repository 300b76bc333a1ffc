# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bucket of Google Cloud Storage as a store. Tags are generations, conditions those of the API (ifGenerationMatch)."""
from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from ..jobs.errors import BadOption, PlatformError
from .prepared import Prepared
from .store import ABSENT, Conflict, Passing

_TIMEOUT = (10, 60)
_SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
# Of boto3 alone; that one of them is set says that another store was meant.
_OF_S3 = ("access_key", "secret_key", "session_token", "profile", "region")


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as e:
        raise PlatformError(f"the Python package google-cloud-storage is missing or broken for {sys.executable}: {e}") from None


class _Sink:
    """A file to write to, which hands on what comes."""

    def __init__(self, sink: Callable[[bytes], Any]) -> None:
        self._sink, self._at = sink, 0

    def write(self, chunk: bytes) -> int:
        self._sink(chunk)
        self._at += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        pass


class GcsStore:
    """Files below a prefix of a bucket, "" for all of it. option: what names it."""

    def __init__(self, bucket: str, prefix: str, params: Mapping[str, Any], environ: Mapping[str, str],
                 option: str = "dest") -> None:
        self._name, self._prefix, self._option = bucket, f"{prefix}/" if prefix else "", option
        self._endpoint = str(params.get("endpoint_url") or environ.get("STORAGE_EMULATOR_HOST") or "").rstrip("/")
        wrong = next((o for o in _OF_S3 if params.get(o)), "")
        if wrong:
            raise BadOption(f"{wrong}: is of S3, and {option} is a bucket of Google; its key is in service_account_file")
        self._client = self._connect(params, environ)
        self._bucket = self._client.bucket(bucket)

    def _connect(self, params: Mapping[str, Any], environ: Mapping[str, str]) -> Any:
        storage, errors = _library("google.cloud.storage"), _library("google.auth.exceptions")
        key = params.get("service_account_file") or environ.get("GCP_SERVICE_ACCOUNT_FILE") or ""
        more = {"client_options": {"api_endpoint": self._endpoint}} if self._endpoint else {}
        try:
            if key:
                account = _library("google.oauth2.service_account").Credentials
                held = account.from_service_account_file(key, scopes=_SCOPES)
                client = storage.Client(project=held.project_id, credentials=held, **more)
            elif self._endpoint and not environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
                nobody = _library("google.auth.credentials").AnonymousCredentials()
                client = storage.Client(project="assay", credentials=nobody, **more)
            else:
                held, project = _library("google.auth").default(scopes=_SCOPES)
                client = storage.Client(project=project or "assay", credentials=held, **more)
        except errors.DefaultCredentialsError as e:
            if key:
                raise BadOption(f"service_account_file: {key} cannot be used: {type(e).__name__}") from None
            raise BadOption("service_account_file: no credentials of Google; set it to the file with a service account's key, "
                            "or the variable GOOGLE_APPLICATION_CREDENTIALS") from None
        except (OSError, ValueError, errors.GoogleAuthError) as e:
            raise BadOption(f"service_account_file: {key or 'the credentials'} cannot be used: {type(e).__name__}") from None
        if params.get("validate_certs") is False:
            client._http.verify = False  # pylint: disable=protected-access
        return client

    def at(self, key: str = "") -> str:
        return f"gs://{self._name}/{self._prefix}{key}".rstrip("/")

    @contextmanager
    def _told(self, right: str, key: str) -> Iterator[None]:
        api, auth = _library("google.api_core.exceptions"), _library("google.auth.exceptions")
        requests = _library("requests.exceptions")
        try:
            yield
        except api.PreconditionFailed:
            raise Conflict(self.at(key)) from None
        except api.NotFound:
            where = f" at {self._endpoint}" if self._endpoint else ""
            raise BadOption(f"{self._option}: there is no bucket {self._name}{where}") from None
        except (api.Forbidden, api.Unauthorized) as e:
            raise PlatformError(f"{self.at(key)}: the right {right} is missing: {_flat(e)}") from None
        except api.GoogleAPICallError as e:
            passing = isinstance(e, (api.TooManyRequests, api.ServerError)) or e.code == 408
            raise (Passing if passing else PlatformError)(f"{self.at(key)}: {_flat(e)}") from None
        except (requests.SSLError, auth.RefreshError) as e:
            raise PlatformError(f"{self.at(key)}: {_flat(e)}") from None
        except (requests.RequestException, auth.TransportError, OSError) as e:
            raise Passing(f"{self.at(key)}: Google Cloud Storage cannot be reached: {_flat(e)}") from None

    def folders(self) -> list[str]:
        with self._told("storage.objects.list", ""):
            found = self._client.list_blobs(self._bucket, prefix=self._prefix, delimiter="/", retry=None, timeout=_TIMEOUT)
            for _blob in found:
                pass
            return [p.removeprefix(self._prefix).rstrip("/") for p in found.prefixes]

    def files(self, folder: str) -> dict[str, int]:
        root = f"{self._prefix}{folder}/" if folder else self._prefix
        with self._told("storage.objects.list", folder):
            found = self._client.list_blobs(self._bucket, prefix=root, retry=None, timeout=_TIMEOUT)
            return {b.name.removeprefix(root): int(b.size or 0) for b in found}

    def get(self, key: str) -> tuple[bytes, str] | None:
        with self._told("storage.objects.get", key):
            blob = self._bucket.get_blob(self._prefix + key, retry=None, timeout=_TIMEOUT)
            if blob is None:
                return None
            parts: list[bytes] = []
            # Of this generation: another one may take its place meanwhile, which is a condition that is not met.
            blob.download_to_file(_Sink(parts.append), raw_download=True, if_generation_match=blob.generation, checksum=None,
                                  retry=None, timeout=_TIMEOUT)
            return b"".join(parts), str(blob.generation)

    def copy(self, key: str, sink: Callable[[bytes], Any]) -> bool:
        with self._told("storage.objects.get", key):
            blob = self._bucket.get_blob(self._prefix + key, retry=None, timeout=_TIMEOUT)
            if blob is None:
                return False
            blob.download_to_file(_Sink(sink), raw_download=True, checksum=None, retry=None, timeout=_TIMEOUT)
            return True

    def put(self, key: str, file: Prepared, expect: str | None = None) -> None:
        blob = self._bucket.blob(self._prefix + key)
        blob.cache_control, blob.md5_hash = file.cache, base64.b64encode(file.md5).decode()
        if file.encoding:
            blob.content_encoding = file.encoding
        condition = {} if expect is None else {"if_generation_match": 0 if expect == ABSENT else int(expect)}
        with file.path.open("rb") as body, self._told("storage.objects.create", key):
            blob.upload_from_file(body, size=file.size, content_type=file.content_type, checksum=None, retry=None,
                                  timeout=_TIMEOUT, **condition)

    def delete(self, key: str) -> None:
        gone = _library("google.api_core.exceptions").NotFound
        with self._told("storage.objects.delete", key):
            try:
                self._bucket.blob(self._prefix + key).delete(retry=None, timeout=_TIMEOUT)
            except gone:  # somebody else was faster
                pass

    def close(self) -> None:
        self._client.close()


def _flat(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
