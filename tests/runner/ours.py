# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests made on a cluster and did not take away: looked for in all kinds that the API server knows, not in a list of ours."""
from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.common.names import MANAGED_BY, MANAGER
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError

Get = Callable[[str], Any]
# What controllers make and remove at a time of their own.
_COMES_AND_GOES = {"Event", "Endpoints", "EndpointSlice", "IPAddress", "ComponentStatus", "CSINode", "VolumeAttachment", "NodeMetrics",
                   "PodMetrics", "CertificateSigningRequest", "ControllerRevision", "StorageVersion"}


def _kinds(get: Get) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path of the API, resource) of all kinds that can be listed, each once, in the version that is preferred."""
    groups = [f"/apis/{g['preferredVersion']['groupVersion']}" for g in get("/apis")["groups"]]
    for path in ["/api/v1", *groups]:
        try:
            resources = get(path)["resources"]
        except ApiError as e:
            if e.status in (404, 503) and path != "/api/v1":  # an aggregated API that is away keeps nothing of its own
                continue
            raise
        yield from ((path, r) for r in resources if "list" in r["verbs"] and "/" not in r["name"] and r["kind"] not in _COMES_AND_GOES)


def _listed(get: Get, path: str) -> list[dict[str, Any]]:
    try:
        return get(path)["items"]
    except ApiError as e:
        if e.status in (403, 404, 405, 503) and e.kind == "http":  # not ours to see, or no longer served
            return []
        raise


def labelled(get: Get) -> set[str]:
    """Everything that bears the label of ours; of a namespace that does, the namespace alone."""
    found: dict[str, str] = {}
    for path, resource in _kinds(get):
        for item in _listed(get, f"{path}/{resource['name']}?labelSelector={MANAGED_BY}%3D{MANAGER}"):
            where = item["metadata"].get("namespace", "")
            found[f"{resource['kind']} {f'{where}/' if where else ''}{item['metadata']['name']}"] = where
    return {name for name, where in found.items() if f"Namespace {where}" not in found}


def everything(get: Get) -> set[str]:
    """All objects of the cluster that are in no namespace, and those in the namespace default."""
    found = set()
    for path, resource in _kinds(get):
        where = "/namespaces/default" if resource["namespaced"] else ""
        found |= {f"{resource['kind']} {'default/' if where else ''}{i['metadata']['name']}"
                  for i in _listed(get, f"{path}{where}/{resource['name']}")}
    return found


@contextmanager
def reading(kubeconfig: str) -> Iterator[Get]:
    """The way to ask the API server of a kubeconfig."""
    connection = Connection.resolve({"kubeconfig": kubeconfig}, {})
    client = Client(connection)
    try:
        yield client.get
    finally:
        client.close()
        connection.close()


def there(kubeconfig: str, own: bool = False) -> set[str]:
    """All that tests could leave on a cluster of the lab; on the user's own one, where others work, what bears our label."""
    with reading(kubeconfig) as asked:
        get = functools.cache(asked)  # both want to know all kinds
        return labelled(get) | (set() if own else everything(get))


def left(look: Callable[[], set[str]], before: set[str], seconds: float = 60.0) -> list[str]:
    """What is there now and was not before, once what is on its way out has had its time."""
    until = time.monotonic() + seconds
    while (found := sorted(look() - before)) and time.monotonic() < until:
        time.sleep(1)
    return found


class Cluster:
    """A cluster by its kubeconfig, which may have held things of ours before: clean=True says that it did not."""

    def __init__(self, name: str, kubeconfig: str, clean: bool = False) -> None:
        self.name, self._kubeconfig = name, kubeconfig
        self._before = set() if clean else self._look()

    def _look(self) -> set[str]:
        return there(self._kubeconfig, own=True)

    def left(self) -> list[str]:
        """A line for each thing of ours that is new here."""
        return [f"{self.name}: {line}" for line in left(self._look, self._before)]


def server(kubeconfig: str) -> str:
    """The address of the API server that a kubeconfig leads to."""
    connection = Connection.resolve({"kubeconfig": kubeconfig}, {})
    try:
        return Client(connection).server
    finally:
        connection.close()
