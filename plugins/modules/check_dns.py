# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/dns.py and dns.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_dns
short_description: Prove that pods on every node resolve names
version_added: 1.0.0
description:
  - Asks from a pod on every node for Services by full and short names, over UDP and TCP, for SRV and PTR records, a
    headless Service, and each name server directly; in both families of addresses, where Services get both.
  - Compares the name servers and search paths that pods of each node are told.
  - A name that nobody made must not exist.
  - Measures latency and lost answers.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  external_name:
    description:
      - A name outside the cluster that pods must resolve; without it that is not tested.
      - Without it the variable C(dns_check_external_name) of the host is used.
    type: str
  cluster_domain:
    description:
      - The cluster's domain; by default the one in the pods' search path.
      - Without it the variable C(dns_check_cluster_domain) of the host is used.
    type: str
  server:
    description:
      - The address of a name server to ask instead of the one in the pods' C(/etc/resolv.conf).
      - Without it the variable C(dns_check_server) of the host is used.
    type: str
  queries:
    description:
      - How many questions each node asks to measure latency and loss.
      - From 0 to 200.
      - Without it the variable C(dns_check_queries) of the host is used.
    type: int
    default: 20
  slow_median:
    description:
      - Warn when the median answer takes longer (milliseconds).
      - At least 0.
      - Without it the variable C(dns_check_slow_median) of the host is used.
    type: float
    default: 20.0
  slow_p99:
    description:
      - Warn when 1 % of answers take longer (milliseconds).
      - At least 0.
      - Without it the variable C(dns_check_slow_p99) of the host is used.
    type: float
    default: 100.0
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
- name: Names outside the cluster are resolved, too
  assay.clusters.check_dns:
    kubeconfig: /etc/clusters/prod.kubeconfig
    external_name: www.example.com
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.dns import Dns
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(Dns), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
