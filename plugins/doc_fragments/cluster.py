# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the connection options: the twin of CLUSTER in module_utils/arguments/cluster.py, with cluster_login."""
from __future__ import annotations


class ModuleDocFragment:
    """How a cluster is reached."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - A kubeconfig, as a path, as its content or as a dictionary.
      - Without it the variable C(cluster_kubeconfig) of the host is used, then E(K8S_AUTH_KUBECONFIG). The file
        C(~/.kube/config) is never used by accident, only when O(context) names a cluster in it.
      - What E(K8S_AUTH_KUBECONFIG), E(K8S_AUTH_CONTEXT) or E(K8S_AUTH_HOST) of the controller's environment alone names is one
        cluster, so it serves a play with one host, or a task with C(run_once).
    type: raw
  context:
    description:
      - The context of the kubeconfig.
      - Without it C(cluster_context), then E(K8S_AUTH_CONTEXT), then the current context of the kubeconfig.
      - Beside O(kubeconfig), E(K8S_AUTH_CONTEXT) counts where that kubeconfig has a context of this name and
        E(K8S_AUTH_KUBECONFIG) is not set; beside O(host) it does not count.
    type: str
  host:
    description:
      - The address of the API server, for instance V(https://api.example.com:6443).
      - Without it C(cluster_host), then E(K8S_AUTH_HOST) where neither O(kubeconfig) nor O(context) is given, then the
        kubeconfig.
    type: str
  api_key:
    description:
      - A bearer token.
      - Without it C(cluster_api_key), then E(K8S_AUTH_API_KEY), then the kubeconfig.
      - Credentials and authorities of the environment do not count beside O(kubeconfig), nor where the environment names
        another cluster than O(host) or O(context). Where an option signs in, other credentials of the environment do not
        count either.
    type: str
  ca_cert:
    description:
      - A PEM file with the authority that signed the certificate of the API server.
      - Without it C(cluster_ca_cert), then E(K8S_AUTH_SSL_CA_CERT), then the kubeconfig.
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description:
      - A PEM file with a client certificate.
      - Without it C(cluster_client_cert), then E(K8S_AUTH_CERT_FILE), then the kubeconfig.
    type: path
    aliases: [cert_file]
  client_key:
    description:
      - A PEM file with the key of O(client_cert).
      - Without it C(cluster_client_key), then E(K8S_AUTH_KEY_FILE), then the kubeconfig.
    type: path
    aliases: [key_file]
  proxy:
    description:
      - The URL of an HTTP proxy on the way to the API server.
      - Without it C(cluster_proxy), then E(K8S_AUTH_PROXY), then the kubeconfig.
    type: str
  no_proxy:
    description:
      - Addresses that are reached without O(proxy), separated by commas.
      - Without it C(cluster_no_proxy), then E(K8S_AUTH_NO_PROXY).
    type: str
  proxy_headers:
    description:
      - Headers for the proxy.
      - Without it C(cluster_proxy_headers), then, where O(proxy) is not given, E(K8S_AUTH_PROXY_HEADERS_BASIC_AUTH) and
        the like.
    type: dict
    suboptions:
      basic_auth:
        description: V(user:password) for the API server.
        type: str
      proxy_basic_auth:
        description: V(user:password) for the proxy.
        type: str
      user_agent:
        description: The name that the client gives itself.
        type: str
  impersonate_user:
    description:
      - The user to act as. The user of the credentials needs the verb C(impersonate).
      - Without it C(cluster_impersonate_user), then E(K8S_AUTH_IMPERSONATE_USER).
    type: str
  impersonate_groups:
    description:
      - The groups to act as.
      - Without it C(cluster_impersonate_groups), then E(K8S_AUTH_IMPERSONATE_GROUPS).
    type: list
    elements: str
requirements:
  - kubernetes >= 29
notes:
  - Everything runs on the controller. The cluster's host needs no login and no Python.
"""
