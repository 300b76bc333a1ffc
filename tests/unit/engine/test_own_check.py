# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check that docs/writing-a-check.md shows, copied as it stands into a folder of one's own."""
from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import registry
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe
from tests.documented import commands, files

PAGE = "docs/writing-a-check.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in files(PAGE).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


class _Probe(FakeProbe):
    """answer: what it says its name is."""

    def __init__(self, node: str, answer: Callable[[str], str]):
        super().__init__(node, "10.0.0.1")
        self._answer = answer

    def http(self, path: str, timeout: float = 5.0) -> str:
        assert path == "/hostname"
        return self._answer(self.pod)


def _run(folder: Path, answer: Callable[[str], str]) -> Any:
    check = registry.load([str(folder / "checks")])["greeting"]
    ctx = FakeContext(probes=[_Probe(node, answer) for node in ("n1", "n2")], slow=60)
    check().run(ctx)
    return ctx


def test_it_is_green_where_pods_say_their_names(folder: Path) -> None:
    assert _run(folder, lambda pod: pod).steps == ["every probe answers"]


def test_it_is_red_where_another_answers(folder: Path) -> None:
    with pytest.raises(StepFailed, match="n1 answers as another"):
        _run(folder, lambda _pod: "another")


def test_the_command_of_the_page_plans_it(folder: Path) -> None:
    [command] = [c.text for c in commands(PAGE) if "validate_checks=greeting" in c.text]
    (folder / ".kube").mkdir()
    (folder / ".kube/config").write_text(json.dumps({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}], "users": [{"name": "u", "user": {}}]}))
    done = subprocess.run(["bash", "-euc", f"{command.rstrip()} --check"], cwd=folder, text=True, check=False, capture_output=True,
                          env={**os.environ, "HOME": str(folder)})
    assert done.returncode == 0 and "check network/greeting: A pod on every node says its name." in done.stdout, done.stdout + done.stderr
