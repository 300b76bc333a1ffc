# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_lease
short_description: Exclusive use of a shared cluster
version_added: 1.1.0
description:
  - Takes, renews and releases the lease of a cluster that several pipelines share. Of all who contend at most one holds it.
  - A lease ends by itself when it is not renewed for O(duration), so a pipeline that crashed locks a cluster no longer
    than that; whoever comes next takes it over, and is told whose it was.
  - The lease is kept in the cluster, as an object of C(coordination.k8s.io/v1), or in a file for clusters that are being
    rebuilt or reverted, which would take their lease with them.
options:
  state:
    description:
      - With V(present) the lease is held by O(holder) afterwards. What it holds already is renewed, so that a pipeline
        that is resumed goes on.
      - With V(renewed) it is held for another O(duration); the task fails where O(holder) does not hold it any more.
      - With V(absent) it is not held by O(holder) any more. The lease of another stays.
    type: str
    default: present
    choices: [present, renewed, absent]
  holder:
    description:
      - Who holds the lease, for instance the address of the pipeline. It must be a name that nobody else uses, as whoever
        uses it is taken for the same.
    type: str
    required: true
  reason:
    description:
      - What the lease is for. It is told to those who wait.
    type: str
    default: ''
  duration:
    description:
      - Seconds after which the lease expires unless it is renewed, at least 2.
    type: float
    default: 900
  wait:
    description:
      - Whether to wait for a lease that another holds, for O(wait_timeout). Without it the task fails at once. The message
        says who holds it.
      - A number of seconds here is deprecated. It goes in 3.0.0.
    type: bool
    default: false
  wait_timeout:
    description:
      - With O(wait=true), the seconds after which the task fails all the same.
    type: float
    default: 3600
    version_added: 1.2.0
  heartbeat:
    description:
      - With O(state=present), whether a process on the controller renews the lease until it is released or the playbook
        ends. Without it, tasks with O(state=renewed) do that.
    type: bool
    default: false
  force:
    description:
      - With O(state=absent), whether a lease is released that another holds. The holder is not notified.
    type: bool
    default: false
  backend:
    description:
      - Where the lease is kept. All who contend must say the same.
      - In V(cluster) all times are the API server's, so those who contend need no common time. A cluster whose clock is
        being set wants V(file).
      - A V(file) may be on a network file system with locks; then the clocks of those who contend must agree to a second.
        A file with the same name and C(.lock) at its end is made beside it, and stays.
    type: str
    default: cluster
    choices: [cluster, file]
  name:
    description:
      - The name of the lease in the cluster.
    type: str
    default: assay
  namespace:
    description:
      - The namespace of the lease in the cluster. It must exist.
    type: str
    default: default
  path:
    description:
      - The file of the lease on the controller, with O(backend=file).
    type: path
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster
  - assay.clusters.cluster_login
seealso:
  - module: assay.clusters.cluster
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: The cluster is ours until the playbook ends, or two minutes after its controller died
  assay.clusters.cluster_lease:
    holder: "{{ lookup('ansible.builtin.env', 'CI_PIPELINE_URL') }}"
    duration: 120
    wait: true
    wait_timeout: 3600
    heartbeat: true

- name: One lease over a revert of the cluster's machines
  assay.clusters.cluster_lease:
    holder: nightly-{{ run_number }}
    backend: file
    path: /var/lib/leases/{{ inventory_hostname }}
    reason: nightly tests

- name: Free for the next one
  assay.clusters.cluster_lease:
    state: absent
    holder: nightly-{{ run_number }}
    backend: file
    path: /var/lib/leases/{{ inventory_hostname }}
"""

RETURN = r"""
held:
  description: Whether O(holder) holds the lease now.
  returned: success
  type: bool
lease:
  description: The lease as it is now, after a failure as it is held by another. RV(lease.holder) is empty where we do not
    hold it.
  returned: always, unless an option is wrong
  type: dict
  contains:
    holder:
      description: Who holds it.
      type: str
    reason:
      description: What for.
      type: str
    acquired:
      description: Since when, in UTC.
      type: str
      sample: "2026-11-21T02:34:40Z"
    renewed:
      description: When it was renewed last.
      type: str
    expires:
      description: When it expires if it is not renewed.
      type: str
    duration:
      description: Seconds from renewal to expiry.
      type: float
    takeovers:
      description: How often it went on to another after it had expired, since it was last free.
      type: int
before:
  description: The lease of another that was taken over, or released by force.
  returned: when it was another's
  type: dict
heartbeat:
  description: The number of the process on the controller that renews it.
  returned: with O(heartbeat)
  type: int
msg:
  description: One sentence on who holds it.
  returned: always
  type: str
  sample: >-
    the lease default/assay of https://10.0.0.1:6443 is held by nightly-118 (nightly tests) since 2026-11-21T02:34:40Z,
    renewed 12 s ago, expires in 108 s unless it is renewed; waited 60 min
progress:
  description: The lines that were shown.
  returned: when there were any
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER
from ansible_collections.assay.clusters.plugins.module_utils.arguments.flow import LEASE
from ansible_collections.assay.clusters.plugins.module_utils.leases.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(entry, {**CLUSTER, **LEASE}, required_if=(("backend", "file", ("path",)),), connects=True)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
