# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tries, pauses between them, and their end."""
from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import Interrupted, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.stores.store import Passing, Patience
from tests.unit.publish.builders import FIRST, Memory, e2e, one


class Paused(Job):
    """Keeps pauses, and makes none."""

    def __init__(self) -> None:
        super().__init__(environ={})
        self.pauses: list[float] = []

    def pause(self, seconds: float, waiting_for: str) -> None:
        if self.left() <= 0:
            raise Interrupted(f"the time was up while waiting for {waiting_for}")
        self.pauses.append(seconds)


def failing(times: int) -> Any:
    left = [times]

    def do() -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise Passing("s3://bucket/a: busy")
        return "done"

    return do


def test_pauses_grow_and_are_not_the_same_for_all() -> None:
    job = Paused()
    assert Patience(job, 12, random.Random(1))("a", failing(10)) == "done"
    bounds = [min(30.0, 0.5 * 2 ** n) for n in range(10)]
    assert all(b / 2 <= p <= b for p, b in zip(job.pauses, bounds, strict=True)) and job.pauses[-1] > job.pauses[0]
    assert len({round(p / b, 6) for p, b in zip(job.pauses, bounds, strict=True)}) == 10
    assert job.lines[0].startswith("s3://bucket/a: busy; again in 0.")


@pytest.mark.parametrize(("attempts", "sentence"), [(3, r"^s3://bucket/a: busy \(tried 3 times\)$"), (1, "^s3://bucket/a: busy$")])
def test_attempts_have_an_end(attempts: int, sentence: str) -> None:
    job = Paused()
    with pytest.raises(PlatformError, match=sentence) as e:
        Patience(job, attempts)("a", failing(99))
    assert len(job.pauses) == attempts - 1 and not isinstance(e.value, Passing)


def test_the_time_has_an_end() -> None:
    job = Paused()
    job.limit(-1)
    with pytest.raises(Interrupted, match="the time was up while waiting for a .s3://bucket/a: busy."):
        Patience(job, 99)("a", failing(99))


def test_what_cannot_get_better_is_not_tried_again() -> None:
    job, tries = Paused(), []

    def do() -> None:
        tries.append(1)
        raise PlatformError("forbidden")

    with pytest.raises(PlatformError, match="^forbidden$"):
        Patience(job, 5)("a", do)
    assert len(tries) == 1 and job.pauses == []


def test_a_store_that_is_busy_at_every_write_gets_the_whole_build(tmp_path: Path) -> None:
    store, seen, job = Memory(), set(), Paused()

    def busy(_number: int, key: str) -> None:
        if key not in seen:
            seen.add(key)
            raise Passing(f"{key}: busy")

    store.before = busy
    build = one(store, e2e(tmp_path), job=job)
    assert build["latest"] and store.text("latest-build.txt") == str(FIRST) and len(job.pauses) == len(store.writes) == 5
