# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make bench`: 40 images on 100 nodes, whose API server and kubelets are fakes in a process of their own. Also on its own,
`python -m tests.bench.prepull`.

Goal: 10 CPU seconds of the controller where all images are pulled. Absolute seconds belong to the machine.
"""
from __future__ import annotations

import heapq
import itertools
import multiprocessing
import resource
import tempfile
import threading
import time
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.modules.image_prepull import SPEC
from ansible_collections.assay.clusters.tests.unit.engine import fake_api

NODES, IMAGES = 100, 40
GOAL = 10.0
_PULL = 0.05  # seconds of one pull
_SEEN = 0.02  # seconds until a kubelet sees a pod
NAMES = [f"registry.example.com/shop/service-{n:02}:1.{n}" for n in range(IMAGES)]


def node(number: int, told: list[str]) -> dict[str, Any]:
    """As a kubelet tells it, with a list of images that is as long as it gets without being cut."""
    images = [*told, *(f"registry.example.com/other/{n}:1" for n in range(49 - len(told)))]
    digest = "sha256:" + "1" * 64
    return {"status": {
        "images": [{"names": [f"{i.rpartition(':')[0]}@{digest}", i], "sizeBytes": 10**7} for i in images],
        "nodeInfo": {"kubeletVersion": "v1.36.1", "operatingSystem": "linux"},
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "False"}]}}


class Kubelets:
    """Of all nodes: each goes through the containers of a pod one after the other."""

    def __init__(self, api: fake_api.FakeApi, there: bool) -> None:
        self.api, self.there, self.due, self.number = api, there, [], itertools.count()
        self.wake = threading.Condition()
        threading.Thread(target=self.follow, daemon=True).start()

    def begin(self, path: str, spec: dict[str, Any]) -> None:
        with self.wake:
            heapq.heappush(self.due, (time.monotonic() + _SEEN, next(self.number), path, spec, 0))
            self.wake.notify()

    def follow(self) -> None:
        while True:
            with self.wake:
                while not self.due or self.due[0][0] > time.monotonic():
                    self.wake.wait(0.005 if self.due else 1.0)
                _at, _n, path, spec, at = heapq.heappop(self.due)
            if path in self.api.objects:
                self.step(path, spec, at)
            elif at == 0:  # it is being made
                self.begin(path, spec)

    def event(self, path: str, container: str, reason: str, message: str) -> None:
        space, _pods, pod = path.rsplit("/", 2)
        self.api.put(f"{space}/events/{pod}.{next(self.number):x}", reason=reason, message=message, type="Normal", count=1,
                     source={"component": "kubelet", "host": "node"}, firstTimestamp="2026-01-01T00:00:00Z",
                     involvedObject={"kind": "Pod", "name": pod, "apiVersion": "v1", "fieldPath": f"spec.containers{{{container}}}"})

    def step(self, path: str, spec: dict[str, Any], at: int) -> None:
        if at == len(spec["containers"]):
            digest = "sha256:" + "1" * 64
            self.api.objects[path]["status"] = {"phase": "Failed", "containerStatuses": [
                {"name": c["name"], "image": c["image"], "imageID": f"{c['image'].rpartition(':')[0]}@{digest}",
                 "state": {"terminated": {"reason": "StartError", "exitCode": 128}}} for c in spec["containers"]]}
            with self.api._lock:
                return self.api._tell("MODIFIED", path)
        container = spec["containers"][at]
        name, image, wait = container["name"], container["image"], 0.0 if self.there else _PULL
        if self.there:
            self.event(path, name, "Pulled", f'Container image "{image}" already present on machine')
        else:
            self.event(path, name, "Pulling", f'Pulling image "{image}"')
            self.event(path, name, "Pulled", f'Successfully pulled image "{image}" in 50ms (50ms including waiting). Image size: 10000000 bytes.')
        self.event(path, name, "Created", f"Container created: {name}")
        self.event(path, name, "Failed", "Error: failed to create containerd task: no such file")
        with self.wake:
            heapq.heappush(self.due, (time.monotonic() + wait, next(self.number), path, spec, at + 1))
        return None


def serve(pipe: Any, there: bool) -> None:
    """The cluster, until the other end of the pipe is closed."""
    fake_api.INSIDE = (*fake_api.INSIDE, "events")
    api = fake_api.FakeApi()
    kubelets = Kubelets(api, there)
    for number in range(NODES):
        api.put(f"/api/v1/nodes/node-{number:03}", **node(number, NAMES if there else []))

    def account(request: Any) -> None:
        words = request.path.split("/")
        if request.method == "POST" and request.path == "/api/v1/namespaces":
            api.put(f"/api/v1/namespaces/{request.data['metadata']['name']}/serviceaccounts/default")
        if request.method == "POST" and words[-1] == "pods":
            kubelets.begin(f"{request.path}/{request.data['metadata']['name']}", request.data["spec"])

    api.before = account
    pipe.send(api.url)
    try:
        pipe.recv()
    except EOFError:
        pass


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def row(there: bool) -> dict[str, Any]:
    """One prepull: wall and CPU seconds, and what became of the images."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    cluster = context.Process(target=serve, args=(theirs, there), daemon=True)
    cluster.start()
    theirs.close()
    with tempfile.TemporaryDirectory() as folder:
        options = {n: s.get("default") for n, s in SPEC.argument_spec.items()}
        url, begun, cpu = ours.recv(), time.monotonic(), _cpu()
        result = SPEC.run({**options, "host": url, "journal_dir": folder, "images": NAMES}, Job())
        made = {"wall": time.monotonic() - begun, "cpu": _cpu() - cpu}
    ours.close()
    cluster.join()
    return {**made, "counts": result["summary"]["counts"], "msg": result["msg"]}


def rows() -> list[dict[str, Any]]:
    """Where all is pulled, and where all is there."""
    found = [{"scene": "all there" if there else "all pulled", **row(there)} for there in (False, True)]
    for r in found:
        print(f"prepull of {IMAGES} images on {NODES} nodes, {r['scene']}: {r['cpu']:.1f} CPU s, {r['wall']:.0f} s, {r['counts']}",
              flush=True)
    return found


def goals(found: list[dict[str, Any]]) -> list[str]:
    """A sentence for each goal that is not met."""
    return [f"prepull, {r['scene']}: {r['cpu']:.1f} CPU s, wanted {GOAL:g}" for r in found if r["cpu"] > GOAL]


if __name__ == "__main__":
    raise SystemExit("\n".join(goals(rows())) or 0)
