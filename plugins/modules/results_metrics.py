# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: results_metrics
short_description: Results of checks as metrics of Prometheus
version_added: 1.2.0
description:
  - Writes what the runs of a results folder found as metrics, to a file that the textfile collector of node_exporter
    reads, or to a Pushgateway, or to both. Verdicts, causes, times and leftovers are told for each check and cluster.
  - The file appears whole or not at all. Nothing is written where the folder has no results, so that the last ones
    stay, with their own time in C(assay_run_start_timestamp_seconds).
  - A Pushgateway gets a group for each cluster, which takes the place of the cluster's group before. Those of other
    clusters stay.
  - It runs on the controller.
options:
  results_dir:
    description:
      - The results folder of M(assay.clusters.validate).
    type: path
    required: true
  clusters:
    description:
      - Only these clusters. Without it all that the folder has.
    type: list
    elements: str
    default: []
  since:
    description:
      - Only runs that began at this time or later, in ISO 8601, for a folder that is used again.
    type: str
    default: ''
  dest:
    description:
      - The file, in the folder that node_exporter was given by C(--collector.textfile.directory). Its name must end in
        C(.prom), as others are not read. The folder must be there.
      - With C({cluster}) in its name there is a file for each cluster, so that a run on some of them leaves those of
        the others.
    type: path
  mode:
    description:
      - The permissions of the file, in octal. node_exporter is another user, who must be able to read it.
    type: str
    default: '0644'
  pushgateway:
    description:
      - The address of a Pushgateway, such as V(https://pushgateway.example.com). Prometheus must scrape it with
        C(honor_labels), as the label C(job) is the one of O(job).
    type: str
  job:
    description:
      - The label C(job) in the Pushgateway.
    type: str
    default: assay
  grouping_key:
    description:
      - More labels of the groups in the Pushgateway, for instance which pipeline it is. C(cluster) is one already.
    type: dict
    default: {}
  username:
    description:
      - The user of the Pushgateway, where it asks for one.
    type: str
  password:
    description:
      - The password of O(username).
    type: str
  ca_path:
    description:
      - A file with the certificates of authorities that the Pushgateway's is of.
    type: path
  validate_certs:
    description:
      - Whether the certificate of the Pushgateway is verified.
    type: bool
    default: true
  timeout:
    description:
      - Seconds after which a request to the Pushgateway is given up. After the first that fails no other is tried.
    type: int
    default: 30
  push_required:
    description:
      - Whether the task fails when the Pushgateway does not take the metrics. Without it that is a warning.
    type: bool
    default: false
extends_documentation_fragment:
  - assay.clusters.attributes
requirements:
  - prometheus_client >= 0.20
seealso:
  - module: assay.clusters.validate
  - module: assay.clusters.history
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Tell Prometheus what was found
  hosts: localhost
  gather_facts: false
  tasks:
    - name: By node_exporter of this machine
      assay.clusters.results_metrics:
        results_dir: ./results
        dest: /var/lib/node_exporter/assay-{cluster}.prom

    - name: By a Pushgateway
      assay.clusters.results_metrics:
        results_dir: ./results
        pushgateway: https://pushgateway.example.com
        username: pipeline
        password: "{{ pushgateway_password }}"
        grouping_key:
          environment: prod
"""

RETURN = r"""
msg:
  description: Of how many clusters there are metrics.
  returned: success
  type: str
paths:
  description: The files, whether they changed or not.
  returned: always
  type: list
  elements: str
clusters:
  description: The clusters whose metrics there are.
  returned: always
  type: list
  elements: str
pushed:
  description: The clusters whose metrics the Pushgateway took.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.metrics import METRICS
from ansible_collections.assay.clusters.plugins.module_utils.metrics.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(entry, METRICS, required_one_of=(("dest", "pushgateway"),))


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
