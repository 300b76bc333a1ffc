# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scripts of checks in the shells that images have, with a curl, or another program, of the test's own."""
from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def said_by(shell: str, script: str, curl: str, folder: Path, name: str = "curl") -> str:
    """What the script prints. curl: the program, with {python} for this Python; skips where there is no such shell. name: what it
    is called by."""
    if not shutil.which(shell.split()[0]):
        pytest.skip(f"no {shell} here")
    program = folder / name
    program.write_text(curl.format(python=sys.executable))
    program.chmod(0o755)
    return subprocess.run([*shell.split(), "-c", script], env={"PATH": f"{folder}:/usr/bin:/bin"}, capture_output=True, text=True,
                          timeout=60, check=False).stdout
