# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the tests of watches."""
from __future__ import annotations

from ansible_collections.assay.clusters.tests.unit.kube.scripted import pauses, script, watch

__all__ = ["pauses", "script", "watch"]
