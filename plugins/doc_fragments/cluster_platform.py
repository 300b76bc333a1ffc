# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the platforms of clusters: the twin of CLUSTER_PLATFORM in module_utils/arguments/platforms.py."""
from __future__ import annotations


class ModuleDocFragment:
    """What clusters come from."""

    DOCUMENTATION = r"""
options:
  platform:
    description: What the cluster comes from. Its settings are in the option of the same name.
    type: str
    required: true
    choices: [command, eks, rancher, konvoy, cluster_api]
  command:
    description:
      - O(platform=command), any program that makes clusters, as kops, eksctl, gcloud, az, or kubeadm with a script.
      - A command is a list of words and is run without a shell. Several commands are a list of such lists.
      - In words C({name}), C({workdir}), C({version}), C({nodes}) and C({kubeconfig}) are replaced, the last by the path
        of a file in O(command.workdir).
    type: dict
    suboptions:
      workdir:
        description:
          - The folder in which the commands run. The log of each cluster is kept there, and a note on what was made.
        type: path
        required: true
      create:
        description: Makes the cluster, and returns when it is made.
        type: list
        elements: raw
        required: true
      delete:
        description: Deletes the cluster, also one that is half made, and returns when it is gone.
        type: list
        elements: raw
        required: true
      kubeconfig:
        description: Prints a kubeconfig, or prints the path of one, or writes it to C({kubeconfig}).
        type: list
        elements: raw
        required: true
      list:
        description:
          - Prints the clusters there are, as lines or as the JSON of gcloud, az, eksctl or kops.
          - Without it only what was made with this O(command.workdir) is known.
        type: list
        elements: raw
      list_pattern:
        description:
          - A regular expression with the group C(name), and perhaps C(state), C(version) and C(nodes), for the lines that
            O(command.list) prints.
          - Without it a line is a name and perhaps a state after it; lines that are indented are left out.
        type: str
      version:
        description: Changes the cluster to C({version}).
        type: list
        elements: raw
      size:
        description: Changes the cluster to C({nodes}) nodes.
        type: list
        elements: raw
      environment:
        description:
          - Variables for the commands, on top of the environment of Ansible. Values whose names tell that they are secrets,
            as C(AWS_SECRET_ACCESS_KEY), are kept out of all output.
        type: dict
      repeatable:
        description: Whether O(command.create) goes on with a cluster that is half made.
        type: bool
        default: false
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
        description: A PEM file with the authority that signed it.
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
  konvoy:
    description: O(platform=konvoy), clusters that the programs konvoy, dkp or nkp make.
    type: dict
    suboptions:
      generation:
        description:
          - V(v1) for Konvoy 1 with C(init), C(up) and C(down), V(v2) for later ones with C(create cluster) and
            C(delete cluster).
        type: str
        default: v1
        choices: [v1, v2]
      program:
        description: The program. Without it V(konvoy) or V(dkp), by O(konvoy.generation).
        type: str
      workdir:
        description:
          - A folder that stays. Each cluster has a folder in it with Konvoy's own state, without which it cannot be deleted.
        type: path
        required: true
      provisioner:
        description:
          - Where the machines come from, for instance V(aws), V(azure), V(gcp), V(none), and with V(v2) V(vsphere),
            V(preprovisioned), V(nutanix).
        type: str
      api_version:
        description: With V(v1), the version of C(konvoy.mesosphere.io) that the files have.
        type: str
        default: v1beta2
        choices: [v1alpha1, v1beta1, v1beta2]
      provisioner_spec:
        description: With V(v1), what is put into the spec of the ClusterProvisioner. Node pools are merged by name.
        type: dict
      configuration_spec:
        description: With V(v1), what is put into the spec of the ClusterConfiguration.
        type: dict
      control_plane:
        description: With O(konvoy.provisioner=none), the addresses of the machines of the control plane.
        type: list
        elements: str
        default: []
      workers:
        description: With O(konvoy.provisioner=none), the addresses of the other machines.
        type: list
        elements: str
        default: []
      bastions:
        description: With O(konvoy.provisioner=none), machines on the way to them.
        type: list
        elements: str
        default: []
      inventory_vars:
        description: With O(konvoy.provisioner=none), how the machines are reached, for instance C(ansible_user).
        type: dict
      node_pool:
        description:
          - The pool that changes when the number of nodes does. Without it the first one of workers, with V(v2)
            C(name-md-0).
        type: str
      arguments:
        description: With V(v2), more words for C(create cluster).
        type: list
        elements: str
        default: []
      update_arguments:
        description:
          - With V(v2), more words for C(update controlplane) and C(update nodepool), for instance the image of the new
            version, V(--vm-template=...).
        type: list
        elements: str
        default: []
      delete_arguments:
        description: With V(v2), more words for C(delete cluster), for instance V(--bootstrap-cluster-image=...).
        type: list
        elements: str
        default: []
      namespace:
        description: With V(v2), the namespace of the cluster's objects. Without it the program takes its own default.
        type: str
      self_managed:
        description:
          - With V(v2), whether the cluster manages itself. Then it is asked by the file C(name.conf) in its folder, which
            the program writes when the cluster is made.
        type: bool
        default: false
      management_kubeconfig:
        description:
          - With V(v2), the kubeconfig of the cluster that manages it, which must be told unless the cluster manages itself.
            C(KUBECONFIG) in O(konvoy.environment) does, too. What the environment of Ansible leads to is never used.
        type: path
      environment:
        description: Variables for the program, on top of the environment of Ansible.
        type: dict
  cluster_api:
    description:
      - O(platform=cluster_api), objects of Cluster API in a management cluster. This is how clusters on vSphere, Azure, GCP
        and others are made whose providers are installed there.
    type: dict
    suboptions:
      kubeconfig:
        description: The kubeconfig of the management cluster, as a path, as its content or as a dictionary.
        type: raw
      context:
        description: The context of it.
        type: str
      namespace:
        description: The namespace of the objects.
        type: str
        default: default
      manifest:
        description:
          - A file, or its content, as C(clusterctl generate cluster) prints it, or a template of it with the variables of
            clusterctl. C(CLUSTER_NAME), C(NAMESPACE), C(KUBERNETES_VERSION) and C(WORKER_MACHINE_COUNT) are known.
        type: str
      variables:
        description: The other variables of the template.
        type: dict
      class_variables:
        description:
          - Values of variables of the ClusterClass, by their names (C(spec.topology.variables)). They are put into the
            Cluster of the manifest, and a cluster that is there is changed to them; variables that are not named are left
            as they are.
        type: dict
      machine_deployment:
        description:
          - The MachineDeployment or MachinePool that changes when the number of nodes does. Without it the first one.
        type: str
"""
