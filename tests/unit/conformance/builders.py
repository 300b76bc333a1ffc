# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the module conformance as it gets them."""
from __future__ import annotations

from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.arguments.conformance import CONFORMANCE


def params(**given: Any) -> dict[str, Any]:
    return {**{n: s.get("default") for n, s in CONFORMANCE.items()}, **given}
