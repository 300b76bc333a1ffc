# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: testgrid_config
short_description: Write and validate a configuration of TestGrid
version_added: 1.2.0
description:
  - Writes a test group for each cluster and suite, with the tabs, dashboards and dashboard groups that show them, into a
    folder of YAML as TestGrid reads it. The result is validated as a whole before anything is written.
  - What it writes is a file of its own, which is written anew each time. Where a dashboard or a dashboard group of another
    file gets more, the lines stand there between two comments. All else in the folder stays as it is, with its comments.
  - With O(state=validated) it only validates, by the rules of TestGrid's own library.
  - It runs on the controller, and needs PyYAML alone, which comes with ansible-core.
options:
  config_dir:
    description:
      - The folder of the configuration. All files below it that end in C(.yaml) or C(.yml) belong to it.
      - A C(default.yaml) fills what is unset in the files beside it. That of the folder itself does so for all folders below
        that have none.
    type: path
    required: true
  state:
    description:
      - With V(present), what the other options ask for is there.
      - With V(absent), nothing is there that this module wrote to O(file), or in its name to others.
      - With V(validated), nothing is written, and the task fails where TestGrid would refuse the configuration.
    type: str
    default: present
    choices: [present, absent, validated]
  file:
    description:
      - The file of its own, below O(config_dir). Inventories that share a folder have a file each.
      - A file that something else wrote is left alone, and refused.
    type: str
    default: assay.yaml
  default_file:
    description:
      - A file of defaults for folders without a C(default.yaml), where it is not that of O(config_dir).
    type: path
  kubernetes_rules:
    description:
      - Whether the rules for configurations in kubernetes/test-infra count, too, for instance how names begin.
    type: bool
    default: false
  clusters:
    description:
      - The clusters. All of them in each run, as what is not named is taken out. Needed with O(state=present).
    type: list
    elements: str
  suites:
    description:
      - What runs on each of them, for instance conformance and validate. Needed with O(state=present).
      - A suite may say for itself what the options of the same names say for all.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the suite.
        type: str
        required: true
      gcs_prefix:
        description: As O(gcs_prefix).
        type: str
      test_group_name:
        description: As O(test_group_name).
        type: str
      dashboard_name:
        description: As O(dashboard_name).
        type: str
      tab_name:
        description: As O(tab_name).
        type: str
      tab_description:
        description: As O(tab_description).
        type: str
      dashboard_group_name:
        description: As O(dashboard_group_name).
        type: str
      test_group:
        description: As O(test_group), whose fields stay where the suite does not name them.
        type: dict
      dashboard_tab:
        description: As O(dashboard_tab), whose fields stay where the suite does not name them.
        type: dict
  values:
    description:
      - More that may stand in texts, as a mapping for each cluster.
      - In O(gcs_prefix), O(tab_description) and all names, C({cluster}) and C({suite}) stand for these, and C({key}) for the
        value of a key here.
    type: dict
    default: {}
  gcs_prefix:
    description:
      - Bucket and path of the builds, without C(gs://), for instance V(example-conf/{cluster}/{suite}). Needed with
        O(state=present).
    type: str
  test_group_name:
    description:
      - The name of a test group. What no name in TestGrid may hold becomes C(-), here and in all names.
    type: str
    default: '{cluster}-{suite}'
  dashboard_name:
    description:
      - The name of the dashboard. Clusters and suites for which it is the same share the dashboard. Needed with
        O(state=present).
    type: str
  tab_name:
    description:
      - The name of a tab.
    type: str
    default: '{cluster}, {suite}'
  tab_description:
    description:
      - The description of a tab.
    type: str
  dashboard_group_name:
    description:
      - The name of the dashboard group that the dashboard is in. Without it, it is in none.
    type: str
  test_group:
    description:
      - Fields of test groups, by their names in TestGrid.
      - Unless they are here, C(days_of_results) is 30, C(num_columns_recent) 10, C(alert_stale_results_hours) 48,
        C(num_failures_to_alert) 1, C(disable_prowjob_analysis) true, and C(column_header) the commit.
    type: dict
  dashboard_tab:
    description:
      - Fields of tabs, by their names in TestGrid, for instance C(alert_options).
    type: dict
extends_documentation_fragment:
  - assay.clusters.attributes
attributes:
  diff_mode:
    description: The files before and after.
    support: full
seealso:
  - module: assay.clusters.testgrid_page
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: A tab for each cluster and suite
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Write the configuration
      assay.clusters.testgrid_config:
        config_dir: ./testgrid
        clusters: "{{ groups['clusters'] }}"
        suites:
          - name: conformance
          - name: validate
            tab_name: "{cluster}, checks"
            test_group:
              alert_stale_results_hours: 24
        gcs_prefix: example-conf/{cluster}/{suite}
        dashboard_name: conformance-example
        tab_description: "{suite} on {cluster}, {platform}"
        values: "{{ dict(groups['clusters'] | zip(groups['clusters'] | map('extract', hostvars, 'testgrid_values'))) }}"
        dashboard_tab:
          alert_options:
            alert_mail_to_addresses: oncall@example.com

    - name: Validate what others wrote
      assay.clusters.testgrid_config:
        config_dir: ./config/testgrids
        state: validated
        kubernetes_rules: true
"""

RETURN = r"""
files:
  description: The files that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
test_groups:
  description: The names of all test groups of the configuration.
  returned: success, and where the configuration has errors
  type: list
  elements: str
dashboards:
  description: The names of all dashboards, with those of their tabs.
  returned: success, and where the configuration has errors
  type: dict
  sample:
    conformance-example: ["c1, conformance", "c2, conformance"]
dashboard_groups:
  description: The names of all dashboard groups, with those of their dashboards.
  returned: success, and where the configuration has errors
  type: dict
errors:
  description: Why TestGrid would refuse the configuration.
  returned: success, and where the configuration has errors
  type: list
  elements: dict
  contains:
    file:
      description: The file, below O(config_dir). Empty for what is missing altogether.
      type: str
    line:
      description: The line, from 1. It is 0 for what is of the file as a whole.
      type: int
    message:
      description: What is wrong.
      type: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.testgrid import CONFIG
from ansible_collections.assay.clusters.plugins.module_utils.task import Task
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.config.job import entry

SPEC = Task(entry, CONFIG)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
