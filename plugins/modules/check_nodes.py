# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/nodes.py and nodes.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_nodes
short_description: Prove that every node is ready and starts pods
version_added: 1.0.0
description:
  - Reads the state of all nodes, whether they are Ready, report in time by a right clock, have no pressure and fit the
    version of the API server. A trouble counts when a second look shows it again, 12 seconds later, and a minute later
    on a node that has registered within the last five.
  - Then starts a pod on every node that takes pods. A node without room, or one that still pulls, is inconclusive.
  - Asks the kubelets through the API server, as C(kubectl logs) does.
  - Nodes that join, leave, or are virtual are told and not judged.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  expected:
    description:
      - How many nodes the cluster must have; virtual ones do not count.
      - At least 1.
      - Without it the variable C(nodes_check_expected) of the host is used.
    type: int
  allow_cordoned:
    description:
      - Accept nodes that are cordoned (C(kubectl cordon)); they are still tested. Otherwise a cordon fails, and warns
        where an autoscaler or an upgrade that marks the node is seen at work.
      - Without it the variable C(nodes_check_allow_cordoned) of the host is used.
    type: bool
    default: false
  min_free_disk:
    description:
      - Warn when less than this percentage of a node's disk or inodes is free.
      - From 0 to 100.
      - Without it the variable C(nodes_check_min_free_disk) of the host is used.
    type: int
    default: 15
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster
  - assay.clusters.cluster_login
  - assay.clusters.run
seealso:
  - module: assay.clusters.validate
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: All five nodes are there, one may be cordoned
  assay.clusters.check_nodes:
    kubeconfig: /etc/clusters/prod.kubeconfig
    expected: 5
    allow_cordoned: true
"""

RETURN = r"""
run:
  description: The run on this cluster, with the record of the check. M(assay.clusters.validate) tells its keys.
  returned: when the task does not fail, outside check mode
  type: dict
msg:
  description: One sentence with counts and causes; when the check failed, followed by the summary.
  returned: outside check mode
  type: str
  sample: 'c1: 1 check passed'
verdict:
  description: The verdict of the check.
  returned: when the task fails because of the check
  type: str
  sample: failed
plan:
  description: The checks with their options and limits, permissions, images and objects.
  returned: in check mode
  type: dict
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER, RUN
from ansible_collections.assay.clusters.plugins.module_utils.checks.nodes import Nodes
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(Nodes), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
