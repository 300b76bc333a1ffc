# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the named clusters of the lab up; says what stands in the way before anything is changed."""
from __future__ import annotations

import subprocess
import sys

if __name__ == "__main__":
    for number, name in enumerate(sys.argv[1:]):
        # Packages and programs once, then only the cluster.
        lab = ["tests/setup/with", "--lab"] if number == 0 else []
        command = [*lab, "python", "-m", "tests.lab", "up", "--name", name]
        if status := subprocess.run(command, check=False).returncode:
            sys.exit(status)
    for name in sys.argv[1:]:  # what molecule meets right away
        if status := subprocess.run(["python", "-m", "tests.lab", "settle", "--name", name], check=False).returncode:
            sys.exit(status)
