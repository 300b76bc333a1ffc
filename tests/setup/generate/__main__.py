# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""make generate: writes what differs, and says what it wrote and which checks still lack something."""
from __future__ import annotations

import sys

from . import ROOT, files

if __name__ == "__main__":
    wanted, problems = files()
    for path, text in wanted.items():
        target = ROOT / path
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            print(f"written: {path}")
    for problem in problems:
        print(f"to do: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)
