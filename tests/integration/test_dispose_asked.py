# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is asked what a cluster left follows from what it is made of, and nobody asked is not passed; no cluster is needed."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Playbook
from tests.integration.test_dispose import Cloud, made_by_maker


@pytest.mark.parametrize(("variables", "verdict", "words"), [
    ({}, "skipped", "the cluster is deleted, nobody was asked what is left; set cluster_infrastructure (aws, vsphere, rancher), or "
                    "dispose_providers"),
    pytest.param({"cluster_infrastructure": "azure"}, "skipped",
                 "the cluster is deleted, nobody was asked what is left, not asked: azure (it cannot be asked from here)",
                 marks=pytest.mark.gauntlet),
    ({"cluster_infrastructure": ["aws", "azure"]}, "warned",
     "the cluster is deleted, nothing is left, not asked: azure (it cannot be asked from here)")])
def test_nobody_asked_is_not_passed(moto: str, tmp_path: Path, variables: dict[str, Any], verdict: str, words: str) -> None:
    given = {n: v for n, v in made_by_maker(tmp_path, moto).items() if n != "dispose_providers"}
    cloud = Cloud(Playbook(tmp_path, {"ci": given}), tmp_path / "work", moto)
    assert cloud.dispose(**variables).returncode == 0 and cloud.clusters() == {"other"}
    assert (cloud.record()["verdict"], cloud.record()["message"]) == (verdict, words)
