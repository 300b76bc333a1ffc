# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of what image_prepull has of a cluster: nodes, its namespace, and kubelets that pull as told, by a fake clock."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError

from .clock import Clock

NAMESPACE = "assay-prepull-test"
# One pull: the kubelet's part, given the cluster, the pod's name and its image.
Pull = Callable[["FakeKubelets", str, str], None]


def node(name: str, ready: str = "True", pressure: str = "False", images: tuple[tuple[str, int], ...] = (),
         **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, "status": {
        "images": [{"names": [n], "sizeBytes": s} for n, s in images],
        "conditions": [{"type": "Ready", "status": ready, "message": "words of the kubelet"},
                       {"type": "DiskPressure", "status": pressure, "message": "no room"}]}}


# ---- what becomes of a pull -------------------------------------------------------------------------------------
def came(seconds: float, size: int = 40_000_000, event: float = 0.0, words: str = "") -> Pull:
    """After so many seconds; the event that tells it comes `event` seconds after the status, never when that is below 0.

    A second later the node's list has the image, as a kubelet's next status does.
    """
    def pull(cluster: FakeKubelets, pod: str, image: str) -> None:
        cluster.event(pod, "Pulling", f'Pulling image "{image}"')
        told = words or (f'Successfully pulled image "{image}" in {seconds}s ({seconds}s including waiting). '
                         f'Image size: {size} bytes.')
        cluster.clock.after(seconds, lambda: cluster.state(pod, {"terminated": {"reason": "StartError", "exitCode": 128}}))
        cluster.clock.after(seconds + 1.0, lambda: cluster.listed(pod, image, size))
        if event >= 0:
            cluster.clock.after(seconds + event, lambda: cluster.event(pod, "Pulled", told))

    return pull


def was_there() -> Pull:
    def pull(cluster: FakeKubelets, pod: str, image: str) -> None:
        cluster.event(pod, "Pulled", f'Container image "{image}" already present on machine')
        cluster.state(pod, {"waiting": {"reason": "RunContainerError"}})

    return pull


def failed(words: str, seconds: float = 1.0) -> Pull:
    def pull(cluster: FakeKubelets, pod: str, image: str) -> None:
        cluster.event(pod, "Pulling", f'Pulling image "{image}"')
        cluster.clock.after(seconds, lambda: cluster.event(pod, "Failed", f'Failed to pull image "{image}": {words}'))
        cluster.clock.after(seconds, lambda: cluster.state(pod, {"waiting": {"reason": "ErrImagePull", "message": words}}))

    return pull


def silent(begun: bool = True) -> Pull:
    """It never ends."""
    def pull(cluster: FakeKubelets, pod: str, image: str) -> None:
        if begun:
            cluster.event(pod, "Pulling", f'Pulling image "{image}"')

    return pull


def refused(status: int, message: str) -> Pull:
    """The API server does not take the pod."""
    def pull(cluster: FakeKubelets, pod: str, image: str) -> None:
        raise ApiError("http", status, "Refused", message, "POST", "/api/v1/namespaces/x/pods")

    return pull


class _Watched:
    """What a Watch is for those who look."""

    def __init__(self, items: dict[tuple[str, str], dict[str, Any]], error: ApiError | None = None) -> None:
        self._items, self._error = items, error

    def start(self) -> None:
        pass

    stop = start

    def items(self) -> dict[tuple[str, str], dict[str, Any]]:
        return self._items

    def wait(self, met: Callable[[Any], Any], _deadline: float) -> Any:
        if self._error:
            raise self._error
        return met(self._items)


