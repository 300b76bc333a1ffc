# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the flow bears of any platform: errors that pass, lists that lag behind, the environment of the task."""
from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clusters.flow import job as flow
from ansible_collections.assay.clusters.plugins.module_utils.clusters.model import Cluster
from ansible_collections.assay.clusters.plugins.module_utils.jobs import patience
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import Passing, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from tests.fakes import maker
from tests.fakes.api_server import FakeApiServer

from .cluster_task import ensure, late

BAD, READY = Passing("502 Bad Gateway"), Cluster("ci", "c-1", "active", "ready", version="v1.31.4", nodes=2)
MAKING = Cluster("ci", "c-1", "provisioning", "creating")


class Platform:
    """Answers in turn when it is asked for its cluster; the last for ever."""

    name, name_limit, resumes = "rancher", 63, False

    def __init__(self, *answers: Cluster | PlatformError | None, way: str = ""):
        self.answers, self._way = list(answers), way

    def access(self, _cluster: Cluster) -> str:
        return self._way

    def mark(self, _cluster: Cluster, _uid: str) -> None: ...

    def find(self, _name: str) -> Cluster | None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, PlatformError):
            raise answer
        return answer

    def check(self, _wanted: Any) -> None: ...

    create = delete = check

    def evidence(self, _name: str) -> dict[str, list[str]]:
        return {}

    def close(self) -> None: ...


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """What the module returns for a platform that answers so."""
    def call(*answers: Any, **more: Any) -> dict[str, Any]:
        monkeypatch.setattr(flow, "open_platform", lambda _params, _job: Platform(*answers))
        return ensure(name="ci", platform="rancher", rancher={}, wait_until="platform", return_kubeconfig=False, **more)

    monkeypatch.setattr(patience, "_PAUSE", 0.01)
    return call


@pytest.mark.parametrize("answers", [
    (BAD, None, READY), (None, MAKING, BAD, BAD, BAD, MAKING, READY), (None, MAKING, None, MAKING, READY)],
    ids=["at-the-first-look", "amid-the-wait", "missed-once"])
def test_one_answer_that_does_not_come_fails_nothing(done: Callable[..., dict[str, Any]], answers: tuple[Any, ...]) -> None:
    made = done(*answers)
    assert not made["failed"] and made["changed"] and made["cluster"]["phase"] == "ready", made


def test_a_cluster_that_is_missed_again_and_again_is_gone(done: Callable[..., dict[str, Any]]) -> None:
    assert "is gone: somebody deleted it" in done(None, MAKING, None)["msg"]


def test_what_does_not_pass_ends_the_wait(done: Callable[..., dict[str, Any]]) -> None:
    assert "must authenticate" in done(None, MAKING, PlatformError("must authenticate"))["msg"]


def test_passing_errors_are_borne_while_it_goes(done: Callable[..., dict[str, Any]]) -> None:
    gone = done(READY, READY, BAD, BAD, None, state="absent", disposable=True)
    assert not gone["failed"] and gone["cluster"]["phase"] == "absent", gone


@pytest.mark.parametrize("told", [7, 2, -1])
def test_ready_is_what_the_api_server_has_whatever_the_platform_counts(monkeypatch: pytest.MonkeyPatch, told: int) -> None:
    """A number that nobody wished for is compared with nothing; a node that is not Ready is waited for."""
    with FakeApiServer(nodes=5) as api:
        found = Platform(None, replace(READY, nodes=told), way=api.kubeconfig)
        monkeypatch.setattr(flow, "open_platform", lambda _params, _job: found)
        assert not ensure(name="ci", platform="rancher", rancher={}, return_kubeconfig=False)["failed"]
        api.not_ready = 1
        ended = late(lambda lines: "nodes Ready" in lines, name="ci", platform="rancher", rancher={}, return_kubeconfig=False)
        assert "4 of 5 nodes Ready, not n0" in ended["msg"]


def test_programs_get_the_environment_of_the_task(tmp_path: Path) -> None:
    words = [sys.executable, maker.__file__]
    params = {"platform": "command", "command": {
        "workdir": str(tmp_path), "create": [*words, "create", "{name}"], "delete": [*words, "delete", "{name}"],
        "kubeconfig": [*words, "kubeconfig"], "list": [*words, "list"]}}
    with pytest.raises(PlatformError, match="quota exceeded"):
        flow.info(params, Job(environ={"PATH": "/usr/bin:/bin", "MAKER_FAIL": "list"}))


def test_which_cluster_it_is_is_known_before_it_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer that tells the way to it is none that tells that there is no way."""
    def away(_cluster: Cluster) -> Any:
        raise BAD

    platform = Platform(replace(READY, uid="as-noted"))
    monkeypatch.setattr(platform, "access", away)
    monkeypatch.setattr(platform, "delete", lambda _cluster: pytest.fail("it was deleted"), raising=False)
    monkeypatch.setattr(flow, "open_platform", lambda _params, _job: platform)
    lost = ensure(name="ci", platform="rancher", rancher={}, state="absent", disposable=True)
    assert lost["failed"] and not lost["changed"] and lost["msg"] == str(BAD)


def test_what_the_platform_tells_at_the_deadline_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is up, and yet it is what is wanted most."""
    platform, answers = Platform(None, MAKING), [BAD, {"events": ["quota exceeded"]}]

    def evidence(_name: str) -> dict[str, list[str]]:
        answer = answers.pop(0)
        if isinstance(answer, PlatformError):
            raise answer
        return answer

    monkeypatch.setattr(platform, "evidence", evidence)
    monkeypatch.setattr(flow, "open_platform", lambda _params, _job: platform)
    ended = late(lambda told: "provisioning" in told, name="ci", platform="rancher", rancher={})
    assert "the time was up" in ended["msg"] and ended["events"] == ["quota exceeded"], ended
