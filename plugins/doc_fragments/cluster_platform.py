# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the platforms of clusters: each has a fragment of its own beside this, and the twin of all is CLUSTER_PLATFORM
in module_utils/arguments/platforms.py."""
from __future__ import annotations


class ModuleDocFragment:
    """What clusters come from."""

    DOCUMENTATION = r"""
options:
  platform:
    description: What the cluster comes from. Its settings are in the option of the same name.
    type: str
    required: true
    choices: [command, eks, rancher, konvoy, cluster_api]
"""
