# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of options of before."""
from __future__ import annotations

from typing import Any

# The version of the collection with which names of before go.
GOES = "3.0.0"


def older(*names: str) -> dict[str, Any]:
    """Part of the spec of an option that had these names before."""
    return {"aliases": [*names],
            "deprecated_aliases": [{"name": n, "version": GOES, "collection_name": "assay.clusters"} for n in names]}
