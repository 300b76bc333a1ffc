# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real Kubernetes cluster of several nodes on one machine, and ways to break and mend it."""
from .base import LabError
from .cluster import Lab

__all__ = ["Lab", "LabError"]
