# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: What checks, and the platforms of a cluster, would lack
version_added: 1.1.0
description:
  - Connects, and tells in a line each what a run of the chosen checks would lack on this cluster. Nothing is made.
  - Of the cluster it asks the version, by SelfSubjectAccessReview every right of those that M(assay.clusters.rbac_info) would
    give, whether a run may make its namespace (by a dry run), or the given namespace with its Pod Security and quotas, and the
    events of pulls from the registries of the images.
  - Of the platforms it judges the options, and asks them for this cluster and its machines by their credentials. Of a
    platform that is a program on the controller, the program is looked for and not started.
  - The task fails where something is missing. Rights that checks do without, and what could not be asked for, are notes.
options:
  optional:
    description:
      - Which optional rights are asked for, as in M(assay.clusters.rbac_info).
    type: list
    elements: str
    default: [reads]
    choices: [reads, logs, kubelet_statistics, port_forward, prometheus, exec, retained_volumes, tls_secrets,
      edge_certificates, issued_secrets, audit_files, pull_secrets]
  platform:
    description:
      - What the cluster is made on. Without an address of a cluster, it is asked alone.
    type: str
    choices: [command, eks, rancher, konvoy, cluster_api]
  platform_settings:
    description:
      - Its settings, as the option of its name in M(assay.clusters.cluster).
    type: dict
    default: {}
  machines:
    description:
      - The machines of the cluster, and how their platform is reached, as the options of M(assay.clusters.vm_snapshot_info).
    type: dict
    default: {}
  ask:
    description:
      - Whether anybody is asked. With V(false) only the options of the platforms are judged.
    type: bool
    default: true
  gate:
    description:
      - Whether the task fails where something is missing.
    type: bool
    default: true
  timeout:
    description:
      - Seconds for all of it; who does not answer within them is told as that.
    type: float
    default: 5
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster
  - assay.clusters.cluster_login
  - assay.clusters.select
seealso:
  - module: assay.clusters.rbac_info
  - module: assay.clusters.validate
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: What the checks of names and storage would lack
  assay.clusters.preflight:
    domains: [dns, storage]

- name: Whether the options of a platform are right, without asking it
  assay.clusters.preflight:
    platform: rancher
    platform_settings: "{{ cluster_rancher }}"
    ask: false
"""

RETURN = r"""
missing:
  description: A line for each thing that is missing.
  returned: where the task does not fail
  type: list
  elements: str
  sample: ["permission: may not create, get, delete daemonsets.apps in the namespace assay-clusters"]
notes:
  description: A line for each optional right that is missing, and for what could not be asked.
  returned: where the task does not fail
  type: list
  elements: str
version:
  description: The version of the API server, empty where it was not asked.
  returned: where the task does not fail
  type: str
  sample: v1.34.1
permissions_asked:
  description: How many rights were asked for, 0 where that was not answered.
  returned: where the task does not fail
  type: int
complete:
  description: Whether all was asked. Where it is V(false), RV(notes) say what was not, and why.
  returned: where the task does not fail
  type: bool
seconds:
  description: How long it took.
  returned: where the task does not fail
  type: float
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER, SELECT
from ansible_collections.assay.clusters.plugins.module_utils.arguments.preflight import PREFLIGHT
from ansible_collections.assay.clusters.plugins.module_utils.module import declare


def main() -> None:
    declare({**CLUSTER, **SELECT, **PREFLIGHT})


if __name__ == "__main__":
    main()
