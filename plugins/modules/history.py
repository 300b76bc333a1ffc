# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: history
short_description: Keep what runs found, and tell whether it is the test or the cluster
version_added: 1.2.0
description:
  - Adds the runs of a results folder to a history, and measures what all its runs tell. For each check on each cluster that is
    how often it passes, how it flips, and whether it got worse. For each cluster it is how alike runs of one change end.
  - Answers whether it is the test or the cluster. It looks for what repeats where runs fail, which may be a cause, a node, a
    cluster, a check, or nothing at all, and gives the numbers.
  - Compares each added run with the one before it, or with any other, and can stop for what is new alone.
  - A history is a folder, or a place in a bucket of S3 or of Google, with a file in JSON for each run on each cluster. A file is
    written once and never changed. It holds verdicts, causes and messages, and no evidence. Any number of controllers may share
    it.
  - It runs on the controller.
options:
  path:
    description:
      - Where the history is, as a folder on the controller, V(s3://bucket/path) or V(gs://bucket/path). A folder is made when a
        run is added, a bucket must be there.
    type: path
    required: true
  results_dir:
    description:
      - The results folder whose runs are added. A run that the history has is not added again.
      - Without it nothing is added, and the newest run of each cluster is compared.
    type: path
  since:
    description:
      - When the play began, in ISO 8601, for a results folder that is used again. Older results in it are not added.
    type: str
    default: ''
  change:
    description:
      - What the added runs tested, such as a commit, a release or a snapshot. Runs of one change should end alike; where they
        do not, that is flakiness.
    type: str
    default: ''
  clusters:
    description:
      - Only runs of these clusters are added and measured. Without it all are.
    type: list
    elements: str
    default: []
  days:
    description:
      - How many days back runs are measured. Trends compare them with as many days before.
    type: int
    default: 14
  keep_days:
    description:
      - Runs that began earlier are removed. With V(0) all are kept. It must be at least twice O(days).
    type: int
    default: 0
  baseline:
    description:
      - What runs are compared with. It is V(previous) for the run of the same cluster before each, V(fleet) for what most
        other clusters showed in their newest runs, or the C(run_id) of any run.
    type: str
    default: previous
  gate:
    description:
      - Whether the task fails where a check failed that did not fail in the baseline, or failed for another cause there, or could
        not be tested although it was there.
      - It fails as well where there is no run to compare, as then nothing was proved.
    type: bool
    default: false
  mode:
    description:
      - The permissions of new files in a folder, in octal. Who may read a file may enter its folder.
    type: str
    default: '0600'
extends_documentation_fragment:
  - assay.clusters.store
  - assay.clusters.attributes
requirements:
  - boto3 >= 1.40, for C(s3://)
  - google-cloud-storage >= 2.10, for C(gs://)
seealso:
  - module: assay.clusters.report
  - module: assay.clusters.results_info
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Keep what was proved, and stop only for what the change broke
  hosts: clusters
  gather_facts: false
  connection: local
  tasks:
    - name: Prove the cluster
      assay.clusters.validate:
        results_dir: ./results
        gate: false

    - name: Add the runs, and compare each with the one before
      assay.clusters.history:
        path: ./history
        results_dir: ./results
        change: "{{ lookup('ansible.builtin.env', 'CI_COMMIT_SHA') }}"
        keep_days: 90
        gate: true
      run_once: true

- name: Share a history between controllers
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Keep the runs in a bucket
      assay.clusters.history:
        path: s3://example-history/clusters
        results_dir: ./results
        region: eu-central-1
        keep_days: 365

- name: Ask the history
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Read the last month
      assay.clusters.history:
        path: ./history
        days: 30
      register: told

    - name: Show whether it is the test or the cluster
      ansible.builtin.debug:
        msg: "{{ told.answer.words }}"
"""

RETURN = r"""
msg:
  description: How many runs there are, and the answer.
  returned: success
  type: str
added:
  description: The files of the runs that were added, or would be in check mode.
  returned: success, and where the gate stops
  type: list
  elements: str
  sample: ["c1/20261120T120000Z-0badcafe.json"]
removed:
  description: The files of the runs that were too old.
  returned: success, and where the gate stops
  type: list
  elements: str
runs:
  description: How many runs were measured.
  returned: success, and where the gate stops
  type: int
days:
  description: How many days back they were measured.
  returned: success, and where the gate stops
  type: int
last_runs:
  description: For each cluster its last 20 runs of twice as many days, the oldest first.
  returned: success, and where the gate stops
  type: dict
  sample:
    c1:
      - {run_id: 0badcafe, started: "2026-11-20T12:00:00+00:00", verdict: failed, failed: [dns], more_failed: 0}
causes:
  description: What failures of twice as many days were explained by, the most frequent first.
  returned: success, and where the gate stops
  type: list
  elements: dict
  contains:
    cause:
      description: The code of the cause.
      type: str
    first:
      description: When the first run began that failed for it.
      type: str
    last:
      description: When the last such run began.
      type: str
    failures:
      description: How many failures it explained.
      type: int
    runs:
      description: In how many runs.
      type: int
    clusters:
      description: On which clusters.
      type: list
      elements: str
    checks:
      description: In which checks.
      type: list
      elements: str
answer:
  description: Whether it is the test or the cluster.
  returned: success, and where the gate stops
  type: dict
  contains:
    whose:
      description:
        - What repeats where runs fail. It is C(cause), C(node), C(cluster), C(check), C(somewhere else each time), C(open) where
          nothing stands out, C(nothing failed), or C(too few runs).
      type: str
    name:
      description: The code of the cause, or the name of the node, cluster or check.
      type: str
    words:
      description: The answer with its numbers, in one paragraph.
      type: str
    numbers:
      description: What it rests on, such as C(runs), C(bad), C(failures) and C(check_repetition).
      type: dict
clusters:
  description: For each cluster how its runs ended.
  returned: success, and where the gate stops
  type: dict
  contains:
    runs:
      description: Runs that told something.
      type: int
    bad:
      description: Runs with a failure of its own.
      type: int
    changes:
      description: Changes that were named.
      type: int
    flaked_changes:
      description: Changes with both good and bad runs.
      type: int
    commit_consistency:
      description: The share of changes that did not flake, from 0 to 1.
      type: float
    build_consistency:
      description: The share of runs that are not failures of a flaked change, from 0 to 1.
      type: float
    last:
      description: The verdict of the newest run.
      type: str
checks:
  description: A row for each check on each cluster, the least steady first.
  returned: success, and where the gate stops
  type: list
  elements: dict
  contains:
    check:
      description: The check, or a stage of a pipeline.
      type: str
    cluster:
      description: The cluster.
      type: str
    runs:
      description: Runs in which it passed or failed of its own.
      type: int
    passed:
      description: How many of them passed.
      type: int
    failed:
      description: How many of them failed.
      type: int
    pass_rate:
      description: Passes in runs, in percent.
      type: float
    flip_score:
      description: TestGrid's flakiness score of the last 7 days, from 0 to 100.
      type: float
    trend:
      description: The score against the 7 days before, as C(up), C(down), C(no change) or C(unknown).
      type: str
    flaked_changes:
      description: Changes in which it both passed and failed.
      type: int
    regression:
      description:
        - The pass rate against the interval before. C(worse) is in percentage points, C(chance) that of Fisher's exact test, and
          C(significant) whether it is sure and large enough to be told.
      type: dict
    often_failed:
      description: Whether a check without a past fails more often than one in ten times.
      type: bool
    last:
      description: Its verdict in the newest run.
      type: str
    seconds:
      description: The median of the times that it took when it passed.
      type: float
failures:
  description: Failures whose texts are alike, over checks, clusters and time, the most frequent first.
  returned: success, and where the gate stops
  type: list
  elements: dict
  contains:
    text:
      description: The text, without what differs each time.
      type: str
    count:
      description: How many failures have it.
      type: int
    checks:
      description: In which checks.
      type: list
      elements: str
    clusters:
      description: On which clusters.
      type: list
      elements: str
    causes:
      description: The causes that were named.
      type: list
      elements: str
    first:
      description: When the first of these runs began.
      type: str
    last:
      description: When the last of these runs began.
      type: str
differences:
  description: Each added run, else the newest of each cluster, against its baseline.
  returned: success, and where the gate stops
  type: list
  elements: dict
  contains:
    cluster:
      description: The cluster.
      type: str
    run_id:
      description: The run.
      type: str
    baseline:
      description: The run that it is compared with, or V(fleet), empty where there is none.
      type: str
    new_failures:
      description: Checks that failed, and did not fail before.
      type: list
      elements: str
    other_cause:
      description: Checks that failed before, too, for another cause.
      type: list
      elements: str
    same_failures:
      description: Checks that failed before, too, for the same cause.
      type: list
      elements: str
    worse:
      description: What the gate stops for.
      type: list
      elements: str
    fixed:
      description: Checks that failed before and passed.
      type: list
      elements: str
    added:
      description: Checks that told nothing before.
      type: list
      elements: str
    gone:
      description: Checks that told something before, and nothing now.
      type: list
      elements: str
    not_proved:
      description: Those of C(gone) that could not be tested, and all of them where the run told nothing at all.
      type: list
      elements: str
    slower:
      description: Checks that took longer than the noise of their earlier times explains, with these times in seconds.
      type: list
      elements: dict
news:
  description: What is not as it was in the baseline, a line for each cluster and kind.
  returned: success, and where the gate stops
  type: list
  elements: str
  sample: ["c1, new failures: dns", "c2, fixed: storage"]
problems:
  description: Files of the history that could not be read as runs, and in one sentence those that have another name than runs.
  returned: success, and where the gate stops
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.history import HISTORY
from ansible_collections.assay.clusters.plugins.module_utils.history.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(entry, HISTORY)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