class FakeKubelets:
    """In place of a Space. pulls: what becomes of the pulls of an image one after the other, by image, or by (node, image); the
    last one is for all later ones. begun: (seconds, node, image) of each pod; most: pods at once by node at most.
    """

    name = NAMESPACE

    def __init__(self, clock: Clock, *names: str, sees_events: bool = True) -> None:
        self.clock, self.raw, self.client = clock, self, self
        self.nodes = {("", n): node(n) for n in names}
        self.pods: dict[tuple[str, str], dict[str, Any]] = {}
        self.events: dict[tuple[str, str], dict[str, Any]] = {}
        self.pulls: dict[Any, list[Pull]] = {}
        self.begun: list[tuple[float, str, str]] = []
        self.deleted: set[str] = set()
        self.logs: dict[str, str | ApiError] = {}
        self.notes: list[str] = []
        self.forbidden: set[str] = set()
        self._states: dict[str, list[dict[str, Any]]] = {}
        self.digest = "sha256:12"
        self.admission: Callable[[dict[str, Any]], dict[str, Any]] = lambda manifest: manifest
        self.lost: list[ApiError] = []  # what the next questions for a log get instead
        self.answers: dict[str, Any] = {}
        self.manifests: list[dict[str, Any]] = []
        self._error = None if sees_events else ApiError("http", 403, "Forbidden", "no", "GET", "events")
        self._since = clock.now

    # ---- what a Space is asked for ----------------------------------------------------------------------------
    def watch(self, plural: str) -> _Watched:
        if plural == "events":
            return _Watched(self.events, self._error)
        return _Watched(self.nodes if plural == "nodes" else self.pods)

    @staticmethod
    def unique(name: str) -> str:
        return name

    def create(self, manifest: dict[str, Any]) -> dict[str, Any]:
        manifest = self.admission(manifest)
        name, spec = manifest["metadata"]["name"], manifest["spec"]
        for image in [c["image"] for c in spec["containers"]]:
            if image in self.forbidden:
                raise ApiError("http", 403, "Forbidden", f"image {image} is not allowed", "POST", "/pods")
        self.manifests.append(manifest)
        self.pods[NAMESPACE, name] = {"metadata": {"name": name}, "spec": spec, "status": {"phase": "Pending"}}
        self._states[name] = []
        self.deleted.discard(name)
        self._pull(name, 0)
        return manifest

    def _pull(self, pod: str, number: int) -> None:
        """A kubelet goes through the containers of a pod one after the other."""
        spec = self.pods[NAMESPACE, pod]["spec"]
        image = spec["containers"][number]["image"]
        self.begun.append((self.clock.now - self._since, spec["nodeName"], image))
        rows = self.pulls.get((spec["nodeName"], image)) or self.pulls.get(image) or [came(1.0)]
        pull = rows.pop(0) if len(rows) > 1 else rows[0]
        pull(self, f"{pod}#{number}" if number else pod, image)

    def delete_pod(self, name: str) -> None:
        self.deleted.add(name)

    def get(self, path: str, _params: Any = None, **_more: Any) -> Any:
        if path.endswith("/log"):
            answer = self.lost.pop(0) if self.lost else self.logs[path.split("/")[-2]]
            if isinstance(answer, ApiError):
                raise answer
            return answer
        return self.answers[path]

    # ---- the kubelet's side -----------------------------------------------------------------------------------
    def event(self, pod: str, reason: str, message: str) -> None:
        """pod: with # and the number of its container, but for the first."""
        name, container = self._container(pod)
        about = {"name": name, "fieldPath": f"spec.containers{{{container}}}"}
        self.events[NAMESPACE, f"e{len(self.events)}"] = {"involvedObject": about, "reason": reason, "message": message}

    def _container(self, pod: str) -> tuple[str, str]:
        name, _sign, number = pod.partition("#")
        containers = self.pods[NAMESPACE, name]["spec"]["containers"] if (NAMESPACE, name) in self.pods else [{"name": "pull"}]
        return name, containers[int(number or 0)]["name"]

    def state(self, pod: str, state: dict[str, Any], phase: str = "Pending", **status: Any) -> None:
        """How a container ended; the status of the pod tells it once the kubelet has been through all of them."""
        name, container = self._container(pod)
        if (NAMESPACE, name) not in self.pods or name in self.deleted:
            return
        told, item = self._states[name], self.pods[NAMESPACE, name]
        told[:] = [c for c in told if c["name"] != container] + [
            {"name": container, "imageID": f"r.io/x@{self.digest}", "state": state}]
        if len(told) < len(item["spec"]["containers"]):
            return self._pull(name, len(told))
        self.pods[NAMESPACE, name] = {**item, "status": {"phase": phase, **status, "containerStatuses": [*told]}}

    def listed(self, pod: str, image: str, size: int) -> None:
        """The kubelet's next status, which tells the image, too."""
        key = ("", self.pods.get((NAMESPACE, pod.partition("#")[0]), {}).get("spec", {}).get("nodeName", ""))
        if key in self.nodes:
            item = self.nodes[key]
            if any(image in i["names"] for i in item["status"]["images"]):
                return
            images = [*item["status"]["images"], {"names": [image], "sizeBytes": size}]
            self.nodes[key] = {**item, "status": {**item["status"], "images": images}}

    def set_node(self, name: str, **about: Any) -> None:
        self.nodes["", name] = node(name, **about)
