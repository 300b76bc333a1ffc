# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/zonal_stateful_set.py and zonal_stateful_set.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_zonal_stateful_set
short_description: Prove that a StatefulSet over zones keeps its volumes
version_added: 1.2.0
description:
  - Makes a StatefulSet with a pod in every zone that has nodes for it, each with a volume of its own. Every volume must
    be in its pod's zone, and hold what its pod wrote, after the pod was deleted and after it went to another node.
  - Proved are the StorageClasses that are named, else the default class of the cluster and others whose driver makes
    volumes that live in a zone. One after another, so that a node needs room for one volume more.
  - No node is cordoned. A pod leaves its node as its own affinity forbids that; in a zone with one node alone it stays,
    and that is told.
  - Virtual nodes, those of other systems, cordoned and tainted ones are left out and told. Without two zones, or
    without such a class, the check is skipped.
  - Claims never take a volume that was there before. In a class that retains volumes ours are marked to be deleted.
  - At the end pods go, then the attachments of their volumes, then claims, then volumes; each must be gone.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  zonal_classes:
    description:
      - The StorageClasses to prove; by default the cluster's default class and others whose volumes live in a zone,
        three at most.
      - Without it the variable C(storage_check_zonal_classes) of the host is used.
    type: list
    elements: str
  zonal_size:
    description:
      - How much each pod claims.
      - Without it the variable C(storage_check_zonal_size) of the host is used.
    type: str
    default: 1Gi
  zonal_limit:
    description:
      - 'Seconds that each of these may take: all pods with their volumes start, all start again, a volume is detached,
        a volume is deleted.'
      - From 10 to 1800.
      - Without it the variable C(storage_check_zonal_limit) of the host is used.
    type: int
    default: 300
  zonal_provider:
    description:
      - 'Where volumes are looked for beside the cluster: C(aws) asks EC2 whether each is in the zone of its pod, and
        gone at the end. Keys are those that boto3 finds, as E(AWS_ACCESS_KEY_ID).'
      - Without it the variable C(storage_check_zonal_provider) of the host is used.
    type: str
    choices: [aws]
  zonal_provider_region:
    description:
      - The region of C(aws). Without it E(AWS_REGION), then the profile.
      - Without it the variable C(storage_check_zonal_provider_region) of the host is used.
    type: str
  zonal_provider_profile:
    description:
      - A profile of the AWS configuration, in place of keys of the environment.
      - Without it the variable C(storage_check_zonal_provider_profile) of the host is used.
    type: str
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
- name: Volumes of gp3 follow their pods through the zones
  assay.clusters.check_zonal_stateful_set:
    kubeconfig: /etc/clusters/prod.kubeconfig
    zonal_classes: [gp3]
    zonal_size: 4Gi
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.zonal_stateful_set import ZonalStatefulSet
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(ZonalStatefulSet), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
