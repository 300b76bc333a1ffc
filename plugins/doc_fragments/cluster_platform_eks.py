# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of clusters of Amazon EKS: the twin of PLATFORM_EKS in module_utils/arguments/platforms.py."""
from __future__ import annotations


class ModuleDocFragment:
    """Settings of platform eks."""

    DOCUMENTATION = r"""
options:
  eks:
    description:
      - O(platform=eks), Amazon EKS by boto3. What is not given of region and credentials comes from E(AWS_REGION),
        E(AWS_DEFAULT_REGION), E(AWS_PROFILE), E(AWS_ACCESS_KEY_ID) and the like of the task, then from where boto3 takes it. A
        profile and keys are not given together.
      - The user needs the permissions C(eks:*) on the clusters, C(iam:GetRole) and C(iam:PassRole).
      - A cluster that is there gets the node groups, add-ons, access entries and pod identities that it lacks. What else is
        wanted otherwise than it is (subnets, security groups, ways in) is told, and not changed.
    type: dict
    suboptions:
      region:
        description: The region.
        type: str
        aliases: [aws_region]
      profile:
        description: A profile of the AWS configuration.
        type: str
        aliases: [aws_profile]
      access_key:
        description: The id of an access key.
        type: str
        aliases: [aws_access_key_id, aws_access_key]
      secret_key:
        description: Its secret.
        type: str
        aliases: [aws_secret_access_key, aws_secret_key]
      session_token:
        description: The token of temporary credentials.
        type: str
        aliases: [aws_session_token]
      endpoint_url:
        description: Another address than that of AWS.
        type: str
        aliases: [aws_endpoint_url]
      validate_certs:
        description: Whether the certificate of the API is verified.
        type: bool
        default: true
      ca_bundle:
        description: A PEM file with the authority that signed it. Without it E(AWS_CA_BUNDLE), then the profile.
        type: path
        aliases: [aws_ca_bundle]
      role:
        description: The role of the control plane, as a name or an ARN. It must be there.
        type: str
      node_role:
        description: The role of the nodes, likewise.
        type: str
      create_roles:
        description: Whether roles that are not named are made, and removed with the cluster.
        type: bool
        default: false
      subnets:
        description: Ids of subnets in at least two availability zones.
        type: list
        elements: str
        default: []
      security_groups:
        description: Ids of security groups on top of the one that EKS makes.
        type: list
        elements: str
        default: []
      public_access:
        description: Whether the API server is reached from outside of the network.
        type: bool
        default: true
      private_access:
        description: Whether it is reached from inside.
        type: bool
        default: true
      public_access_cidrs:
        description: The addresses that reach it from outside. Without them, all.
        type: list
        elements: str
        default: []
      node_groups:
        description: Managed node groups. Those that are missing are made, others are left alone.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: The name of the group.
            type: str
            required: true
          size:
            description: The number of nodes. One group may have none, it takes what is left of the wanted nodes.
            type: int
          instance_types:
            description: Types of instances, the first that can be had.
            type: list
            elements: str
          ami_type:
            description: The kind of the image, for instance V(AL2023_x86_64_STANDARD).
            type: str
          capacity_type:
            description: How the instances are paid.
            type: str
            choices: [ON_DEMAND, SPOT]
          disk_size:
            description: The size of the root volume in GiB.
            type: int
          labels:
            description: Labels of the nodes.
            type: dict
          subnets:
            description: Other subnets than O(eks.subnets).
            type: list
            elements: str
          taints:
            description: Taints of the nodes.
            type: list
            elements: dict
            suboptions:
              key:
                description: Its key.
                type: str
                required: true
              value:
                description: Its value.
                type: str
              effect:
                description: What it keeps pods from.
                type: str
                required: true
                choices: [NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE]
          launch_template:
            description: A launch template of EC2 that the nodes are made with, by its name or its id.
            type: dict
            suboptions:
              name:
                description: Its name.
                type: str
              id:
                description: Its id, in place of the name.
                type: str
              version:
                description: Its version. Without it the default one.
                type: str
      fargate_profiles:
        description:
          - Which pods run on Fargate, without a node group. Those that are missing are made, one after the other, as EKS takes
            it. The names are those of C(community.aws.eks_fargate_profile). Pods of CoreDNS go there only with an add-on
            C(coredns) whose configuration says C(computeType=Fargate).
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: The name of the profile.
            type: str
            required: true
          role:
            description: The role that pods are started with (pod execution role), as a name or an ARN. It must be there.
            type: str
            required: true
            aliases: [role_arn]
          subnets:
            description: Ids of private subnets. Without it O(eks.subnets), which EKS refuses where one is public.
            type: list
            elements: str
          selectors:
            description: One to five kinds of pods, any of which fits.
            type: list
            elements: dict
            required: true
            suboptions:
              namespace:
                description: Their namespace.
                type: str
                required: true
              labels:
                description: Labels that they have, all of them.
                type: dict
      compute_config:
        description:
          - EKS Auto Mode, with the names of EKS's own API (C(computeConfig)). EKS makes nodes as pods need them, load balancers
            and volumes. Its other two switches, C(elasticLoadBalancing) and C(blockStorage), go with this one, as EKS takes all or
            none; the add-ons that a cluster otherwise begins with are left out, and access entries are on.
          - A cluster that is there is not changed by it; a difference is told. It was not tried on a real cluster.
          - Such a cluster is ready without any node. Volumes want a StorageClass of C(ebs.csi.eks.amazonaws.com), which EKS does
            not make.
        type: dict
        suboptions:
          enabled:
            description: Whether it is on.
            type: bool
            required: true
          node_pools:
            description: Its built-in pools. An empty list is for pools of your own.
            type: list
            elements: str
            default: [general-purpose, system]
            choices: [general-purpose, system]
          node_role:
            description:
              - The role of the nodes of these pools, as a name or an ARN. It must be there, unless O(eks.create_roles) has one made. It is
                another one than O(eks.node_role) where there are node groups, too.
              - O(eks.role) has the policies of Auto Mode then (C(AmazonEKSComputePolicy), C(AmazonEKSBlockStoragePolicy),
                C(AmazonEKSLoadBalancingPolicy), C(AmazonEKSNetworkingPolicy)), and its trust C(sts:TagSession).
            type: str
            aliases: [node_role_arn]
      ip_family:
        description:
          - Addresses of pods and services, by default V(ipv4). A cluster keeps what it was made with. With V(ipv6) the subnets
            have IPv6 blocks, and O(eks.node_role) may assign addresses (C(ec2:AssignIpv6Addresses)). It was not tried on a
            real cluster.
        type: str
        choices: [ipv4, ipv6]
      logging:
        description: Logs of the control plane that go to CloudWatch.
        type: list
        elements: str
        default: []
        choices: [api, audit, authenticator, controllerManager, scheduler]
      kms_key:
        description: The ARN of a key of KMS that Secrets are encrypted with.
        type: str
      addons:
        description: Add-ons of EKS. Those that are missing are made, others are left alone.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: The name of the add-on, for instance V(aws-ebs-csi-driver).
            type: str
            required: true
          version:
            description: Its version. Without it EKS takes the default one for the cluster's version.
            type: str
          configuration:
            description: Its configuration values.
            type: dict
          role:
            description: The role of its service account (IRSA), as a name or an ARN. It must be there.
            type: str
          pod_identities:
            description:
              - Roles of its service accounts by EKS Pod Identity, which needs the add-on V(eks-pod-identity-agent).
            type: list
            elements: dict
            suboptions:
              service_account:
                description: The service account of the add-on.
                type: str
                required: true
              role:
                description: Its role, as a name or an ARN. It must be there.
                type: str
                required: true
      default_storage_class:
        description:
          - Whether the add-on of the EBS CSI driver makes a StorageClass that is the default; the add-on is added for it.
            Without it a cluster of EKS has no default StorageClass, since 1.30.
          - Older versions of the add-on do not know the setting and are refused by EKS. It was not tried on a real cluster.
          - The driver needs a role with the policy AmazonEBSCSIDriverPolicy, see O(eks.addons).
        type: bool
        default: false
      access_entries:
        description: Who may log in to the cluster besides its maker. Those that are missing are made.
        type: list
        elements: dict
        default: []
        suboptions:
          principal:
            description: The ARN of a user or a role.
            type: str
            required: true
          type:
            description: The type of the entry, for instance V(EC2_LINUX). Without it V(STANDARD).
            type: str
          username:
            description: The user's name in Kubernetes.
            type: str
          groups:
            description: Groups of Kubernetes that it belongs to.
            type: list
            elements: str
          policies:
            description: Access policies of EKS that it has.
            type: list
            elements: dict
            suboptions:
              policy:
                description:
                  - The ARN of the policy, for instance
                    V(arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy).
                type: str
                required: true
              namespaces:
                description: The namespaces that it is for. Without it the whole cluster.
                type: list
                elements: str
      pod_identities:
        description: Roles of service accounts by EKS Pod Identity, which needs the add-on V(eks-pod-identity-agent).
        type: list
        elements: dict
        default: []
        suboptions:
          namespace:
            description: The namespace of the service account.
            type: str
            required: true
          service_account:
            description: The service account.
            type: str
            required: true
          role:
            description: Its role, as a name or an ARN. It must be there.
            type: str
            required: true
      kubeconfig_credentials:
        description:
          - Whether a kubeconfig of O(eks.kubeconfig_auth=exec) holds O(eks.access_key) and what belongs to it. Without it,
            whoever uses the kubeconfig needs credentials of AWS in the environment.
        type: bool
        default: false
      kubeconfig_auth:
        description:
          - V(exec) makes a kubeconfig that calls C(aws eks get-token), V(token) one with a token, which holds for about
            14 minutes.
        type: str
        default: exec
        choices: [exec, token]
"""
