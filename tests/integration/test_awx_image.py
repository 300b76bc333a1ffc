# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The execution environment for AWX, as ansible-builder takes it: the build context is made and read, no image is built."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.apart import installed_apart

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/examples/awx/execution-environment.yml"
BUILDER = "ansible-builder==3.2.0"


@pytest.mark.gauntlet
def test_the_build_context_has_what_the_collection_needs(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from ansible_builder.cli import run; run()", "create", "-f", str(EXAMPLE),
               "-c", "context", "--output-filename", "Containerfile"]
    done = subprocess.run(command, cwd=tmp_path, text=True, check=False, capture_output=True,
                          env={**os.environ, "PYTHONPATH": str(installed_apart(BUILDER))})
    assert done.returncode == 0, done.stdout + done.stderr
    image = (tmp_path / "context/Containerfile").read_text(encoding="utf-8")
    assert "FROM $EE_BASE_IMAGE" in image and "python3.11" in image and "ansible-core>=2.19,<2.20" in image
    assert "assay.clusters" in (tmp_path / "context/_build/requirements.yml").read_text(encoding="utf-8")
    assert "awscli" in (tmp_path / "context/_build/requirements.txt").read_text(encoding="utf-8")
    assert "openssh-clients" in (tmp_path / "context/_build/bindep.txt").read_text(encoding="utf-8")
