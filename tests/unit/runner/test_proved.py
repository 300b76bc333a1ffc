# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A loaded machine's slowness is no word about a cluster; everything else that a check warns of is."""
from __future__ import annotations

import pytest

from tests.proved import proved


@pytest.mark.parametrize(("verdict", "message", "right"), [
    ("passed", "", True), ("warned", "took 53 s, expected at most 45 s; it took 49 s until all nodes followed a change of a Service", True),
    ("warned", "took 53 s, expected at most 45 s; the API server cannot ask the kubelet (port 10250) of n2", False),
    ("failed", "took 53 s, expected at most 45 s", False), ("inconclusive", "", False), ("skipped", "", False)])
def test_proved(verdict: str, message: str, right: bool) -> None:
    assert proved({"verdict": verdict, "message": message}) == right
