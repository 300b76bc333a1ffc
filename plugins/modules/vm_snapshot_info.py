# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: vm_snapshot_info
short_description: All snapshots of all machines of a cluster
version_added: 1.1.0
description:
  - Lists the whole tree of snapshots of each machine, all branches, with age, size, whether the disks stand on it, and whether
    it includes memory. On vSphere one call of the PropertyCollector reads all machines.
options:
  snapshot_name:
    description: Only snapshots of this name.
    type: str
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.machines
  - assay.clusters.machines_aws
  - assay.clusters.machines_esxi
seealso:
  - module: assay.clusters.vm_snapshot
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: What is there
  assay.clusters.vm_snapshot_info:
    platform: vsphere
    hostname: vcenter.example.com
    username: assay@vsphere.local
    password: "{{ vcenter_password }}"
    folder: /dc1/vm/clusters
  register: found

- name: Machines that stand on more than three snapshots
  ansible.builtin.debug:
    msg: "{{ found.machines | selectattr('depth', '>', 3) | map(attribute='name') }}"
"""

RETURN = r"""
machines:
  description:
    - The machines by name with their snapshots, parents before children, and on vSphere and ESXi with their disks. A disk tells
      whether it is of a PersistentVolume (C(volume)), and why no snapshot holds it (C(left_out)), nothing where one does.
  returned: success
  type: list
  elements: dict
  sample:
    - name: prod-n1
      id: vm-42
      uuid: 4210c5f8-7c54-3b1f-7d5b-2f4e1a0c7f31
      power: "on"
      tools: running
      place: /dc1/vm/clusters/prod
      address: 192.0.2.11
      datastores: [store1]
      provisioned: 107374182400
      used: 21474836480
      disks:
        - label: Hard disk 1
          file: "[store1] prod-n1/prod-n1.vmdk"
          id: ""
          size: 53687091200
          volume: false
          left_out: ""
      consolidation_needed: false
      depth: 1
      oldest_seconds: 86400
      snapshots:
        - id: snapshot-951
          name: golden
          created: "2026-11-20T07:30:40.133Z"
          age_seconds: 86400
          size: 4096
          memory: false
          quiesced: false
          current: true
          in_current_chain: true
          parent: ""
          description: assay.clusters cluster=prod set=k3v9x2q1
          set: k3v9x2q1
sets:
  description:
    - The sets that this collection took on these machines, oldest first, with the machines that lack them, and how far apart
      the first and the last snapshot are. Snapshots of others are in none.
  returned: success
  type: list
  elements: dict
  sample:
    - name: golden
      set: k3v9x2q1
      created: "2026-11-20T07:30:40.133Z"
      machines: [prod-n1, prod-n2]
      missing: []
      spread_seconds: 3.2
stores:
  description: The datastores of these machines; bytes.
  returned: success
  type: list
  elements: dict
  sample:
    - name: store1
      capacity: 1099511627776
      free: 549755813888
      uncommitted: 214748364800
round_trips:
  description: How many questions the platform was asked.
  returned: success
  type: int
  sample: 4
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.machines import VM_SNAPSHOT_INFO
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.info import info
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(info, VM_SNAPSHOT_INFO)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
