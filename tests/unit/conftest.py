# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""For all unit tests."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import redact


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test calls a secret is a word in the next."""
    monkeypatch.setattr(redact, "_default", redact.Redactor())
