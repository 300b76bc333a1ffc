# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Publishing to S3 (moto's server, whose writes have conditions) and to a folder, by processes that are killed and networks that fail."""
from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from tests.fakes.moto_server import KEYS, REGION, allowed_only, client
from tests.fakes.store_front import BUSY, CUT, DROPPED, FINE, LOST, StoreFront
from tests.integration.buckets import Process, is_whole, killed_at_random, publish
from tests.unit.publish.builders import FIRST, checks, e2e, options, unfit
from tests.unit.runs.builders import BAD

BUCKET, JOB = "example-conf", "c1/conformance"
SEED = 20260101


class Bucket:
    """One of moto's, by way of a front."""

    def __init__(self, moto: str) -> None:
        self.client, self.front, self.moto = client(moto, "s3"), StoreFront(moto), moto
        self.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.options: dict[str, Any] = {"dest": f"s3://{BUCKET}/{JOB}", "endpoint_url": self.front.url, "region": REGION,
                                        "access_key": KEYS["aws_access_key_id"], "secret_key": KEYS["aws_secret_access_key"]}

    def keys(self) -> list[str]:
        return [o["Key"] for o in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def held(self) -> dict[str, bytes]:
        return {k.removeprefix(f"{JOB}/"): self.client.get_object(Bucket=BUCKET, Key=k)["Body"].read() for k in self.keys()}

    def about(self, key: str) -> dict[str, Any]:
        return self.client.head_object(Bucket=BUCKET, Key=f"{JOB}/{key}")

    def empty(self) -> None:
        for key in self.keys():
            self.client.delete_object(Bucket=BUCKET, Key=key)


@pytest.fixture
def bucket(moto: str) -> Iterator[Bucket]:
    made = Bucket(moto)
    yield made
    made.front.close()


def test_a_run_is_a_build_with_its_headers(bucket: Bucket, tmp_path: Path) -> None:
    build = publish(e2e(tmp_path, log="a line\n" * 500), compress=True, **bucket.options)
    assert is_whole(bucket.held()) and build["url"] == f"s3://{BUCKET}/{JOB}/{FIRST}" and build["latest"]
    log, newest = bucket.about(f"{FIRST}/build-log.txt"), bucket.about("latest-build.txt")
    assert (log["ContentType"], log["ContentEncoding"], log["CacheControl"]) == ("text/plain; charset=utf-8", "gzip", "max-age=3600")
    assert newest["CacheControl"] == "private, max-age=0, no-transform" and "ContentEncoding" not in newest
    assert bucket.about(f"{FIRST}/finished.json")["ContentType"] == "application/json"
    assert publish(tmp_path, compress=True, **bucket.options)["action"] == "keep"


def test_check_mode_asks_and_writes_nothing(bucket: Bucket, tmp_path: Path) -> None:
    build = publish(e2e(tmp_path), check=True, **bucket.options)
    assert build["action"] == "publish" and len(build["written"]) == 5 and bucket.held() == {}
    assert {method for method, _path in bucket.front.asked} == {"GET"}


def test_an_id_is_of_the_one_who_was_first(bucket: Bucket, tmp_path: Path) -> None:
    """Two runs of the same second, published at the same time by two processes."""
    sources = [e2e(tmp_path / "a"), e2e(tmp_path / "b", cases=BAD)]
    processes = [Process(options(s, **bucket.options)) for s in sources for _twice in range(2)]
    assert [p.end() for p in processes] == [0, 0, 0, 0]
    held = bucket.held()
    assert {k.split("/")[0] for k in held} == {str(FIRST), str(FIRST + 1), "latest-build.txt"} and held["latest-build.txt"] == str(FIRST + 1).encode()
    assert {json.loads(held[f"{n}/finished.json"])["passed"] for n in (FIRST, FIRST + 1)} == {True, False} and unfit(held) == []


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
    assert is_whole(bucket.held()) and build["build_id"] == str(FIRST) and len(bucket.front.asked) >= len(seen) + (5 if mishap == CUT else len(seen))


def test_what_does_not_get_better_ends(bucket: Bucket, tmp_path: Path) -> None:
    bucket.front.before = lambda _n, method, _path: BUSY if method == "PUT" else FINE
    with pytest.raises(PlatformError, match=r"^s3://.*/started.json: AWS refused PutObject: SlowDown: later .*\(tried 2 times\)"):
        publish(e2e(tmp_path), attempts=2, **bucket.options)
    assert bucket.held() == {} and len([m for m, _path in bucket.front.asked if m == "PUT"]) == 2


def test_killed_anywhere_half_a_run_is_never_read_for_a_whole_one(bucket: Bucket, tmp_path: Path) -> None:
    killed_at_random(bucket.front, SEED, e2e(tmp_path), bucket.held, bucket.empty, **bucket.options)


def test_a_bucket_that_is_not_there(bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=f"^dest: there is no bucket nowhere at {bucket.front.url}$"):
        publish(e2e(tmp_path), **{**bucket.options, "dest": "s3://nowhere/job"})


def statement(actions: list[str]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}


RIGHTS = ["s3:ListBucket", "s3:GetObject", "s3:PutObject"]


def test_three_rights_are_enough(bucket: Bucket, tmp_path: Path) -> None:
    with allowed_only(bucket.moto, statement(RIGHTS)) as given:
        assert publish(e2e(tmp_path), **{**bucket.options, **given})["action"] == "publish"


@pytest.mark.parametrize("right", RIGHTS)
def test_a_right_that_is_missing_is_named(bucket: Bucket, tmp_path: Path, right: str) -> None:
    with allowed_only(bucket.moto, statement([r for r in RIGHTS if r != right])) as given:
        with pytest.raises(PlatformError, match=f"the right {right} is missing"):
            publish(e2e(tmp_path), **{**bucket.options, **given})


# ---- a folder ---------------------------------------------------------------------------------------------------
def held_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def without_parts(held: dict[str, bytes]) -> dict[str, bytes]:
    return {k: v for k, v in held.items() if "/.assay-part-" not in f"/{k}"}


def test_killed_anywhere_a_folder_is_never_read_for_a_whole_run(tmp_path: Path) -> None:
    """By what it does to the file system; the last number is beyond what a whole run does."""
    src, points = e2e(tmp_path / "src"), random.Random(SEED).sample(range(60), 10)
    ends = set()
    for number in points:
        job = tmp_path / "jobs" / str(number) / "job"
        ends.add(Process(options(src, dest=str(job)), str(job), str(number)).end())
        assert unfit(without_parts(held_in(job))) == [], number
        assert publish(src, dest=str(job))["latest"] and is_whole(without_parts(held_in(job))), number
    assert -signal.SIGKILL in ends and ends <= {-signal.SIGKILL, 0}


# ---- as users do it ---------------------------------------------------------------------------------------------
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: assay.clusters.publish
    - ansible.builtin.debug:
        msg: "{{ publish_result.builds | map(attribute='action') | join(' ') }}."
"""


def play(folder: Path, variables: dict[str, Any], *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "play.yml").write_text(PLAY, encoding="utf-8")
    done = subprocess.run(["ansible-playbook", "-i", "localhost,", "-c", "local", str(folder / "play.yml"), "-e", json.dumps(variables), *more],
                          env={**os.environ, "ANSIBLE_NOCOLOR": "1", "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"},
                          capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    return done


def test_checks_of_all_clusters_are_published_by_the_role_once(bucket: Bucket, tmp_path: Path) -> None:
    given = {"publish_src": str(checks(tmp_path / "results", c1="passed", c2="failed")), "publish_dest": f"s3://{BUCKET}/{{cluster}}/validate",
             "publish_endpoint_url": bucket.front.url}
    planned = play(tmp_path, given, "--check")
    assert planned.returncode == 0 and "publish publish." in planned.stdout and bucket.keys() == []
    assert "publish publish." in play(tmp_path, given).stdout
    again = play(tmp_path, given)
    assert "keep keep." in again.stdout and "changed=0" in again.stdout
    newest = [k for k in bucket.keys() if k.endswith("latest-build.txt")]
    assert newest == ["c1/validate/latest-build.txt", "c2/validate/latest-build.txt"]


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    done = play(tmp_path, {"publish_src": str(tmp_path), "publish_dest": "ftp://nowhere/job"})
    assert done.returncode and "src: " in done.stdout and "Traceback" not in done.stdout + done.stderr
