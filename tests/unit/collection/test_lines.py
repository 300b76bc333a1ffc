# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ansible-lint says of lines after minutes is said here at once."""
from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
_MOST = 120


def test_no_line_of_yaml_is_longer_than_the_linter_takes() -> None:
    found = [p for room in ("changelogs/fragments", "playbooks", "roles", "molecule", "inventories", "docs/examples")
             for end in ("yml", "yaml") for p in (CHECKOUT / room).rglob(f"*.{end}")]
    assert len(found) > 100
    long = [f"{p.relative_to(CHECKOUT)}:{n} has {len(line)} characters" for p in found
            for n, line in enumerate(p.read_text(encoding="utf-8").splitlines(), 1) if len(line) > _MOST]
    assert long == []
