# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: results_coverage
short_description: How much of a plan of test cases is implemented, and how its tests went
version_added: 1.2.0
description:
  - Reads a plan of test cases, a file of the kind MasterPlan (C(e2e.mayadata.io/v1alpha1)), and tells which of its
    tests are implemented by checks of this collection, by checks of your own or by jobs of pipelines, and how they
    ended last.
  - Coverage is the share of the planned tests that are implemented, in whole percent, half a percent up. What is
    implemented and not planned is invalid, and told.
  - Writes the state of the release as a page, and can fail where less is implemented than is wanted.
  - It runs on the controller.
options:
  plan:
    description:
      - The plan. Tests are below C(spec.tests), each with a C(tcid), and with C(name), C(description) and C(labels).
      - The label C(assay/checks) of a test names the checks that implement it, or the stages of a pipeline, with commas.
    type: path
    required: true
  checks:
    description:
      - For ids of tests the names of the checks that implement them, as lists or with commas, for a plan that is not
        yours to label. They count before its label.
    type: dict
    default: {}
  ci_files:
    description:
      - Files of pipelines. A line that begins with C(TCID-) is the id of a test that a job implements, one that begins with
        C(tcid-) is deprecated. How those tests ended is not known here.
    type: list
    elements: path
    default: []
  results_dir:
    description:
      - A results folder, for how checks ended last.
    type: path
  since:
    description:
      - Only results that began at this time or later, in ISO 8601, for a results folder that is used again.
    type: str
    default: ''
  clusters:
    description:
      - Only results of these clusters. Without it those of all.
    type: list
    elements: str
    default: []
  history:
    description:
      - A history as M(assay.clusters.history) keeps it, a folder, V(s3://bucket/path) or V(gs://bucket/path), for how
        checks ended last. Of both, what is newest counts.
    type: path
  days:
    description:
      - How many days back the history is read.
    type: int
    default: 14
  gate_percent:
    description:
      - The task fails where less than so many percent of the planned tests are implemented. The exact share counts, not
        the one in whole percent.
    type: float
  dest:
    description:
      - The page with the state of the release, a file that ends in C(.html). A file that this module did not write is left.
    type: path
  badge:
    description:
      - A badge with the coverage, a file that ends in C(.svg). It has the colour of a failure where a test failed, or
        less is implemented than O(gate_percent) wants.
    type: path
extends_documentation_fragment:
  - assay.clusters.store
  - assay.clusters.attributes
requirements:
  - boto3 >= 1.40, for C(s3://)
  - google-cloud-storage >= 2.10, for C(gs://)
seealso:
  - module: assay.clusters.history
  - module: assay.clusters.results_badges
  - module: assay.clusters.validate
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: The state of the release
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Compare what is planned with what is there
      assay.clusters.results_coverage:
        plan: .master-plan.yml
        ci_files: [.gitlab-ci.yml]
        checks:
          TCID-DNS-01: dns
          TCID-LB-02: [load_balancer, external_dns]
        history: /srv/assay/history
        dest: ./release.html
        gate_percent: 35
"""

RETURN = r"""
msg:
  description: The coverage, and how the tests went.
  returned: always
  type: str
coverage:
  description: The share of the planned tests that are implemented, in whole percent.
  returned: success, and where the gate stops
  type: str
  sample: 36%
percent:
  description: The same with two digits.
  returned: success, and where the gate stops
  type: float
planned:
  description: How many tests are planned.
  returned: success, and where the gate stops
  type: int
valid:
  description: How many of them are implemented.
  returned: success, and where the gate stops
  type: int
invalid:
  description: Ids that are implemented and not planned.
  returned: success, and where the gate stops
  type: list
  elements: str
deprecated:
  description: Ids that are marked as deprecated in files of pipelines.
  returned: success, and where the gate stops
  type: list
  elements: str
states:
  description: How many tests are in each state.
  returned: success, and where the gate stops
  type: dict
tests:
  description: The tests, in the order of the plan.
  returned: success, and where the gate stops
  type: list
  elements: dict
  contains:
    tcid:
      description: The id.
      type: str
    name:
      description: The name.
      type: str
    feature:
      description: The label C(test/feature).
      type: str
    state:
      description:
        - The worst of what its checks found on all clusters, C(passed), C(warned), C(failed), C(inconclusive) or
          C(skipped).
        - C(not_run) where one of its checks has not run and nothing failed, C(not_known) where only a job of a pipeline
          implements it, C(not_implemented).
      type: str
    checks:
      description: The checks that implement it.
      type: list
      elements: str
    implemented:
      description: Whether it is implemented.
      type: bool
    clusters:
      description: Of each cluster its worst verdict.
      type: dict
notes:
  description: What is wrong with the plan, such as tests that are implemented and not planned.
  returned: success, and where the gate stops
  type: list
  elements: str
problems:
  description: Files of the history that could not be read as runs.
  returned: success, and where the gate stops
  type: list
  elements: str
path:
  description: The page, empty where none was asked for.
  returned: success, and where the gate stops
  type: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.coverage import COVERAGE
from ansible_collections.assay.clusters.plugins.module_utils.coverage.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(entry, COVERAGE)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
