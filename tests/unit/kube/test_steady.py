# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One-off questions to an API server: an error that passes is no answer, and one that never answered is not waited for."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import sweep
from ansible_collections.assay.clusters.plugins.module_utils.jobs import access
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.kube import patient, steady
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.leftovers.job import entry
from tests.fakes.api_server import FakeApiServer
from tests.fakes.weather import Weather

KINDS = ("page", "reset")


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApiServer]:
    """Every second answer is a balancer's page or a connection that is cut."""
    with FakeApiServer() as made:
        made.weather = Weather(2, 1, KINDS)
        yield made


def test_a_sweep_goes_through_foul_weather(api: FakeApiServer, tmp_path: Path) -> None:
    with access.connected({"kubeconfig": api.kubeconfig}, Job()) as client:
        for _turn in range(4):
            assert sweep.sweep(client, tmp_path, True) == {"swept": [], "remaining": []}
    assert api.weather.spoilt >= 4


def test_what_is_left_is_looked_for_through_foul_weather(api: FakeApiServer, tmp_path: Path) -> None:
    found = entry({"providers": ["cluster"], "kubeconfig": api.kubeconfig, "journal_dir": str(tmp_path), "wait": 0, "wait_timeout": 0,
                   "poll": 1, "name": "", "run_id": "", "tags": {}, "patterns": [], "before": None, "fail_on_leftovers": False}, Job())
    assert found["clean"] and api.weather.spoilt


@pytest.mark.parametrize("answered", [False, True])
def test_patience_is_for_those_who_have_answered(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch, answered: bool) -> None:
    monkeypatch.setattr(patient, "_PAGES", 0.0)
    monkeypatch.setattr(steady, "_FIRST", 0.0)
    api.weather = Weather()
    with access.connected({"kubeconfig": api.kubeconfig}, Job()) as client:
        if answered:
            client.get("/version")
        api.weather = Weather(1, 0, ("page",))
        api.weather.until = 2
        if answered:
            assert client.get("/version")["gitVersion"] == api.version
        else:
            with pytest.raises(ApiError):
                client.get("/version")
    assert api.weather.spoilt == (2 if answered else 1)


def test_a_refusal_is_an_answer(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "_PAGES", 0.0)
    monkeypatch.setattr(steady, "_FIRST", 0.0)
    api.weather = Weather()
    with pytest.raises(PlatformError, match="not found"), access.connected({"kubeconfig": api.kubeconfig}, Job()) as client:
        with pytest.raises(ApiError):
            client.get("/nothing")
        api.weather = Weather(1, 0, ("page",))
        api.weather.until = 1
        client.get("/nothing")
