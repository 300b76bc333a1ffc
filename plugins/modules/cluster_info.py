# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: The clusters that a platform has
version_added: 1.1.0
description:
  - Lists clusters with their states in the platform's own words, their versions and sizes, the runs that they were made
    for, and whether they are forgotten. Nothing is changed.
options:
  name:
    description: Only the cluster of this name; with O(run_id) without run and expiry.
    type: str
  run_id:
    description: Only clusters of this run.
    type: str
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster_platform
  - assay.clusters.cluster_platform_cluster_api
  - assay.clusters.cluster_platform_command
  - assay.clusters.cluster_platform_eks
  - assay.clusters.cluster_platform_konvoy
  - assay.clusters.cluster_platform_rancher
seealso:
  - module: assay.clusters.cluster
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: All clusters of the lab
  assay.clusters.cluster_info:
    platform: command
    command: "{{ lab }}"
  register: found

- name: Those that somebody forgot
  ansible.builtin.debug:
    msg: "{{ found.clusters | selectattr('expired') | map(attribute='name') }}"
"""

RETURN = r"""
clusters:
  description: The clusters, by name; each as M(assay.clusters.cluster) returns it.
  returned: success
  type: list
  elements: dict
  sample:
    - name: ci-3f9a1c07-x26112106
      id: c-m-7xk2vq9d
      state: active
      phase: ready
      version: v1.31.4+rke2r1
      nodes: 3
      run_id: 3f9a1c07
      expires: "2026-11-21T05:12:33Z"
      expired: false
      ours: true
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.platforms import CLUSTER_PLATFORM
from ansible_collections.assay.clusters.plugins.module_utils.clusters.flow.job import info
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(info, {"name": {"type": "str"}, "run_id": {"type": "str"}, **CLUSTER_PLATFORM},
            required_if=tuple(("platform", p, (p,)) for p in CLUSTER_PLATFORM["platform"]["choices"]))


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
