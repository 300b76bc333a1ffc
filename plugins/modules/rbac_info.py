# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: rbac_info
short_description: The ClusterRole that chosen checks need
version_added: 1.0.0
description:
  - Returns the smallest ClusterRole with which the chosen checks work. No cluster is asked.
  - It is a ClusterRole because every run makes a namespace of its own.
options:
  name:
    description:
      - The name of the ClusterRole.
    type: str
    default: assay-clusters
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.select
seealso:
  - module: assay.clusters.validate
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: The permissions for the checks of the network
  assay.clusters.rbac_info:
    domains: [network, dns]
  register: needed

- name: Keep them in a file
  ansible.builtin.copy:
    content: "{{ needed.cluster_role | ansible.builtin.to_nice_yaml }}"
    dest: ./cluster-role.yml
    mode: "0644"
"""

RETURN = r"""
cluster_role:
  description: The ClusterRole.
  returned: always
  type: dict
checks:
  description: The names of the checks that it is for.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import SELECT
from ansible_collections.assay.clusters.plugins.module_utils.module import declare


def main() -> None:
    declare({**SELECT, "name": {"type": "str", "default": "assay-clusters"}})


if __name__ == "__main__":
    main()
