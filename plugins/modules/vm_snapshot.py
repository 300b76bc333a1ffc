# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: vm_snapshot
short_description: Snapshots of all machines of a cluster, or of none
version_added: 1.1.0
description:
  - Takes one snapshot of each machine, or removes it. The machines of a cluster are one set, so when one fails, what was
    taken of the others is removed again. When the playbook is interrupted or killed meanwhile, a process that outlives it
    does that, and watches for ten minutes (with memory or quiesced for thirty) for what the platform had begun. It does so as
    well where an answer of the platform was lost, so that it is not known whether a snapshot is made, and where one could not
    be removed.
  - Where the control plane has several members that run, all machines are shut down by their guests for the set and powered on
    again afterwards, in order. See O(state_before).
  - Memory is left out unless it is asked for, because a snapshot with memory revives old processes.
  - Before anything is taken, the room on each datastore is looked at, with what thin disks and older snapshots may still
    grow by, and too little is refused with the numbers.
  - A set that is there already is left as it is. Snapshots of the name that belong to different sets, told by a mark in their
    descriptions, or that were made by hand more than ten minutes apart, are no set.
options:
  state:
    description: Whether the snapshots are to be there.
    type: str
    default: present
    choices: [present, absent]
  snapshot_name:
    description: The name of the snapshots.
    type: str
    required: true
  description:
    description: Words for the description; the cluster, the run and the creator are added.
    type: str
    default: ""
  memory_dump:
    description: Whether the memory is included; a revert to such a snapshot has to be allowed.
    type: bool
    default: false
  quiesce:
    description:
      - Whether the guest's file systems are quiesced, which needs guest tools that run. That is looked at before, and a set of
        which a machine was not quiesced is removed again. Machines that are off are quiet anyhow.
    type: bool
    default: false
  quiesce_timeout:
    description:
      - Minutes that a guest of vSphere may take to quiesce, from 5 to 240. Without it what the vCenter takes for right.
    type: int
  state_before:
    description:
      - What the machines are to be when their snapshots are taken. Those that were on are on again afterwards, also when it
        fails; when the playbook is killed meanwhile, a process that outlives it powers them on.
      - V(shutdown) has the guests of all machines that run shut down, workers first, takes the set, and powers on, the control
        plane first. It needs guest tools that run, on AWS none. The cluster is away for some minutes, in which the health checks
        of Cluster API leave its machines alone where O(cluster_api) is given.
      - V(as_is) takes machines that run as they are. What is in their disks then is what is there after a power cut, of one
        machine at one moment and of another at another.
      - Without it V(shutdown) where the control plane has more than one member that runs, because what the members of etcd
        wrote at different moments may fit no cluster; else, and with O(memory_dump), V(as_is).
    type: str
    choices: [shutdown, as_is]
  state_change_timeout:
    description: Seconds for the guest of a machine to shut down; all are powered on again when one takes longer.
    type: float
    default: 300
  order:
    description:
      - Which machines come first. Those of one group are taken at once, O(parallel) at a time, and those of a control plane all
        at once. Removed are those of a control plane one after the other, as it holds a machine up for a moment.
    type: str
    default: control_plane_last
    choices: [control_plane_last, control_plane_first, as_given]
  max_spread_seconds:
    description:
      - Seconds that the first and the last snapshot of the set may be apart, by the platform's clock. A set that took longer
        is removed again. V(0) is no bound; the figure is returned either way.
      - Without it, members of a control plane that run may be 10 seconds apart, and nothing else is bound.
      - The older name O(within) is deprecated. It goes in 3.0.0.
    type: float
    aliases: [within]
  free_percent:
    description: How much of each datastore must be left after the growth that is expected.
    type: float
    default: 10
  growth_percent:
    description:
      - How much of what the new snapshots, older ones and thin disks may grow by is expected. V(100) is the worst case.
    type: float
    default: 10
  max_depth:
    description: How many snapshots the disks of a machine may stand on; V(0) is no limit.
    type: int
    default: 3
  max_age_days:
    description: How old the oldest snapshot of a machine may be when a new one is taken; V(0) is no limit.
    type: float
    default: 0
  wait:
    description:
      - On AWS a snapshot is of the moment at which it is asked for, and is copied afterwards, for a first one in hours. With
        V(true) this waits until all of the set are copied, within O(timeout); the set stays when the time is up. With V(false)
        it ends as soon as all are taken. A revert to one that is still copied is refused.
      - All machines are asked at once there, whatever O(parallel) and O(order) say.
    type: bool
    default: true
  on_incomplete:
    description:
      - What to do when some machines have a snapshot of this name and others have not, as after an interruption, or when those
        that are there are of different sets.
        V(replace) removes those that are there and takes the whole set anew.
      - The older name O(incomplete) is deprecated. It goes in 3.0.0.
    type: str
    default: refuse
    choices: [refuse, replace]
    aliases: [incomplete]
  remove_children:
    description: With O(state=absent) whether the snapshots below go, too.
    type: bool
    default: false
  cluster:
    description: The name of the cluster, for the descriptions of snapshots.
    type: str
  run_id:
    description: The run that takes them, for the descriptions of snapshots.
    type: str
  creator:
    description: Who takes them, for the descriptions of snapshots; without it the user and the host.
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
  - assay.clusters.snapshot_disks
  - assay.clusters.snapshot_management
