# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: stage_record
short_description: Put a stage of a pipeline into the reports, beside the checks
version_added: 1.1.0
description:
  - Writes how a stage of a pipeline went into the results folder. M(assay.clusters.report) then shows it as a check of the
    domain C(stages), in C(report.html), C(records.json), C(junit.xml) and the summary, and it counts for the gate.
  - The same stage recorded again takes the place of what was there, so that a pipeline that is resumed has one record of
    each stage.
  - It runs on the controller. In check mode nothing is written.
options:
  results_dir:
    description:
      - The results folder, the same that the checks and the report got.
    type: path
    required: true
  stage:
    description:
      - The name of the stage, of small letters, digits and C(_).
    type: str
    required: true
  verdict:
    description:
      - How it went. Needed unless O(of_checks) is set.
    type: str
    choices: [passed, warned, failed, skipped, inconclusive]
  msg:
    description:
      - One sentence. Further lines of it become the evidence, where O(evidence) is not given.
    type: str
    default: ''
  of_checks:
    description:
      - Whether verdict, sentence and cause are those of the checks that M(assay.clusters.validate) stored for this cluster
        in O(checks_dir). A cluster without any has failed. The options here take precedence.
    type: bool
    default: false
  checks_dir:
    description:
      - With O(of_checks), the results folder of those checks where it is another than O(results_dir).
    type: path
  allow_inconclusive:
    description:
      - With O(of_checks), whether checks that could not be made are good enough.
    type: bool
    default: false
  allow_skipped:
    description:
      - With O(of_checks), whether it is good enough that no check applies to the cluster, so that nothing was proved.
    type: bool
    default: false
    version_added: 1.2.0
  started:
    description:
      - When it began, in seconds since 1970.
    type: float
  seconds:
    description:
      - How long it took. Without it the time since O(started).
    type: float
  cause:
    description:
      - The code of the cause. A failed stage without one has the cause C(stage.failed(STAGE)).
    type: str
    default: ''
  scope:
    description:
      - The objects that it is about, as C(kind/name).
    type: list
    elements: str
    default: []
  evidence:
    description:
      - Verbatim lines, at most 20.
    type: list
    elements: str
    default: []
  leftovers:
    description:
      - What the stage left behind and should not have.
    type: list
    elements: str
    default: []
  measurements:
    description:
      - Values that were measured.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What was measured.
        type: str
        required: true
      value:
        description: The value.
        type: float
        required: true
      unit:
        description: Its unit, for instance V(s) or V(MB).
        type: str
        default: ''
  run_id:
    description:
      - The run that the stage belongs to.
    type: str
    default: ''
  cluster:
    description:
      - The cluster that the stage belongs to, by default the host of the inventory.
    type: str
extends_documentation_fragment:
  - assay.clusters.attributes
seealso:
  - module: assay.clusters.report
  - module: assay.clusters.validate
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: A stage with its record, whatever becomes of it
  block:
    - name: When it began
      ansible.builtin.set_fact:
        upgrade_began: "{{ now(utc=true).timestamp() }}"

    - name: The upgrade
      ansible.builtin.include_role:
        name: my_upgrade

    - name: It went well
      assay.clusters.stage_record:
        results_dir: ./results
        stage: upgrade
        verdict: passed
        started: "{{ upgrade_began }}"
  rescue:
    - name: It failed
      assay.clusters.stage_record:
        results_dir: ./results
        stage: upgrade
        verdict: failed
        msg: "{{ ansible_failed_result.msg }}"
        started: "{{ upgrade_began }}"

- name: The checks as one stage
  assay.clusters.stage_record:
    results_dir: ./results
    stage: validate
    of_checks: true
"""

RETURN = r"""
record:
  description: The record as it was written.
  returned: success
  type: dict
  contains:
    cluster:
      description: The cluster.
      type: str
    check:
      description: The stage.
      type: str
    verdict:
      description: How it went.
      type: str
    message:
      description: One sentence.
      type: str
    cause:
      description: The code of the cause.
      type: str
    seconds:
      description: How long it took.
      type: float
path:
  description: The file, empty in check mode.
  returned: success
  type: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.flow import STAGE
from ansible_collections.assay.clusters.plugins.module_utils.module import declare


def main() -> None:
    declare(STAGE)


if __name__ == "__main__":
    main()
