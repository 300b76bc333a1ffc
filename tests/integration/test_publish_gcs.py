# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Publishing to Google Cloud Storage, by its own library against the emulator, whose writes have conditions."""
from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.stores import gcs
from tests.fakes.gcs_server import BUCKET, gcs_server
from tests.fakes.store_front import BUSY, CUT, DROPPED, FINE, FORBIDDEN, LOST, StoreFront
from tests.integration.buckets import Process, is_whole, killed_at_random, publish
from tests.unit.publish.builders import FIRST, e2e, options, unfit
from tests.unit.runs.builders import BAD

JOB = "c1/conformance"
SEED = 20260102


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with gcs_server(tmp_path_factory.mktemp("gcs")) as url:
        yield url


class Bucket:
    """The emulator's, by way of a front."""

    def __init__(self, address: str) -> None:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage

        self._client = storage.Client(project="test", credentials=AnonymousCredentials(), client_options={"api_endpoint": address})
        self.front = StoreFront(address)
        self.options: dict[str, Any] = {"dest": f"gs://{BUCKET}/{JOB}", "endpoint_url": self.front.url}

    def blobs(self) -> list[Any]:
        return list(self._client.list_blobs(BUCKET))

    def held(self) -> dict[str, bytes]:
        return {b.name.removeprefix(f"{JOB}/"): b.download_as_bytes() for b in self.blobs()}

    def about(self, key: str) -> Any:
        return self._client.bucket(BUCKET).get_blob(f"{JOB}/{key}")

    def empty(self) -> None:
        for blob in self.blobs():
            blob.delete()


def objects(bucket: Bucket) -> list[tuple[str, str]]:
    """Requests for objects. The library also asks for the bucket, for its traces, and does without an answer."""
    return [(m, path) for m, path in bucket.front.asked if "/o" in path.removeprefix("/upload/storage/v1/b").removeprefix("/storage/v1/b")]


@pytest.fixture
def bucket(address: str) -> Iterator[Bucket]:
    made = Bucket(address)
    made.empty()
    yield made
    made.front.close()


def test_a_run_is_a_build_with_its_headers(bucket: Bucket, tmp_path: Path) -> None:
    build = publish(e2e(tmp_path, log="a line\n" * 500), **bucket.options)
    assert is_whole(bucket.held()) and build["url"] == f"gs://{BUCKET}/{JOB}/{FIRST}" and build["latest"]
    log, newest = bucket.about(f"{FIRST}/build-log.txt"), bucket.about("latest-build.txt")
    assert (log.content_type, log.content_encoding, log.cache_control) == ("text/plain; charset=utf-8", "gzip", "max-age=3600")
    assert newest.cache_control == "private, max-age=0, no-transform" and not newest.content_encoding
    assert publish(tmp_path, **bucket.options)["action"] == "keep"


def test_check_mode_asks_and_writes_nothing(bucket: Bucket, tmp_path: Path) -> None:
    assert publish(e2e(tmp_path), check=True, **bucket.options)["action"] == "publish" and bucket.held() == {}
    assert {method for method, _path in bucket.front.asked} == {"GET"}


def test_an_id_is_of_the_one_who_was_first(bucket: Bucket, tmp_path: Path) -> None:
    sources = [e2e(tmp_path / "a"), e2e(tmp_path / "b", cases=BAD)]
    processes = [Process(options(s, **bucket.options)) for s in sources]
    assert [p.end() for p in processes] == [0, 0]
    held = bucket.held()
    assert {k.split("/")[0] for k in held} == {str(FIRST), str(FIRST + 1), "latest-build.txt"} and unfit(held) == []
    assert {json.loads(held[f"{n}/finished.json"])["passed"] for n in (FIRST, FIRST + 1)} == {True, False}


@pytest.mark.parametrize("mishap", [BUSY, DROPPED, LOST, CUT])
def test_any_request_may_fail_once(bucket: Bucket, tmp_path: Path, mishap: str) -> None:
    seen: set[str] = set()
    lock = threading.Lock()

    def once(_number: int, method: str, path: str) -> str:
        with lock:
            known = (what := f"{method} {path}") in seen
            seen.add(what)
        return FINE if known else mishap

    bucket.front.before = once
    build = publish(e2e(tmp_path), **bucket.options)
    assert is_whole(bucket.held()) and build["build_id"] == str(FIRST)


@pytest.mark.parametrize(("method", "right"), [("GET", "storage.objects.list"), ("POST", "storage.objects.create")])
def test_a_right_that_is_missing_is_named_at_once(bucket: Bucket, tmp_path: Path, method: str, right: str) -> None:
    """The emulator knows no rights: the network in front of it says so."""
    bucket.front.before = lambda _n, asked, _path: FORBIDDEN if asked == method else FINE
    with pytest.raises(PlatformError, match=f"the right {right} is missing: .*does not have access"):
        publish(e2e(tmp_path), **bucket.options)
    assert [m for m, _path in objects(bucket)].count(method) == 1


def test_what_does_not_get_better_ends(bucket: Bucket, tmp_path: Path) -> None:
    bucket.front.before = lambda *_request: BUSY
    with pytest.raises(PlatformError, match=r"^gs://.*503.*\(tried 2 times\)"):
        publish(e2e(tmp_path), attempts=2, **bucket.options)
    assert len(objects(bucket)) == 2


@pytest.mark.gauntlet
def test_killed_anywhere_half_a_run_is_never_read_for_a_whole_one(bucket: Bucket, tmp_path: Path) -> None:
    killed_at_random(bucket.front, SEED, e2e(tmp_path), bucket.held, bucket.empty, **bucket.options)


def test_a_bucket_that_is_not_there(bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=f"^dest: there is no bucket nowhere at {bucket.front.url}$"):
        publish(e2e(tmp_path), **{**bucket.options, "dest": "gs://nowhere/job"})


@pytest.mark.parametrize(("given", "sentence"), [
    ({"access_key": "A", "secret_key": "B"}, "^access_key: is of S3"), ({"region": "eu"}, "^region: is of S3"),
    ({"service_account_file": "/nowhere/key.json"}, "^service_account_file: /nowhere/key.json cannot be used: FileNotFoundError")])
def test_a_log_in_that_cannot_be(bucket: Bucket, tmp_path: Path, given: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadOption, match=sentence):
        publish(e2e(tmp_path), **{**bucket.options, **given})


def test_a_key_that_is_none_is_not_shown(bucket: Bucket, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text('{"private_key": "hunter2hunter2"}')
    with pytest.raises(BadOption, match="^service_account_file: .*key.json cannot be used") as e:
        publish(e2e(tmp_path / "src"), **{**bucket.options, "service_account_file": str(tmp_path / "key.json")})
    assert "hunter2" not in str(e.value)


def test_a_library_that_is_missing_is_named(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(gcs, "import_module", missing)
    with pytest.raises(PlatformError, match="^the Python package google-cloud-storage is missing or broken for /"):
        publish(e2e(tmp_path), **bucket.options)
