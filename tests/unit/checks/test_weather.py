# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No check is at the mercy of one page of a proxy: what it reads goes by a client that gets over them."""
from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.assay.clusters.plugins.module_utils import checks

ROOM = Path(next(iter(checks.__path__)))


def test_no_check_reads_by_the_bare_client() -> None:
    bare = re.compile(r"client\.raw\.(?:get|list)\(")
    assert [str(f.relative_to(ROOM)) for f in sorted(ROOM.rglob("*.py")) if bare.search(f.read_text(encoding="utf-8"))] == []
