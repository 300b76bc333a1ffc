# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a test of the lab finds at its beginning: a whole cluster, whatever the one before left, and whatever fixtures hold."""
from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.lab import Lab


@pytest.mark.parametrize(("healthy", "held", "done"), [
    (True, [], ["settle"]),
    (True, ["extra"], ["settle"]),
    (False, [], ["ensure", "settle"]),
    (False, ["extra"], ["recovered", "settle"]),
])
def test_only_a_cluster_that_nobody_holds_is_mended(healthy: bool, held: list[str], done: list[str]) -> None:
    seen: list[str] = []
    acts = {name: (lambda name=name: seen.append(name)) for name in ("ensure", "recovered", "settle")}
    Lab.whole(SimpleNamespace(healthy=lambda: healthy, fault=SimpleNamespace(in_force=lambda: held), **acts))  # type: ignore[arg-type]
    assert seen == done
