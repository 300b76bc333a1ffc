# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/external_dns.py and external_dns.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_external_dns
short_description: Prove that external-dns keeps names in their zone
version_added: 1.2.0
description:
  - Makes a Service without a cluster address and an Ingress of no class, whose annotations ask for names in a domain of
    external-dns and for targets from the nets for documentation. No load balancer is made for it, and the names lead
    nowhere.
  - Asks every name server of the zone, without recursion, until each has the addresses and the TXT records that say
    whose they are; then the name server that pods ask, and those that O(external_dns_resolvers) names. Nobody is asked
    before with recursion, so that none remembers that there was nothing.
  - Then changes the targets, and last deletes both objects, until no name server knows any of the records. A wildcard
    in the zone is found first, told, and not taken for ours.
  - After the change and after the end those that O(external_dns_resolvers) names are asked again. Each may keep an old
    answer for the time of the record, a minute where the zone says no more, and is waited for 15 seconds longer. Where
    that is more than O(external_dns_limit), it is told and not proved.
  - The domain, sources, filters, owner and policy are read from the arguments of the Deployment. Where these may not be
    seen, O(external_dns_zone) is enough.
  - Where the policy of external-dns never deletes, nothing is made and the check is skipped, unless
    O(external_dns_records_may_stay) allows it; then it warns of what stays.
  - With O(external_dns_provider) Route 53 is asked, too, whether the records are in its hosted zones, and that none is
    left at the end, TXT records included. It is only looked at.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  external_dns_zone:
    description:
      - The domain in which our names are made; by default the one that each external-dns here is limited to.
      - Without it the variable C(dns_check_external_dns_zone) of the host is used.
    type: str
  external_dns_servers:
    description:
      - Addresses of the name servers that must have the records; by default those that the zone names.
      - Without it the variable C(dns_check_external_dns_servers) of the host is used.
    type: list
    elements: str
  external_dns_resolvers:
    description:
      - Addresses of recursive name servers that must know the records, beside the one that pods ask, and must keep them
        no longer than their time.
      - Without it the variable C(dns_check_external_dns_resolvers) of the host is used.
    type: list
    elements: str
  external_dns_targets:
    description:
      - Two addresses that our records get, one after the other, where external-dns does not take those of the nets for
        documentation.
      - Without it the variable C(dns_check_external_dns_targets) of the host is used.
    type: list
    elements: str
    default: [192.0.2.10, 198.51.100.20]
  external_dns_records_may_stay:
    description:
      - Whether our records may stay where the policy of external-dns (C(upsert-only), C(create-only)) never deletes
        any; else nothing is made there.
      - Without it the variable C(dns_check_external_dns_records_may_stay) of the host is used.
    type: bool
    default: false
  external_dns_limit:
    description:
      - Seconds until every name server must have followed a change.
      - From 5 to 3600.
      - Without it the variable C(dns_check_external_dns_limit) of the host is used.
    type: int
    default: 300
  external_dns_provider:
    description:
      - 'Where records are looked for beside the name servers: C(aws) asks Route 53 whether those of our names are
        there, and gone at the end with their TXT records. The hosted zones are found by their name, public and private
        ones; the right to look is enough, see the policy.'
      - Without it the variable C(dns_check_external_dns_provider) of the host is used.
    type: str
    choices: [aws]
  region:
    description:
      - The region of AWS. Without it E(AWS_REGION), then the profile.
      - Without it the variable C(dns_check_region) of the host is used.
    type: str
  access_key:
    description:
      - The id of an access key of AWS. Without it E(AWS_ACCESS_KEY_ID), or whatever boto3 finds.
      - Without it the variable C(dns_check_access_key) of the host is used.
    type: str
  secret_key:
    description:
      - The secret of the access key.
      - Without it the variable C(dns_check_secret_key) of the host is used.
    type: str
  session_token:
    description:
      - The token of a temporary access key.
      - Without it the variable C(dns_check_session_token) of the host is used.
    type: str
  profile:
    description:
      - A profile of the AWS configuration, in place of an access key.
      - Without it the variable C(dns_check_profile) of the host is used.
    type: str
  endpoint_url:
    description:
      - The address of the APIs of AWS, where they are not AWS's own.
      - Without it the variable C(dns_check_endpoint_url) of the host is used.
    type: str
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
- name: Names in a domain of ours come and go, and a public resolver knows them
  assay.clusters.check_external_dns:
    kubeconfig: /etc/clusters/prod.kubeconfig
    external_dns_zone: apps.example.com
    external_dns_resolvers: [9.9.9.9]
- name: The same in Route 53, where nothing may be left
  assay.clusters.check_external_dns:
    kubeconfig: /etc/clusters/prod.kubeconfig
    external_dns_zone: apps.example.com
    external_dns_provider: aws
    region: eu-central-1
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.external_dns import ExternalDns
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(ExternalDns), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
