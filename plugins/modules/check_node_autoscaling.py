# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/node_autoscaling.py and node_autoscaling.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_node_autoscaling
short_description: Prove that the autoscaler adds a node and takes it away
version_added: 1.2.0
description:
  - Makes one small pod that fits on no node that is there. A node must come for it, become Ready, pull the image, reach
    pods of other nodes and be reached by them, and resolve names. Then the pod is deleted, and the node must go.
  - The pod takes nobody's place. It asks for little, and stands apart from tiny pods that are put on every node where
    it could go, 200 at most; so no room is used up, nobody is preempted, and pods that hold room for others
    (overprovisioning) do not count. Where it is ended before it has served, as by a taint of a node that has just come,
    it is made again, three times at most; C(seeker_ended) in the record says how it ended.
  - Nodes cost money, so that it is skipped without O(allow). One node comes, or one for each group in O(node_groups);
    never more.
  - Karpenter is found by its NodePools, also where a cloud runs it (EKS Auto Mode, AKS); the Cluster Autoscaler by its
    Deployment or by its status in kube-system, which managed ones write, too. Any other one is named by O(autoscaler).
  - Runs alone, after all other checks. No node is deleted by it. Where a node stays it says what holds it; where others
    use it by then, nothing is claimed.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  allow:
    description:
      - 'Whether nodes may be added for the proof: they cost money. Without it the check is skipped.'
      - Without it the variable C(scaling_check_allow) of the host is used.
    type: bool
    default: false
  node_groups:
    description:
      - 'The groups of nodes to prove, one node more in each: a NodePool or node group by its name, or C(LABEL=VALUE) as
        its nodes have it. By default one node of any group comes.'
      - Without it the variable C(scaling_check_node_groups) of the host is used.
    type: list
    elements: str
    default: []
  autoscaler:
    description:
      - Who adds nodes. C(auto) finds Karpenter by its NodePools, the Cluster Autoscaler by its Deployment or its status
        in kube-system; C(other) is one that shows neither.
      - Without it the variable C(scaling_check_autoscaler) of the host is used.
    type: str
    choices: [auto, karpenter, cluster_autoscaler, other]
    default: auto
  requests:
    description:
      - What our pod requests, where a new node of the group has no room for C(50m) CPU and C(64Mi) of memory beside its
        DaemonSets.
      - Without it the variable C(scaling_check_requests) of the host is used.
    type: dict
    default: {}
  trigger_limit:
    description:
      - Seconds until the autoscaler must say that a node comes.
      - From 10 to 3600.
      - Without it the variable C(scaling_check_trigger_limit) of the host is used.
    type: int
    default: 180
  up_expected:
    description:
      - Warn when our pod runs on a new node later than after these seconds.
      - At least 1.
      - Without it the variable C(scaling_check_up_expected) of the host is used.
    type: int
    default: 300
  up_limit:
    description:
      - Seconds until our pod must run on a new node.
      - From 10 to 7200.
      - Without it the variable C(scaling_check_up_limit) of the host is used.
    type: int
    default: 900
  down_expected:
    description:
      - Warn when the node is gone later than these seconds after the pod. The Cluster Autoscaler waits 10 minutes after
        it added a node, and 10 more of no use.
      - At least 1.
      - Without it the variable C(scaling_check_down_expected) of the host is used.
    type: int
    default: 1300
  down_limit:
    description:
      - Seconds until the node must be gone after the pod.
      - From 10 to 14400.
      - Without it the variable C(scaling_check_down_limit) of the host is used.
    type: int
    default: 1800
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
- name: One node more, and away again
  assay.clusters.check_node_autoscaling:
    kubeconfig: /etc/clusters/prod.kubeconfig
    allow: true
    node_groups: [default]
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.node_autoscaling import NodeAutoscaling
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(NodeAutoscaling), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
