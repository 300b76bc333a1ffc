# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where kinds live: paths of the well-known ones without asking the API for its discovery documents."""
from __future__ import annotations

from urllib.parse import quote

# Plural forms that follow no rule.
_PLURALS = {"Endpoints": "endpoints"}
_CLUSTER_SCOPED = {
    "Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "StorageClass", "CSIDriver", "CSINode",
    "VolumeAttachment", "IngressClass", "PriorityClass", "RuntimeClass", "CustomResourceDefinition", "APIService",
    "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding", "CertificateSigningRequest", "GatewayClass", "ClusterIssuer",
    "SelfSubjectAccessReview", "SubjectAccessReview", "TokenReview", "VolumeSnapshotClass", "VolumeSnapshotContent",
    "ComponentStatus", "DeviceClass", "FlowSchema", "IPAddress", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
    "PriorityLevelConfiguration", "ResourceSlice",
    "SelfSubjectReview", "SelfSubjectRulesReview", "ServiceCIDR", "VolumeAttributesClass",
}


def plural_of(kind: str) -> str:
    lower = kind.lower()
    if kind in _PLURALS:
        return _PLURALS[kind]
    if lower.endswith(("s", "x", "z", "ch", "sh")):
        return f"{lower}es"
    return f"{lower[:-1]}ies" if lower.endswith("y") and lower[-2] not in "aeiou" else f"{lower}s"


def namespaced(kind: str) -> bool:
    return kind not in _CLUSTER_SCOPED


def path_of(api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
    """The API path of a collection, or of one object when name is given."""
    base = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
    space = f"/namespaces/{quote(namespace, safe='')}" if namespace and namespaced(kind) else ""
    return f"{base}{space}/{plural_of(kind)}" + (f"/{quote(name, safe='')}" if name else "")
