# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in the pod: the scripts in a real shell, answers that break off, and warnings of the cluster."""
from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.conformance import events, remote
from ansible_collections.assay.clusters.plugins.module_utils.conformance.remote import NotReached, Remote
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.websockets import WayFailed

SHELLS = [s for s in ("busybox", "sh") if shutil.which(s)]
LOG = b"x" * 5000 + "•".encode() * 3


@pytest.fixture(params=SHELLS)
def there(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """The second container is a shell of this machine, its folder of results that of the test."""
    shell = ["busybox", "sh"] if request.param == "busybox" else ["sh"]

    def run(self: Remote, script: str, *words: str, timeout: float = 20.0) -> bytes:
        command = [*shell, "-c", script.replace("/tmp/results", str(tmp_path)), "sh", *words]
        return subprocess.run(command, capture_output=True, check=True).stdout

    monkeypatch.setattr(Remote, "run", run)
    return Remote(None, "n", "p")  # type: ignore[arg-type]


@pytest.mark.parametrize("offset", [0, 1, 4095, 4096, 4999, 5003, len(LOG)])
def test_a_log_is_read_from_any_byte_on(there: Remote, tmp_path: Path, offset: int) -> None:
    (tmp_path / "e2e.log").write_bytes(LOG)
    assert there.look(offset) == remote.Look(False, len(LOG), LOG[offset:])
    (tmp_path / "done").write_text("/tmp/results/e2e.tar.gz")
    assert there.look(offset).done


def test_a_log_that_is_not_there_yet_is_empty(there: Remote) -> None:
    assert there.look(0) == remote.Look(False, 0, b"")


def test_only_reports_are_taken(there: Remote, tmp_path: Path) -> None:
    for name in ("junit_01.xml", "junit_02.xml", "other.xml", "junit b.xml", "e2e.tar.gz"):
        (tmp_path / name).write_bytes(LOG)
    assert there.reports() == {"junit_01.xml": len(LOG), "junit_02.xml": len(LOG)}
    assert there.read("junit_01.xml", 4998) == LOG[4998:]


# ---- the way there ------------------------------------------------------------------------------------------------
class FakeSocket:
    def __init__(self, *frames: bytes):
        self._frames = list(frames)

    def recv(self) -> bytes:
        return self._frames.pop(0) if self._frames else b""

    def settimeout(self, seconds: float) -> None:
        pass

    def close(self) -> None:
        pass


def status(**words: Any) -> bytes:
    return b"\x03" + json.dumps(words).encode()


GOOD = status(status="Success")


def ask(monkeypatch: pytest.MonkeyPatch, *frames: bytes, error: Exception | None = None) -> bytes:
    def open_(self: Any, path: str, query: Any, timeout: float) -> FakeSocket:
        assert path == "/api/v1/namespaces/n/pods/p/exec" and ("container", "output-container") in query
        if error:
            raise error
        return FakeSocket(*frames)

    monkeypatch.setattr(remote.Websockets, "open", open_)
    return Remote(None, "n", "p").run("x")  # type: ignore[arg-type]


def test_an_answer_is_what_came_before_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(monkeypatch, b"\x01a", b"\x02warning", b"\x01\xe2\x80", b"\x01\xa2", GOOD) == b"a\xe2\x80\xa2"


@pytest.mark.parametrize(("frames", "words"), [
    ([b"\x01a"], "the stream ended within its answer"), ([], "the stream ended within its answer"),
    ([b"\x02no such folder", status(status="Failure", message="exit code 3")], "no such folder"),
    ([status(status="Failure", message="exit code 3")], "exit code 3")], ids=["cut", "empty", "said", "failed"])
def test_an_answer_that_is_not_whole_is_none(monkeypatch: pytest.MonkeyPatch, frames: list[bytes], words: str) -> None:
    with pytest.raises(NotReached, match=words):
        ask(monkeypatch, *frames)


@pytest.mark.parametrize(("error", "lasts"), [
    (NotReached("Handshake status 403: no"), True), (NotReached("Handshake status 404: no pod"), False),
    (ApiError("http", 403, "Forbidden", "no", "GET", "/"), True), (ApiError("unreachable", None, "", "gone", "GET", "/"), False)])
def test_refusals_are_told_from_what_passes(error: Exception, lasts: bool) -> None:
    assert bool(remote.lasting(error)) is lasts


def test_a_way_that_fails_is_one_that_may_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotReached, match="not opened within 20 s"):
        ask(monkeypatch, error=WayFailed("it was not opened within 20 s"))


# ---- warnings -----------------------------------------------------------------------------------------------------
def event(space: str, reason: str, at: str, **more: Any) -> dict[str, Any]:
    return {"involvedObject": {"namespace": space, "kind": "Pod", "name": "a"}, "reason": reason, "message": "it\n is",
            "lastTimestamp": at, **more}


def test_recent_warnings_are_lines_the_newest_first() -> None:
    items = [event("dns-1", "Old", "2026-11-27T03:00:00Z"), event("dns-1", "Unhealthy", "2026-11-27T03:58:00Z"),
             event("dns-2", "BackOff", "", series={"lastObservedTime": "2026-11-27T03:59:00.000001Z"}), event("x", "Never", "")]
    client: Any = SimpleNamespace(list=lambda path, params, most: SimpleNamespace(items=items), now=lambda: 1795752000.0)
    lines = events.warnings(client)
    assert lines == ["dns-2/pod/a: BackOff: it is", "dns-1/pod/a: Unhealthy: it is"]
    assert events.of_test("namespace dns-1, not dns-22", lines) == ["dns-1/pod/a: Unhealthy: it is"]
