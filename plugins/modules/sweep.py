# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: sweep
short_description: Remove what runs left that were killed
version_added: 1.0.0
description:
  - Finishes the clean-up of runs whose process on this controller is gone, by their journals, and of runs of any
    controller that have expired, by the labels of what they made.
  - Every run does this, too. Objects of others and of runs that live are never touched, and no finalizer is removed.
options:
  journal_dir:
    description:
      - The folder of the journals, the same that the runs got.
    type: path
  everything:
    description:
      - Also remove what belongs to runs that have not expired. They may be alive, on another controller.
    type: bool
    default: false
  namespace:
    description:
      - An existing namespace that runs are given to work in (C(validate_namespace)); what expired runs left there goes, too.
    type: str
    version_added: 1.1.0
  cluster_gone:
    description:
      - The cluster was deleted, with all that was in it. Journals of runs on it whose process is gone are finished without
        asking it. They are found by the address of its API server, where the connection options still tell it, else by the
        host's name.
      - To be set only after the platform has said that the cluster is gone. With O(everything) nothing more is done.
    type: bool
    default: false
    version_added: 1.1.0
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster
  - assay.clusters.cluster_login
seealso:
  - module: assay.clusters.validate
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: What would be removed
  assay.clusters.sweep:
  check_mode: true
  register: left

- name: Remove it
  assay.clusters.sweep:
"""

RETURN = r"""
swept:
  description:
    - The runs whose objects were removed, or went with their cluster; in check mode, those whose objects would be.
  returned: always
  type: list
  elements: str
  sample: [3f9a1c07]
infrastructure:
  description: What the provider IDs of the nodes begin with; empty where they have none, or may not be seen.
  returned: always
  type: list
  elements: str
  sample: [aws]
  version_added: 1.2.0
remaining:
  description: What could not be removed, and what holds it. The task has failed then.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER, SWEEP
from ansible_collections.assay.clusters.plugins.module_utils.module import declare


def main() -> None:
    declare({**CLUSTER, **SWEEP})


if __name__ == "__main__":
    main()
