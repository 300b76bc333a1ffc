# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the suite must say on each cluster that looks like a stranger's: everything passes, but for what stands here."""
from __future__ import annotations

# Checks that ask by pods on nodes.
_PROBED = ("nodes", "dns", "pod_network", "service")
_UNTESTED = ("warned", r"not tested, as they run no probe: c\d+-n\d")
LEAVING = ("warned", r"gone or being taken away, so not judged: c\d+-n3")

# stranger -> check -> (verdict, regular expressions that its message, or what it observed, must hold)
EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "openshift": {},
    "mesh": {},
    "node_caches": {},
    "required_labels": {},
    "restricted_registry": {},
    "default_deny": {**{c: ("inconclusive or passed", r"NetworkPolic.*default-deny", "validate_namespace")
                        for c in ("dns", "pod_network", "service")},
                     "certificates": ("warned or passed", r"^not looked at: .*kubelets \(.*does not answer in time")},
    "tenant": {"audit_log": ("skipped", "may not look at the audit log by /logs"),
               "certificates": ("warned", r"^not looked at: certificatesigningrequests may not be listed, .* and \d more"),
               "nodes": ("inconclusive", 'cannot list resource "nodes"'), "storage": ("inconclusive", 'cannot list resource "storageclasses"'),
               "zonal_stateful_set": ("inconclusive", 'cannot list resource "storageclasses"'),
               "external_dns": ("inconclusive", 'cannot list resource "deployments".*name the domain in'),
               "gateway": ("inconclusive", 'cannot list resource "gatewayclasses"'),
               "ingress": ("inconclusive", 'cannot list resource "ingressclasses"'),
               "load_balancer": ("inconclusive", "whether the cluster has a controller for it is not ours to see",
                                 'cannot list resource "deployments".*let our user list them in all namespaces')},
    "fargate": {c: ("passed", *(f'"{n}": "[^"]*virtual node' for n in ('fargate-ip[^"]*', "virtual-node-aci-linux", "vk-batch-0")))
                for c in _PROBED},
    "windows": {c: ("passed", '"win-pool-000001": "its operating system is windows') for c in _PROBED},
    "cordoned": {"nodes": ("warned", r"node c\d+-n3 is cordoned: the cluster autoscaler removes it"),
                 "dns": LEAVING, "pod_network": LEAVING, "service": LEAVING},
    "full_node": {"nodes": ("inconclusive", r"c\d+-n\d \(its pod was made and waits for room: .*Too many pods"),
                  "dns": _UNTESTED, "pod_network": _UNTESTED, "service": _UNTESTED},
    "rancher": {"api_server": ("warned", r"something before the API server answered \d+ requests with pages of its own: 50[24]")},
    "slow_api": {"api_server": ("warned", r"(reading|writing) one object takes \d+ ms|a cached read \d+ ms")},
    "two_default_classes": {"storage": ("passed", "lab-like-second, the newest of 2 default classes")},
    "no_default_class": {"storage": ("inconclusive", "storage_check_storage_class|storage_class")},
    "no_class": {"storage": ("skipped", "StorageClass")},
    "premade_volumes": {"storage": ("inconclusive", "lab-like-disk")},
    "static_volumes": {"storage": ("inconclusive", "lab-like-disk|no-provisioner")},
}
