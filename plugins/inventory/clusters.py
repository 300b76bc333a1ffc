# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: clusters
short_description: Clusters of Rancher, EKS, Cluster API and folders of kubeconfigs as hosts
version_added: 1.1.0
author:
  - assay.clusters contributors (@assay-clusters)
description:
  - Every cluster becomes a host with the variables by which the modules and playbooks of this collection reach it.
  - What it is, its platform, version and number of nodes among it, is in the variable C(cluster_found). C(cluster_platform),
    C(cluster_version) and C(cluster_nodes) say what is wanted, and are for group variables and host variables; here they only
    serve in O(keyed_groups), O(groups) and O(compose), where they are as found.
  - The file must be called C(clusters.yml) or C(clusters.yaml), or end in C(.clusters.yml) or C(.clusters.yaml).
  - Secrets are neither put into variables nor cached. For Rancher set C(cluster_api_key) in the group's variables.
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [assay.clusters.clusters]
  sources:
    description:
      - Where clusters come from. Templates are possible, for instance lookups.
      - The platforms have their settings in a dictionary of their name, as in M(assay.clusters.cluster).
    type: list
    elements: dict
    required: true
    suboptions:
      platform:
        description: What the clusters come from. V(kubeconfigs) is a folder.
        type: str
        required: true
        choices: [command, eks, rancher, konvoy, cluster_api, kubeconfigs]
      rancher:
        description: Settings of Rancher, as in M(assay.clusters.cluster).
        type: dict
      eks:
        description: Settings of EKS, as in M(assay.clusters.cluster).
        type: dict
      cluster_api:
        description: Settings of Cluster API, as in M(assay.clusters.cluster).
        type: dict
      konvoy:
        description: Settings of Konvoy, as in M(assay.clusters.cluster).
        type: dict
      command:
        description: Settings of any program, as in M(assay.clusters.cluster).
        type: dict
      kubeconfigs:
        description: A folder of kubeconfigs, one cluster in each.
        type: dict
        suboptions:
          folder:
            description: The folder.
            type: path
            required: true
          patterns:
            description: The files in it. The cluster has the name of the file up to the first dot.
            type: list
            elements: str
            default: ["*.kubeconfig", "*.conf", "*.yaml", "*.yml"]
          ask:
            description: Whether each API server is asked for its version and nodes.
            type: bool
            default: false
      environment:
        description: The environment of all clusters of this source.
        type: str
      environment_label:
        description: Without O(sources[].environment), the label or tag of a cluster that tells it.
        type: str
        default: environment
      only:
        description: A regular expression. Only clusters whose names it fits become hosts.
        type: str
      phases:
        description: Only clusters in these phases become hosts.
        type: list
        elements: str
        choices: [creating, ready, updating, deleting, failed]
        default: [ready, updating]
      prefix:
        description: Put before the names of the hosts, where two sources have clusters of one name.
        type: str
      kubeconfig_folder:
        description:
          - For Cluster API and other platforms that hand out kubeconfigs with keys, a folder to write them to, readable for
            their owner only.
        type: path
  group:
    description: The group that all clusters are in.
    type: str
    default: clusters
  on_error:
    description: Whether a source that does not answer ends everything, or is warned of and left out.
    type: str
    default: fail
    choices: [fail, warn]
"""

EXAMPLES = r"""
# prod.clusters.yml: ansible-playbook assay.clusters.validate -i prod.clusters.yml
plugin: assay.clusters.clusters
sources:
  - platform: rancher
    environment: prod
    rancher:
      url: https://rancher.example.com
      token: "{{ lookup('ansible.builtin.env', 'RANCHER_TOKEN') }}"
  - platform: eks
    eks:
      region: eu-central-1
  - platform: kubeconfigs
    environment: lab
    kubeconfigs:
      folder: ~/konvoy
      patterns: ["*.conf"]
      ask: true
keyed_groups:
  - key: cluster_platform
    prefix: platform
  - key: cluster_environment
    prefix: ""
    separator: ""
  - key: cluster_minor_version
    prefix: version
groups:
  forgotten: cluster_expired | default(false)
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/assay-inventory
"""

import json
import sys
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.assay.clusters.plugins.module_utils.arguments.platforms import CLUSTER_PLATFORM, CLUSTER_SOURCE
from ansible_collections.assay.clusters.plugins.module_utils.clusters.flow.hosts import hosts
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.plugin_utils import terminal

_ENDS = ("clusters.yml", "clusters.yaml")
# Of what was found, what goes by the name of a wish; groups are made of it, and no variables.
_ALSO_WISHES = ("platform", "version", "nodes")
# Facts of every host: nothing logs in to it, all work is done on the controller.
_COMMON = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Thin: options in, hosts out."""

    NAME = "assay.clusters.clusters"

    def verify_file(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        return super().verify_file(path) and (name in _ENDS or name.endswith(tuple(f".{e}" for e in _ENDS)))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        key, wanted = self.get_cache_key(path), self.get_option("cache")
        found = self._cache.get(key) if cache and wanted else None
        if found is None:
            found = self._ask(path)
            if wanted:
                self._cache[key] = found
        for name, variables in found:
            self._add(name, variables)

    def _ask(self, path: str) -> list[list[Any]]:
        found: list[list[Any]] = []
        for number, given in enumerate(self.templar.template(self.get_option("sources")), 1):
            try:
                new = hosts(self._checked(dict(given)), Job(say=lambda line: terminal.show(line, by=self.display.vvv)))
            except PlatformError as e:
                sentence = terminal.cleaned(f"{path}: source {number}, {given.get('platform')}: {e}")
                if self.get_option("on_error") == "fail":
                    raise AnsibleParserError(sentence) from None
                terminal.warn(sentence)
                continue
            twice = {n for n, _v in new} & {n for n, _v in found}
            if twice:
                raise AnsibleParserError(terminal.cleaned(f"{path}: source {number} has clusters that another one has, too: "
                                                          f"{', '.join(sorted(twice))}; give it a prefix"))
            found += [[n, v] for n, v in new]
        return found

    @staticmethod
    def _checked(given: dict[str, Any]) -> dict[str, Any]:
        """A source as the modules would check it, without Ansible's own kinds of text, which PyYAML does not take."""
        given = json.loads(json.dumps(given, default=str))
        spec = {**CLUSTER_PLATFORM, **CLUSTER_SOURCE}
        needed = [("platform", p, (p,)) for p in ("eks", "cluster_api", "konvoy", "command", "kubeconfigs")]
        result = ArgumentSpecValidator(spec, required_if=needed).validate(given)
        if result.error_messages:
            raise PlatformError("; ".join(result.error_messages))
        return dict(result.validated_parameters)

    def _add(self, name: str, variables: dict[str, Any]) -> None:
        group = self.inventory.add_group(self.get_option("group"))
        self.inventory.add_host(name, group=group)
        for key, value in {**_COMMON, **variables}.items():
            self.inventory.set_variable(name, key, value)
        strict = self.get_option("strict")
        as_found = {f"cluster_{n}": v for n, v in (variables.get("cluster_found") or {}).items() if n in _ALSO_WISHES}
        everything = {**_COMMON, **as_found, **variables, "inventory_hostname": name}
        self._set_composite_vars(self.get_option("compose"), everything, name, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), everything, name, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), everything, name, strict)
