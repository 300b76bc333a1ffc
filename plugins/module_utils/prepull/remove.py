# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Removing images from nodes. Kubernetes has no request for that, so a privileged pod asks the node's own runtime."""
from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..jobs.job import Job
from ..kube.errors import ApiError
from ..kube.pods import image_trouble, terminated
from .in_use import InUse, by_node, is_sandbox
from .references import Reference
from .result import ABSENT, FAILED, IN_USE, REMOVED, Result, cause_of, refusal
from .space import Space

# On the node, with its own programs: crictl where it is, else ctr. One line per image: removed, absent, used or failed.
# crictl removes an image with all its names, so it stays where a container runs of it, where it has a digest of IN_USE (a pod
# may wait between two starts), and where it is that of sandboxes, which runtimes pin or tell in `crictl info`.
_SCRIPT = """
export PATH=$PATH:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:/var/lib/rancher/rke2/bin
there() { command -v "$1" >/dev/null 2>&1; }
if there crictl && crictl info >/dev/null 2>&1; then
  info=$(crictl info 2>/dev/null)
  has() { [ -n "$(crictl images -q "$1" 2>/dev/null)" ]; }
  about() { crictl inspecti "$1" 2>/dev/null | tr -d ' \\n'; }
  runs() { crictl ps -q --image "$1" 2>/dev/null; }
  drop() { crictl rmi "$1" 2>&1; }
elif there ctr; then
  info=
  socket=/run/containerd/containerd.sock
  [ -S "$socket" ] || socket=/run/k3s/containerd/containerd.sock
  on() { ctr -a "$socket" -n k8s.io "$@"; }
  has() { [ -n "$(on images ls -q "name==$1" 2>/dev/null)" ]; }
  about() { on images ls "name==$1" 2>/dev/null; }
  # The record of a container stays for a while after its pod is gone; its task does not.
  runs() {
    all=$(on containers ls -q "image==$1" 2>/dev/null)
    tasks=$(on tasks ls -q 2>/dev/null) || tasks=$all
    for container in $all; do echo "$tasks" | grep -Fx "$container"; done
  }
  drop() { on images rm --sync "$1" 2>&1; }
else
  echo "no crictl and no ctr on this node" >&2
  exit 3
fi
held() {
  about=$(about "$1")
  case $about in *'"pinned":true'*|*pinned=pinned*) return 0;; esac
  case $info in *"\\"$1\\""*) return 0;; esac
  for digest in $IN_USE; do case $about in *"$digest"*) return 0;; esac; done
  [ -n "$(runs "$1")" ]
}
for image in "$@"; do
  if ! has "$image"; then echo "absent $image"
  elif held "$image"; then echo "used $image"
  elif words=$(drop "$image"); then echo "removed $image"
  else echo "failed $image $(echo "$words" | tr '\\n' ' ')"
  fi
done
"""
_STATUS = {"removed": REMOVED, "used": IN_USE}
_LIMIT = 120.0


def _manifest(name: str, node: str, helper: str, images: list[str], digests: Iterable[str] = ()) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
        "nodeName": node, "restartPolicy": "Never", "automountServiceAccountToken": False, "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 0, "tolerations": [{"operator": "Exists"}],
        "volumes": [{"name": "host", "hostPath": {"path": "/", "type": "Directory"}}],
        "containers": [{"name": "remove", "image": helper, "terminationMessagePolicy": "FallbackToLogsOnError",
                        "command": ["chroot", "/host", "/bin/sh", "-c", _SCRIPT, "sh", *images],
                        "env": [{"name": "IN_USE", "value": " ".join(digests)}],
                        "securityContext": {"privileged": True, "runAsUser": 0},
                        "volumeMounts": [{"name": "host", "mountPath": "/host"}]}]}}


def _of_log(error: ApiError) -> tuple[str, str]:
    """(cause, confidence) of a log that cannot be read."""
    if error.status in (401, 403):
        return "harness.forbidden", "confirmed"
    if re.search(r"x509|tls:", error.message):
        return "node.kubelet-cert", "probable"
    return ("net.port-filtered", "probable") if ":10250" in error.message else ("unknown.unexplained", "suspected")


