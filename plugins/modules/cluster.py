# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster
short_description: Make, change and dispose of a cluster
version_added: 1.1.0
description:
  - Makes a cluster on its platform, waits until its nodes are Ready and writes a kubeconfig; changes its size and
    version; disposes of it. Doing the same again changes nothing.
  - What fails is told in the words of the platform, with its events and log, and what was made can be disposed of by the
    same name.
  - A cluster is ready when all nodes are that its API server has. O(nodes) is compared with what the platform says of the
    pools that it resizes.
  - One answer of the platform that does not come, or is an error that passes, ends nothing. What may be asked twice is asked
    again until O(timeout).
options:
  name:
    description:
      - The name of the cluster.
      - With O(run_id) the cluster is called C(name-run-xYYMMDDHH), so that what is left of a run is known by its name, and
        after which hour (UTC) anybody may delete it. It is found by O(name) and O(run_id).
    type: str
    required: true
  state:
    description: Whether there is such a cluster.
    type: str
    default: present
    choices: [present, absent]
  version:
    description:
      - The version of Kubernetes, as V(1.31) or as exact as the platform knows it. Without it the platform chooses, and
        what is there stays.
    type: str
  nodes:
    description:
      - The number of nodes without those of the control plane. Without it the platform chooses, and what is there stays.
    type: int
  run_id:
    description: The run that the cluster is for, up to 16 small letters and digits.
    type: str
  lifetime:
    description: Seconds after which the cluster counts as forgotten. M(assay.clusters.cluster_info) tells it, nothing deletes it.
    type: int
    default: 86400
  kubeconfig:
    description:
      - A file for the kubeconfig, readable for its owner only. It is left alone while it leads to the cluster, and removed
        with the cluster. A file that holds several clusters is refused.
    type: path
  return_kubeconfig:
    description:
      - Whether RV(kubeconfig) is returned. It is a key for an administrator, so set C(no_log) for the task then.
      - Without it and O(kubeconfig) no kubeconfig is made.
    type: bool
    default: false
    version_added: 1.2.0
  cluster_id:
    description:
      - The RV(cluster.id) or RV(cluster.uid) that the cluster has. It is compared before anything is deleted or changed.
      - The uid that was noted when the cluster was made, and the cluster behind O(kubeconfig), are always compared.
    type: str
  disposable:
    description: Whether the cluster may be deleted. Inventories say it with C(cluster_disposable).
    type: bool
    default: false
  adopt:
    description: Whether a cluster of this name that something else made is meant.
    type: bool
    default: false
  wait:
    description: Whether to wait for the end of what was begun. Without it no kubeconfig is made.
    type: bool
    default: true
  wait_until:
    description:
      - V(platform) waits until the platform calls the cluster ready, V(api) until its API server answers, too, V(nodes)
        until all nodes are Ready, too.
    type: str
    default: nodes
    choices: [platform, api, nodes]
  timeout:
    description: Seconds for everything.
    type: int
    default: 3600
  wait_sleep:
    description:
      - Seconds between two looks.
      - The older name O(poll) is deprecated. It goes in 3.0.0.
    type: float
    default: 5
    aliases: [poll]
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster_platform
  - assay.clusters.cluster_platform_cluster_api
  - assay.clusters.cluster_platform_command
  - assay.clusters.cluster_platform_eks
  - assay.clusters.cluster_platform_konvoy
  - assay.clusters.cluster_platform_rancher
attributes:
  diff_mode:
    description: Version and size before and after.
    support: full
seealso:
  - module: assay.clusters.cluster_info
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: A cluster for this run, by kops
  assay.clusters.cluster:
    name: ci.k8s.example.com
    run_id: "{{ run_id }}"
    platform: command
    version: "1.31"
    nodes: 3
    kubeconfig: "{{ workdir }}/ci.kubeconfig"
    command:
      workdir: "{{ workdir }}"
      environment:
        KOPS_STATE_STORE: s3://example-kops-state
      create:
        - [kops, create, cluster, "--name={name}", "--kubernetes-version={version}", "--node-count={nodes}",
           --zones=eu-central-1a, "--yes"]
        - [kops, validate, cluster, "--name={name}", --wait=20m]
      kubeconfig: [kops, export, kubeconfig, "--name={name}", "--kubeconfig={kubeconfig}", --admin]
      delete: [kops, delete, cluster, "--name={name}", "--yes"]
      list: [kops, get, clusters, -o, json]
  register: made

- name: And its end
  assay.clusters.cluster:
    name: ci.k8s.example.com
    run_id: "{{ run_id }}"
    state: absent
    disposable: "{{ cluster_disposable | default(false) }}"
    cluster_id: "{{ made.cluster.uid }}"
    platform: command
    command: "{{ kops }}"
"""

RETURN = r"""
cluster:
  description: The cluster. After a failure, as it was last seen.
  returned: always
  type: dict
  contains:
    name:
      description: Its full name.
      type: str
    id:
      description: What the platform knows it by.
      type: str
    uid:
      description: The uid of its namespace kube-system, which is the same whatever way leads to the cluster.
      type: str
    state:
      description: The state in the platform's own word, C(absent) where there is none.
      type: str
    phase:
      description: What it means. One of C(creating), C(ready), C(updating), C(deleting), C(failed), C(absent).
      type: str
    message:
      description: What the platform says to it.
      type: str
    version:
      description: The version of Kubernetes.
      type: str
    nodes:
      description:
        - The number of nodes in the pools that O(nodes) is for, as the platform counts them, else that of the API server's
          nodes outside of the control plane, -1 where nobody tells.
      type: int
    expires:
      description: The time in UTC after which it counts as forgotten.
      type: str
    expired:
      description: Whether that time is over.
      type: bool
    run_id:
      description: The run that it was made for.
      type: str
    ours:
      description: Whether this module made it.
      type: bool
kubeconfig:
  description: The content of a kubeconfig for an administrator.
  returned: when O(return_kubeconfig=true), O(state=present) and O(wait=true), not in check mode
  type: str
kubeconfig_path:
  description: Where a kubeconfig was written, if anywhere.
  returned: when O(state=present) and O(wait=true), not in check mode
  type: str
events:
  description: What the platform tells of a failure, oldest first.
  returned: failure, after something was begun
  type: list
  elements: str
log:
  description: The last lines of the platform's log.
  returned: failure, after something was begun
  type: list
  elements: str
progress:
  description: The lines that were shown.
  returned: when there were any
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.platforms import CLUSTER_PLATFORM, CLUSTER_WANTED
from ansible_collections.assay.clusters.plugins.module_utils.clusters.flow.job import ensure
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(ensure, {**CLUSTER_WANTED, **CLUSTER_PLATFORM},
            required_if=tuple(("platform", p, (p,)) for p in CLUSTER_PLATFORM["platform"]["choices"]),
            keep=("kubeconfig",))


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
