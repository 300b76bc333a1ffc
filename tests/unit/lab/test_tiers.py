# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Add-ons of the lab: what is chosen comes in order with what it needs, and what is written down comes back."""
from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.lab import tiers
from tests.lab.base import HERE, LabError
from tests.lab.tiers.tier import Tier, rolled_out
from tests.lab.tiers.versions import VERSIONS


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Three tiers, of which the last needs the first; what was asked of them, in order."""
    said: dict[str, list[str]] = {"brought": [], "ended": [], "serving": []}
    needs = {"ground": (), "beside": (), "top": ("ground",)}
    made = {n: Tier(n, n, lambda _lab, n=n: said["brought"].append(n), lambda _lab, n=n: n in said["serving"], needs=needs[n],
                    down=lambda _lab, n=n: said["ended"].append(n)) for n in needs}
    monkeypatch.setattr(tiers, "TIERS", tuple(needs))
    monkeypatch.setattr(tiers, "tier", made.__getitem__)
    monkeypatch.setattr(Tier, "bring", lambda self, lab: self.up(lab))
    return said


def test_what_a_tier_needs_comes_before_it(three: Any) -> None:
    assert [t.name for t in tiers.chosen(["top"])] == ["ground", "top"]
    assert [t.name for t in tiers.chosen(["all"])] == ["ground", "beside", "top"]
    assert tiers.chosen([]) == []


def test_an_unknown_tier_is_told_with_those_that_there_are() -> None:
    with pytest.raises(LabError, match="there is no tier 'ingres'; there are .*, or all"):
        tiers.chosen(["ingres"])


def test_tiers_are_written_down_brought_once_and_ended_in_turn(three: dict[str, list[str]], tmp_path: Path) -> None:
    lab: Any = SimpleNamespace(folder=tmp_path, name="c1")
    assert tiers.there(lab) == [] and tiers.silent(lab) == []
    tiers.bring(lab, ["top"])
    assert three["brought"] == ["ground", "top"] == json.loads((tmp_path / "tiers.json").read_text())
    assert tiers.silent(lab)
    three["serving"] = ["ground"]
    tiers.bring(lab, tiers.there(lab))
    assert three["brought"] == ["ground", "top", "top"], "what serves is left alone"
    three["serving"].append("top")
    assert tiers.silent(lab) == []
    tiers.down(lab)
    assert three["ended"] == ["top", "ground"]


@pytest.mark.parametrize(("change", "whole"), [
    ({}, True), ({"readyReplicas": 1}, False), ({"updatedReplicas": 1}, False), ({"observedGeneration": 3}, False)])
def test_a_rollout_is_over_when_all_pods_of_the_newest_template_are_ready(change: dict[str, int], whole: bool) -> None:
    status = {"readyReplicas": 2, "updatedReplicas": 2, "observedGeneration": 4, **change}
    item = {"metadata": {"generation": 4}, "spec": {"replicas": 2}, "status": status}
    lab: Any = SimpleNamespace(api=lambda _path: item)
    assert rolled_out(lab, "web", "deployments/web") is whole


@pytest.mark.parametrize("name", tiers.TIERS)
def test_each_tier_is_a_file_of_its_name(name: str) -> None:
    one = tiers.tier(name)
    assert one.name == name and one.words
    assert all(tiers.TIERS.index(n) < tiers.TIERS.index(name) for n in one.needs)


@pytest.mark.parametrize("module", VERSIONS)
def test_the_versions_are_those_that_are_built(module: str) -> None:
    folder, version = VERSIONS[module]
    said = re.findall(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", (HERE / "go" / folder / "go.mod").read_text(encoding="utf-8"),
                      re.MULTILINE)
    assert said == [version]
