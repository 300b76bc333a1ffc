# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Numbers in sentences."""
from __future__ import annotations


def plural(count: int, word: str) -> str:
    """"1 check", "3 checks"."""
    return f"{count} {word}" + ("" if count == 1 else "es" if word.endswith(("s", "x", "sh")) else "s")
