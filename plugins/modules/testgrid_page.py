# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: testgrid_page
short_description: The grid of TestGrid as offline pages, for who has no TestGrid
version_added: 1.2.0
description:
  - Writes a page for each dashboard of a configuration of TestGrid, and one that lists them. They show what TestGrid shows of
    the same builds, which are cells, alerts, the status of each tab and how flaky it is.
  - A page is one file that asks the network for nothing. It is readable with the keyboard and with a screen reader, light and
    dark.
  - It runs on the controller, and only reads the builds.
  - TestGrid keeps what it once read; a page shows what is in the folder now. Of the pod of a Prow job only C(podinfo.json)
    itself is looked at.
options:
  config_dir:
    description:
      - The folder of the configuration, as that of M(assay.clusters.testgrid_config). It must be one that TestGrid would take.
    type: path
    required: true
  default_file:
    description:
      - A file of defaults for folders without a C(default.yaml), where it is not that of O(config_dir).
    type: path
  builds_dir:
    description:
      - The folder that stands for the buckets. Where C(gcs_prefix) of a test group is C(bucket/path), its builds are the
        folders in C(bucket/path) of it, with C(started.json), C(finished.json) and C(artifacts) in each.
    type: path
    required: true
  dest:
    description:
      - The folder for the pages. A page of this module whose dashboard is gone is removed.
    type: path
    required: true
  dashboards:
    description:
      - The names of the dashboards whose pages are written, by default all. Others stay as they are then.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - assay.clusters.attributes
attributes:
  diff_mode:
    description: Pages are no text to read as a difference; RV(dashboards) tells what they show.
    support: none
seealso:
  - module: assay.clusters.testgrid_config
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: The grid of what was published to a folder
  assay.clusters.testgrid_page:
    config_dir: ./testgrid
    builds_dir: ./buckets
    dest: ./grid
  register: grid

- name: Stop where a tab alerts
  ansible.builtin.assert:
    that: item.value.values() | selectattr('status', 'in', ['FAIL', 'BROKEN']) | list | length == 0
    fail_msg: "see {{ grid.paths[item.key] }}"
  loop: "{{ grid.dashboards | dict2items }}"
"""

RETURN = r"""
files:
  description: The pages in O(dest) that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
paths:
  description: The path of the page of each dashboard.
  returned: success
  type: dict
dashboards:
  description: For each dashboard and each of its tabs what is shown.
  returned: success
  type: dict
  contains:
    status:
      description: One of C(BROKEN), C(STALE), C(FAIL), C(PENDING), C(ACCEPTABLE), C(FLAKY), C(PASS), C(UNKNOWN).
      type: str
    message:
      description: TestGrid's sentence on the recent columns.
      type: str
    latest_green:
      description: The newest column in which everything passed, by its first header.
      type: str
    stale:
      description: Why the tab is stale. Empty where it is not.
      type: str
    alerts:
      description: The rows that fail for so long that TestGrid alerts.
      type: list
      elements: dict
    columns:
      description: The number of columns.
      type: int
    rows:
      description: The number of rows.
      type: int
    flakiness:
      description: The average score in percent, that of the interval before, the trend, and the rows with a score above 0.
      type: dict
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.testgrid import PAGE
from ansible_collections.assay.clusters.plugins.module_utils.task import Task
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.page.job import entry

SPEC = Task(entry, PAGE)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
