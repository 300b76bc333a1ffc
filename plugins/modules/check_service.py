# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/service.py and service.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_service
short_description: Prove that the address of a Service reaches its pods from every node
version_added: 1.0.0
description:
  - Makes a Service in front of pods on several nodes and asks its address from every node until each of its pods has
    answered.
  - Where Services get addresses of two families, IPv4 and IPv6, both are asked.
  - Then takes its pods away and gives them to another Service. The address of the first must be refused, that of the
    second must answer.
  - A connection that is lost once is asked again, and told when it is answered then.
  - With O(service) a Service of yours must have ready endpoints and accept connections from every node too.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  service:
    description:
      - A Service of yours that must have ready endpoints and accept connections too.
      - Without it the variable C(network_check_service) of the host is used.
    type: str
  namespace:
    description:
      - The namespace of O(service).
      - Without it the variable C(network_check_namespace) of the host is used.
    type: str
    default: default
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
- name: The Service of the shop is reached, too
  assay.clusters.check_service:
    kubeconfig: /etc/clusters/prod.kubeconfig
    service: web
    namespace: shop
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.service import Service
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(Service), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
