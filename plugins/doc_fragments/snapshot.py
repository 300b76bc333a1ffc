# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which machines are the control plane: arguments.SNAPSHOT_ORDER, documented."""
from __future__ import annotations


class ModuleDocFragment:
    """Read by ansible-doc."""

    DOCUMENTATION = r"""
options:
  control_plane:
    description:
      - Names of the machines of the control plane, or patterns such as V(prod-cp*).
      - "Without it the usual names: with control plane, controlplane or master in them, or ending in -cp, -cp1."
    type: list
    elements: str
    default: []
"""
