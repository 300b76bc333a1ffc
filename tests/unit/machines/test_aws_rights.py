# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rights that the guide lists are those that the code uses."""
from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_OPERATION = re.compile(r'(?:call|pages|_listed)\(\s*"([A-Z]\w+)"|\("((?:Start|Stop)\w+)",|else \("((?:Start|Stop)\w+)",')


def test_the_guide_lists_every_right_and_no_other() -> None:
    code = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "plugins/module_utils/machines").glob("aws*.py"))
    used = {name for groups in _OPERATION.findall(code) for name in groups if name}
    listed = set(re.findall(r"`ec2:(\w+)`", (ROOT / "docs/machines.md").read_text(encoding="utf-8")))
    assert used == listed
