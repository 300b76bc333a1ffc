# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: results_badges
short_description: Badges of clusters and domains, as SVG for pages and wikis
version_added: 1.2.0
description:
  - Writes a badge for each cluster, for each domain of checks on it, and for each domain on all clusters, with the
    worst verdict. The badge of a plan of test cases is written by M(assay.clusters.results_coverage).
  - A badge is one SVG that refers to nothing outside of it, with a title that tells what it says and when the run
    began. The same results are the same files.
  - It runs on the controller.
options:
  results_dir:
    description:
      - The results folder of M(assay.clusters.validate).
    type: path
    required: true
  dest:
    description:
      - The folder of the badges. It is made where it is not there. Badges of clusters that the results do not have are
        left, a file that is no badge of this module is never written over.
    type: path
    required: true
  clusters:
    description:
      - Only these clusters. Without it all that the results folder has.
    type: list
    elements: str
    default: []
  since:
    description:
      - Only runs that began at this time or later, in ISO 8601, for a folder that is used again.
    type: str
    default: ''
extends_documentation_fragment:
  - assay.clusters.attributes
seealso:
  - module: assay.clusters.validate
  - module: assay.clusters.results_coverage
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Badges for the team's wiki
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Write them where a web server shows them
      assay.clusters.results_badges:
        results_dir: ./results
        dest: /srv/www/badges
"""

RETURN = r"""
paths:
  description: All badges of these results.
  returned: success
  type: list
  elements: str
  sample: ["/srv/www/badges/clusters/c1.svg", "/srv/www/badges/clusters/c1/dns.svg", "/srv/www/badges/domains/dns.svg"]
files:
  description: Which of them changed, below O(dest). In check mode, which would.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.badges import BADGES
from ansible_collections.assay.clusters.plugins.module_utils.badges.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(entry, BADGES)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
