# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked for as evidence: whether the API server is worth asking, and how far back logs are read."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import evidence
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError

WELL, ILL = "[+]ping ok\n[+]etcd ok\n", "[+]ping ok\n[-]etcd failed: reason withheld\n"


class Scripted:
    """A client whose /readyz says one thing after another, and that has these pods."""

    def __init__(self, readyz: list[Any], pods: list[dict[str, Any]] | None = None):
        self.readyz, self.pods, self.logs, self.lists = readyz, pods or [], [], 0

    def request(self, _method: str, path: str, params: dict[str, Any], **_more: Any) -> Any:
        if path != "/readyz":
            self.logs.append((path.split("/")[6], params.get("previous"), params.get("sinceSeconds")))
            return "words\n"
        said = self.readyz.pop(0)
        if isinstance(said, ApiError):
            raise said
        return said, {"Date": "Sat, 14 Mar 2026 09:30:00 GMT"}

    def get(self, path: str, *_more: Any, **_named: Any) -> dict[str, Any]:
        self.lists += 1
        return {"items": self.pods if path == "/api/v1/pods" else []}


def _error(text: str, **more: Any) -> ApiError:
    return ApiError(**{"kind": "http", "reason": "", "message": text, "method": "GET", "path": "/readyz", "status": 500, **more})


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_AGAIN", 0.0)


def _collect(client: Scripted) -> dict[str, Any]:
    return evidence.collect(client, "assay-1", [], [])


def test_one_slow_moment_of_etcd_is_not_its_failure() -> None:
    client = Scripted([_error(ILL), WELL])
    data = _collect(client)
    assert data["readyz"] == WELL and not data["api_errors"] and not data["errors"] and client.lists
    assert data["server_date"].startswith("2026-03-14T09:30:00")


@pytest.mark.parametrize("then", [_error(ILL), _error("not answered in 8 s", kind="timeout", status=None)])
def test_an_etcd_that_stays_away_is_told_and_nothing_more_is_asked(then: ApiError) -> None:
    client = Scripted([_error(ILL), then])
    data = _collect(client)
    assert data["readyz"] == ILL and data["api_errors"] and not client.lists


def test_a_server_that_refuses_to_say_is_asked_for_the_rest() -> None:
    client = Scripted([_error("forbidden", status=403)])
    assert _collect(client)["errors"]["readyz"]["status"] == 403 and client.lists
    client = Scripted([_error("unauthorized", status=401)])
    assert _collect(client)["api_errors"] and not client.lists


def _pod(name: str, state: dict[str, Any], restarts: int = 0, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "kube-system", "labels": labels}, "status": {
        "phase": "Running", "containerStatuses": [{"name": "main", "ready": False, "restartCount": restarts, "state": state}]}}


def test_logs_of_what_runs_are_read_as_far_back_as_it_repeats_itself() -> None:
    running: dict[str, Any] = {"running": {}}
    client = Scripted([WELL], [
        _pod("dns-runs", running, **{"k8s-app": "kube-dns"}), _pod("a-provisioner", running),
        _pod("dns-again", running, 2, **{"k8s-app": "kube-dns"}),
        _pod("dns-ended", {"terminated": {}}, **{"k8s-app": "kube-dns"}), _pod("crashing", {"waiting": {}}, 3),
        _pod("starting", {"waiting": {}})])
    _collect(client)
    assert sorted(client.logs, key=str) == sorted([
        ("dns-runs", None, 90), ("a-provisioner", None, 300), ("dns-again", None, 90), ("dns-again", "true", None),
        ("dns-ended", None, None), ("dns-ended", "true", None), ("crashing", "true", None)], key=str)
