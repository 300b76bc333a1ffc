# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of the guardian, which is another process otherwise: what it was told."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Guards:
    """clean: what it was given to clean up with."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.clean: Callable[..., Any] = lambda: None

    def start(self, clean: Callable[..., Any], *_begin: Any) -> Guards:
        self.said.append("start")
        self.clean = clean
        return self

    def dismiss(self) -> None:
        self.said.append("dismiss")

    def hand_over(self) -> None:
        self.said.append("hand over")
