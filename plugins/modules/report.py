# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write the reports of all clusters and show the summary
version_added: 1.0.0
description:
  - Merges the runs that M(assay.clusters.validate) and the modules of single checks stored in one results folder, writes
    C(records.json), C(junit.xml) and C(report.html) there, and shows a summary that fits on a screen.
  - Hands verdicts, causes and the path of the report to the statistics of the play, which AWX shows as artefacts.
  - It runs once, on the controller, for all clusters.
options:
  results_dir:
    description:
      - The results folder, the same that the runs got.
    type: path
    required: true
  expected:
    description:
      - The names of the clusters that must have a result. One without is told, and stops the gate.
      - Results of other clusters that the folder has are told as not of this run, and left out. Without it all are taken.
    type: list
    elements: str
    default: []
  since:
    description:
      - When the play began, in ISO 8601, for a folder that is used again. Older results in it are told, and left out.
    type: str
    default: ''
    version_added: 1.2.0
  history:
    description:
      - What a task of M(assay.clusters.history) returned. C(report.html) then has a view of the past, and tells since when each
        cause is there. That of a task that failed by its gate is as good. Without it, or with that of a task that told nothing,
        there is no such view.
    type: dict
    default: {}
    version_added: 1.2.0
  allow_inconclusive:
    description:
      - Whether checks that could not be made are good enough.
    type: bool
    default: false
  allow_skipped:
    description:
      - Whether it is good enough that no check applies to the cluster, so that nothing was proved.
    type: bool
    default: false
    version_added: 1.2.0
  gate:
    description:
      - Whether the task fails when a cluster is not good enough, and when no cluster has a result, as then nothing was proved.
    type: bool
    default: false
  show:
    description:
      - Whether the summary is shown. The files are written all the same.
    type: bool
    default: true
    version_added: 1.1.0
  write:
    description:
      - Whether the files are written. Without that the summary is only shown, as at the end of a play that has written them.
    type: bool
    default: true
    version_added: 1.2.0
extends_documentation_fragment:
  - assay.clusters.attributes
seealso:
  - module: assay.clusters.validate
  - module: assay.clusters.history
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Prove all clusters, then report once
  hosts: clusters
  gather_facts: false
  connection: local
  tasks:
    - name: Prove the cluster
      assay.clusters.validate:
        results_dir: ./results
        gate: false

    - name: Report, and stop here if a cluster is not good enough
      assay.clusters.report:
        results_dir: ./results
        expected: "{{ ansible_play_hosts_all }}"
        gate: true
      run_once: true

- name: Report what is in a results folder, beside what was before
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Keep the runs
      assay.clusters.history:
        path: ./history
        results_dir: ./results
      register: kept

    - name: Write the reports, with a view of the history
      assay.clusters.report:
        results_dir: ./results
        history: "{{ kept }}"
"""

RETURN = r"""
paths:
  description: The paths of the files, by their kinds C(json), C(junit) and C(html).
  returned: outside check mode
  type: dict
missing:
  description: Expected clusters without a result.
  returned: outside check mode
  type: list
  elements: str
notes:
  description: Hosts that are one and the same cluster, and results in the folder that are not of this run.
  returned: outside check mode
  type: list
  elements: str
verdicts:
  description: For every cluster whether it is good enough.
  returned: outside check mode
  type: dict
  sample:
    c1: true
    c2: false
sentences:
  description: What is said of every cluster in one sentence, with counts and causes.
  returned: outside check mode
  type: dict
  sample:
    c2: "c2: 1 of 9 checks failed; cause: dns.upstream (dns)"
msg:
  description: Why a cluster is not good enough, or that there is no report in check mode.
  returned: when the gate fails, and in check mode
  type: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import REPORT
from ansible_collections.assay.clusters.plugins.module_utils.module import declare


def main() -> None:
    declare(REPORT)


if __name__ == "__main__":
    main()
