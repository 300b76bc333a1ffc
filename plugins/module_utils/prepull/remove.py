# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Removing images from nodes. Kubernetes has no request for that, so a privileged pod asks the node's own runtime."""
from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..jobs.errors import BadOption
from ..jobs.job import Job
from ..kube.pods import image_trouble, terminated
from .references import Reference, parse
from .result import ABSENT, FAILED, IN_USE, REMOVED, Result, cause_of
from .space import Space

# On the node, with its own programs: crictl where it is, else ctr. One line per image: removed, absent or failed.
_SCRIPT = """
export PATH=$PATH:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:/var/lib/rancher/rke2/bin
there() { command -v "$1" >/dev/null 2>&1; }
if there crictl && crictl info >/dev/null 2>&1; then
  has() { [ -n "$(crictl images -q "$1" 2>/dev/null)" ]; }
  drop() { crictl rmi "$1" 2>&1; }
elif there ctr; then
  socket=/run/containerd/containerd.sock
  [ -S "$socket" ] || socket=/run/k3s/containerd/containerd.sock
  has() { [ -n "$(ctr -a "$socket" -n k8s.io images ls -q "name==$1" 2>/dev/null)" ]; }
  drop() { ctr -a "$socket" -n k8s.io images rm --sync "$1" 2>&1; }
else
  echo "no crictl and no ctr on this node" >&2
  exit 3
fi
for image in "$@"; do
  if ! has "$image"; then echo "absent $image"
  elif words=$(drop "$image"); then echo "removed $image"
  else echo "failed $image $(echo "$words" | tr '\\n' ' ')"
  fi
done
"""
_LIMIT = 120.0


def _manifest(name: str, node: str, helper: str, images: list[str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
        "nodeName": node, "restartPolicy": "Never", "automountServiceAccountToken": False, "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 0, "tolerations": [{"operator": "Exists"}],
        "volumes": [{"name": "host", "hostPath": {"path": "/", "type": "Directory"}}],
        "containers": [{"name": "remove", "image": helper, "terminationMessagePolicy": "FallbackToLogsOnError",
                        "command": ["chroot", "/host", "/bin/sh", "-c", _SCRIPT, "sh", *images],
                        "securityContext": {"privileged": True, "runAsUser": 0},
                        "volumeMounts": [{"name": "host", "mountPath": "/host"}]}]}}


@dataclass
class Removal:
    """`go` returns the results. An image that a pod of the node uses stays."""

    space: Space
    images: list[Reference]
    nodes: list[Mapping[str, Any]]
    left_out: dict[str, str]
    job: Job
    helper: str
    at_once: int
    results: list[Result] = field(default_factory=list)

    def _used(self) -> dict[tuple[str, str], str]:
        """(node, image) -> the pod that uses it, of pods that have not ended."""
        out = {}
        for pod in self.space.client.get("/api/v1/pods", {"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed"},
                                         timeout=60.0)["items"]:
            spec, meta = pod["spec"], pod["metadata"]
            for c in [*spec.get("containers", []), *spec.get("initContainers", []), *spec.get("ephemeralContainers", [])]:
                try:
                    out[spec.get("nodeName", ""), str(parse(c.get("image", "")))] = f"{meta['namespace']}/{meta['name']}"
                except BadOption:
                    continue
        return out

    def go(self) -> list[Result]:
        used, waiting = self._used(), []
        for item in self.nodes:
            node, mine = item["metadata"]["name"], []
            for image in self.images:
                user = used.get((node, str(image)))
                if user:
                    self._record(Result(node, image, IN_USE))
                    self.job.tell(f"{node}: {image.short} is used by pod {user} and stays")
                else:
                    mine.append(image)
            if mine:
                waiting.append((f"remove-{len(waiting)}", node, mine))
        self._watch = self.space.watch("pods")
        running: dict[str, tuple[str, list[Reference], float]] = {}
        while waiting or running:
            while waiting and len(running) < self.at_once:
                name, node, mine = waiting.pop(0)
                self.space.create(_manifest(name, node, self.helper, [str(i) for i in mine]))
                running[name] = (node, mine, time.monotonic())
            for name in [n for n in running if self._ended(n, *running[n])]:
                running.pop(name)
                self.space.delete_pod(name)
            time.sleep(0.1)
        return self.results

    def _ended(self, name: str, node: str, images: list[Reference], begun: float) -> bool:
        pod = self._watch.wait(lambda items: (dict(items),), time.monotonic() + 30.0)[0].get((self.space.name, name))
        end = terminated(pod) if pod else None
        failed = pod is not None and pod.get("status", {}).get("phase") == "Failed"
        if end and end.get("exitCode") == 0:
            text = self.space.client.get(f"/api/v1/namespaces/{self.space.name}/pods/{name}/log", raw=True)
            self._take(node, images, text)
            return True
        trouble = image_trouble(pod) if pod else ""
        if not (end or trouble or failed) and time.monotonic() - begun < min(_LIMIT, self.job.left()):
            return False
        words = trouble or (end or {}).get("message") or (pod or {}).get("status", {}).get("message") or \
            "the helper pod did not end in time"
        cause, sure = cause_of(words) if trouble or failed else ("unknown.timeout", "suspected")
        for image in images:
            self._record(Result(node, image, FAILED, error=words.strip(), cause=cause, confidence=sure))
        return True

    def _take(self, node: str, images: list[Reference], text: str) -> None:
        told = {w[1]: (w[0], w[2] if len(w) > 2 else "") for w in (line.split(None, 2) for line in text.splitlines())
                if len(w) > 1}
        for image in images:
            status, words = told.get(str(image), ("failed", "the helper pod said nothing of it"))
            if status == "failed":
                self._record(Result(node, image, FAILED, error=words, cause="unknown.unexplained", confidence="suspected"))
            else:
                self._record(Result(node, image, REMOVED if status == "removed" else ABSENT))

    def _record(self, result: Result) -> None:
        self.results.append(result)
        if result.status != IN_USE:
            self.job.tell(result.line())
