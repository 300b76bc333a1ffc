# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who wrote an event."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def teller(event: Mapping[str, Any]) -> str:
    """The component by its name; "" where it is not told."""
    return str((event.get("source") or {}).get("component") or event.get("reportingComponent") or "")
