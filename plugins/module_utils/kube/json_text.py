# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON that others wrote, or that may have been damaged since we wrote it."""
from __future__ import annotations

import json
from typing import Any


def json_of(text: str | bytes | bytearray) -> Any:
    """ValueError for what is no JSON, and for what is nested deeper than it can be read."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