seealso:
  - module: assay.clusters.vm_snapshot_revert
  - module: assay.clusters.vm_snapshot_info
  - module: assay.clusters.vm_snapshot_prune
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: A clean point before the change
  assay.clusters.vm_snapshot:
    platform: vsphere
    hostname: vcenter.example.com
    username: assay@vsphere.local
    password: "{{ vcenter_password }}"
    folder: /dc1/vm/clusters/prod
    cluster: prod
    snapshot_name: before-1.36

- name: The same of a cluster that must go on running
  assay.clusters.vm_snapshot:
    platform: vsphere
    hostname: vcenter.example.com
    username: assay@vsphere.local
    password: "{{ vcenter_password }}"
    folder: /dc1/vm/clusters/prod
    cluster: prod
    snapshot_name: before-1.36
    state_before: as_is
    quiesce: true

- name: The same for one ESXi host by ssh
  assay.clusters.vm_snapshot:
    platform: esxi
    hostname: esx1.example.com
    username: root
    ssh_key_file: ~/.ssh/esxi
    names: [prod-cp1, prod-n1, prod-n2]
    snapshot_name: golden

- name: Gone again
  assay.clusters.vm_snapshot:
    platform: aws
    region: eu-central-1
    tags:
      cluster: prod
    snapshot_name: golden
    state: absent
"""

RETURN = r"""
machines:
  description: The machines by name, each with its snapshot of this name.
  returned: success
  type: list
  elements: dict
  sample:
    - name: prod-n1
      id: vm-42
      place: /dc1/vm/clusters/prod
      power: "on"
      snapshot:
        id: snapshot-951
        name: before-1.36
        created: "2026-11-21T07:30:40.133Z"
        memory: false
        quiesced: false
        current: true
        parent: ""
        size: 4096
        description: assay.clusters cluster=prod owner=ci.runner1
spread_seconds:
  description: How far apart the first and the last snapshot of the set were taken, by the platform's clock.
  returned: with O(state=present), not in check mode
  type: float
  sample: 3.2
stores:
  description: The datastores with what is free, what is expected to grow, and what is left then; bytes.
  returned: when snapshots are taken
  type: list
  elements: dict
  sample:
    - name: store1
      capacity: 1099511627776
      free: 549755813888
      uncommitted: 214748364800
      machines: 3
      growth: 32212254720
      thin_growth: 21474836480
      memory: 0
      snapshots: 0
      left: 496068722688
shut_down:
  description: The machines that are shut down for the set and powered on again.
  returned: when snapshots are taken
  type: list
  elements: str
removed:
  description: The machines whose snapshots were removed.
  returned: with O(state=absent)
  type: list
  elements: str
consolidated:
  description: The machines whose disks wanted a consolidation when their snapshots were removed, and got it.
  returned: with O(state=absent)
  type: list
  elements: str
consolidation_needed:
  description:
    - The machines whose disks want a consolidation still, as on a single ESXi host, whose shell has no command for it. Those
      whose snapshots are removed on vSphere are consolidated.
  returned: with O(state=absent)
  type: list
  elements: str
would:
  description: What would be taken and removed.
  returned: in check mode
  type: dict
progress:
  description: The lines that were shown.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.machines import VM_SNAPSHOT
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.take import entry
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(entry, VM_SNAPSHOT)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
