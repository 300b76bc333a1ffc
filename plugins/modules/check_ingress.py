# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/ingress.py and ingress.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_ingress
short_description: Prove that Ingresses lead hosts and paths to pods with their certificates
version_added: 1.2.0
description:
  - Makes a certificate of its own, two Services before pods of its own and, for each IngressClass, an Ingress with two
    host names and two paths, and proves it stage by stage. The first that breaks is what failed.
  - An address is given; the controller answers there; TLS is with the very certificate of the Ingress; our host and
    path lead to our pod; a second path and a second host lead to others; a host and a path that nobody named do not
    lead to us; the address does not change as if two controllers wrote it; and once the Ingress is deleted its host
    leads nowhere.
  - Host names are resolved by nobody, they are asked at the address itself. Whether what comes without TLS is
    redirected to TLS is told.
  - Asked from the machine that runs the playbook, past any proxy. Where that does not reach the address a pod asks, and
    what holds from there alone is inconclusive.
  - A class whose controller is nowhere to be seen is told and left out, as long as it is not the default, another class
    is served, and O(ingress_classes) does not name it. A controller that makes a balancer of a cloud for each Ingress
    (C(ingress.k8s.aws/alb)) is proved only when its class is named there, without TLS, as its certificates are the
    cloud's.
  - Of our pods only the paths C(/hostname) and C(/echo) are given to the world, for the time of the check.
  - Skipped where there is no IngressClass.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  ingress_classes:
    description:
      - The IngressClasses to prove; by default all of them, but those whose controllers make a balancer of a cloud for
        each Ingress. They may be named by who may not list them, too.
      - Without it the variable C(load_balancing_check_ingress_classes) of the host is used.
    type: list
    elements: str
  ingress_addresses:
    description:
      - 'Where the controllers are reached from outside, by IngressClass, for those that write no address into an
        Ingress or one that is not reached from here: an address, or a dictionary with address, http_port and https_port
        (0 for a port that is not asked).'
      - Without it the variable C(load_balancing_check_ingress_addresses) of the host is used.
    type: dict
  ingress_annotations:
    description:
      - Annotations of our Ingresses, such as the group of a shared balancer.
      - Without it the variable C(load_balancing_check_ingress_annotations) of the host is used.
    type: dict
  ingress_host_suffix:
    description:
      - The domain in which our Ingresses have their host names. Nothing resolves them; external-dns makes records for
        names in its zones.
      - Without it the variable C(load_balancing_check_ingress_host_suffix) of the host is used.
    type: str
    default: assay.test
  ingress_limit:
    description:
      - Seconds until a controller must have given our Ingress an address, and until it must have followed any other
        change. Balancers of clouds take minutes.
      - From 5 to 1800.
      - Without it the variable C(load_balancing_check_ingress_limit) of the host is used.
    type: int
    default: 120
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
- name: Ingresses of two classes, one of which is behind ports of nodes
  assay.clusters.check_ingress:
    kubeconfig: /etc/clusters/prod.kubeconfig
    ingress_classes:
      - nginx
      - internal
    ingress_addresses:
      internal:
        address: 10.0.4.20
        http_port: 30080
        https_port: 30443
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.ingress import Ingress
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(Ingress), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
