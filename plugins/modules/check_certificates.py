# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/certificates.py and certificates.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_certificates
short_description: Prove that no certificate ends unnoticed, and that each is the right one
version_added: 1.2.0
description:
  - Looks at every certificate on which the cluster stands. API servers by each of their addresses, the kubelet of each
    node, what API servers call (webhooks of admission and conversion, aggregated APIs) against the C(caBundle) by which
    they trust it, TLS Secrets with their chains, the hosts of Ingresses, requests of kubelets that nobody approves, and
    what the kubeconfig itself signs in with.
  - Servers that the inventory lists are asked as their clients ask them, with STARTTLS where their protocol begins in
    the clear. Their whole chain is judged as it is served, its trust by OpenSSL, its names, and the Secret that it
    should be of.
  - An end is near 30 days before it (O(warn_days), warned) and a week before it (O(fail_days), failed); less of what
    lives shortly, as 15 days and a week of a certificate of 90 days, and hours of one of a day. What is renewed by
    itself is judged by when that had to be done. kubelets have the last tenth of a life for it, cert-manager what it
    wrote as C(renewalTime).
  - Nothing has ended before both the API server's clock and the controller's say so. An ended root that is sent along,
    an ended intermediate that clients do without, a Secret that nobody uses, and a kubelet's own certificate that
    nobody verifies are warnings at most. A certificate that signed itself is no fault where C(self_signed) says that it
    is meant.
  - What only the cluster's network reaches is asked by the probes' curl (7.88 or newer), which tells the whole chain.
    What cannot be looked at is listed as C(not_looked_at); where the inventory names it, the check is inconclusive.
  - Of a Secret only the certificate is kept. Its key is dropped where the answer of the API is read, is compared with
    nothing, and is never stored, shown or logged. Nothing is changed anywhere.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  endpoints:
    description:
      - Servers beside the cluster, or in it, whose certificates are asked for. Each is a dictionary with C(host); and,
        where it is needed, C(port) (443), C(name) for messages, C(server_name) that is asked for and must be in the
        certificate, C(starttls) (smtp, imap, pop3, ldap or postgres), C(ca_file) or C(ca) (PEM) that must have signed
        it, C(self_signed) (true) where it is to be trusted by nobody, C(stored) (NAMESPACE/NAME of the Secret that it
        must serve), C(inside) (true) where a probe in the cluster has to ask, C(warn_days) and C(fail_days) of its own.
      - Without it the variable C(certificates_check_endpoints) of the host is used.
    type: list
    elements: dict
    default: []
  warn_days:
    description:
      - Warn when a certificate has fewer days left; of one that lives for less than half a year, a sixth of its life.
      - At least 0.
      - Without it the variable C(certificates_check_warn_days) of the host is used.
    type: float
    default: 30.0
  fail_days:
    description:
      - Fail when a certificate has fewer days left; of one that lives for less than 84 days, a twelfth of its life.
      - At least 0.
      - Without it the variable C(certificates_check_fail_days) of the host is used.
    type: float
    default: 7.0
  places:
    description:
      - Where certificates of the cluster are looked at.
      - Without it the variable C(certificates_check_places) of the host is used.
    type: list
    elements: str
    choices: [api_servers, kubelets, webhooks, apiservices, secrets, ingresses, requests, kubeconfig]
    default: [api_servers, kubelets, webhooks, apiservices, secrets, ingresses, requests, kubeconfig]
  pending_seconds:
    description:
      - How long the request of a kubelet may wait to be approved (seconds).
      - At least 0.
      - Without it the variable C(certificates_check_pending_seconds) of the host is used.
    type: float
    default: 300.0
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
- name: What ends, in the cluster and around it
  assay.clusters.check_certificates:
    kubeconfig: /etc/clusters/prod.kubeconfig
    endpoints:
      - host: gitlab.example.com
      - host: vcenter.example.com
        self_signed: true
      - host: ldap.example.com
        port: 389
        starttls: ldap
        ca_file: /etc/pki/company-ca.pem
      - host: registry.tools.svc
        inside: true
        stored: tools/registry-tls
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.certificates import Certificates
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(Certificates), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
