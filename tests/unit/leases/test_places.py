# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is particular to each place of a lease: the file with its clocks, the object with its server."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.leases import in_file as lease_file
from ansible_collections.assay.clusters.plugins.module_utils.leases.lease import moment
from tests.fakes.clock import Clock
from tests.fakes.lease_api import LeaseApi, Lost

from .lease_tasks import Put


# ---- the file -----------------------------------------------------------------------------------------------------
@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lease"


@pytest.fixture
def filed(path: Path) -> Put:
    return Put(None, backend="file", path=str(path))


def test_a_file_that_is_no_lease_is_left_alone(filed: Put, path: Path) -> None:
    path.write_text("dear diary")
    for state in ("present", "renewed", "absent"):
        assert "holds something else than a lease" in str(filed.fails(state, "a"))
    assert path.read_text() == "dear diary"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "path: " in str(Put(None, backend="file", path=str(tmp_path / "file/lease")).fails("present", "a"))


def test_a_clock_that_is_set_ends_no_lease(filed: Put, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the boot that wrote it; on another one only the wall clock is known."""
    filed("present", "a", duration=60)
    clock.wall += 3600
    assert "held by a" in str(filed.fails("present", "b"))
    monkeypatch.setattr(lease_file, "_boot", lambda: ("another", 5.0))
    assert filed("present", "b")["before"]["holder"] == "a"


def test_a_clock_that_is_set_back_keeps_no_lease(filed: Put, clock: Clock) -> None:
    filed("present", "a", duration=60)
    clock.wall -= 3600
    clock.sleep(61)
    assert filed("present", "b")["before"]["holder"] == "a"


def test_nothing_but_lease_and_lock_is_left(filed: Put, path: Path) -> None:
    filed("present", "a")
    assert json.loads(path.read_text())["holder"] == "a"
    filed("absent", "a")
    assert [p.name for p in path.parent.iterdir()] == ["lease.lock"]


# ---- the object in the cluster ------------------------------------------------------------------------------------
@pytest.fixture
def api() -> Iterator[LeaseApi]:
    with LeaseApi() as made:
        yield made


@pytest.fixture
def kept(api: LeaseApi) -> Put:
    return Put(api, backend="cluster", host=api.url)


def test_a_change_whose_answer_was_lost_is_ours(kept: Put, api: LeaseApi) -> None:
    api.lose = 1
    assert kept("present", "a")["changed"]
    api.lose = 1
    assert kept("renewed", "a")["held"]
    api.lose = 1
    assert kept("absent", "a")["lease"]["holder"] == ""
    assert not api.objects


def test_a_takeover_whose_answer_was_lost_is_told_as_one(kept: Put, api: LeaseApi, clock: Clock) -> None:
    kept("present", "a", duration=60)
    clock.sleep(90)
    api.lose = 1
    taken = kept("present", "b")
    assert taken["changed"] and taken["before"]["holder"] == "a" and taken["lease"]["takeovers"] == 1


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_change_that_was_lost_on_its_way_is_not_ours_when_another_came_first(kept: Put, api: LeaseApi, clock: Clock,
                                                                               method: str) -> None:
    """The second try is answered with the other's lease."""
    if method == "PUT":
        kept("present", "former", duration=60)
        clock.sleep(90)
    overtaken = [True]

    def before(asked: str) -> None:
        if asked == method and overtaken and overtaken.pop():
            kept("present", "b")
            raise Lost

    api.before = before
    assert "held by b" in str(kept.fails("present", "a"))
    assert kept("renewed", "b")["held"]


def test_the_clock_of_the_api_server_counts(kept: Put, api: LeaseApi, clock: Clock) -> None:
    api.ahead = -86400.0
    given = kept("present", "a", duration=60)["lease"]
    assert "held by a" in str(kept.fails("present", "b"))
    assert given["renewed"] == moment(clock.time() - 86400)


def test_a_clock_that_went_back_locks_nobody_out(kept: Put, api: LeaseApi, clock: Clock) -> None:
    """Nobody renews it for its duration, and the second that clocks may be apart, so it has expired though its time
    seems to come yet."""
    kept("present", "a", duration=2)
    api.ahead = -86400.0
    assert kept("present", "b", wait=True, wait_timeout=30)["before"]["holder"] == "a"
    assert 3 <= clock.passed < 30


def test_what_is_renewed_while_it_is_looked_at_has_not_expired(kept: Put, api: LeaseApi, clock: Clock) -> None:
    kept("present", "a", duration=60)
    api.ahead = -86400.0
    for turn in range(1, 5):
        clock.after(40 * turn, lambda: kept("renewed", "a", duration=60))
    assert "held by a" in str(kept.fails("present", "b", wait=True, wait_timeout=200))


def test_the_object_is_as_kubernetes_wants_it(kept: Put, api: LeaseApi) -> None:
    kept("present", "a", duration=60.4, reason="nightly")
    spec = api.objects["assay"]["spec"]
    assert spec["holderIdentity"] == "a" and spec["leaseDurationSeconds"] == 60 and spec["leaseTransitions"] == 0
    assert spec["renewTime"] == spec["acquireTime"] and len(spec["renewTime"]) == len("2026-11-21T02:34:40.000000Z")


@pytest.mark.parametrize(("version", "status"), [("", 422), ("1000", 409)])
def test_the_fake_refuses_as_kubernetes_does(kept: Put, api: LeaseApi, version: str, status: int) -> None:
    kept("present", "a")
    place = kept.place()
    with pytest.raises(ApiError) as e:
        place._client.request("PUT", place._one, body=place._body(place.read().lease, version))
    assert e.value.status == status


def test_no_namespace_and_a_wrong_name(kept: Put) -> None:
    assert "there is no namespace nowhere" in str(kept.fails("present", "a", namespace="nowhere"))
    assert "name: must be small letters" in str(kept.fails("present", "a", name="A b"))


@pytest.mark.foul(1)
def test_a_lease_in_foul_weather(kept: Put, api: LeaseApi, clock: Clock) -> None:
    """Takeovers, refusals and what is held: reads that go wrong tell none of them."""
    for turn in range(4):
        kept("present", f"a{turn}", duration=60)
        assert kept("renewed", f"a{turn}", duration=60)["held"] and f"held by a{turn}" in str(kept.fails("present", "b"))
        clock.sleep(90)
    assert kept("present", "b")["before"]["holder"] == "a3" and kept("absent", "b")["changed"] and not api.objects
    assert api.weather.spoilt
