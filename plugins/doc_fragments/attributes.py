# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of what every module of this collection supports."""
from __future__ import annotations


class ModuleDocFragment:
    """Attributes: of modules that plan in check mode, and of those that only read."""

    DOCUMENTATION = r"""
attributes:
  action:
    description: The work is done by an action plugin on the controller.
    support: full
  check_mode:
    description: Nothing is made or changed in check mode; what would be done is returned.
    support: full
  diff_mode:
    description: There is nothing to show a difference of.
    support: none
"""
