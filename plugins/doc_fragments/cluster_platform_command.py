# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of clusters of any program that makes clusters: the twin of PLATFORM_COMMAND in module_utils/arguments/platforms.py."""
from __future__ import annotations


class ModuleDocFragment:
    """Settings of platform command."""

    DOCUMENTATION = r"""
options:
  command:
    description:
      - O(platform=command), any program that makes clusters, as kops, eksctl, gcloud, az, or kubeadm with a script.
      - A command is a list of words and is run without a shell. Several commands are a list of such lists.
      - In words C({name}), C({workdir}), C({version}), C({nodes}) and C({kubeconfig}) are replaced, the last by the path
        of a file in O(command.workdir).
    type: dict
    suboptions:
      workdir:
        description:
          - The folder in which the commands run. The log of each cluster is kept there, and a note on what was made.
        type: path
        required: true
      create:
        description: Makes the cluster, and returns when it is made.
        type: list
        elements: raw
        required: true
      delete:
        description: Deletes the cluster, also one that is half made, and returns when it is gone.
        type: list
        elements: raw
        required: true
      kubeconfig:
        description: Prints a kubeconfig, or prints the path of one, or writes it to C({kubeconfig}).
        type: list
        elements: raw
        required: true
      list:
        description:
          - Prints the clusters there are, as lines or as the JSON of gcloud, az, eksctl or kops.
          - Without it only what was made with this O(command.workdir) is known.
        type: list
        elements: raw
      list_pattern:
        description:
          - A regular expression with the group C(name), and perhaps C(state), C(version) and C(nodes), for the lines that
            O(command.list) prints.
          - Without it a line is a name and perhaps a state after it; lines that are indented are left out.
        type: str
      version:
        description: Changes the cluster to C({version}).
        type: list
        elements: raw
      size:
        description: Changes the cluster to C({nodes}) nodes.
        type: list
        elements: raw
      environment:
        description:
          - Variables for the commands, on top of the environment of Ansible. Values whose names tell that they are secrets,
            as C(AWS_SECRET_ACCESS_KEY), are kept out of all output.
        type: dict
      repeatable:
        description: Whether O(command.create) goes on with a cluster that is half made.
        type: bool
        default: false
"""
