# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/licenses.py and licenses.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_licenses
short_description: Prove that no licence ends unnoticed
version_added: 1.2.0
description:
  - Asks GitLab's licence API, and whatever else answers JSON with a date in it, when a licence ends.
  - The clock is that of the server that answers, and the controller's. GitLab's own word that a licence has expired
    counts, too; more users than are paid for are a warning.
  - Bad weather (a server that starts, a proxy whose servers are away, 429) is outlasted for some seconds. Credentials
    that are refused, a GitLab without licences (the Community Edition answers 404), and an answer without a date make
    the check inconclusive.
  - A date without a time ends with its first second, by UTC.
  - Without a licence that is named the check is skipped. It runs also when the cluster does not answer.
options:
  licenses:
    description:
      - Licences to look at. Each is a dictionary, with C(gitlab) (the address of a GitLab, whose licence API is asked
        with an administrator's token) or with C(url) and C(expires) (a JMESPath expression for the date in the JSON
        that it answers); and, where it is needed, C(name) for messages, C(token) or C(token_env) (a variable of the
        controller's environment), C(headers), C(header_env) (variables by header), C(format) (auto, iso, epoch_seconds
        or epoch_millis), C(ca_file), C(validate_certs), C(warn_days) and C(fail_days).
      - Without it the variable C(certificates_check_licenses) of the host is used.
    type: list
    elements: dict
    default: []
  license_warn_days:
    description:
      - Warn when a licence has fewer days left.
      - At least 0.
      - Without it the variable C(certificates_check_license_warn_days) of the host is used.
    type: float
    default: 30.0
  license_fail_days:
    description:
      - Fail when a licence has fewer days left.
      - At least 0.
      - Without it the variable C(certificates_check_license_fail_days) of the host is used.
    type: float
    default: 7.0
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
- name: GitLab's licence, and another one
  assay.clusters.check_licenses:
    licenses:
      - gitlab: https://gitlab.example.com
        token_env: GITLAB_TOKEN
      - name: artifacts
        url: https://artifacts.example.com/api/system/license
        expires: validThrough
        token: "{{ vault_artifacts_token }}"
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.licenses import Licenses
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(Licenses), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
