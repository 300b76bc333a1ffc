# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests of the engine share: a fake API server that answers at once, a guardian that only listens, runs of small checks."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import run as module
from ansible_collections.assay.clusters.tests.unit.engine.fake_api import FakeApi
from ansible_collections.assay.clusters.tests.unit.engine.running import Sample, Watcher
from ansible_collections.assay.clusters.tests.fakes.quick import quick_fakes

__all__ = ["quick_fakes"]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    made = FakeApi()
    yield made
    made.stop()


@pytest.fixture
def guardian(monkeypatch: pytest.MonkeyPatch) -> Watcher:
    return Watcher(monkeypatch)


@pytest.fixture
def sample(api: FakeApi, guardian: Watcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    """sample(check, ...): a run of these that is ready to go."""
    monkeypatch.setattr(module, "CLEANUP_LIMIT", 10.0)
    made = Sample(api, tmp_path / "journal")
    yield made
    made.close()
