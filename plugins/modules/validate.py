# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: validate
short_description: Prove that a cluster works, with many checks at once
version_added: 1.0.0
description:
  - Runs the chosen checks on the cluster of this host, all at the same time, and shows a line for each as it ends.
  - For what failed, evidence is collected once and the causes are named, with the evidence, a remedy and the next
    command.
  - The options of the checks come from variables of the host, C(<domain>_check_<option>), for instance
    C(dns_check_external_name). The modules of the checks and the roles of the domains document them.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed. What a
    run leaves that was killed, the next run or M(assay.clusters.sweep) removes.
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster
  - assay.clusters.cluster_login
  - assay.clusters.run
  - assay.clusters.select
seealso:
  - module: assay.clusters.report
  - module: assay.clusters.rbac_info
  - module: assay.clusters.sweep
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Every check on every cluster of the inventory
  hosts: clusters
  gather_facts: false
  connection: local
  tasks:
    - name: Prove the cluster
      assay.clusters.validate:

- name: After a change of the network
  hosts: clusters
  gather_facts: false
  connection: local
  vars:
    dns_check_external_name: www.example.com
  tasks:
    - name: Prove network and DNS, and keep the results
      assay.clusters.validate:
        domains: [network, dns]
        results_dir: ./results

- name: What would be done, with which permissions and images
  hosts: clusters
  gather_facts: false
  connection: local
  tasks:
    - name: Plan
      assay.clusters.validate:
      check_mode: true
      register: planned
"""

RETURN = r"""
run:
  description: The run on this cluster.
  returned: when the task does not fail, outside check mode
  type: dict
  contains:
    cluster:
      description: The name of the host.
      type: str
    run_id:
      description: The identity of the run, in labels and names of all that it made.
      type: str
    server:
      description: The address of the API server.
      type: str
    version:
      description: The version of the API server.
      type: str
    uid:
      description: The uid of the namespace C(kube-system), which no two clusters share.
      type: str
    started:
      description: When the run began, in ISO 8601 and UTC.
      type: str
    seconds:
      description: How long it took, with the clean-up.
      type: float
    verdict:
      description: The worst verdict of the records; failed, inconclusive, warned, passed, skipped.
      type: str
    counts:
      description: How many records have each verdict.
      type: dict
    records:
      description: One record for each check, with verdict, message, cause, scope, evidence, remedy and measurements.
      type: list
      elements: dict
    leftovers:
      description: What could not be removed, and what holds it.
      type: list
      elements: str
    transport:
      description: How pods were asked.
      type: str
    probes:
      description: Which nodes were asked, which were left out and why, and seconds until the probes were ready.
      type: dict
    notes:
      description: What is to be known beside the verdicts.
      type: list
      elements: str
    requests:
      description: How many requests were sent to the API server.
      type: int
    connections:
      description: How many connections were opened for them.
      type: int
    journal:
      description: The journal of the run on the controller, which is in the results folder when the clean-up is done.
      type: str
path:
  description: Where the run was stored, empty without O(results_dir).
  returned: when the task does not fail, outside check mode
  type: str
msg:
  description: One sentence with counts and causes; when the task fails because of checks, followed by the summary.
  returned: outside check mode
  type: str
  sample: 'c1: 6 checks passed'
verdict:
  description: The worst verdict.
  returned: when the task fails because of checks
  type: str
  sample: failed
counts:
  description: How many records have each verdict.
  returned: when the task fails because of checks
  type: dict
plan:
  description: What would be done.
  returned: in check mode
  type: dict
  contains:
    checks:
      description: The checks with options, expected seconds and limit.
      type: list
      elements: dict
    permissions:
      description: What is asked of the API.
      type: list
      elements: dict
    images:
      description: The references of the images by their logical names.
      type: dict
    objects:
      description: The kinds of objects that are made.
      type: list
      elements: str
    limits:
      description: Seconds for the whole run, and how many requests are under way at once.
      type: dict
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER, RUN, SELECT
from ansible_collections.assay.clusters.plugins.module_utils.module import declare


def main() -> None:
    declare({**CLUSTER, **RUN, **SELECT})


if __name__ == "__main__":
    main()
