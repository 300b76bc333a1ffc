# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Audit log files on nodes of the control plane, followed by a pod of ours on each: only where an option allows that."""
from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ...engine.errors import StepFailed
from ...kube.errors import ApiError
from ...kube.kinds import path_of
from ...kube.pods import waiting_reason
from .events import Event, of_lines
from .files import USUAL, NoSource, Source

if TYPE_CHECKING:
    from ...engine.context import Context

_READING, _NOTHING = "assay: reads ", "assay: no file"
# What a kubelet says of a folder that is not there, and says again for ever.
_NO_FOLDER = "hostPath type check failed"
# Seconds until the pods read.
_STARTING = 60.0
# The file is open all the time, so that a line which was written before a rotation is read after it; it is read from its end
# on. Another file by its name, or a shorter one, is read from its beginning.
_FOLLOW = r"""
for f in $FILES ""; do [ -z "$f" ] || [ ! -f "$f" ] || break; done
[ -n "$f" ] || { echo "assay: no file"; exit 0; }
exec 3< "$f" || { echo "assay: no file that may be read"; exit 0; }
tail -c 1 <&3 > /dev/null
echo "assay: reads $f"
n=0
while [ $n -lt $SECONDS_LEFT ]; do
  grep -F "$MARK" <&3
  at=$(sed -n 's/^pos:[^0-9]*//p' /proc/$$/fdinfo/3)
  if [ "$(stat -c %d:%i "$f" 2> /dev/null)" != "$(stat -L -c %d:%i /proc/$$/fd/3)" ] || [ "$(stat -c %s "$f")" -lt "$at" ]; then
    if [ -f "$f" ]; then grep -F "$MARK" <&3; exec 3< "$f"; fi
  fi
  sleep 1
  n=$((n + 1))
done
"""


class Pods(Source):
    """nodes: names of those of the control plane. path: of the file there; "" where the usual ones are tried."""

    wait = 45.0

    def __init__(self, ctx: Context, nodes: Sequence[str], path: str, mark: str, seconds: float):
        self._ctx, self._nodes, self._path, self._mark, self._seconds = ctx, nodes, path, mark, seconds
        self.words = f"{path or 'the audit log file'} on nodes of the control plane"
        self._space = ""
        self._absent: dict[str, str] = {}

    def _manifest(self, node: str, number: int) -> dict[str, Any]:
        folder = str(PurePosixPath(self._path).parent) if self._path else "/var/log"
        names = [PurePosixPath(self._path).name] if self._path else list(USUAL)
        env = {"FILES": " ".join(f"/host/{n}" for n in names), "MARK": self._mark, "SECONDS_LEFT": str(int(self._seconds))}
        container = {
            "name": "read", "image": self._ctx.image("agnhost"), "command": ["sh", "-c", _FOLLOW],
            "env": [{"name": k, "value": v} for k, v in env.items()],
            "volumeMounts": [{"name": "logs", "mountPath": "/host", "readOnly": True}],
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
            "securityContext": {"runAsUser": 0, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]}}}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"audit-{number}"}, "spec": {
            "nodeName": node, "restartPolicy": "Never", "automountServiceAccountToken": False, "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 0, "activeDeadlineSeconds": int(self._seconds) + 60,
            "tolerations": [{"operator": "Exists"}], "containers": [container],
            # where SELinux is enforced, a container's own type may not read the logs of the machine
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, "seLinuxOptions": {"type": "spc_t"}},
            "volumes": [{"name": "logs", "hostPath": {"path": folder, "type": "Directory"}}]}}

    def start(self) -> None:
        if not self._nodes:
            raise NoSource("no node is registered as one of the control plane, so that no pod can read its files", "absent")
        self._space = self._ctx.privileged_namespace()
        for number, node in enumerate(self._nodes):
            self._ctx.create_in(self._space, self._manifest(node, number))
        self._ctx.in_parallel(lambda n: self._begun(*n), list(enumerate(self._nodes)), workers=8)
        if len(self._absent) == len(self._nodes):
            raise NoSource("; ".join(dict.fromkeys(self._absent.values())), "absent")

    def _begun(self, number: int, node: str) -> None:
        end = time.monotonic() + min(_STARTING, self._ctx.left() / 2)
        try:
            said = self._ctx.until(lambda: self._said(number), f"pod audit-{number} on {node} reads",
                                   max(1.0, end - time.monotonic()), every=0.7)
        except StepFailed as e:
            self._absent[node] = f"{node}: {self._trouble(number) or e}"
            return
        if said.startswith(_NOTHING):
            where = self._path or f"none of the usual ones below /var/log ({', '.join(USUAL[:3])} ...)"
            self._absent[node] = f"{node} has no such file: {where}"

    def _said(self, number: int) -> str:
        """The first line of the pod; that it has nothing to read, where its folder is not there."""
        lines = self._log(number).splitlines()
        said = next((line for line in lines if line.startswith((_READING, _NOTHING))), "")
        return said or (_NOTHING if _NO_FOLDER in self._trouble(number) else "")

    def _log(self, number: int) -> str:
        try:
            return str(self._ctx.client.quiet.get(path_of("v1", "Pod", self._space, f"audit-{number}") + "/log", raw=True))
        except ApiError as e:
            if e.status == 403:
                raise NoSource(f"the log of our pod: {e.message}", "forbidden") from e
            return ""

    def _trouble(self, number: int) -> str:
        """What the pod waits for; what a folder lacks is told by an event only."""
        try:
            pod = self._ctx.client.quiet.get(path_of("v1", "Pod", self._space, f"audit-{number}"))
            events = self._ctx.client.quiet.get(f"/api/v1/namespaces/{self._space}/events")["items"]
        except ApiError:
            return ""
        mine = [e for e in events if e.get("type") == "Warning" and e["involvedObject"].get("name") == f"audit-{number}"]
        if mine:
            return f"{mine[-1].get('reason')}: {mine[-1].get('message')}"
        return ": ".join(filter(None, waiting_reason(pod) or ()))

    def absent(self) -> dict[str, str]:
        return self._absent

    def look(self) -> Iterable[Event]:
        out: list[Event] = []
        for number, node in enumerate(self._nodes):
            if node not in self._absent:
                out += of_lines(self._log(number), node, self._mark)
        return out
