# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the choice of checks: the twin of SELECT in module_utils/arguments/cluster.py."""
from __future__ import annotations


class ModuleDocFragment:
    """Which checks."""

    DOCUMENTATION = r"""
options:
  checks:
    description:
      - The names of the checks, for instance V(dns). Without it and without O(domains) all checks are taken.
    type: list
    elements: str
    default: []
  domains:
    description:
      - The domains whose checks are taken, V(control_plane), V(nodes), V(machines), V(network), V(load_balancing),
        V(dns), V(certificates), V(storage), V(observability) or V(scaling).
    type: list
    elements: str
    default: []
  exclude:
    description:
      - The names of checks to leave out.
    type: list
    elements: str
    default: []
  check_paths:
    description:
      - Folders on the controller with checks of your own, one file each.
    type: list
    elements: path
    default: []
"""
