# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: rbac_info
short_description: The roles that chosen checks need
version_added: 1.0.0
description:
  - Returns the roles with which the chosen checks work, and no more. No cluster is asked.
  - What runs make is in one namespace, where a Role allows it; beyond it a ClusterRole allows reading, and no Secret.
    The host's variable C(validate_namespace) must name that namespace.
options:
  name:
    description:
      - The name of the roles and bindings.
    type: str
    default: assay-clusters
  scope:
    description:
      - V(namespace) for an existing namespace, in which all runs work.
      - V(cluster) for one ClusterRole with which each run makes a namespace of its own. RBAC cannot bound rights to
        namespaces that are not there yet, so whoever has it can make pods in every namespace, and by them use every
        ServiceAccount. That is as good as an administrator.
    type: str
    default: namespace
    choices: [namespace, cluster]
  namespace:
    description:
      - The namespace for what runs make; with the restricted level of Pod Security.
    type: str
    default: assay-clusters
  optional:
    description:
      - Which rights are given besides those that the checks cannot do without. Without them verdicts are the same.
      - V(reads) makes causes surer by reading workloads, events, nodes and volumes.
      - V(logs) reads the last lines of pods on a failing path, in any namespace.
      - V(kubelet_statistics) reads the disks of nodes by C(nodes/proxy). Whoever may do that can run commands in any pod
        of the cluster.
      - V(port_forward) and V(exec) are other ways to the probes, where the API server's proxy to pods is blocked.
      - V(prometheus) lets the check of monitoring ask Prometheis through C(pods/proxy), and what their accounts may do.
      - V(retained_volumes) lets the check of storage remove its volume where the class retains volumes.
      - V(tls_secrets) lets the check of certificates read those in Secrets. RBAC cannot know their type, so it allows all.
      - V(edge_certificates) lets the checks of Ingresses and Gateways make a TLS Secret of their own and delete it; without it they
        do not ask by TLS. RBAC cannot know which Secret it is.
      - V(issued_secrets) lets the check of cert-manager read and delete the Secret of a certificate that was issued to it; without
        it what is in the Secret is not looked at. RBAC cannot know which Secret it is.
      - V(audit_files) lets the check of audit logs read them by C(/logs) of the API servers, where these serve it. Whoever
        may do that reads all logs there.
      - V(pull_secrets) reads the Secrets that C(validate_pull_secrets) names. RBAC cannot know them, so it allows all.
    type: list
    elements: str
    default: [reads]
    choices: [reads, logs, kubelet_statistics, port_forward, prometheus, exec, retained_volumes, tls_secrets,
      edge_certificates, issued_secrets, audit_files, pull_secrets]
  subjects:
    description:
      - Who gets the roles, as in a ClusterRoleBinding; without any no bindings are returned.
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.select
seealso:
  - module: assay.clusters.validate
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: The permissions for the checks of the network
  assay.clusters.rbac_info:
    domains: [network, dns]
  register: needed

- name: Keep them in a file
  ansible.builtin.copy:
    content: "{{ needed.manifests | map('ansible.builtin.to_nice_yaml') | join('---\\n') }}"
    dest: ./roles.yml
    mode: "0644"

- name: With statistics of disks, for a ServiceAccount
  assay.clusters.rbac_info:
    namespace: proofs
    optional: [reads, kubelet_statistics]
    subjects:
      - kind: ServiceAccount
        name: assay
        namespace: proofs
"""

RETURN = r"""
manifests:
  description: The Namespace, the Role and the ClusterRole, or the one ClusterRole, and their bindings to O(subjects).
  returned: always
  type: list
  elements: dict
cluster_role:
  description: The ClusterRole alone.
  returned: always
  type: dict
wanted_by:
  description: Each rule of the roles, in their order, with who wants something of it.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: The kind of the role that has the rule.
      type: str
    rule:
      description: The rule as it stands there.
      type: dict
    by:
      description: >-
        Names of checks; V(every run) for what any run needs, V(the look for causes) for what is read when a check has failed.
      type: list
      elements: str
not_included:
  description: The rights that are not in it, and what each would be good for.
  returned: always
  type: dict
checks:
  description: The names of the checks that it is for.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import RBAC, SELECT
from ansible_collections.assay.clusters.plugins.module_utils.module import declare


def main() -> None:
    declare({**SELECT, **RBAC})


if __name__ == "__main__":
    main()
