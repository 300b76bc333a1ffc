# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A job waits in one way: what it waits for is told once, errors that pass are borne for a while, and its time is kept."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs import job as jobs
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import Interrupted, Passing, PlatformError
from tests.fakes.clock import Clock

BAD = Passing("502 Bad Gateway")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(jobs, "time", made)
    return made


def _looks(*answers: str | PlatformError) -> Callable[[], str]:
    """One after the other; the last for ever."""
    left = list(answers)

    def look() -> str:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, PlatformError):
            raise answer
        return answer

    return look


def test_each_thing_that_is_waited_for_is_a_line_once(clock: Clock) -> None:
    job = jobs.Job()
    job.until(_looks("CREATING", "CREATING", "UPDATING", "CREATING", ""), 5, about="ci")
    assert job.lines == ["ci: CREATING", "ci: UPDATING", "ci: CREATING"] and clock.passed == 20


def test_whoever_wants_to_tells_it_otherwise(clock: Clock) -> None:
    job, told = jobs.Job(), []
    job.until(_looks("CREATING", "CREATING", ""), 5, about="ci", told=told.append)
    assert told == ["CREATING", "CREATING"] and job.lines == [] and clock.passed == 10


@pytest.mark.parametrize("first", ["CREATING", BAD], ids=["after-an-answer", "from-the-first"])
def test_errors_that_pass_are_borne(clock: Clock, first: str | PlatformError) -> None:
    job = jobs.Job()
    job.until(_looks(first, BAD, BAD, "CREATING", BAD, BAD, ""), 5, patience=20)
    assert clock.passed == 30 and any("502 Bad Gateway" in line for line in job.lines)


def test_no_longer_than_patience_since_the_last_answer(clock: Clock) -> None:
    with pytest.raises(Passing, match="502"):
        jobs.Job().until(_looks("CREATING", "CREATING", BAD), 5, patience=20)
    assert clock.passed == 25


@pytest.mark.parametrize(("error", "patience"), [(BAD, 0), (PlatformError("it is FAILED"), 60)], ids=["impatient", "does-not-pass"])
def test_other_errors_end_it_at_once(clock: Clock, error: PlatformError, patience: float) -> None:
    with pytest.raises(PlatformError, match=str(error)):
        jobs.Job().until(_looks("CREATING", error), 5, patience)
    assert clock.passed == 5


@pytest.mark.parametrize(("answer", "words"), [("CREATING", "ci: CREATING"), (BAD, r"ci: an answer \(at last: 502 Bad Gateway\)")],
                         ids=["waiting", "no-answer"])
def test_the_sentence_at_the_deadline_says_what_was_waited_for(clock: Clock, answer: str | PlatformError, words: str) -> None:
    job = jobs.Job()
    job.limit(12)
    with pytest.raises(Interrupted, match=f"the time was up while waiting for {words}$"):
        job.until(_looks(answer), 5, patience=60, about="ci")
    assert clock.passed == 12