@dataclass
class Removal:
    """`go` returns the results. An image that a pod of the node uses stays, by whatever name it does."""

    space: Space
    images: list[Reference]
    nodes: list[Mapping[str, Any]]
    left_out: dict[str, str]
    job: Job
    helper: str
    at_once: int
    results: list[Result] = field(default_factory=list)

    def _stays(self, item: Mapping[str, Any], image: Reference, used: InUse) -> str:
        """Why an image is not asked to go; "" where nothing is known against it."""
        if is_sandbox(image):
            return "is what pods of the node stand on"
        user = used.user(image, item)
        return f"is used by pod {user}" if user else ""

    def _waiting(self) -> list[tuple[str, dict[str, Any], list[Reference]]]:
        """(node, helper pod, its images) of the nodes that have something to do."""
        pods = self.space.client.get("/api/v1/pods", {"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed"},
                                     timeout=60.0)["items"]
        users, out = by_node(pods), []
        for item in self.nodes:
            node, mine = item["metadata"]["name"], []
            used = users.get(node, InUse())
            for image in self.images:
                if why := self._stays(item, image, used):
                    self.results.append(Result(node, image, IN_USE))
                    self.job.tell(f"{node}: {image.short} {why} and stays")
                else:
                    mine.append(image)
            if mine:
                out.append((node, _manifest(self.space.unique(f"remove-{len(out)}"), node, self.helper, [str(i) for i in mine],
                                            sorted(used.digests)), mine))
        return out

    def go(self) -> list[Result]:
        waiting = self._waiting()
        self._watch = self.space.watch("pods")
        running: dict[str, tuple[str, list[Reference], float]] = {}
        while waiting or running:
            while waiting and len(running) < self.at_once:
                node, manifest, mine = waiting.pop(0)
                if self._made(manifest, node, mine):
                    running[manifest["metadata"]["name"]] = (node, mine, time.monotonic())
            for name in [n for n in running if self._ended(n, *running[n])]:
                running.pop(name)
                self.space.delete_pod(name)
            time.sleep(0.1)
        return self.results

    def _made(self, manifest: dict[str, Any], node: str, images: list[Reference]) -> bool:
        """Whether there is a helper pod; one that is not admitted fails its images alone."""
        try:
            self.space.create(manifest)
        except ApiError as e:
            cause = refusal(e)
            if not cause:
                raise
            self._all_failed(node, images, e.message, cause, "confirmed")
            return False
        return True

    def _log(self, name: str) -> str:
        """Asked twice: one lost packet says nothing. ApiError where the kubelet does not give it."""
        path = f"/api/v1/namespaces/{self.space.name}/pods/{name}/log"
        try:
            return str(self.space.raw.get(path, raw=True))
        except ApiError as e:
            if e.status in (401, 403, 404):
                raise
            return str(self.space.raw.get(path, raw=True))

    def _ended(self, name: str, node: str, images: list[Reference], begun: float) -> bool:
        pod = self._watch.wait(lambda items: (dict(items),), time.monotonic() + 30.0)[0].get((self.space.name, name))
        end = terminated(pod) if pod else None
        failed = pod is not None and pod.get("status", {}).get("phase") == "Failed"
        if end and end.get("exitCode") == 0:
            try:
                self._take(node, images, self._log(name))
            except ApiError as e:
                words = f"what was removed is not known, as the log of the helper pod cannot be read: {e.message}"
                self._all_failed(node, images, words, *_of_log(e))
            return True
        trouble = image_trouble(pod) if pod else ""
        if not (end or trouble or failed) and time.monotonic() - begun < min(_LIMIT, self.job.left()):
            return False
        words = trouble or (end or {}).get("message") or (pod or {}).get("status", {}).get("message") or \
            "the helper pod did not end in time"
        cause, sure = cause_of(words) if trouble or failed else ("unknown.timeout", "suspected")
        self._all_failed(node, images, words.strip(), cause, sure)
        return True

    def _all_failed(self, node: str, images: list[Reference], words: str, cause: str, sure: str) -> None:
        for image in images:
            self._record(Result(node, image, FAILED, error=words, cause=cause, confidence=sure))

    def _take(self, node: str, images: list[Reference], text: str) -> None:
        told = {w[1]: (w[0], w[2] if len(w) > 2 else "") for w in (line.split(None, 2) for line in text.splitlines())
                if len(w) > 1}
        for image in images:
            status, words = told.get(str(image), ("failed", "the helper pod said nothing of it"))
            if status == "failed":
                self._record(Result(node, image, FAILED, error=words, cause="unknown.unexplained", confidence="suspected"))
            else:
                self._record(Result(node, image, _STATUS.get(status, ABSENT)))

    def _record(self, result: Result) -> None:
        self.results.append(result)
        self.job.tell(result.line())
