# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Paths of kinds, what pods say about themselves, and a package that is not there."""
from __future__ import annotations

import subprocess
import sys

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import kinds, library, pods


@pytest.mark.parametrize(("arguments", "path"), [
    (("v1", "Pod", "n", "p"), "/api/v1/namespaces/n/pods/p"),
    (("v1", "Pod"), "/api/v1/pods"),
    (("v1", "Namespace", "ignored", "n"), "/api/v1/namespaces/n"),
    (("v1", "Endpoints", "n"), "/api/v1/namespaces/n/endpoints"),
    (("apps/v1", "DaemonSet", "n", "probe"), "/apis/apps/v1/namespaces/n/daemonsets/probe"),
    (("discovery.k8s.io/v1", "EndpointSlice", "n"), "/apis/discovery.k8s.io/v1/namespaces/n/endpointslices"),
    (("networking.k8s.io/v1", "NetworkPolicy", "n"), "/apis/networking.k8s.io/v1/namespaces/n/networkpolicies"),
    (("networking.k8s.io/v1", "Ingress", "n"), "/apis/networking.k8s.io/v1/namespaces/n/ingresses"),
    (("gateway.networking.k8s.io/v1", "Gateway", "n"), "/apis/gateway.networking.k8s.io/v1/namespaces/n/gateways"),
    (("gateway.networking.k8s.io/v1", "GatewayClass"), "/apis/gateway.networking.k8s.io/v1/gatewayclasses"),
    (("storage.k8s.io/v1", "StorageClass", "", "a/b c"), "/apis/storage.k8s.io/v1/storageclasses/a%2Fb%20c"),
    (("storage.k8s.io/v1", "CSINode", "n"), "/apis/storage.k8s.io/v1/csinodes"),
    (("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", "n"),
     "/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses"),
    (("rbac.authorization.k8s.io/v1", "ClusterRole", "n", "r"), "/apis/rbac.authorization.k8s.io/v1/clusterroles/r"),
])
def test_the_path_of_a_kind(arguments, path):
    assert kinds.path_of(*arguments) == path


def _pod(conditions=(), containers=(), inits=(), **meta):
    return {"metadata": {"name": "p", **meta},
            "status": {"conditions": [{"type": t, "status": s, **more} for t, s, more in conditions],
                       "containerStatuses": list(containers), "initContainerStatuses": list(inits)}}


READY = ("Ready", "True", {})


@pytest.mark.parametrize(("pod", "ready"), [
    (_pod([READY]), True),
    (_pod([("Ready", "False", {})]), False),
    (_pod([READY], deletionTimestamp="2026-01-01T00:00:00Z"), False),
    ({"metadata": {"name": "new"}}, False),
    ({"metadata": {"name": "new"}, "status": {"conditions": None}}, False),
])
def test_a_pod_is_ready_when_it_says_so_and_is_not_going(pod, ready):
    assert pods.pod_ready(pod) is ready


def _waits(reason, message=""):
    return {"name": "c", "state": {"waiting": {"reason": reason, "message": message}}}


RUNS = {"name": "c", "state": {"running": {}}}
UNSCHEDULABLE = ("PodScheduled", "False", {"reason": "Unschedulable", "message": "0/3 nodes are available"})


@pytest.mark.parametrize(("pod", "reason", "trouble"), [
    (_pod([UNSCHEDULABLE]), ("Unschedulable", "0/3 nodes are available"), ""),
    (_pod([("PodScheduled", "True", {})], [RUNS, _waits("ImagePullBackOff", "no such tag")]),
     ("ImagePullBackOff", "no such tag"), "ImagePullBackOff: no such tag"),
    (_pod([], [_waits("PodInitializing")], [_waits("ErrImagePull", "x509")]), ("ErrImagePull", "x509"),
     "ErrImagePull: x509"),
    (_pod([], [_waits("ContainerCreating")]), ("ContainerCreating", ""), ""),
    (_pod([], [{"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]), ("CrashLoopBackOff", ""), ""),
    (_pod([READY], [RUNS]), None, ""),
    ({"metadata": {"name": "new"}}, None, ""),
])
def test_what_keeps_a_pod_from_running(pod, reason, trouble):
    assert pods.waiting_reason(pod) == reason and pods.image_trouble(pod) == trouble


def test_how_a_container_ended():
    ended = {"name": "b", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}
    pod = _pod([], [RUNS, ended])
    assert pods.terminated(pod, "b")["exitCode"] == 3
    assert pods.terminated(pod) is None and pods.terminated(pod, "absent") is None
    assert pods.terminated({"metadata": {"name": "new"}}) is None


def test_a_missing_package_is_one_sentence_with_its_interpreter_and_preloading_is_silent():
    code = (f"import sys; sys.path[:] = {sys.path!r}; sys.modules['kubernetes.client.configuration'] = None\n"
            f"from {library.__name__} import MissingLibrary, load, preload\npreload()\n"
            "try:\n    load()\nexcept MissingLibrary as e:\n    print(e)\n")
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    assert said.startswith(f"the Python package kubernetes is needed by {sys.executable} and cannot be imported (")
    assert said.endswith("install it there, for example with pip install kubernetes") and "\n" not in said
