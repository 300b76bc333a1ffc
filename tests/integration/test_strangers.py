# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A sample of strangers' clusters for every run of the tests; `make strangers` has all of them (docs/strangers.md)."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.strangers.expected import EXPECTED
from tests.strangers.suite import Suite, others, placed, unlike

pytestmark = [pytest.mark.lab]


@contextmanager
def _like(lab: Any, *names: str) -> Iterator[Any]:
    with ExitStack() as stack:
        yield [stack.enter_context(lab.like(name)) for name in names][-1]


@pytest.mark.parametrize("names", [("openshift",), ("fargate", "windows"), ("tenant",)], ids=" ".join)
def test_the_suite_is_right_on_a_cluster_like(lab: Any, tmp_path: Path, names: tuple[str, ...]) -> None:
    suite = Suite(lab, tmp_path / "journal")
    expected: dict[str, tuple[str, ...]] = {}
    for check, (verdict, *words) in ((c, e) for name in names for c, e in EXPECTED[name].items()):
        expected[check] = (verdict, *expected.get(check, ())[1:], *words)
    with _like(lab, *names) as stranger:
        before = others(lab)
        with placed(lab) as on:
            records = suite(stranger)
        after = others(lab)
    assert on and {*filter(None, on)} <= {*map(lab.node_name, lab.machines)}
    assert suite.result["leftovers"] == []
    assert {k: (v, after.get(k)) for k, v in before.items() if after.get(k) != v} == {}
    assert unlike(records, expected) == []
