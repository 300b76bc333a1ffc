# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: leftovers_info
short_description: What a cluster or a run left at its providers
version_added: 1.1.0
description:
  - Lists what providers have of a cluster or a run, by tag and by name, and what of it was not there before. Nothing is
    changed.
  - Each thing that is left is told with its id, age and owner, and with the cause that keeps it, as far as that can be seen
    without trying to delete it.
  - A kind that may not be listed is told as left with the cause V(permission), and never taken for empty, and so is one of
    V(aws) of which the list was not complete in time, with the cause V(time).
options:
  providers:
    description:
      - Where to look, all at once.
      - V(aws) looks at instances, volumes, snapshots, network interfaces, security groups, addresses, load balancers of both
        generations, target groups, networks and what is in them, Auto Scaling groups, launch templates, key pairs, clusters
        and node groups of EKS, stacks, log groups, roles, instance profiles and OIDC providers of IAM, and records of Route 53,
        and by its tags at things of any other kind. What bears no tag of its own is found by what it belongs to, as
        the network interfaces of a security group, or records that lead to a load balancer.
      - V(cluster) looks at objects of every kind with the labels of this collection in the cluster that the connection options
        name, and at the volumes of its claims. Where the cluster does not answer, the journal of this controller tells what
        runs had made there.
      - V(cluster_api) looks at the management cluster for objects of Cluster API and of its providers, Secrets and ConfigMaps,
        by the labels that controllers set (C(cluster.x-k8s.io/cluster-name)) and those of M(assay.clusters.cluster). What other
        clusters use, too, is not left.
      - V(rancher) looks at clusters, nodes, machines, volumes, machine configs of the node drivers that are known, tokens,
        and Fleet's clusters and bundles of its agent; at cloud credentials by O(patterns), O(tags) and our labels alone, as they
        are of no cluster.
      - V(vsphere) looks at machines, folders, snapshots, and disks on datastores that no machine has, by O(name), by
        O(patterns), and by what M(assay.clusters.vm_snapshot) wrote into descriptions. What is in a folder that belongs to the
        cluster belongs to it. O(tags) are not looked at.
    type: list
    elements: str
    required: true
    choices: [aws, cluster, cluster_api, rancher, vsphere]
    aliases: [provider]
  name:
    description:
      - The name of the cluster. Things belong to it by the tags that Kubernetes, EKS and the controllers of load balancers,
        volumes and names in DNS set. A cluster whose name only begins like that is another one.
      - With O(run_id) it is also the name that M(assay.clusters.cluster) made of both.
    type: str
  run_id:
    description: The run. Things belong to it by the label or tag C(assay.clusters/run).
    type: str
  tags:
    description: More tags, or labels, that things may have. A value may be a pattern; an empty one fits all.
    type: dict
  patterns:
    description: Names that things may have, as patterns like V(ci-*). V(*) is everything.
    type: list
    elements: str
    default: []
  before:
    description:
      - An earlier inventory, as a file or as a value; the result of an earlier call holds one. What was in it is not left.
      - It must be of the same place and of the same O(name), O(run_id), O(tags) and O(patterns).
      - What bears our labels in V(cluster) needs none, it is left whatever was there before.
    type: raw
  wait:
    description:
      - Whether to wait until nothing is left, for O(wait_timeout). Providers go on with deletions for minutes after they
        were accepted.
      - A number of seconds here is deprecated. It goes in 3.0.0.
    type: bool
    default: false
  wait_timeout:
    description:
      - With O(wait=true), the seconds after which what is left is told.
      - They bound a look at V(aws), too, which has a minute at least, also without O(wait). What is not listed then is told.
    type: float
    default: 600
    version_added: 1.2.0
  wait_sleep:
    description:
      - Seconds between two looks.
      - The older name O(poll) is deprecated. It goes in 3.0.0.
    type: float
    default: 10
    aliases: [poll]
  fail_on_leftovers:
    description: Whether the task fails if something is left.
    type: bool
    default: false
  journal_dir:
    description: The folder of the journals, the same that the runs got.
    type: path
  aws:
    description: How to reach AWS. The options have the names of C(amazon.aws).
    type: dict
    suboptions:
      region:
        description: The region. Without it E(AWS_REGION), E(AWS_DEFAULT_REGION), then the profile.
        type: str
        aliases: [aws_region]
      profile:
        description: A profile of the AWS configuration, in place of an access key. Without it E(AWS_PROFILE).
        type: str
        aliases: [aws_profile]
      access_key:
        description: The id of an access key. Without it E(AWS_ACCESS_KEY_ID), or whatever boto3 finds.
        type: str
        aliases: [aws_access_key_id, aws_access_key]
      secret_key:
        description: The secret of the access key. Without it E(AWS_SECRET_ACCESS_KEY).
        type: str
        aliases: [aws_secret_access_key, aws_secret_key]
      session_token:
        description: The token of a temporary access key. Without it E(AWS_SESSION_TOKEN).
        type: str
        aliases: [aws_session_token]
      endpoint_url:
        description: An address of all services, where it is not AWS's own. Without it E(AWS_ENDPOINT_URL).
        type: str
        aliases: [aws_endpoint_url]
      ca_bundle:
        description: A PEM file with the authority that signed their certificates. Without it E(AWS_CA_BUNDLE), then the profile.
        type: path
        aliases: [aws_ca_bundle]
        version_added: 1.2.0
      validate_certs:
        description: Whether certificates must be valid.
        type: bool
        default: true
      zones:
        description: Zones of Route 53 to look at, by name or id. Without it all.
        type: list
        elements: str
        default: []
      skip_kinds:
        description:
          - Kinds that are not looked for, as they are called in what is left, for accounts that may not list them, as
            V(role), V(instance_profile) and V(oidc_provider) of IAM. V(tagged) is what only the tagging API knows.
          - The message names them, so that nobody takes them for looked at.
        type: list
        elements: str
        default: []
  cluster_api:
    description: How to reach the management cluster of Cluster API.
    type: dict
    version_added: 1.2.0
    suboptions:
      kubeconfig:
        description: The kubeconfig of the management cluster, as a path, as its content or as a dictionary.
        type: raw
      context:
        description: The context of it.
        type: str
      namespace:
        description: The namespace of the objects. Without it all are looked at, which wants the right to.
        type: str
  rancher:
    description: How to reach Rancher.
    type: dict
    suboptions:
      url:
        description: The address of Rancher. Without it E(RANCHER_URL).
        type: str
      token:
        description: An API key. Without it E(RANCHER_TOKEN), or O(rancher.username) and O(rancher.password).
        type: str
      username:
        description: A user who logs in for the time of the task. Without it E(RANCHER_USERNAME).
        type: str
      password:
        description: The password. Without it E(RANCHER_PASSWORD).
        type: str
      ca_cert:
        description: A file with the certificate of the authority that Rancher's certificate is from.
        type: path
      validate_certs:
        description: Whether certificates must be valid. Without it they must, unless E(RANCHER_INSECURE) is true.
        type: bool
      proxy:
        description: A proxy on the way to Rancher.
        type: str
  vsphere:
    description: How to reach a vCenter or an ESXi host. The options have the names of C(vmware.vmware).
    type: dict
    suboptions:
      hostname:
        description: The address. Without it E(VMWARE_HOST).
        type: str
      username:
        description: The user. Without it E(VMWARE_USER).
        type: str
      password:
        description: The password. Without it E(VMWARE_PASSWORD).
        type: str
      port:
        description: The port, by default 443. Without it E(VMWARE_PORT).
        type: int
      validate_certs:
        description: Whether the certificate must be valid, by default so. Without it E(VMWARE_VALIDATE_CERTS).
        type: bool
      datacenter:
        description: Only what is in this datacenter. Datastores are searched all the same. Without it E(VMWARE_DATACENTER).
        type: str
      datastores:
        description:
          - The only datastores that are searched for disks, by name. Without them all that the user sees; one of them that may not
            be searched is told, as nobody knows what is on it.
        type: list
        elements: str
        default: []
      proxy_host:
        description: The address of a proxy on the way. Without it E(VMWARE_PROXY_HOST).
        type: str
      proxy_port:
        description: The port of the proxy, by default 8080. Without it E(VMWARE_PROXY_PORT).
        type: int
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster
  - assay.clusters.cluster_login
