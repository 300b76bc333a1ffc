# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of clusters of Cluster API: the twin of PLATFORM_CLUSTER_API in module_utils/arguments/platforms.py."""
from __future__ import annotations


class ModuleDocFragment:
    """Settings of platform cluster_api."""

    DOCUMENTATION = r"""
options:
  cluster_api:
    description:
      - O(platform=cluster_api), objects of Cluster API in a management cluster. This is how clusters on vSphere, Azure, GCP
        and others are made whose providers are installed there.
    type: dict
    suboptions:
      kubeconfig:
        description: The kubeconfig of the management cluster, as a path, as its content or as a dictionary.
        type: raw
      context:
        description: The context of it.
        type: str
      namespace:
        description: The namespace of the objects.
        type: str
        default: default
      manifest:
        description:
          - A file, or its content, as C(clusterctl generate cluster) prints it, or a template of it with the variables of
            clusterctl. C(CLUSTER_NAME), C(NAMESPACE), C(KUBERNETES_VERSION) and C(WORKER_MACHINE_COUNT) are known.
        type: str
      variables:
        description: The other variables of the template.
        type: dict
      class_variables:
        description:
          - Values of variables of the ClusterClass, by their names (C(spec.topology.variables)). They are put into the
            Cluster of the manifest, and a cluster that is there is changed to them; variables that are not named are left
            as they are.
        type: dict
      machine_deployment:
        description:
          - The MachineDeployment or MachinePool that changes when the number of nodes does. Without it the first one.
        type: str
"""
