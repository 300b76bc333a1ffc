# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/api_server.py and api_server.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_api_server
short_description: Prove that the API server is healthy, writes, watches, reads and deletes
version_added: 1.0.0
description:
  - Asks C(/livez) and C(/readyz) line by line, the store behind them, and every API server of the cluster by its own
    address where that can be reached.
  - Then uses the API as a client does, writes an object, sees it by a watch, reads it, deletes it, and looks for one
    that nobody made.
  - Measures the latency of reads and writes, and fails when an aggregated API is not available.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  slow_median:
    description:
      - Warn when the median of 20 reads of one object takes longer (milliseconds).
      - At least 0.
      - Without it the variable C(control_plane_check_slow_median) of the host is used.
    type: float
    default: 250.0
  slow_write:
    description:
      - Warn when the median of 5 writes of one object takes longer (milliseconds).
      - At least 0.
      - Without it the variable C(control_plane_check_slow_write) of the host is used.
    type: float
    default: 500.0
  aggregated:
    description:
      - Fail when an aggregated API (an APIService) is not available.
      - Without it the variable C(control_plane_check_aggregated) of the host is used.
    type: bool
    default: true
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
- name: The API server is used
  assay.clusters.check_api_server:
    kubeconfig: /etc/clusters/prod.kubeconfig
    slow_median: 400
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.api_server import ApiServer
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(ApiServer), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
