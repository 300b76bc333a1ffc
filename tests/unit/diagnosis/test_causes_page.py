# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/causes.md says what the taxonomy says."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


def test_the_page_of_causes_is_current() -> None:
    done = subprocess.run([sys.executable, "tests/setup/causes.py", "--check"], cwd=CHECKOUT, capture_output=True,
                          text=True, check=False)
    assert not done.returncode, done.stderr
