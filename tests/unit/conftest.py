# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""For all unit tests."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.watch import Watch
from ansible_collections.assay.clusters.plugins.module_utils.results import redact


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test calls a secret is a word in the next."""
    monkeypatch.setattr(redact, "_default", redact.Redactor())


@pytest.fixture(autouse=True)
def _no_watches_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A watch that its test left asks a server for ever, which the next one may be."""
    made, start = [], Watch.start

    def kept(watch: Watch) -> None:
        made.append(watch)
        start(watch)

    monkeypatch.setattr(Watch, "start", kept)
    yield
    for watch in made:
        watch.stop()
