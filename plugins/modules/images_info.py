# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: images_info
short_description: Which images manifests and checks need, and which the nodes have
version_added: 1.1.0
description:
  - Finds the images in manifests, charts, lists and checks, and tells which of them the nodes say they have.
  - A node tells at most its 50 largest images, and what is new only after half a minute or more. So of what it does not tell
    nothing is known; M(assay.clusters.image_prepull) proves it.
options:
  ask_cluster:
    description:
      - Whether the nodes are asked. Without it no cluster is needed.
    type: bool
    default: true
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster
  - assay.clusters.cluster_login
  - assay.clusters.images
seealso:
  - module: assay.clusters.image_prepull
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: All images of a folder of manifests
  assay.clusters.images_info:
    manifests:
      - deploy/
    ask_cluster: false
  register: needed

- name: What the nodes have
  assay.clusters.images_info:
    images: "{{ needed.images }}"
"""

RETURN = r"""
images:
  description: The full names of the images, after O(rewrite), each once.
  returned: always
  type: list
  elements: str
  sample: ["docker.io/library/busybox:1.35"]
registries:
  description: The hosts that they come from.
  returned: always
  type: list
  elements: str
nodes:
  description: What the nodes tell.
  returned: with O(ask_cluster)
  type: list
  elements: dict
  contains:
    node:
      description: The node.
      type: str
    complete:
      description: Whether the list is complete, which a list of 50 images may not be.
      type: bool
    images:
      description: All images that it tells, with C(name) and C(bytes).
      type: list
      elements: dict
    wanted:
      description: The images that were asked for, with C(image) and C(present), which is null where that is not known.
      type: list
      elements: dict
left_out:
  description: Nodes that cannot keep images, with the reason.
  returned: with O(ask_cluster)
  type: dict
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER
from ansible_collections.assay.clusters.plugins.module_utils.arguments.images import IMAGE_SOURCES, IMAGES_INFO
from ansible_collections.assay.clusters.plugins.module_utils.prepull.entry import info
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(info, {**CLUSTER, **IMAGE_SOURCES, **IMAGES_INFO}, connects=True)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
