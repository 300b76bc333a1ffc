# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs of small checks on the fake API server, and what watches them."""
from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import journal as journals
from ansible_collections.assay.clusters.plugins.module_utils.engine import run as module
from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.engine.run import Run, Settings
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.tests.unit.engine.fake_api import FakeApi

HELD = {"type": "NamespaceContentRemaining", "status": "True", "message": "some pods"}
SPACES = "/api/v1/namespaces"


def check(code: Any, name: str = "sample", **attributes: Any) -> type[Check]:
    """A check whose run() is code(ctx)."""
    made = {"name": name, "domain": "own", "proves": "x", "run": lambda self, ctx: code(ctx), **attributes}
    return type(name, (Check,), made)


def makes(ctx: Any) -> None:
    """So that there is a namespace to clean up."""
    assert ctx.namespace


class Watcher:
    """In place of the guardian: what the run tells it, and what it would do then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.told: list[str] = []
        self.clean: Any = None
        monkeypatch.setattr(module.Guardian, "start", self._start)

    def _start(self, clean: Any, _begin: Any) -> Watcher:
        self.clean = clean
        return self

    def dismiss(self) -> None:
        self.told.append("dismissed")

    def hand_over(self) -> None:
        self.told.append("handed over")


class Sample:
    """sample(check, ...): a run of these that is ready to go; said: what it showed of each (name, verdict)."""

    def __init__(self, api: FakeApi, folder: Path):
        self._api, self._folder = api, folder
        self.made: list[Run] = []
        self.said: list[tuple[str, str]] = []
        self.told = threading.Event()

    def __call__(self, *checks: type[Check], **more: Any) -> Run:
        connection = Connection.resolve({"host": self._api.url}, {})
        self.made.append(Run(Settings("c", connection, list(checks), {}, journal_dir=self._folder, **more), self._say))
        return self.made[-1]

    def _say(self, record: Any, final: bool) -> None:
        if not final:
            self.said.append((record.check, record.verdict))
        self.told.set()

    @property
    def journals(self) -> list[str]:
        """Runs that somebody has to finish."""
        return [e.run_id for e in journals.unfinished(self._folder, None)]

    def close(self) -> None:
        for run in self.made:
            run.abort.set()
            run.fixtures.stop()
            run.fixtures.stop_namespaces()
            run.settings.connection.close()


def records(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(r["check"], r["verdict"], r["message"]) for r in result["records"]]
