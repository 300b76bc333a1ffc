# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fakes of platforms that answer at once."""
from __future__ import annotations

from tests.fakes.quick import quick_fakes

__all__ = ["quick_fakes"]
