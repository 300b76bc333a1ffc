# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of clusters of Konvoy, DKP and NKP: the twin of PLATFORM_KONVOY in module_utils/arguments/platforms.py."""
from __future__ import annotations


class ModuleDocFragment:
    """Settings of platform konvoy."""

    DOCUMENTATION = r"""
options:
  konvoy:
    description: O(platform=konvoy), clusters that the programs konvoy, dkp or nkp make.
    type: dict
    suboptions:
      generation:
        description:
          - V(v1) for Konvoy 1 with C(init), C(up) and C(down), V(v2) for later ones with C(create cluster) and
            C(delete cluster).
        type: str
        default: v1
        choices: [v1, v2]
      program:
        description: The program. Without it V(konvoy) or V(dkp), by O(konvoy.generation).
        type: str
      workdir:
        description:
          - A folder that stays. Each cluster has a folder in it with Konvoy's own state, without which it cannot be deleted.
        type: path
        required: true
      provisioner:
        description:
          - Where the machines come from, for instance V(aws), V(azure), V(gcp), V(none), and with V(v2) V(vsphere),
            V(preprovisioned), V(nutanix).
        type: str
      api_version:
        description: With V(v1), the version of C(konvoy.mesosphere.io) that the files have.
        type: str
        default: v1beta2
        choices: [v1alpha1, v1beta1, v1beta2]
      provisioner_spec:
        description:
          - With V(v1), what is put into the spec of the ClusterProvisioner. Node pools are merged by name.
          - Where it says something else than a cluster was made with, a line tells the places; it is applied with the next
            change of version or number of nodes. The same goes for O(konvoy.configuration_spec) and the lists of machines.
        type: dict
      configuration_spec:
        description: With V(v1), what is put into the spec of the ClusterConfiguration.
        type: dict
      control_plane:
        description: With O(konvoy.provisioner=none), the addresses of the machines of the control plane.
        type: list
        elements: str
        default: []
      workers:
        description: With O(konvoy.provisioner=none), the addresses of the other machines.
        type: list
        elements: str
        default: []
      bastions:
        description: With O(konvoy.provisioner=none), machines on the way to them.
        type: list
        elements: str
        default: []
      inventory_vars:
        description: With O(konvoy.provisioner=none), how the machines are reached, for instance C(ansible_user).
        type: dict
      node_pool:
        description:
          - The pool that changes when the number of nodes does. Without it the first one of workers, with V(v2)
            C(name-md-0).
        type: str
      arguments:
        description: With V(v2), more words for C(create cluster).
        type: list
        elements: str
        default: []
      update_arguments:
        description:
          - With V(v2), more words for C(update controlplane) and C(update nodepool), for instance the image of the new
            version, V(--vm-template=...).
        type: list
        elements: str
        default: []
      delete_arguments:
        description: With V(v2), more words for C(delete cluster), for instance V(--bootstrap-cluster-image=...).
        type: list
        elements: str
        default: []
      namespace:
        description: With V(v2), the namespace of the cluster's objects. Without it the program takes its own default.
        type: str
      self_managed:
        description:
          - With V(v2), whether the cluster manages itself. Then it is asked by the file C(name.conf) in its folder, which
            the program writes when the cluster is made.
        type: bool
        default: false
      management_kubeconfig:
        description:
          - With V(v2), the kubeconfig of the cluster that manages it, which must be told unless the cluster manages itself.
            C(KUBECONFIG) in O(konvoy.environment) does, too. What the environment of Ansible leads to is never used.
        type: path
      environment:
        description: Variables for the program, on top of the environment of Ansible.
        type: dict
"""
