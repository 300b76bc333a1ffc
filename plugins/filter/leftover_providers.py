# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who must be asked what a cluster left, by what the inventory says that the cluster is made of."""
from __future__ import annotations

DOCUMENTATION = r"""
name: leftover_providers
short_description: Providers that may hold what a cluster left
version_added: 1.2.0
description:
  - Tells from the variables of a cluster where its machines, disks and load balancers are, and so who must be asked what is
    left of it once it is gone. The tool that made it is not enough, as Rancher makes machines at AWS and in vSphere.
options:
  _input:
    description:
      - What is known of the cluster. C(platform) is its C(cluster_platform), C(settings) the settings of that platform,
        C(infrastructure) its C(cluster_infrastructure), which counts before what the settings say, C(machines) its
        C(cluster_machines), C(provider_ids) what the provider IDs of its nodes begin with.
      - C(reach) lists the providers of which it is known how they are reached.
    type: dict
    required: true
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Who has what this cluster of Rancher is made of
  ansible.builtin.debug:
    msg: "{{ known | assay.clusters.leftover_providers }}"
  vars:
    known:
      platform: rancher
      reach: [rancher]
      settings:
        config:
          rkeConfig:
            machinePools:
              - machineConfigRef:
                  kind: VmwarevsphereConfig
"""

RETURN = r"""
_value:
  description:
    - C(asked) lists the values of O(assay.clusters.leftovers_info#module:providers), C(unasked) others, each with the reason.
  type: dict
  sample: {"asked": ["rancher"], "unasked": ["vsphere (set dispose_vsphere)"]}
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_KNOWN = ("aws", "cluster_api", "rancher", "vsphere")
_OF_PLATFORM = {"eks": "aws", "rancher": "rancher", "cluster_api": "cluster_api"}
# What is nobody's infrastructure: machines that are there already.
_NONE = {"", "none", "preprovisioned", "pre-provisioned", "kind", "k3s", "rke2", "metal3", "baremetal", "docker"}
_NAMES = {"ec2": "aws", "amazon": "aws", "amazonec2": "aws", "eks": "aws", "vmwarevsphere": "vsphere", "vmware": "vsphere",
          "esxi": "vsphere", "gce": "gcp", "google": "gcp", "gke": "gcp", "aks": "azure"}
# Kinds of machine configs of Rancher, and of the infrastructure providers of Cluster API:
# https://cluster-api.sigs.k8s.io/reference/providers
_KINDS = re.compile(r"""kind["']?\s*:\s*["']?(?:(Amazonec2|Vmwarevsphere|Azure|Google|Nutanix|Harvester|Digitalocean|Linode|Pod)Config
                        |(AWS|VSphere|Azure|GCP|Nutanix|OpenStack|DO|Linode|Hetzner|OCI|IBMVPC|Docker|Metal3)(?:Managed)?
                         (?:Cluster|ControlPlane|MachineTemplate)(?:Template)?)\b""", re.VERBOSE)
_HOSTED = re.compile(r"""["'](eks|aks|gke)Config["']\s*:""")


def _named(word: Any) -> str:
    word = str(word).strip().lower()
    return _NAMES.get(word, word)


def _text(settings: Mapping[str, Any]) -> str:
    """The settings, and the manifest that they name by its path."""
    text = json.dumps(settings, default=str).replace('\\"', '"')
    manifest = str(settings.get("manifest") or "")
    if manifest and "\n" not in manifest and os.path.isfile(os.path.expanduser(manifest)):
        text += Path(manifest).expanduser().read_text(encoding="utf-8", errors="replace")
    return text


def _told(cluster: Mapping[str, Any]) -> Iterator[str]:
    """By the inventory, one that is named by the user alone."""
    yield _OF_PLATFORM.get(cluster.get("platform") or "", "")
    named = cluster.get("infrastructure") or []
    if named:
        yield from map(_named, [named] if isinstance(named, str) else named)
        return
    settings = cluster.get("settings") or {}
    text = _text(settings)
    yield from (_named(found[1] or found[2]) for found in _KINDS.finditer(text))
    yield from (_named(found[1]) for found in _HOSTED.finditer(text))
    yield _named(settings.get("provisioner") or "")
    yield _named((cluster.get("machines") or {}).get("platform") or "")
    yield from map(_named, cluster.get("provider_ids") or [])


def leftover_providers(cluster: Mapping[str, Any]) -> dict[str, list[str]]:
    """{"asked": providers, "unasked": others with the reason}."""
    found = sorted({name for name in _told(cluster) if name not in _NONE})
    reach = set(cluster.get("reach") or [])
    asked = [n for n in found if n in _KNOWN and n in reach]
    return {"asked": asked, "unasked": [f"{n} ({f'set dispose_{n}' if n in _KNOWN else 'it cannot be asked from here'})"
                                        for n in found if n not in asked]}


class FilterModule:
    """Ansible's way to filters."""

    def filters(self) -> dict[str, object]:
        return {"leftover_providers": leftover_providers}
