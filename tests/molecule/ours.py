# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of the collection's is in a cluster, asked kind by kind and not by the collection's own search for leftovers."""
from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.assay.clusters.plugins.module_utils.common.names import OURS
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
KINDS = (
    "/api/v1/namespaces", "/api/v1/persistentvolumes", "/api/v1/persistentvolumeclaims", "/api/v1/pods", "/api/v1/services",
    "/api/v1/configmaps", "/api/v1/secrets", "/apis/apps/v1/daemonsets", "/apis/coordination.k8s.io/v1/leases",
    f"{_RBAC}/clusterroles", f"{_RBAC}/clusterrolebindings", f"{_RBAC}/roles", f"{_RBAC}/rolebindings",
)


def _found(client: Client) -> Iterator[tuple[str, str, str]]:
    for path in KINDS:
        kind = path.rpartition("/")[2]
        try:
            items = client.get(path, {"labelSelector": OURS})["items"]
            # A volume has the labels that its provisioner gives it: ours is one that was claimed in a namespace of ours.
            items += [v for v in client.get(path)["items"] if _claimed_by_us(v)] if kind == "persistentvolumes" else []
        except ApiError as e:
            if e.status != 403:
                raise
            continue
        for item in items:
            yield kind, item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _claimed_by_us(volume: dict[str, dict[str, dict[str, str]]]) -> bool:
    return volume["spec"].get("claimRef", {}).get("namespace", "").startswith("assay-")


def ours(kubeconfig: str) -> set[tuple[str, str, str]]:
    """(kind, namespace, name) of all that may be seen."""
    connection = Connection.resolve({"kubeconfig": kubeconfig}, {})
    client = Client(connection)
    try:
        return set(_found(client))
    finally:
        client.close()
        connection.close()
