# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake on top of moto: what moto's EKS lacks. States that take some looks, new versions, the list of updates.

Everything else is moto's own server, spoken to by boto3 over HTTP.
"""
from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from moto.core.responses import ActionResult
from moto.eks import models, responses, urls
from moto.eks.exceptions import EKSError, InvalidParameterException
from moto.iam.models import iam_backends
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

# The states of a cluster or node group after it was made or changed, one for each look at it.
LOOKS = 2


class _Status:
    """An attribute `status` that first tells LOOKS times what is going on."""

    def __get__(self, thing: Any, _kind: Any = None) -> str:
        going = thing.__dict__.get("going", [])
        return going.pop(0) if going else thing.__dict__.get("settled", "ACTIVE")

    def __set__(self, thing: Any, value: str) -> None:
        if "settled" not in thing.__dict__:
            thing.__dict__["going"] = ["CREATING"] * LOOKS
        thing.__dict__["settled"] = value


def _updates(cluster: Any) -> dict[str, Any]:
    return cluster.__dict__.setdefault("updates", {})


def _update(cluster: Any, thing: Any, kind: str) -> ActionResult:
    thing.__dict__["going"] = ["UPDATING"] * LOOKS
    number = str(uuid.uuid4())
    _updates(cluster)[number] = {"id": number, "type": kind, "status": "InProgress", "errors": []}
    return ActionResult({"update": _updates(cluster)[number]})


def update_cluster_version(response: Any) -> ActionResult:
    cluster, version = response.eks_backend.describe_cluster(response._get_param("name")), response._get_param("version")
    if int(version.split(".")[1]) != int(cluster.version.split(".")[1]) + 1:
        raise InvalidParameterException(
            message=f"Unsupported Kubernetes minor version update from {cluster.version} to {version}")
    cluster.version = version
    return _update(cluster, cluster, "VersionUpdate")


def update_nodegroup_version(response: Any) -> ActionResult:
    cluster = response.eks_backend.describe_cluster(response._get_param("name"))
    group = cluster.nodegroups[response._get_param("nodegroupName")]
    group.version = cluster.version
    return _update(cluster, group, "VersionUpdate")


def list_updates(response: Any) -> ActionResult:
    return ActionResult({"updateIds": list(_updates(response.eks_backend.describe_cluster(response._get_param("name"))))})


def describe_update(response: Any) -> ActionResult:
    cluster = response.eks_backend.describe_cluster(response._get_param("name"))
    return ActionResult({"update": _updates(cluster)[response._get_param("updateId")]})


def list_nodegroups(response: Any) -> ActionResult:
    """moto answers 500 for a cluster that there is not; EKS does not."""
    cluster = response.eks_backend.describe_cluster(response._get_param("name"))
    return ActionResult({"nodegroups": list(cluster.nodegroups)})


_CALLS = (list_nodegroups, update_cluster_version, update_nodegroup_version, list_updates, describe_update)
_PATHS = ("{0}/clusters/(?P<name>[^/]+)/updates$", "{0}/clusters/(?P<name>[^/]+)/updates/(?P<updateId>[^/]+)$",
          "{0}/clusters/(?P<name>[^/]+)/node-groups/(?P<nodegroupName>[^/]+)/update-version$")


def _refuse(_response: Any) -> ActionResult:
    raise ResourceLimitExceededException(message="You already have 100 clusters in this region")


class ResourceLimitExceededException(EKSError):
    """EKS's answer at its quota."""

    TYPE = "ResourceLimitExceededException"
    STATUS = 400


class MotoEks:
    """What a test may do behind EKS's back."""

    no_more_clusters = mock.patch.object(responses.EKSResponse, "create_cluster", _refuse)

    def __init__(self, url: str, region: str):
        self.url, self.region = url, region

    def cluster(self, name: str) -> Any:
        """moto's own object; its attributes may be set."""
        return models.eks_backends["123456789012"][self.region].clusters[name]

    def settle(self, name: str) -> None:
        """What goes on with a cluster is over."""
        self.cluster(name).__dict__["going"] = []

    def forget(self, name: str) -> None:
        models.eks_backends["123456789012"][self.region].clusters.pop(name)


@contextmanager
def moto_eks(region: str = "eu-central-1") -> Iterator[MotoEks]:
    """A server of its own on a free port, empty at the beginning and at the end."""
    missing = {p: urls.response.dispatch for p in _PATHS if p not in urls.url_paths}
    with mock.patch.dict(urls.url_paths, missing), mock.patch.object(models.Cluster, "status", _Status(), create=True), \
            mock.patch.object(models.Nodegroup, "status", _Status(), create=True):
        for call in _CALLS:
            setattr(responses.EKSResponse, call.__name__, call)
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        try:
            yield MotoEks("http://{}:{}".format(*server.get_host_and_port()), region)
        finally:
            models.eks_backends.reset()
            iam_backends.reset()
            server.stop()
