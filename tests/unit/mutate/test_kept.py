# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kept mutants fit the code as it is: one that does not judges nothing, and nobody would know for weeks."""
from __future__ import annotations

from pathlib import Path

from tests.mutate.judge import fitting
from tests.mutate.lists import load

CHECKOUT = Path(__file__).resolve().parents[3]


def test_every_kept_mutant_fits() -> None:
    fit, stale = fitting(load(CHECKOUT / "tests/mutate/lists", [], []), CHECKOUT)
    assert len(fit) > 700 and [str(s) for s in stale] == []
