# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/machines.py and machines.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_machines
short_description: Prove that the virtual machines of the nodes are in order
version_added: 1.1.0
description:
  - Asks the platform of the machines what no node can tell. That they are on and their guest tools run, that they stand
    on no old or deep snapshots and need no consolidation, that their datastores have room, that disks show their UUIDs,
    and that the control plane is not on one host.
  - The machine of a node is found by the node's C(spec.providerID) or C(systemUUID), in either byte order, and by its
    name where it has neither. A node without one is told as missing or not visible, and is no fault by itself.
  - On C(aws) there are neither guest tools nor datastores, and snapshots are copies outside the machine, so their age
    is not judged.
  - Nothing is changed, neither on the platform nor in the cluster. When the cluster does not answer, the machines that
    are named by options are judged all the same.
options:
  platform:
    description:
      - The platform that the machines run on. Where no option says how it is reached or which machines they are,
        C(cluster_machines) of the host says both; without that, too, the check is skipped.
      - Without it the variable C(machines_check_platform) of the host is used.
    type: str
    choices: [vsphere, esxi, aws]
  hostname:
    description:
      - The vCenter or ESXi host. Without it E(VMWARE_HOST) for C(vsphere).
      - Without it the variable C(machines_check_hostname) of the host is used.
    type: str
  port:
    description:
      - The port of O(hostname); usually 443 for C(vsphere) and 22 for C(esxi).
      - From 1 to 65535.
      - Without it the variable C(machines_check_port) of the host is used.
    type: int
  platform_username:
    description:
      - The user of O(hostname); rights to look are enough. Without it E(VMWARE_USER) for C(vsphere).
      - Without it the variable C(machines_check_username) of the host is used.
    type: str
  platform_password:
    description:
      - The password of that user. Without it E(VMWARE_PASSWORD) for C(vsphere).
      - Without it the variable C(machines_check_password) of the host is used.
    type: str
  platform_validate_certs:
    description:
      - Whether the certificate of the platform must be valid. Without it E(VMWARE_VALIDATE_CERTS) for C(vsphere), else
        it must.
      - Without it the variable C(machines_check_validate_certs) of the host is used.
    type: bool
  datacenter:
    description:
      - Only machines of this datacenter of C(vsphere).
      - Without it the variable C(machines_check_datacenter) of the host is used.
    type: str
  proxy_host:
    description:
      - A proxy on the way to C(vsphere).
      - Without it the variable C(machines_check_proxy_host) of the host is used.
    type: str
  proxy_port:
    description:
      - The port of the proxy.
      - From 1 to 65535.
      - Without it the variable C(machines_check_proxy_port) of the host is used.
    type: int
  region:
    description:
      - The region of C(aws). Without it E(AWS_REGION), then the profile.
      - Without it the variable C(machines_check_region) of the host is used.
    type: str
  access_key:
    description:
      - The id of an access key of C(aws). Without it E(AWS_ACCESS_KEY_ID), or whatever boto3 finds.
      - Without it the variable C(machines_check_access_key) of the host is used.
    type: str
  secret_key:
    description:
      - The secret of the access key.
      - Without it the variable C(machines_check_secret_key) of the host is used.
    type: str
  session_token:
    description:
      - The token of a temporary access key.
      - Without it the variable C(machines_check_session_token) of the host is used.
    type: str
  profile:
    description:
      - A profile of the AWS configuration, in place of an access key.
      - Without it the variable C(machines_check_profile) of the host is used.
    type: str
  endpoint_url:
    description:
      - The address of the EC2 API, where it is not AWS's own.
      - Without it the variable C(machines_check_endpoint_url) of the host is used.
    type: str
  ca_bundle:
    description:
      - A PEM file with the authority that signed the certificate of C(aws). Without it E(AWS_CA_BUNDLE), then the
        profile.
      - Without it the variable C(machines_check_ca_bundle) of the host is used.
    type: str
  ssh_key_file:
    description:
      - The private key for the host of C(esxi); if it has a passphrase, that one is the password.
      - Without it the variable C(machines_check_ssh_key_file) of the host is used.
    type: str
  ssh_known_hosts:
    description:
      - The file with the key of that host, in place of the user's own.
      - Without it the variable C(machines_check_ssh_known_hosts) of the host is used.
    type: str
  ssh_host_key_checking:
    description:
      - Whether that host must be known.
      - Without it the variable C(machines_check_ssh_host_key_checking) of the host is used.
    type: str
    choices: ["yes", accept-new, "no"]
    default: "yes"
  ssh_executable:
    description:
      - The program ssh of OpenSSH.
      - Without it the variable C(machines_check_ssh_executable) of the host is used.
    type: str
    default: ssh
  names:
    description:
      - The names of the machines. Without any option that selects machines the nodes tell which machines they are.
      - Without it the variable C(machines_check_names) of the host is used.
    type: list
    elements: str
  uuids:
    description:
      - The UUIDs of the machines.
      - Without it the variable C(machines_check_uuids) of the host is used.
    type: list
    elements: str
  ids:
    description:
      - The ids of the machines on their platform (MoIDs, Vmids or instance ids).
      - Without it the variable C(machines_check_ids) of the host is used.
    type: list
    elements: str
  folder:
    description:
      - A folder of C(vsphere) that holds the machines, as its path or the end of it.
      - Without it the variable C(machines_check_folder) of the host is used.
    type: str
  resource_pool:
    description:
      - A resource pool of C(vsphere) that the machines run in, as its path or the end of it.
      - Without it the variable C(machines_check_resource_pool) of the host is used.
    type: str
  cluster_name:
    description:
      - A cluster of C(vsphere) hosts that the machines run in.
      - Without it the variable C(machines_check_cluster_name) of the host is used.
    type: str
  esxi_host:
    description:
      - A host of C(vsphere) that the machines run on.
      - Without it the variable C(machines_check_esxi_host) of the host is used.
    type: str
  tags:
    description:
      - Tags that all the machines have, on C(aws) and C(vsphere).
      - Without it the variable C(machines_check_tags) of the host is used.
    type: dict
  snapshot_age_days:
    description:
      - How old a snapshot may be, in days.
      - At least 0.
      - Without it the variable C(machines_check_snapshot_age_days) of the host is used.
    type: float
    default: 3.0
  snapshots_kept:
    description:
      - Names of snapshots that are kept on purpose, whatever their age. Without it that of C(pipeline_snapshot).
      - Without it the variable C(machines_check_snapshots_kept) of the host is used.
    type: list
    elements: str
  snapshot_depth:
    description:
      - How many snapshots may stand on each other.
      - At least 0.
      - Without it the variable C(machines_check_snapshot_depth) of the host is used.
    type: int
    default: 3
  datastore_free:
    description:
      - Fail when less than this percentage of a datastore is free.
      - From 0 to 100.
      - Without it the variable C(machines_check_datastore_free) of the host is used.
    type: int
    default: 10
  datastore_free_warn:
    description:
      - Warn when less than this percentage of a datastore is free.
      - From 0 to 100.
      - Without it the variable C(machines_check_datastore_free_warn) of the host is used.
    type: int
    default: 20
  control_plane_apart:
    description:
      - Whether each machine of the control plane must be on a host of its own.
      - Without it the variable C(machines_check_control_plane_apart) of the host is used.
    type: bool
    default: true
  disk_uuid:
    description:
      - Whether disks must show their UUIDs to the guest (disk.EnableUUID), as vSphere CSI needs.
      - Without it the variable C(machines_check_disk_uuid) of the host is used.
    type: bool
    default: true
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
- name: The machines behind the nodes, on vSphere
  assay.clusters.check_machines:
    kubeconfig: /etc/clusters/prod.kubeconfig
    platform: vsphere
    hostname: vcenter.example.com
    platform_username: reader@vsphere.local
    platform_password: "{{ vcenter_password }}"
    snapshot_age_days: 7

- name: Machines of a single ESXi host, by their names there
  assay.clusters.check_machines:
    platform: esxi
    hostname: esx1.example.com
    ssh_key_file: ~/.ssh/esxi
    names: [auto1, auto2, auto3]

- name: Instances of AWS, with credentials of the environment
  assay.clusters.check_machines:
    platform: aws
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
from ansible_collections.assay.clusters.plugins.module_utils.checks.machines import Machines
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(Machines), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
