# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run is given: the checks, the cluster, and the bounds."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..common import journal as journals
from ..kube.connection import Connection
from .check import Check
from .terms import Terms


@dataclass
class Settings:
    """What to run, where, and within which bounds (limit in seconds).

    expected_features: checks that may not be skipped. keep_journal: where it goes at the end, if anywhere.
    """

    cluster: str
    connection: Connection
    checks: list[type[Check]]
    options: dict[str, dict[str, Any]]
    images: dict[str, str] = field(default_factory=dict)
    image_registry: str = ""
    limit: float = 900.0
    transport: str = "auto"
    expected_features: tuple[str, ...] = ()
    node_selector: str = ""
    node_sample: int = 300
    probe_limit: float | None = None
    terms: Terms = field(default_factory=Terms)
    wait_cleanup: bool = True
    journal_dir: Path = field(default_factory=journals.default_folder)
    keep_journal: Path | None = None
