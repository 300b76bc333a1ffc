# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of machines on AWS: arguments.MACHINES_AWS, documented."""
from __future__ import annotations


class ModuleDocFragment:
    """Read by ansible-doc."""

    DOCUMENTATION = r"""
options:
  region:
    description:
      - The region of AWS. Without it E(AWS_REGION), E(AWS_DEFAULT_REGION), then the profile.
    type: str
    aliases: [aws_region]
  access_key:
    description:
      - The id of an access key. Without it E(AWS_ACCESS_KEY_ID), or whatever boto3 finds (a profile, the role of an instance).
    type: str
    aliases: [aws_access_key_id, aws_access_key]
  secret_key:
    description:
      - The secret of the access key. Without it E(AWS_SECRET_ACCESS_KEY).
    type: str
    aliases: [aws_secret_access_key, aws_secret_key]
  session_token:
    description:
      - The token of a temporary access key. Without it E(AWS_SESSION_TOKEN).
    type: str
    aliases: [aws_session_token]
  profile:
    description:
      - A profile of the AWS configuration, in place of an access key. Without it E(AWS_PROFILE).
    type: str
    aliases: [aws_profile]
  endpoint_url:
    description:
      - The address of the EC2 API, where it is not AWS's own. Without it E(AWS_ENDPOINT_URL_EC2), E(AWS_ENDPOINT_URL).
    type: str
    aliases: [aws_endpoint_url]
  ca_bundle:
    description:
      - A PEM file with the authority that signed the certificate of the EC2 API. Without it E(AWS_CA_BUNDLE), then the profile.
    type: path
    aliases: [aws_ca_bundle]
  root_volume:
    description:
      - How a revert treats the root volume of a machine.
      - V(swap) stops the machine and attaches a volume made of the snapshot, as for all other volumes. The machine is off
        afterwards and is started in its turn.
      - V(replace) lets EC2 replace it while the machine runs, for machines that may not be stopped before. It boots at once,
        whatever the order, and EC2 takes only snapshots of the line of the first root volume. Where EC2 has no such task, and
        for machines that are off, it is swapped.
    type: str
    default: swap
    choices: [swap, replace]
  replaced_volumes:
    description:
      - What becomes of the volumes that a revert takes off a machine. They go only when all new ones are attached.
    type: str
    default: delete
    choices: [delete, keep]
  auto_scaling:
    description:
      - What a revert does with machines of an Auto Scaling group, which terminates and replaces members that are stopped; node
        groups of EKS and instance groups of kops are such groups.
      - V(refuse) reverts none of them.
      - V(suspend) suspends the processes HealthCheck, ReplaceUnhealthy, Terminate and AZRebalance of their groups, and resumes
        those that it suspended when the cluster works again. Where machines stay off (after an error, or because they are
        to) they stay suspended, as the group would terminate these machines; a process that outlives the playbook resumes
        them when all run within half an hour, and so does the same revert again.
    type: str
    default: refuse
    choices: [refuse, suspend]
"""
