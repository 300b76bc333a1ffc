# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/cert_manager.py and cert_manager.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_cert_manager
short_description: Prove that cert-manager issues and renews certificates
version_added: 1.2.0
description:
  - Makes a Certificate for a name of its own by each issuer, and by each way in which that proves names (http01,
    dns01); waits until it is issued; and looks whether names, chain, time and key are right and the Secret holds it.
    Then has it renewed before its time, as C(cmctl renew) does, which must give another serial number.
  - Asked are the issuers that O(cert_manager_issuers) names. Without it, those that are ready and have a CA or an ACME
    server; but an ACME server for all the world in production (Let's Encrypt, ZeroSSL, Google and others) is asked only
    when its issuer is named, as its limits count for the whole domain. Its staging server is asked.
  - ACME servers prove names, so they are asked for names in O(cert_manager_domain). Without it an issuer with such a
    server is told, and the check is inconclusive whatever else holds. For http01 names in the domain must lead to the
    Ingress controller, by a wildcard record or by external-dns; for dns01 the issuer must write into its zone.
  - With O(cert_manager_ingress_class) an Ingress must serve the very certificate before a pod of ours, and the new one
    after it was renewed.
  - In the end everything is deleted, and no Secret, CertificateRequest, Order, Challenge or solver is left, nor a TXT
    record at any name server of the zone.
  - cert-manager leaves the Secret of a certificate where it is. In a namespace of the run's own it goes with that; in
    one that the run is given, nothing is issued unless our user may delete it.
  - Issuers that lie in other namespaces than that of the run are not asked, as a Certificate would have to be made
    there.
  - Skipped without the kinds of cert-manager, where there is no issuer, and where none may be asked.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  cert_manager_issuers:
    description:
      - 'The issuers to prove: names of ClusterIssuers, or C(Issuer/NAME) in the namespace of the run; by default all
        that are ready and have a CA or an ACME server which is not for all the world in production.'
      - Without it the variable C(certificates_check_cert_manager_issuers) of the host is used.
    type: list
    elements: str
  cert_manager_domain:
    description:
      - 'The domain in which our names are made, for ACME issuers: its names lead to the Ingress controller (http01), or
        the issuers write into its zone (dns01).'
      - Without it the variable C(certificates_check_cert_manager_domain) of the host is used.
    type: str
  cert_manager_challenges:
    description:
      - The ways to prove, of those that an ACME issuer has.
      - Without it the variable C(certificates_check_cert_manager_challenges) of the host is used.
    type: list
    elements: str
    choices: [http01, dns01]
    default: [http01, dns01]
  cert_manager_ingress_class:
    description:
      - An IngressClass that must serve what was issued; by default none is asked.
      - Without it the variable C(certificates_check_cert_manager_ingress_class) of the host is used.
    type: str
  cert_manager_ingress_address:
    description:
      - Where its controller is reached, if it writes no address into an Ingress or one that is not reached from here.
      - Without it the variable C(certificates_check_cert_manager_ingress_address) of the host is used.
    type: str
  cert_manager_limit:
    description:
      - Seconds until a certificate must have been issued, and until it must have been renewed.
      - From 5 to 3600.
      - Without it the variable C(certificates_check_cert_manager_limit) of the host is used.
    type: int
    default: 300
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
- name: The staging issuer proves names of a domain, and an Ingress serves its certificates
  assay.clusters.check_cert_manager:
    kubeconfig: /etc/clusters/prod.kubeconfig
    cert_manager_issuers:
      - letsencrypt-staging
    cert_manager_domain: apps.example.com
    cert_manager_ingress_class: nginx
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.cert_manager import CertManager
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(CertManager), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