seealso:
  - module: assay.clusters.sweep
  - module: assay.clusters.cluster
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Before the cluster is made
  assay.clusters.leftovers_info:
    providers: aws
    name: ci
    run_id: "{{ run_id }}"
    patterns: ["ci-{{ run_id }}-*"]
    aws:
      region: eu-central-1
  register: before

- name: After it is gone
  assay.clusters.leftovers_info:
    providers: aws
    name: ci
    run_id: "{{ run_id }}"
    patterns: ["ci-{{ run_id }}-*"]
    before: "{{ before.inventory }}"
    wait: true
    wait_timeout: 600
    fail_on_leftovers: true
    aws:
      region: eu-central-1

- name: What runs left in a cluster that stays
  assay.clusters.leftovers_info:
    providers: cluster
    kubeconfig: ~/.kube/staging.yaml
  register: left
"""

RETURN = r"""
msg:
  description: What is left, in one sentence.
  returned: always
  type: str
  sample: "1 left: security_group sg-0a1b2c (k8s-elb-a1b2) [dependency]"
clean:
  description: Whether nothing is left, and all kinds could be listed.
  returned: always
  type: bool
leftovers:
  description: What is left. Without O(before), all that was found.
  returned: always
  type: list
  elements: dict
  contains:
    provider:
      description: One of O(providers).
      type: str
    kind:
      description: The kind of thing, as V(volume); in V(cluster) and V(cluster_api) as Kubernetes writes it.
      type: str
    id:
      description: What the provider knows it by. Empty for a kind that could not be listed.
      type: str
    name:
      description: Its name; in V(cluster) and V(cluster_api) with its namespace.
      type: str
    created:
      description: When it was made (UTC). Empty where the provider does not tell.
      type: str
    age_seconds:
      description: How old it is; where RV(leftovers[].created) is empty, how old it is at most. V(null) where nobody knows.
      type: int
    owner:
      description: Who made it or what it was made for, by label or tag, else what the provider says.
      type: str
    cause:
      description:
        - V(finalizer) if a finalizer holds it, V(dependency) if something uses it or must be gone first, V(permission) if this
          user may not delete it, or not list its kind, V(time) if its kind was not listed in time. Empty if nothing is seen that
          keeps it.
      type: str
    detail:
      description: What holds it, by name, in the provider's own words where it has some.
      type: str
  sample:
    - provider: aws
      kind: security_group
      id: sg-0a1b2c3d4e5f60718
      name: k8s-elb-a1b2
      created: ""
      age_seconds: 2711
      owner: shop/web
      cause: dependency
      detail: in use by eni-0f1e2d3c4b5a69788
lines:
  description: The same as RV(leftovers), one line each.
  returned: always
  type: list
  elements: str
  sample:
    - >-
      aws security_group sg-0a1b2c3d4e5f60718 (k8s-elb-a1b2), at most 2711 s old, of shop/web, dependency, in use by
      eni-0f1e2d3c4b5a69788
gone:
  description: What was in O(before) and is no longer there, as the items of RV(leftovers).
  returned: always
  type: list
  elements: dict
inventory:
  description: All that was found, for O(before) of a later call. It can be kept as JSON.
  returned: always
  type: dict
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER
from ansible_collections.assay.clusters.plugins.module_utils.arguments.leftovers import LEFTOVERS
from ansible_collections.assay.clusters.plugins.module_utils.leftovers.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(entry, {**LEFTOVERS, **CLUSTER}, connects=True)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
