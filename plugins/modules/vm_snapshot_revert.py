# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: vm_snapshot_revert
short_description: All machines of a cluster back to one snapshot, and the cluster working again
version_added: 1.1.0
description:
  - Finds the snapshot on every machine by its exact name or id before anything is changed; what is absent or ambiguous is
    said with a list of what is there.
  - Powers all machines off, reverts them, and powers them on in order, with a pause and a limit on how many boot at once.
  - Then waits for guest tools, the API server and all Nodes, which must send heartbeats anew, and measures the clocks of the
    nodes.
  - Run again after an interruption, it does all of it anew.
options:
  snapshot_name:
    description: The exact name of the snapshot. Either this or O(snapshot_id) is given.
    type: str
  snapshot_id:
    description: The id of the snapshot, for a single machine, or on AWS for a set.
    type: str
  allow_memory:
    description: Whether a snapshot that includes memory may be used. The machine boots afresh all the same.
    type: bool
    default: false
  allow_mixed:
    description:
      - Whether snapshots of several sets may be used. Those of one name that were taken by different tasks, or by hand more
        than ten minutes apart, are refused, because the cluster would be of several moments.
    type: bool
    default: false
  allow_owned:
    description:
      - Whether machines may be reverted that somebody may replace meanwhile. A MachineHealthCheck of Cluster API or OpenShift,
        or a NodeHealthCheck, that is not paused deletes a machine whose node is not Ready for some minutes; Karpenter replaces
        an instance that is stopped. They are looked for where the cluster is named and answers and its user may read them, each
        is a line, and without this they are refused.
      - The health checks of a cluster that another one manages are there. With O(cluster_api) those of Cluster API are paused
        meanwhile, and resumed when all nodes are Ready again (V(nodes) of O(wait_for)); without it they are not looked at, so this
        has to be set, best when they are paused.
    type: bool
    default: false
  order:
    description: Which machines boot first.
    type: str
    default: control_plane_first
    choices: [control_plane_last, control_plane_first, as_given]
  power_on:
    description: Whether the machines are powered on; without it they are left off and nothing is waited for.
    type: bool
    default: true
  boot_delay:
    description:
      - Seconds between two machines that are powered on, of whichever group.
      - The older name O(pause) is deprecated. It goes in 3.0.0.
    type: float
    default: 5
    aliases: [pause]
  boot_at_once:
    description:
      - How many machines may boot at once; one that has guest tools boots until they run.
      - The workers wait until all of the control plane are up, and with O(order=as_given) each machine for the one before,
        unless O(wait_for) leaves V(tools) out.
    type: int
    default: 3
  wait_for:
    description:
      - What is waited for, in this order. Without it V(tools), and with a cluster (O(kubeconfig) or O(host)) all of them.
    type: list
    elements: str
    choices: [tools, api, nodes, clocks]
  clock_skew:
    description:
      - Seconds by which the clock of a node may differ from this machine's. V(0) is no bound; the figures are returned either
        way.
    type: float
    default: 5
  post_revert_command:
    description:
      - A program with its arguments that is run on the controller when the API server answers, before Nodes are waited for;
        for instance to set clocks. It finds the machines as JSON in E(ASSAY_MACHINES), and E(KUBECONFIG).
      - The older name O(fixup) is deprecated. It goes in 3.0.0.
    type: list
    elements: str
    default: []
    aliases: [fixup]
  disposable:
    description: Must be V(true), because what the cluster did since the snapshot was taken is lost.
    type: bool
    default: false
  cluster_id:
    description:
      - The UID of the namespace kube-system of the cluster. If the cluster behind the connection options answers and is another
        one, nothing is done. It is compared again when the API server is back.
    type: str
attributes:
  diff_mode:
    description: What each machine is and what it becomes.
    support: full
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.machines
  - assay.clusters.machines_aws
  - assay.clusters.machines_esxi
  - assay.clusters.snapshot
  - assay.clusters.snapshot_disks
  - assay.clusters.snapshot_management
  - assay.clusters.cluster
seealso:
  - module: assay.clusters.vm_snapshot
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Back to the golden snapshot, and wait until the cluster works
  assay.clusters.vm_snapshot_revert:
    platform: vsphere
    hostname: vcenter.example.com
    username: assay@vsphere.local
    password: "{{ vcenter_password }}"
    folder: /dc1/vm/clusters/ci
    snapshot_name: golden
    disposable: true
    kubeconfig: ~/ci.kubeconfig
    cluster_id: 0d3a2c55-0b7a-4f2e-9f5e-3a1e8a1f9c11
    boot_at_once: 2
    post_revert_command: [./set-clocks.sh]
  register: reverted
"""

RETURN = r"""
machines:
  description: The machines by name, each with the snapshot that it was reverted to, and its power before.
  returned: success
  type: list
  elements: dict
  sample:
    - name: ci-n1
      id: vm-42
      place: /dc1/vm/clusters/ci
      address: 192.0.2.11
      power: "on"
      snapshot: {id: snapshot-951, name: golden, memory: false}
nodes:
  description: The Nodes that are Ready, by heartbeats that came after the revert.
  returned: success
  type: list
  elements: dict
  sample:
    - name: ci-n1
      ready: true
skews:
  description: Seconds by which the clock of each Node is ahead of this machine's.
  returned: success
  type: dict
  sample:
    ci-n1: 0.2
cluster_id:
  description: The UID of the namespace kube-system, the identity of the cluster.
  returned: when the API server was waited for
  type: str
progress:
  description: The lines that were shown.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import LOG_IN
from ansible_collections.assay.clusters.plugins.module_utils.arguments.machines import VM_SNAPSHOT_REVERT
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.revert import entry
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(entry, VM_SNAPSHOT_REVERT, connects=True, apart=LOG_IN, required_one_of=(("snapshot_name", "snapshot_id"),),
            mutually_exclusive=(("snapshot_name", "snapshot_id"),))


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
