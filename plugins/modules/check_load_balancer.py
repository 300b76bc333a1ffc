# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/load_balancer.py and load_balancer.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_load_balancer
short_description: Prove that Services of type LoadBalancer lead from outside to their pods, and go again
version_added: 1.2.0
description:
  - Makes one Service of type LoadBalancer for pods that are there already, waits for its address or name, and asks it
    from outside the cluster until at least two pods answer, steadily.
  - Then gives it source ranges that leave everybody out, and takes them away again; whether they are honoured is told.
    With C(externalTrafficPolicy=Local) pods must see their client's own address, unless the load balancer ends
    connections itself, and nodes must say at the health port whether they have a pod.
  - Last it deletes the Service, waits for its finalizer, and asks until the address leads to our pods no more and its
    name is gone; with O(aws) also until nothing of it is left there. Somebody else who is given the address meanwhile
    is not taken for us.
  - A load balancer that does not answer where nothing else of the cluster does is not called broken;
    O(outside_probe_url) or O(asked_from) say from where it must be reached. Who asks from a node or a pod of the
    cluster itself proves nothing, as kube-proxy answers there without the load balancer.
  - Where no other Service has an address, no controller is known and nothing happens to ours, nothing makes load
    balancers, and the check is skipped; at once, where somebody's Service has waited in vain for more than ten minutes.
    Who may not see Services and controllers of all namespaces is told so, and nothing is called missing.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  load_balancer_class:
    description:
      - The C(loadBalancerClass) of our Service; by default the one that the cluster gives.
      - Without it the variable C(load_balancing_check_load_balancer_class) of the host is used.
    type: str
  service_annotations:
    description:
      - Annotations of our Service, such as those that make a load balancer internal or name its subnets.
      - Without it the variable C(load_balancing_check_service_annotations) of the host is used.
    type: dict
    default: {}
  source_ranges:
    description:
      - The C(loadBalancerSourceRanges) of our Service, where not everybody may come; who asks must be in them.
      - Without it the variable C(load_balancing_check_source_ranges) of the host is used.
    type: list
    elements: str
    default: []
  asked_from:
    description:
      - From where the load balancer must be reached. C(controller) is where the playbook runs, C(probe) what
        O(outside_probe_url) names; C(auto) is the probe where it is named and the controller else, and says nothing of
        a load balancer that does not answer there while nothing else of the cluster does.
      - Without it the variable C(load_balancing_check_asked_from) of the host is used.
    type: str
    choices: [auto, controller, probe]
    default: auto
  outside_probe_url:
    description:
      - The address of an C(agnhost netexec) that runs outside the cluster, where clients are. It has to be reached from
        the controller only, as it runs commands for whoever reaches it.
      - Without it the variable C(load_balancing_check_outside_probe_url) of the host is used.
    type: str
  balanced_service:
    description:
      - A Service of yours of type LoadBalancer, as C(NAMESPACE/NAME), that must have ready endpoints and take
        connections at its address from outside, too.
      - Without it the variable C(load_balancing_check_balanced_service) of the host is used.
    type: str
  provision_limit:
    description:
      - Seconds until an address must be given.
      - From 5 to 7200.
      - Without it the variable C(load_balancing_check_provision_limit) of the host is used.
    type: int
    default: 300
  serve_limit:
    description:
      - Seconds until our pods must answer at the address. Without it 60 for an address and 600 for a name.
      - From 5 to 3600.
      - Without it the variable C(load_balancing_check_serve_limit) of the host is used.
    type: int
  gone_limit:
    description:
      - Seconds until the Service, and then its address, its name and what the provider made must be gone.
      - From 5 to 3600.
      - Without it the variable C(load_balancing_check_gone_limit) of the host is used.
    type: int
    default: 300
  aws:
    description:
      - Whether AWS is asked, after the deletion, if anything of the load balancer is left there. The right to look is
        enough; see the policy.
      - Without it the variable C(load_balancing_check_aws) of the host is used.
    type: bool
    default: false
  region:
    description:
      - The region of AWS. Without it E(AWS_REGION), then the profile.
      - Without it the variable C(load_balancing_check_region) of the host is used.
    type: str
  access_key:
    description:
      - The id of an access key of AWS. Without it E(AWS_ACCESS_KEY_ID), or whatever boto3 finds.
      - Without it the variable C(load_balancing_check_access_key) of the host is used.
    type: str
  secret_key:
    description:
      - The secret of the access key.
      - Without it the variable C(load_balancing_check_secret_key) of the host is used.
    type: str
  session_token:
    description:
      - The token of a temporary access key.
      - Without it the variable C(load_balancing_check_session_token) of the host is used.
    type: str
  profile:
    description:
      - A profile of the AWS configuration, in place of an access key.
      - Without it the variable C(load_balancing_check_profile) of the host is used.
    type: str
  endpoint_url:
    description:
      - The address of the APIs of AWS, where they are not AWS's own.
      - Without it the variable C(load_balancing_check_endpoint_url) of the host is used.
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
- name: A load balancer of the private network is made and goes again
  assay.clusters.check_load_balancer:
    kubeconfig: /etc/clusters/prod.kubeconfig
    service_annotations:
      service.beta.kubernetes.io/aws-load-balancer-scheme: internal
    outside_probe_url: http://jump.example.com:8080
    aws: true
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.load_balancer import LoadBalancer
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(LoadBalancer), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
