# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the suite must say on each cluster that looks like a stranger's: everything passes, but for what stands here."""
from __future__ import annotations

# stranger -> check -> (verdict, regular expressions that its message must hold)
EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "openshift": {},
    "mesh": {},
    "required_labels": {},
    "restricted_registry": {},
    "default_deny": {},
    "tenant": {},
    "fargate": {},
    "windows": {},
    "cordoned": {"nodes": ("warned", "c[0-9]+-n3", "ToBeDeletedByClusterAutoscaler|autoscaler")},
    "full_node": {"nodes": ("inconclusive", "room|[Tt]oo many pods")},
    "rancher": {},
    "slow_api": {},
    "two_default_classes": {"storage": ("warned", "lab-like-second", "local-path")},
    "no_default_class": {"storage": ("inconclusive", "storage_check_storage_class|storage_class")},
    "no_class": {"storage": ("skipped", "StorageClass")},
    "premade_volumes": {"storage": ("inconclusive", "lab-like-disk")},
    "static_volumes": {"storage": ("inconclusive", "lab-like-disk|no-provisioner")},
}
