# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked for as evidence: whether the API server is worth asking, and how far back logs are read."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.plugins.module_utils.engine import evidence
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.engine.told import ILL, WELL, Told


def _error(text: str, **more: Any) -> ApiError:
    return ApiError(**{"kind": "http", "reason": "", "message": text, "method": "GET", "path": "/readyz", "status": 500, **more})


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_AGAIN", 0.0)


def _collect(client: Told) -> dict[str, Any]:
    return evidence.collect(client, "assay-1", [], [])


def test_one_slow_moment_of_etcd_is_not_its_failure() -> None:
    client = Told(_error(ILL), WELL)
    data = _collect(client)
    assert data["readyz"] == WELL and not data["api_errors"] and not data["errors"] and client.lists
    assert data["server_date"].startswith("2026-03-14T09:30:00")


_PAGE = _error("502 Bad Gateway", status=502)
_PAGE.page = True
_CUT = _error("Connection reset by peer", kind="unreachable", status=None)
_LATE = _error("not answered in 8 s", kind="timeout", status=None)


@pytest.mark.parametrize("passing", [[_PAGE], [_PAGE, _PAGE], [_CUT], [_CUT, _PAGE], [_LATE]], ids=str)
def test_an_answer_that_does_not_come_once_is_no_silence(passing: list[ApiError]) -> None:
    """Nobody is said to be unreachable for it, as the API server has just answered all checks."""
    client = Told(*passing, WELL)
    data = _collect(client)
    assert data["readyz"] == WELL and not data["api_errors"] and not data["errors"] and client.lists


@pytest.mark.parametrize("stays", [_PAGE, _CUT, _LATE], ids=str)
def test_a_silence_that_stays_is_told(stays: ApiError) -> None:
    data = _collect(Told(*[stays] * 9))
    assert data["api_errors"] and data["errors"]["readyz"]["message"] == stays.message


@pytest.mark.parametrize("then", [_error(ILL), _error("not answered in 8 s", kind="timeout", status=None)])
def test_an_etcd_that_stays_away_is_told_and_nothing_more_is_asked(then: ApiError) -> None:
    client = Told(_error(ILL), then)
    data = _collect(client)
    assert data["readyz"] == ILL and data["api_errors"] and not client.lists


def test_a_server_that_refuses_to_say_is_asked_for_the_rest() -> None:
    client = Told(_error("forbidden", status=403))
    assert _collect(client)["errors"]["readyz"]["status"] == 403 and client.lists
    client = Told(_error("unauthorized", status=401))
    assert _collect(client)["api_errors"] and not client.lists


def _pod(name: str, state: dict[str, Any], restarts: int = 0, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "kube-system", "labels": labels}, "status": {
        "phase": "Running", "containerStatuses": [{"name": "main", "ready": False, "restartCount": restarts, "state": state}]}}


def test_logs_of_what_runs_are_read_as_far_back_as_it_repeats_itself() -> None:
    running: dict[str, Any] = {"running": {}}
    client = Told(pods=[
        _pod("dns-runs", running, **{"k8s-app": "kube-dns"}), _pod("a-provisioner", running),
        _pod("dns-again", running, 2, **{"k8s-app": "kube-dns"}),
        _pod("dns-ended", {"terminated": {}}, **{"k8s-app": "kube-dns"}), _pod("crashing", {"waiting": {}}, 3),
        _pod("starting", {"waiting": {}})])
    _collect(client)
    assert sorted(client.logs, key=str) == sorted([
        ("dns-runs", None, 90), ("a-provisioner", None, 300), ("dns-again", None, 90), ("dns-again", "true", None),
        ("dns-ended", None, None), ("dns-ended", "true", None), ("crashing", "true", None)], key=str)


def test_logs_of_controllers_on_the_path_are_read_and_those_of_others_are_not() -> None:
    def pod(name: str, space: str) -> dict[str, Any]:
        made = _pod(name, {"running": {}})
        made["metadata"]["namespace"] = space
        made["status"]["containerStatuses"][0]["ready"] = True
        return made

    client = Told(pods=[pod("controller-7f-x", "lb-system"), pod("speaker-q", "lb-system"), pod("other-q", "lb-system"),
                        pod("controller-7f-x", "shop"), *(pod(f"speaker-{i}", "lb-system") for i in range(20))])
    path = [{"kind": "Deployment", "namespace": "lb-system", "name": "controller"},
            {"kind": "DaemonSet", "namespace": "lb-system", "name": "speaker"}]
    data = evidence.collect(client, "assay-1", [Finding("load_balancer", "load_balancing", "failed", path=path)], [])
    assert client.logs[:2] == [("controller-7f-x", None, 300), ("speaker-q", None, 300)] and len(client.logs) == 8
    assert {p["metadata"]["namespace"] for p in data["pods"]} == {"lb-system"} and len(data["pods"]) == 22
