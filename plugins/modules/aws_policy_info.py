# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: aws_policy_info
short_description: The IAM policy that chosen checks need at AWS
version_added: 1.2.0
description:
  - Returns the policy with which the chosen checks ask AWS what only AWS knows, and no more. Nothing is asked of AWS.
  - Checks only look. With O(jobs) the policy also allows what other modules of this collection do there.
  - Most actions that describe or list can be bounded to nothing, so these are allowed for all resources of the account.
options:
  jobs:
    description:
      - What else the policy is for.
      - V(leftovers) for M(assay.clusters.leftovers_info), V(snapshots) for M(assay.clusters.vm_snapshot),
        M(assay.clusters.vm_snapshot_info) and M(assay.clusters.vm_snapshot_prune), V(reverts) for
        M(assay.clusters.vm_snapshot_revert).
      - V(replace_root_volume) for reverts that have EC2 replace the root volume of a running machine.
      - V(suspend_auto_scaling) for reverts of machines of Auto Scaling groups.
      - V(encrypted_volumes) for snapshots and reverts of disks that are encrypted with a key of one's own, besides these.
    type: list
    elements: str
    default: []
    choices: [leftovers, snapshots, reverts, replace_root_volume, suspend_auto_scaling, encrypted_volumes]
  optional:
    description:
      - Whether actions are allowed without which verdicts are the same, but causes less sure.
    type: bool
    default: true
  partition:
    description:
      - The partition of AWS, for instance V(aws-cn).
    type: str
    default: aws
  region:
    description:
      - The region to which those actions are bounded that can be.
    type: str
    default: '*'
  account_id:
    description:
      - The account to which those actions are bounded that can be.
    type: str
    default: '*'
  hosted_zone_ids:
    description:
      - The ids of the zones of Route 53 whose records may be read.
    type: list
    elements: str
    default: ['*']
  log_groups:
    description:
      - The log groups of CloudWatch Logs that may be read.
    type: list
    elements: str
    default: ['*']
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.select
seealso:
  - module: assay.clusters.rbac_info
  - module: amazon.aws.iam_managed_policy
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: What all checks ask of AWS
  assay.clusters.aws_policy_info:
    region: eu-central-1
    account_id: "123456789012"
    hosted_zone_ids: [Z0123456789ABCDEFGHIJ]
  register: needed

- name: Allow it
  amazon.aws.iam_managed_policy:
    name: assay-clusters
    policy: "{{ needed.policy }}"

- name: What the proof that nothing is left needs besides
  assay.clusters.aws_policy_info:
    checks: [machines]
    jobs: [leftovers]
"""

RETURN = r"""
policy:
  description: The policy document. It has no statement where nothing is asked of AWS.
  returned: always
  type: dict
  sample:
    Version: '2012-10-17'
    Statement:
      - Effect: Allow
        Action: ['ec2:DescribeInstances', 'ec2:DescribeSnapshots', 'ec2:DescribeVolumes']
        Resource: ['*']
actions:
  description: The actions that it allows.
  returned: always
  type: list
  elements: str
needs:
  description: What the actions are for, with the keys C(for) (a check or one of O(jobs)), C(why), C(actions) and C(optional).
  returned: always
  type: list
  elements: dict
not_included:
  description: The actions that are not in it, and what each would be good for.
  returned: always
  type: dict
checks:
  description: The names of the checks that it is for.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import AWS_POLICY, SELECT
from ansible_collections.assay.clusters.plugins.module_utils.module import declare


def main() -> None:
    declare({**SELECT, **AWS_POLICY})


if __name__ == "__main__":
    main()
