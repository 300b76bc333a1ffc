# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs that one test wants, each with its packages in a cache folder of its own: they would change those of all others."""
from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def installed_apart(package: str) -> Path:
    """The folder with the packages of "name==version", for PYTHONPATH. It is there whole or not at all."""
    folder = Path(os.environ["ASSAY_CACHE"]) / package.replace("==", "-")
    if not folder.is_dir():
        made = folder.with_name(f"{folder.name}.{os.getpid()}")
        subprocess.run(["uv", "pip", "install", "--quiet", "--target", str(made), package], check=True)
        try:
            made.rename(folder)
        except OSError:  # another test was faster
            shutil.rmtree(made)
    return folder
