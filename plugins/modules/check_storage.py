# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/storage.py and storage.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_storage
short_description: Prove that storage is provisioned, kept, moved and removed
version_added: 1.0.0
description:
  - Claims a volume, writes to it from one pod, reads it from another, on another node if the volume can follow, and
    deletes the claim.
  - The volume must be gone after that. In a class that retains volumes ours is marked to be deleted as soon as it is
    bound; where we may not do that, it stays and is told.
  - Volumes that were there before the claim are somebody's and are never used. Where a claim would take one, nothing is
    claimed and the check is inconclusive.
  - A pod that others end before it is done, as who drains its node does, is made again, three times at most;
    C(writer_ended) and C(reader_ended) in the record say how it ended.
  - Without a default class it is inconclusive, too, and of several the newest is proved, as the cluster takes it. A
    cluster without any class is skipped.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  storage_class:
    description:
      - The StorageClass to prove; by default the one that the cluster gives to claims without a class.
      - Without it the variable C(storage_check_storage_class) of the host is used.
    type: str
  size:
    description:
      - How much to claim.
      - Without it the variable C(storage_check_size) of the host is used.
    type: str
    default: 1Gi
  access_mode:
    description:
      - The access mode of the claim.
      - Without it the variable C(storage_check_access_mode) of the host is used.
    type: str
    choices: [ReadWriteOnce, ReadWriteMany, ReadWriteOncePod]
    default: ReadWriteOnce
  provision_limit:
    description:
      - 'Seconds until a pod with the volume must have started: provisioning, attaching and mounting. Two pods, and the
        volume''s end, must fit into the limit of the run.'
      - From 5 to 1800.
      - Without it the variable C(storage_check_provision_limit) of the host is used.
    type: int
    default: 180
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
- name: The gp3 class provisions
  assay.clusters.check_storage:
    kubeconfig: /etc/clusters/prod.kubeconfig
    storage_class: gp3
    size: 4Gi
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.storage import Storage
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(Storage), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
