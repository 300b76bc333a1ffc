# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake on top of moto: what moto's EKS lacks. States that take some looks, new versions, the list of updates.

Everything else is moto's own server, spoken to by boto3 over HTTP, and in any weather while it is the product that asks.
"""
from __future__ import annotations

import io
import json
import re
import socket
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, unquote

from moto.core.responses import ActionResult
from moto.eks import models, responses, urls
from moto.eks.exceptions import EKSError, InvalidParameterException, ResourceInUseException
from moto.iam.models import iam_backends
from moto.moto_server import threaded_moto_server
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from .weather import SKY

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


def _checked(version: str) -> str:
    """moto takes what EKS does not."""
    if not re.fullmatch(r"\d+\.\d+", version or "1.0"):
        raise InvalidParameterException(message=f"unsupported Kubernetes version {version}")
    return version


def _check_auto_mode(asked: dict[str, Any]) -> None:
    """What EKS refuses of it, in its words, but for the last one's, which is ours."""
    compute = asked.get("computeConfig") or {}
    switches = {bool(part.get("enabled")) for part in (
        compute, (asked.get("kubernetesNetworkConfig") or {}).get("elasticLoadBalancing") or {},
        (asked.get("storageConfig") or {}).get("blockStorage") or {})}
    refused = {
        "For EKS Auto Mode, please ensure that all required configs, including computeConfig, kubernetesNetworkConfig, and blockStorage "
        "are all either fully enabled or fully disabled.": len(switches) > 1,
        "When EKS Auto Mode is enabled, bootstrapSelfManagedAddons must be set to false.":
            switches == {True} and asked.get("bootstrapSelfManagedAddons", True),
        "When Compute Config nodeRoleArn is null or empty, nodePool list cannot be populated.":
            compute.get("nodePools") and not compute.get("nodeRoleArn"),
        "When Compute Config nodePool list is empty, nodeRoleArn cannot be populated.":
            compute.get("nodeRoleArn") and not compute.get("nodePools")}
    for message in (m for m, bad in refused.items() if bad):
        raise InvalidParameterException(message=message)


def _create_cluster(response: Any) -> ActionResult:
    asked = json.loads(response.body)
    _checked(response._get_param("version"))
    _check_auto_mode(asked)
    made = _made(response)
    cluster = response.eks_backend.describe_cluster(response._get_param("name"))
    cluster.__dict__["asked"] = asked
    cluster.compute_config = asked.get("computeConfig") or {"enabled": False}
    return made


def _create_nodegroup(response: Any) -> ActionResult:
    """Of its cluster's version, which moto does not look at."""
    made = _made_group(response)
    cluster = response.eks_backend.describe_cluster(response._get_param("name"))
    cluster.nodegroups[response._get_param("nodegroupName")].version = cluster.version
    return made


def _create_fargate_profile(response: Any) -> ActionResult:
    """One at a time, as EKS says it; moto takes several. """
    cluster = response.eks_backend.describe_cluster(response._get_param("name"))
    for name, profile in cluster.fargate_profiles.items():
        if (state := profile.status) != "ACTIVE":
            raise ResourceInUseException(message=(
                f"Cannot create Fargate Profile {json.loads(response.body)['fargateProfileName']} because cluster {cluster.name} "
                f"currently has Fargate profile {name} in status {state}"))
    return _made_profile(response)


def _kept(response: Any, kind: str) -> dict[Any, dict[str, Any]]:
    """What a cluster has of a kind that moto does not know."""
    return response.eks_backend.describe_cluster(response._get_param("name")).__dict__.setdefault(kind, {})


def create_addon(response: Any) -> ActionResult:
    asked = json.loads(response.body)
    made = {**asked, "clusterName": response._get_param("name"), "status": "CREATING", "looks": LOOKS}
    _kept(response, "addons")[asked["addonName"]] = made
    return ActionResult({"addon": made})


def list_addons(response: Any) -> ActionResult:
    return ActionResult({"addons": list(_kept(response, "addons"))})


def describe_addon(response: Any) -> ActionResult:
    addon = _kept(response, "addons")[response._get_param("addonName")]
    addon["looks"] -= 1
    return ActionResult({"addon": {**addon, "status": "ACTIVE" if addon["looks"] < 0 else "CREATING"}})


def create_access_entry(response: Any) -> ActionResult:
    asked = json.loads(response.body)
    _kept(response, "entries")[asked["principalArn"]] = {**asked, "policies": []}
    return ActionResult({"accessEntry": asked})


def list_access_entries(response: Any) -> ActionResult:
    return ActionResult({"accessEntries": list(_kept(response, "entries"))})


def associate_access_policy(response: Any) -> ActionResult:
    asked = json.loads(response.body)
    _kept(response, "entries")[unquote(response._get_param("principalArn"))]["policies"].append(asked)
    return ActionResult({"associatedAccessPolicy": asked})


