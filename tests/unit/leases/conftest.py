# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fakes of platforms that answer at once, and leases in a time of their own."""
from __future__ import annotations

from .lease_tasks import clock, task
from tests.fakes.quick import quick_fakes

__all__ = ["clock", "quick_fakes", "task"]
