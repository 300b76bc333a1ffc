# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: vm_snapshot_prune
short_description: Remove snapshots that are not needed any more
version_added: 1.1.0
description:
  - Removes snapshots of all machines of a cluster by number, age and name, children before their parents, and consolidates
    disks that want it.
  - Machines of the control plane are taken one after the other, as merging disks holds a machine up for a moment.
  - A snapshot that the disks of a machine stand on now is merged into them, so that no content is lost. That may take long
    and slows the machine down meanwhile. On AWS there are none of that kind.
options:
  keep:
    description:
      - How many of the newest that fit are kept on each machine. At least one of this, O(older_than_days) and O(pattern) is
        given.
    type: int
  older_than_days:
    description: Only snapshots that are older.
    type: float
  pattern:
    description: Only snapshots whose name fits, such as V(nightly-*).
    type: str
  ours_only:
    description:
      - Only snapshots that this collection took, told by their description. Backup software makes snapshots, too, and loses
        its own by this.
    type: bool
    default: true
  allow_current:
    description:
      - Whether snapshots that the disks stand on now may go. Their content is kept in the disks.
      - With V(false) they stay, which are all in a tree without branches, the usual one; where nothing of what should go can
        go, the task fails.
    type: bool
    default: true
  consolidate:
    description: Whether disks that want a consolidation get it.
    type: bool
    default: true
  cluster:
    description: With O(ours_only) only snapshots that were taken for this cluster.
    type: str
attributes:
  diff_mode:
    description: The names of the snapshots of each machine before and after.
    support: full
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.machines
  - assay.clusters.machines_aws
  - assay.clusters.machines_esxi
  - assay.clusters.snapshot
seealso:
  - module: assay.clusters.vm_snapshot_info
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: The last three of each night
  assay.clusters.vm_snapshot_prune:
    platform: vsphere
    hostname: vcenter.example.com
    username: assay@vsphere.local
    password: "{{ vcenter_password }}"
    folder: /dc1/vm/clusters
    pattern: nightly-*
    keep: 3

- name: What would go
  assay.clusters.vm_snapshot_prune:
    platform: aws
    region: eu-central-1
    tags:
      cluster: prod
    older_than_days: 30
  check_mode: true
  diff: true
"""

RETURN = r"""
removed:
  description: The snapshots that were removed; their size in bytes, -1 where the platform does not tell.
  returned: success
  type: list
  elements: dict
  sample:
    - machine: prod-n1
      id: snapshot-951
      name: nightly-0312
      size: 4096
consolidated:
  description: The machines whose disks were consolidated.
  returned: success
  type: list
  elements: str
consolidation_needed:
  description: The machines whose disks want a consolidation still, as a single ESXi host has no command for it.
  returned: success
  type: list
  elements: str
spared:
  description: Snapshots that should go and stay, as the disks of the machine stand on them and O(allow_current) is V(false).
  returned: success
  type: dict
  sample:
    prod-n1: [nightly-0315]
progress:
  description: The lines that were shown.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.machines import VM_SNAPSHOT_PRUNE
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.prune import prune
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(prune, VM_SNAPSHOT_PRUNE, required_one_of=(("keep", "older_than_days", "pattern"),))


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
