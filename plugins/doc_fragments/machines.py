# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which machines of which platform: arguments.MACHINES but for what is of AWS or ESXi only, documented."""
from __future__ import annotations


class ModuleDocFragment:
    """Read by ansible-doc."""

    DOCUMENTATION = r"""
options:
  platform:
    description:
      - What the machines run on.
      - V(vsphere) is a vCenter, or an ESXi host whose licence has an API that writes.
      - V(esxi) is a single ESXi host by ssh, as root.
      - V(aws) are instances of EC2.
    type: str
    required: true
    choices: [vsphere, esxi, aws]
  names:
    description:
      - Machines by their exact names. On AWS by their tag Name. Each must fit exactly one machine.
    type: list
    elements: str
    default: []
  uuids:
    description:
      - Machines by their BIOS or instance UUIDs; not on AWS.
    type: list
    elements: str
    default: []
  ids:
    description:
      - Machines by what the platform takes without doubt, a MoID (V(vm-42)), a Vmid or an instance id.
    type: list
    elements: str
    default: []
    aliases: [moids]
  folder:
    description:
      - A folder of vSphere, as a path (V(/dc1/vm/prod)) or its end (V(prod)). It tells machines of equal names apart, and
        without names, UUIDs, ids and tags it selects all machines in it and below.
      - A slash in the name of a folder is written V(%2f), as vSphere has it. An end that fits several folders is refused with
        all of them.
    type: str
  resource_pool:
    description:
      - Only machines in this resource pool of vSphere and those below it, by its path or the end of it, such as V(prod) or
        V(/cluster1/Resources/prod). Without names, UUIDs, ids and tags it selects them all.
    type: str
  cluster_name:
    description:
      - Only machines in this cluster of vSphere hosts. Without names, UUIDs, ids and tags it selects them all.
      - It is called as the alias in vmware.vmware, because a cluster is the one of Kubernetes elsewhere.
    type: str
  esxi_host:
    description:
      - Only machines that run on this host of a vCenter now. Without names, UUIDs, ids and tags it selects them all.
    type: str
  tags:
    description:
      - Machines that bear all these tags; on vSphere a category and a tag of it, or a list of its tags, on AWS a key and a
        value.
    type: dict
    default: {}
  parallel:
    description:
      - How many machines are worked on at once.
    type: int
    default: 4
  timeout:
    description:
      - Seconds for everything. What was reached then is said.
    type: float
    default: 3600
  hostname:
    description:
      - The vCenter or the ESXi host. Without it E(VMWARE_HOST).
    type: str
  username:
    description:
      - The user of the vCenter or of the ESXi host. Without it E(VMWARE_USER).
    type: str
  password:
    description:
      - The password of O(username). Without it E(VMWARE_PASSWORD).
    type: str
  port:
    description:
      - The port of the vCenter or of the ESXi host. Without it E(VMWARE_PORT), then 443, by ssh 22.
    type: int
  validate_certs:
    description:
      - Whether the certificate of the vCenter must be signed by an authority that this machine trusts.
      - Without it E(VMWARE_VALIDATE_CERTS), else it must.
    type: bool
  datacenter:
    description:
      - Only machines of this datacenter of vSphere. Without it E(VMWARE_DATACENTER), then all.
    type: str
  proxy_host:
    description:
      - An HTTP proxy on the way to the vCenter. Without it E(VMWARE_PROXY_HOST).
    type: str
  proxy_port:
    description:
      - The port of O(proxy_host). Without it E(VMWARE_PROXY_PORT), then 8080.
    type: int
requirements:
  - pyvmomi for O(platform=vsphere)
  - boto3 for O(platform=aws)
notes:
  - Everything runs on the controller, one line for each step of each machine as it happens.
"""
