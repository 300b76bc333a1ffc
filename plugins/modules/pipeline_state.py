# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: pipeline_state
short_description: Which stages of a pipeline run on a cluster, and what they hand on
version_added: 1.1.0
description:
  - Decides which stages of the role C(pipeline) run on a cluster, and keeps what they hand on in the results folder, so that
    a pipeline that was stopped goes on, in another process or on another day.
  - It is a part of that role. On its own it is of use only to a flow that has the same stages, which are C(lease),
    C(revert), C(provision), C(health), C(prepull), C(validate), C(hook), C(revalidate), C(report), C(dispose),
    C(leftovers) and C(release).
options:
  state:
    description:
      - With V(begun) the stages are decided, and a pipeline of this cluster begins or goes on. Where an option is wrong, nothing
        is written.
      - With V(kept) O(values) are kept.
      - With V(ended) they are kept, and there is nothing to go on with.
      - With V(guarded) a process on the controller waits for the end of the playbook. Where that comes before the end of the
        pipeline, as on an interrupt, it starts the same command once more, from the stage C(report) on. What it says is in
        C(pipeline/guard.log) in the results folder. Commands that ask for passwords have no such process.
    type: str
    default: kept
    choices: [begun, kept, ended, guarded]
  results_dir:
    description:
      - The results folder. The state of each cluster is in its folder C(pipeline), in a file that only its owner reads.
    type: path
    required: true
  cluster:
    description:
      - The name of the cluster, its host in the inventory.
    type: str
    required: true
  skip:
    description:
      - Stages that are left out.
    type: list
    elements: str
    default: []
  start_at:
    description:
      - The stage to go on at. The lease is taken again. Where the pipeline has ended, nothing is written,
        unless it kept its cluster or its lease, as C(dispose) or C(release) was left out or failed.
    type: str
    default: ''
  unset:
    description:
      - Stages for which the inventory says nothing, with the reason, as a mapping. They are left out, too; an empty reason is
        none.
    type: dict
    default: {}
  destructive:
    description:
      - Stages that take away what is there. Without O(disposable) nothing begins unless they are left out.
    type: list
    elements: str
    default: []
  disposable:
    description:
      - Whether stages may take away what is there. Inventories say it with C(cluster_disposable).
    type: bool
    default: false
  run_id:
    description:
      - The run, by default a new one. A pipeline that goes on keeps its own.
    type: str
    default: ''
  values:
    description:
      - What later stages need. It is written to a file, so it must hold no secrets.
    type: dict
    default: {}
extends_documentation_fragment:
  - assay.clusters.attributes
seealso:
  - module: assay.clusters.stage_record
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Go on after the checks
  assay.clusters.pipeline_state:
    state: begun
    results_dir: ./results
    cluster: "{{ inventory_hostname }}"
    start_at: hook
    disposable: "{{ cluster_disposable | default(false) }}"
  register: pipeline

- name: Keep where the kubeconfig is
  assay.clusters.pipeline_state:
    results_dir: ./results
    cluster: "{{ inventory_hostname }}"
    values:
      kubeconfig: "{{ made.kubeconfig_path }}"
"""

RETURN = r"""
stages:
  description: For every stage why it is left out. Empty for those that run, C(earlier) for those that ran before the pipeline
    was stopped.
  returned: with O(state=begun)
  type: dict
  sample:
    prepull: by pipeline_skip
    validate: ""
ended:
  description: When the pipeline ended that was to go on, so that there is nothing to do; empty where it goes on or begins.
  returned: with O(state=begun)
  type: str
  sample: "2026-03-14T09:26:53Z"
run_id:
  description: The run.
  returned: but with O(state=guarded)
  type: str
values:
  description: All that was kept.
  returned: but with O(state=guarded)
  type: dict
path:
  description: The file.
  returned: but with O(state=guarded)
  type: str
guard:
  description: The number of the process on the controller, 0 where there is none.
  returned: with O(state=guarded)
  type: int
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.flow import PIPELINE_STATE
from ansible_collections.assay.clusters.plugins.module_utils.pipeline.state import entry
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(entry, PIPELINE_STATE)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
