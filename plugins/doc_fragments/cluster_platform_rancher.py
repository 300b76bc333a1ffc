# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of clusters of Rancher: the twin of PLATFORM_RANCHER in module_utils/arguments/platforms.py."""
from __future__ import annotations


class ModuleDocFragment:
    """Settings of platform rancher."""

    DOCUMENTATION = r"""
options:
  rancher:
    description: O(platform=rancher), clusters that Rancher makes, or that it shall manage.
    type: dict
    suboptions:
      url:
        description: The address of Rancher. Without it E(RANCHER_URL) is used.
        type: str
      token:
        description:
          - An API key, as V(token-xxxxx:secret). Without it E(RANCHER_TOKEN) or E(RANCHER_TOKEN_KEY) is used, or
            E(RANCHER_ACCESS_KEY) with E(RANCHER_SECRET_KEY), as Terraform's provider has them.
        type: str
      username:
        description: Without a token, a local user to log in as. Without it E(RANCHER_USERNAME) is used.
        type: str
      password:
        description: The password. Without it E(RANCHER_PASSWORD) is used.
        type: str
      ca_cert:
        description:
          - A PEM file with the authority that signed the certificate of Rancher. Without it the content of
            E(RANCHER_CA_CERTS), or the file that it names.
        type: path
      validate_certs:
        description: Whether that certificate is verified. Without it it is, unless E(RANCHER_INSECURE) is true.
        type: bool
      proxy:
        description: The URL of an HTTP proxy on the way to Rancher.
        type: str
      generation:
        description:
          - The API that makes clusters, V(v1) for C(provisioning.cattle.io) with RKE2 and K3s, V(v3) for C(/v3/clusters)
            with RKE and hosted clusters. V(auto) takes V(v1) where Rancher has it.
        type: str
        default: auto
        choices: [auto, v1, v3]
      namespace:
        description: The namespace of the objects of V(v1).
        type: str
        default: fleet-default
      config:
        description:
          - What is made, as Rancher's own API takes it. The C(spec) of C(provisioning.cattle.io/v1) Cluster, or the body of
            C(/v3/clusters). Name, version, labels and the size of the pool are put in.
          - Where it says something else than a cluster that is there has, a line tells the places, and nothing is changed. The same
            goes for O(rancher.node_pools).
        type: dict
      node_pools:
        description: With V(v3), the bodies of C(/v3/nodePools) that are made for the cluster.
        type: list
        elements: dict
        default: []
      pool:
        description:
          - The pool that changes when the number of nodes does. Without it the first one that has workers only. Pools have
            the names C(name) in V(v1) and C(hostnamePrefix) in V(v3).
        type: str
      import_kubeconfig:
        description:
          - A kubeconfig of a cluster that is there already and shall be managed by Rancher, instead of a new one. Rancher's
            agent is applied to it. Disposing of it removes it from Rancher only.
        type: path
"""
