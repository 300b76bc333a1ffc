# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A history in S3 (moto's server) and in Google Cloud Storage (the emulator, by Google's library) keeps the rules of one in a folder."""
from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.arguments.history import HISTORY
from ansible_collections.assay.clusters.plugins.module_utils.history.bucket import Bucket as Kept
from ansible_collections.assay.clusters.plugins.module_utils.history.kept import name_of
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.results import store
from ansible_collections.assay.clusters.plugins.module_utils.stores import buckets
from tests.fakes.gcs_server import BUCKET, gcs_server
from tests.fakes.moto_server import KEYS, REGION, allowed_only, client
from tests.fakes.store_front import BUSY, CUT, DROPPED, FINE, LOST, StoreFront
from tests.unit.history import wherever
from tests.unit.history.histories import as_results, run

CHECKOUT = Path(__file__).resolve().parents[2]
PREFIX = "team/history"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with gcs_server(tmp_path_factory.mktemp("gcs")) as url:
        yield url


class Place:
    """A history in a bucket, by way of a front. options: of the module."""

    def __init__(self, scheme: str, server: str, prefix: str) -> None:
        self.front, self.server = StoreFront(server), server
        self._scheme, self._prefix = scheme, prefix
        self.options: dict[str, Any] = {"path": f"{scheme}://{BUCKET}/{prefix}", "endpoint_url": self.front.url}
        if scheme == "s3":
            self.options |= {"region": REGION, "access_key": KEYS["aws_access_key_id"], "secret_key": KEYS["aws_secret_access_key"]}

    def there(self) -> Kept:
        return Kept(buckets.open_bucket(self._scheme, BUCKET, self._prefix, self.options, {}, "path"), Job())

    def put(self, name: str, text: str) -> None:
        content, key = text.encode("utf-8", "surrogateescape"), f"{self._prefix}/{name}"
        if self._scheme == "s3":
            client(self.server, "s3").put_object(Bucket=BUCKET, Key=key, Body=content)
        else:
            google(self.server).bucket(BUCKET).blob(key).upload_from_string(content)


def google(address: str) -> Any:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    return storage.Client(project="test", credentials=AnonymousCredentials(), client_options={"api_endpoint": address})


@pytest.fixture(params=["s3", "gs"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Empty: below a prefix of its own in Google's, which is there for the whole module."""
    server = request.getfixturevalue("moto" if request.param == "s3" else "emulator")
    if request.param == "s3":
        client(server, "s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    made = Place(request.param, server, f"{PREFIX}/{re.sub(r'[^a-z0-9]+', '-', request.node.name)}")
    yield made
    made.front.close()


@pytest.mark.parametrize("rule", wherever.RULES, ids=lambda r: r.__name__)
def test_a_history_in_a_bucket(rule: Callable[..., None], place: Place) -> None:
    rule(place.there, place.put)


def test_controllers_that_add_at_once_lose_no_run(place: Place, tmp_path: Path) -> None:
    """Processes of their own: each has runs of its own, and all have one in common."""
    shared, names = run("all", run_id="5ha4ed00"), set()
    params = {n: s.get("default") for n, s in HISTORY.items()} | place.options
    for number in range(3):
        for one in [shared, *(run(f"c{number}-{n}") for n in range(4))]:
            store.write_cluster_run(tmp_path / str(number), as_results(one))
            names.add(name_of(one))
    started = [subprocess.Popen([sys.executable, "-m", "tests.fakes.historian", json.dumps({**params, "results_dir": str(tmp_path / str(n))})],
                                cwd=CHECKOUT, text=True, stdout=subprocess.PIPE) for n in range(3)]
    added = [json.loads(p.communicate(timeout=300)[0]) for p in started]
    assert sorted(n for mine in added for n in mine) == sorted(names) and set(place.there().names()) == names


@pytest.mark.parametrize("mishap", [LOST, *(pytest.param(m, marks=pytest.mark.gauntlet) for m in (BUSY, DROPPED, CUT))])
def test_each_request_may_fail_once(place: Place, mishap: str) -> None:
    one, failed = run("a", hours=1), set()

    def once(_number: int, method: str, path: str) -> str:
        key = (method, path.partition("?")[0])
        if "/o" not in path and PREFIX not in path and "list-type" not in path or key in failed:
            return FINE
        failed.add(key)
        return mishap

    place.front.before = once
    assert place.there().add(one) and place.there().read() == ([one], [])
    kept = place.there()
    kept.remove(kept.names())
    assert place.there().read() == ([], []) and len(failed) >= 3


def test_a_bucket_that_is_not_there_is_named_by_its_option(place: Place) -> None:
    kept = Kept(buckets.open_bucket(place.options["path"][:2], "nowhere", "h", place.options, {}, "path"), Job())
    with pytest.raises(BadOption, match=f"^path: there is no bucket nowhere at {place.front.url}$"):
        kept.names()


@pytest.fixture
def aws(moto: str) -> Place:
    client(moto, "s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return Place("s3", moto, PREFIX)


def _policy(*rights: str) -> dict[str, Any]:
    of = {"s3:ListBucket": f"arn:aws:s3:::{BUCKET}"}
    return {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": r, "Resource": of.get(r, f"arn:aws:s3:::{BUCKET}/{PREFIX}/*")} for r in rights]}


def test_the_least_rights_suffice_and_a_missing_one_is_named(aws: Place) -> None:
    least, one = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"), run("a", hours=1)
    with allowed_only(aws.server, _policy(*least)) as log_in:
        aws.options = {**aws.options, **log_in}
        kept = aws.there()
        assert kept.add(one) and kept.read() == ([one], [])
        kept.remove(kept.names())
        kept.add(one)
    for without in least:
        with allowed_only(aws.server, _policy(*(r for r in least if r != without))) as log_in:
            aws.options = {**aws.options, **log_in}
            with pytest.raises(PlatformError, match=f"the right {without} is missing"):
                kept = aws.there()
                kept.add(run("b"))
                kept.read()
                kept.remove(kept.names())


@pytest.mark.gauntlet
def test_a_list_comes_in_pages(aws: Place) -> None:
    """S3 lists a thousand objects at a time."""
    for number in range(1030):
        aws.put(f"a/20261101T000000Z-{number:08x}.json", "{")
    kept = aws.there()
    assert len(kept.names()) == 1030
    assert sum("list-type=2" in path for _method, path in aws.front.asked) == 2
    aws.put("b/notes.json", "")
    assert "1 file of another name" in aws.there().read()[1][-1]
