# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/pod_network.py and pod_network.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_pod_network
short_description: Prove that pods on every node reach pods on every other node
version_added: 1.0.0
description:
  - Asks from a pod on every node the pods on the others, over TCP with a small and a large body and over UDP. A large
    body finds a wrong MTU, which small ones pass. Where pods have addresses of two families, IPv4 and IPv6, both are
    asked.
  - Up to 30 nodes all pairs are asked, beyond that each node with six neighbours, zones with each other, and 300 pairs
    by chance.
  - Pools of nodes that are kept apart on purpose, as at the edge or in a DMZ, are proved each by itself with the option
    O(node_selector). The message names groups of nodes that reach only their own.
  - Where nothing passes between nodes, two more pods are started, each beside a probe, as two pods of one node need no
    network between nodes. Where they do not reach each other either, and NetworkPolicies are there, the check is
    inconclusive.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  slow_pair:
    description:
      - Warn when a small question to a pod takes longer than this (seconds).
      - At least 0.01.
      - Without it the variable C(network_check_slow_pair) of the host is used.
    type: float
    default: 1.0
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
- name: A stretched cluster may take longer
  assay.clusters.check_pod_network:
    kubeconfig: /etc/clusters/prod.kubeconfig
    slow_pair: 2
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.pod_network import PodNetwork
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(PodNetwork), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
