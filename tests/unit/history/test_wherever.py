# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A history in a folder and one in a bucket keep the same rules; what is of buckets alone, on a store in memory."""
from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.history import bucket as module
from ansible_collections.assay.clusters.plugins.module_utils.history.bucket import Bucket
from ansible_collections.assay.clusters.plugins.module_utils.history.folder import Folder
from ansible_collections.assay.clusters.plugins.module_utils.history.kept import Kept, name_of
from ansible_collections.assay.clusters.plugins.module_utils.history.place import opened
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.stores import store as stores
from ansible_collections.assay.clusters.plugins.module_utils.stores.store import Passing
from tests.unit.history import wherever
from tests.unit.history.histories import run
from tests.unit.publish.builders import Memory


class Locked(Memory):
    """For several threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()

    def files(self, folder: str) -> dict[str, int]:
        with self._lock:
            return super().files(folder)

    def put(self, *given: Any) -> None:
        with self._lock:
            super().put(*given)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[wherever.There, wherever.Put]:
    memory = Locked()

    def put(name: str, text: str) -> None:
        content = text.encode("utf-8", "surrogateescape")
        if request.param == "bucket":
            memory.place(name, content)
        else:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)

    def there() -> Kept:
        return Bucket(memory, Job()) if request.param == "bucket" else Folder(tmp_path)

    return there, put


@pytest.mark.parametrize("rule", wherever.RULES, ids=lambda r: r.__name__)
def test_a_history_wherever_it_is(rule: Callable[..., None], place: tuple[wherever.There, wherever.Put]) -> None:
    rule(*place)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_FIRST", 0.0)


def test_a_write_whose_answer_got_lost_is_ours(at_once: None) -> None:
    memory, one = Memory(), run("a")

    def lost(number: int, key: str) -> None:
        if number == 1:
            raise Passing(f"the answer for {key} got lost")

    memory.after = lost
    assert Bucket(memory, Job()).add(one) and list(memory.held) == [name_of(one)]


def test_a_write_that_met_anothers_after_a_mishap_is_not_ours(at_once: None) -> None:
    memory, one, other = Memory(), run("a", run_id="0badcafe"), run("a", "dns", run_id="0badcafe")

    def busy(number: int, key: str) -> None:
        if key not in memory.held:
            memory.place(key, b"{}")
            raise Passing("busy")

    memory.before = busy
    assert not Bucket(memory, Job()).add(one) and memory.text(name_of(other)) == "{}"


def test_what_fails_again_and_again_is_the_stores_sentence(at_once: None) -> None:
    memory = Memory()

    def busy(*_asked: Any) -> None:
        raise Passing("memory://job is busy")

    memory.before = busy
    with pytest.raises(PlatformError, match=r"^memory://job is busy \(tried 6 times\)$"):
        Bucket(memory, Job()).add(run("a"))


class Refusing(Memory):
    """refuses: names of objects that may not be read."""

    refuses: tuple[str, ...] = ()

    def get(self, key: str) -> tuple[bytes, str] | None:
        if key in self.refuses:
            raise PlatformError(f"{self.at(key)}: the right s3:GetObject is missing")
        return super().get(key)


def test_one_object_that_may_not_be_read_is_named_and_all_of_them_stop() -> None:
    memory, one, other = Refusing(), run("a"), run("b")
    kept = Bucket(memory, Job())
    assert kept.add(one) and kept.add(other)
    memory.refuses = (name_of(other),)
    assert kept.read() == ([one], [f"memory://job/{name_of(other)}: the right s3:GetObject is missing"])
    memory.refuses = (name_of(one), name_of(other))
    with pytest.raises(PlatformError, match="the right s3:GetObject is missing$"):
        kept.read()


def test_an_object_that_is_too_large_for_a_run_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGEST", 1 << 20)
    memory, one = Memory(), run("a")
    Bucket(memory, Job()).add(one)
    memory.place("a/20261101T000000Z-1.json", b"x" * (1 << 20) + b"x")
    found, problems = Bucket(memory, Job()).read()
    assert found == [one] and problems == ["memory://job/a/20261101T000000Z-1.json: has more than 1 MiB, so it is no run"]
    assert memory.reads == [name_of(one)]


def test_what_consoles_show_as_folders_is_nothing(tmp_path: Path) -> None:
    memory = Memory()
    for key in ("", "a/", "a/.keep"):
        memory.place(key, b"")
    assert Bucket(memory, Job()).read() == ([], [])


def test_it_is_listed_once_and_knows_what_it_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, asked, one = Memory(), [], run("a", hours=60)
    monkeypatch.setattr(memory, "files", lambda folder: asked.append(folder) or {})
    kept = Bucket(memory, Job())
    assert kept.lacks([one]) == [one] and kept.add(one) and kept.names() == [name_of(one)] and kept.read()[0] == [one]
    kept.remove(kept.names())
    assert kept.names() == [] and asked == [""]


@pytest.mark.parametrize(("address", "sentence"), [
    ("azure://h/x", "path: must be a folder, s3://bucket/path or gs://bucket/path, not 'azure://h/x'"),
    ("s3://A_/x", "path: 'A_' is no name of a bucket"),
    ("s3://example-conf/a/../b", "path: 's3://example-conf/a/../b' has an empty part"),
    ("gs://example-conf//b", "path: 'gs://example-conf//b' has an empty part")])
def test_addresses_that_are_none_are_told_before_anything_is_asked(address: str, sentence: str) -> None:
    with pytest.raises(BadOption, match=f"^{sentence}"):
        with opened(address, {}, Job(environ={})):
            pass


@pytest.mark.parametrize(("address", "at"), [("s3://example-conf", "s3://example-conf/a"), ("s3://example-conf/", "s3://example-conf/a"),
                                             ("s3://example-conf/x/h/", "s3://example-conf/x/h/a")])
def test_a_bucket_may_be_a_history_as_a_whole(address: str, at: str) -> None:
    params = {"region": "eu-central-1", "access_key": "testing", "secret_key": "testing"}
    with opened(address, params, Job(environ={})) as kept:
        assert kept.at("a") == at


def test_options_of_another_store_are_told_by_the_name_of_the_option() -> None:
    pytest.importorskip("google.cloud.storage")
    with pytest.raises(BadOption, match="^region: is of S3, and path is a bucket of Google"):
        with opened("gs://example-conf/h", {"region": "x"}, Job(environ={})):
            pass
