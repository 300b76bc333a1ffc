# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which version of each add-on the lab runs: the one place. The go.mod of its folder must say the same (a unit test compares)."""
from __future__ import annotations

# Module -> (folder below tests/lab/go, version).
VERSIONS: dict[str, tuple[str, str]] = {
    "go.universe.tf/metallb": ("metallb", "v0.16.1"),
}


def version(module: str) -> str:
    return VERSIONS[module][1]