def create_pod_identity_association(response: Any) -> ActionResult:
    asked = json.loads(response.body)
    _kept(response, "identities")[asked["namespace"], asked["serviceAccount"]] = asked
    return ActionResult({"association": asked})


def list_pod_identity_associations(response: Any) -> ActionResult:
    return ActionResult({"associations": list(_kept(response, "identities").values())})


def update_cluster_version(response: Any) -> ActionResult:
    cluster, version = response.eks_backend.describe_cluster(response._get_param("name")), _checked(response._get_param("version"))
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


_CALLS = (list_nodegroups, update_cluster_version, update_nodegroup_version, list_updates, describe_update, create_addon,
          list_addons, describe_addon, create_access_entry, list_access_entries, associate_access_policy,
          create_pod_identity_association, list_pod_identity_associations)
_PATHS = ("{0}/clusters/(?P<name>[^/]+)/updates$", "{0}/clusters/(?P<name>[^/]+)/updates/(?P<updateId>[^/]+)$",
          "{0}/clusters/(?P<name>[^/]+)/node-groups/(?P<nodegroupName>[^/]+)/update-version$",
          "{0}/clusters/(?P<name>[^/]+)/addons$", "{0}/clusters/(?P<name>[^/]+)/addons/(?P<addonName>[^/]+)$",
          "{0}/clusters/(?P<name>[^/]+)/access-entries$",
          "{0}/clusters/(?P<name>[^/]+)/access-entries/(?P<principalArn>.+)/access-policies$",
          "{0}/clusters/(?P<name>[^/]+)/pod-identity-associations$")
_made, _made_group = responses.EKSResponse.create_cluster, responses.EKSResponse.create_nodegroup
_made_profile = responses.EKSResponse.create_fargate_profile


def _refuse(_response: Any) -> ActionResult:
    raise ResourceLimitExceededException(message="You already have 100 clusters in this region")


class ResourceLimitExceededException(EKSError):
    """EKS's answer at its quota."""

    TYPE = "ResourceLimitExceededException"
    STATUS = 400


class MotoEks:
    """What a test may do behind EKS's back. weather: how reads go while the product asks."""

    no_more_clusters = mock.patch.object(responses.EKSResponse, "create_cluster", _refuse)

    def __init__(self, url: str, region: str):
        self.url, self.region, self.weather = url, region, SKY.aws()

    def cluster(self, name: str) -> Any:
        """moto's own object; its attributes may be set."""
        return models.eks_backends["123456789012"][self.region].clusters[name]

    def settle(self, name: str) -> None:
        """What goes on with a cluster is over."""
        self.cluster(name).__dict__["going"] = []

    def forget(self, name: str) -> None:
        models.eks_backends["123456789012"][self.region].clusters.pop(name)


class _Under:
    """moto's application under the weather of a server."""

    def __init__(self, app: Any, made: MotoEks):
        self._app, self._made = app, made

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        action = parse_qs(body.decode()).get("Action") if environ["REQUEST_METHOD"] == "POST" else None
        said = self._made.weather(action[0] if action else f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}") if SKY.asks else False
        if said is None:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        if not isinstance(said, tuple):
            return self._app(environ, start)
        status, code, message = tuple(said)
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>" if action else json.dumps(
            {"message": message})
        start(f"{status} {code}", [("x-amzn-ErrorType", code), ("Content-Length", str(len(text)))])
        return [text.encode()]


@contextmanager
def moto_eks(region: str = "eu-central-1") -> Iterator[MotoEks]:
    """A server of its own on a free port, empty at the beginning and at the end."""
    missing = {p: urls.response.dispatch for p in _PATHS if p not in urls.url_paths}
    with mock.patch.dict(urls.url_paths, missing), mock.patch.object(models.Cluster, "status", _Status(), create=True), \
            mock.patch.object(models.Nodegroup, "status", _Status(), create=True), \
            mock.patch.object(models.FargateProfile, "status", _Status(), create=True), \
            mock.patch.object(responses.EKSResponse, "create_fargate_profile", _create_fargate_profile), \
            mock.patch.object(responses.EKSResponse, "create_cluster", _create_cluster), \
            mock.patch.object(responses.EKSResponse, "create_nodegroup", _create_nodegroup):
        for call in _CALLS:
            setattr(responses.EKSResponse, call.__name__, call)
        made = MotoEks("", region)
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        own = threaded_moto_server.DomainDispatcherApplication
        with mock.patch.object(threaded_moto_server, "DomainDispatcherApplication", lambda make: _Under(own(make), made)):
            server.start()
        made.url = "http://{}:{}".format(*server.get_host_and_port())
        try:
            yield made
        finally:
            models.eks_backends.reset()
            iam_backends.reset()
            server.stop()
