# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a test of the lab finds at its beginning: a whole cluster, whatever the one before left, and whatever fixtures hold."""
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.lab import Lab, cluster, tiers
from tests.lab.base import LabError


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


@pytest.mark.parametrize("orphans", [True, False], ids=["not mended", "not repaired"])
def test_a_cluster_that_is_made_anew_has_the_tiers_that_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orphans: bool) -> None:
    """Else all tests of add-ons after it would find none of them."""
    monkeypatch.setenv("ASSAY_LAB_STATE", str(tmp_path))
    monkeypatch.setattr(cluster.build, "build", lambda: None)
    lab, started = Lab("c1"), []
    tiers.note(lab, ["ingress", "load_balancer"])
    (lab.folder / "cluster.json").write_text("{}")

    def cannot() -> list[str]:
        raise LabError("no")

    def start() -> None:
        started.append(tiers.there(lab))
        if lab.exists:
            cannot()

    def down() -> None:
        for file in lab.folder.iterdir():
            file.unlink()

    mends: Any = SimpleNamespace(mend_orphans=cannot if orphans else list, in_force=list)
    for name, act in (("fault", mends), ("_start", start), ("_down", down), ("healthy", lambda: False)):
        monkeypatch.setitem(lab.__dict__, name, act)
    lab.ensure()
    assert started[-1] == ["ingress", "load_balancer"] and len(started) == (1 if orphans else 2)
    assert lab.given_up == [f"c1 cannot be {'mended' if orphans else 'repaired'} (no); it is made anew"]
