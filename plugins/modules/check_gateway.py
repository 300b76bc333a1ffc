# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/gateway.py and gateway.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_gateway
short_description: Prove that Gateways are programmed and their routes lead to pods
version_added: 1.2.0
description:
  - Makes for each GatewayClass a Gateway with a listener for HTTP and one for HTTPS with a certificate of its own, and
    two HTTPRoutes that lead two hosts and two paths to pods of its own.
  - The class must be accepted, the Gateway and its listeners accepted and programmed, with their references resolved
    and an address, the routes accepted with their references, each as the object is now (its observed generation).
  - Then traffic is asked as by M(assay.clusters.check_ingress), from TLS with the very certificate to the end of the
    routes, after which their host leads nowhere.
  - With O(gateway) the routes are tried at a Gateway of yours, for which nothing is made. Its certificate is not
    compared.
  - Listeners get the ports that other Gateways of the class have, else 80 and 443.
  - A class that nobody accepts, and whose controller is nowhere to be seen, is told and left out, as long as another
    one is accepted and O(gateway_classes) does not name it.
  - Skipped without the definitions of the Gateway API (C(gateway.networking.k8s.io/v1)), and without a GatewayClass.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  gateway_classes:
    description:
      - The GatewayClasses to prove; by default all of them. Each gets a Gateway for the time of the check, for which a
        cloud may make a balancer.
      - Without it the variable C(load_balancing_check_gateway_classes) of the host is used.
    type: list
    elements: str
  gateway:
    description:
      - An existing Gateway, as namespace/name, at which our routes are to be tried instead of at new ones. It may be
        named by who may not list GatewayClasses, too.
      - Without it the variable C(load_balancing_check_gateway) of the host is used.
    type: str
  gateway_addresses:
    description:
      - 'Where Gateways are reached from outside, by GatewayClass, where that is another address than the one that they
        tell: an address, or a dictionary with address, http_port and https_port.'
      - Without it the variable C(load_balancing_check_gateway_addresses) of the host is used.
    type: dict
  gateway_annotations:
    description:
      - Annotations of our Gateways, and of what is made for them, such as a balancer's kind.
      - Without it the variable C(load_balancing_check_gateway_annotations) of the host is used.
    type: dict
  gateway_host_suffix:
    description:
      - The domain in which our routes have their host names; by default that of the listener, where it has one.
      - Without it the variable C(load_balancing_check_gateway_host_suffix) of the host is used.
    type: str
  gateway_limit:
    description:
      - Seconds until a Gateway must be programmed and have an address, and until any other change must have been
        followed.
      - From 5 to 1800.
      - Without it the variable C(load_balancing_check_gateway_limit) of the host is used.
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
- name: Routes at the shared Gateway
  assay.clusters.check_gateway:
    kubeconfig: /etc/clusters/prod.kubeconfig
    gateway: infra/shared
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.gateway import Gateway
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(Gateway), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
