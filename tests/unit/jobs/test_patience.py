# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A question is asked again while errors pass: shortly where nobody ever answered, else for the whole time of its job."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs import job as jobs
from ansible_collections.assay.clusters.plugins.module_utils.jobs import patience
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import Passing, PlatformError
from tests.fakes.clock import Clock

BAD = Passing("502 Bad Gateway")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(jobs, "time", made)
    monkeypatch.setattr(patience, "time", made)
    return made


def _asks(*answers: str | PlatformError) -> Callable[[], str]:
    """One after the other; the last for ever."""
    left = list(answers)

    def ask() -> str:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, PlatformError):
            raise answer
        return answer

    return ask


def test_one_error_ends_nothing(clock: Clock) -> None:
    job = jobs.Job()
    assert patience.Patience(job)(_asks(BAD, BAD, "here")) == "here" and clock.passed > 0
    assert job.lines == ["502 Bad Gateway; it is asked again"]


@pytest.mark.parametrize(("answered", "limit", "least", "most"), [
    (False, 2400, patience.FIRST, patience.FIRST), (True, 2400, 2400, 2400), (True, None, patience.ENDLESS, patience.ENDLESS),
    (True, 3, 3, 3)], ids=["never-answered", "to-the-end-of-the-job", "without-an-end", "soon-over"])
def test_how_long(clock: Clock, answered: bool, limit: float | None, least: float, most: float) -> None:
    job = jobs.Job()
    if limit:
        job.limit(limit)
    asks = patience.Patience(job)
    if answered:
        asks(_asks("here"))
    with pytest.raises(Passing, match="502"):
        asks(_asks(BAD))
    assert least <= clock.passed <= most + 0.01


@pytest.mark.parametrize(("answered", "seconds"), [(False, patience.FIRST), (True, 30.0)])
def test_of_a_job_that_looks_once_one_error_ends_nothing(clock: Clock, answered: bool, seconds: float) -> None:
    job = jobs.Job()
    job.limit(0)
    asks = patience.Patience(job, 30.0)
    assert asks(_asks(*([] if answered else [BAD]), "here")) == "here"
    asks = patience.Patience(job, 30.0)
    if answered:
        asks(_asks("here"))
    began = clock.passed
    with pytest.raises(Passing, match="502"):
        asks(_asks(BAD))
    assert seconds <= clock.passed - began <= seconds + 0.01


def test_other_errors_end_it_at_once(clock: Clock) -> None:
    with pytest.raises(PlatformError, match="must authenticate"):
        patience.Patience(jobs.Job())(_asks(PlatformError("must authenticate")))
    assert clock.passed == 0
