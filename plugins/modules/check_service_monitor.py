# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/service_monitor.py and service_monitor.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_service_monitor
short_description: Prove that Prometheus scrapes what ServiceMonitors and PodMonitors name
version_added: 1.2.0
description:
  - Makes a pod that shows a gauge with a value of this run, a Service before it, a ServiceMonitor and a PodMonitor, and
    asks every replica of every Prometheus of the Prometheus operator until each has scraped it and gives the value
    back.
  - Prometheus objects (and PrometheusAgents, which keep nothing to be queried) are asked whose selectors look for
    monitors in the namespace of the run. The labels that they select by are put on the monitors. Of the others it is
    told why they do not look there.
  - Where the pod is ended by others before it is scraped, as who drains its node does, it is made again, three times at
    most; C(gauge_ended) in the record says how it ended.
  - With shards one of them has to scrape it, and all have to know of it.
  - Then all is deleted, and must be no target any more. What was scraped stays where it is for as long as a Prometheus
    keeps all else.
  - With O(monitors) the targets of monitors of yours must be up, too. A monitor that nobody selects, a port that no
    Service has, targets that are left out and those that do not answer are told apart.
  - Prometheis are asked through the API server's proxy to their pods or a port-forward, else from a probe. One that
    cannot be asked makes the check inconclusive, the others are proved all the same.
  - Skipped without the Prometheus operator, and on OpenShift as long as monitoring of users' namespaces is not enabled.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  prometheuses:
    description:
      - Prometheus objects that must scrape, each as namespace/name; by default all that look for monitors in the
        namespace of the run.
      - Without it the variable C(observability_check_prometheuses) of the host is used.
    type: list
    elements: str
    default: []
  monitors:
    description:
      - ServiceMonitors and PodMonitors of yours whose targets must be up, each as namespace/name.
      - Without it the variable C(observability_check_monitors) of the host is used.
    type: list
    elements: str
    default: []
  scrape_limit:
    description:
      - Seconds within which a new target must be scraped.
      - At least 10.
      - Without it the variable C(observability_check_scrape_limit) of the host is used.
    type: float
    default: 300.0
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
- name: Prometheus scrapes what is new, and the shop's own targets
  assay.clusters.check_service_monitor:
    kubeconfig: /etc/clusters/prod.kubeconfig
    monitors:
      - shop/web
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.service_monitor import ServiceMonitor
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(ServiceMonitor), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
