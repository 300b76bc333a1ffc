# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check is: data about itself, and a sequence of named steps."""
from __future__ import annotations

from abc import ABC, abstractmethod

from .context import Context
from .declared import Declared


class Check(Declared, ABC):
    """One feature proved from the user's side. One subclass per file in checks/, instantiated per run."""

    def applies(self, ctx: Context) -> str:
        """Why the check does not apply to this cluster; an empty string when it does."""
        return ""

    @abstractmethod
    def run(self, ctx: Context) -> None:
        """Make the steps; return when all claims are met, raise StepFailed or Inconclusive otherwise."""
