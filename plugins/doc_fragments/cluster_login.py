# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of arguments.CLUSTER that modules of machines do not have: the log-in there is that of the platform."""
from __future__ import annotations


class ModuleDocFragment:
    """Read by ansible-doc."""

    DOCUMENTATION = r"""
options:
  username:
    description:
      - A user name, for basic authentication or for the login of OpenShift.
      - Without it C(cluster_username), then E(K8S_AUTH_USERNAME).
    type: str
  password:
    description:
      - The password of O(username).
      - Without it C(cluster_password), then E(K8S_AUTH_PASSWORD).
    type: str
  validate_certs:
    description:
      - Whether the certificate of the API server is verified.
      - Without it C(cluster_validate_certs), then E(K8S_AUTH_VERIFY_SSL), then the kubeconfig, else it is verified.
    type: bool
    aliases: [verify_ssl]
"""
