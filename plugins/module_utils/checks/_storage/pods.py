# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pods that write to and read from a volume, and how they say what they saw."""
from __future__ import annotations

import hashlib
from typing import Any

from .._shared.manifests import container_security, pod_security

# The result goes where the kubelet reads it, so that nobody needs the right to read logs.
RESULT = "/dev/termination-log"

# A volume is new: nobody's data but what a file system makes for itself, and what a writer before it wrote that was ended.
WRITE = """set -eu
others=$(ls -A /data | grep -vE "^(lost\\+found|\\.snapshots?|\\.zfs${MINE:-})$" || true)
[ -z "$others" ] || { echo "the new volume holds: $others" | head -c 300 >$R; exit 3; }
i=0; while [ $i -lt 64 ]; do echo "$NONCE $i"; i=$((i+1)); done >/tmp/part
i=0; while [ $i -lt 64 ]; do cat /tmp/part; i=$((i+1)); done >/tmp/all
dd if=/tmp/all of=/data/blob bs=64k conv=fsync 2>/tmp/err || { head -c 300 /tmp/err >$R; exit 1; }
echo "$NONCE" >/data/log
sync
sha256sum </data/blob | cut -d' ' -f1 >$R
"""
READ = """set -eu
sum=$(sha256sum </data/blob | cut -d' ' -f1)
log=$(head -n 1 /data/log)
echo "read $NONCE" >>/data/log
sync
[ ! -e /data/absent ] || { echo "a file that nobody wrote exists" >$R; exit 3; }
[ "$(tail -n 1 /data/log)" = "read $NONCE" ] || { echo "what was appended is not there" >$R; exit 3; }
echo "$sum $log" >$R
"""


def content(nonce: str) -> bytes:
    """What the writer writes."""
    return "".join(f"{nonce} {i}\n" for i in range(64)).encode() * 64


def digest(nonce: str) -> str:
    """The SHA-256 of content(), in hexadecimal digits."""
    return hashlib.sha256(content(nonce)).hexdigest()


def claim(name: str, storage_class: str, size: str, access_mode: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
            "spec": {"accessModes": [access_mode], "storageClassName": storage_class,
                     "resources": {"requests": {"storage": size}}}}


def _where(nodes: list[dict[str, Any]], away_from: str) -> dict[str, Any]:
    """Affinity to nodes that meet the requirements, and are not that one; the scheduler knows which of them the volume fits."""
    term: dict[str, Any] = {"matchExpressions": nodes} if nodes else {}
    if away_from:
        term["matchFields"] = [{"key": "metadata.name", "operator": "NotIn", "values": [away_from]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}


def pod(name: str, image: str, command: str, nonce: str, claim_name: str, nodes: list[dict[str, Any]],
        away_from: str = "", again: bool = False) -> dict[str, Any]:
    """A pod that runs the command with the volume at /data and ends.

    nodes: requirements (matchExpressions) of where it may run; away_from: the node where it may not. again: one before it was ended.
    """
    container = {
        "name": "storage", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", command],
        "env": [{"name": "NONCE", "value": nonce}, {"name": "R", "value": RESULT}, {"name": "MINE", "value": "|blob|log" if again else ""}],
        "terminationMessagePath": RESULT, "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": container_security(),
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}],
    }
    spec: dict[str, Any] = {
        "restartPolicy": "Never", "automountServiceAccountToken": False, "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1, "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": pod_security(fs_group=True), "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}},
                    {"name": "tmp", "emptyDir": {"sizeLimit": "8Mi"}}],
    }
    if nodes or away_from:
        spec["affinity"] = _where(nodes, away_from)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def ending(item: dict[str, Any]) -> tuple[int, str] | None:
    """(exit status, result) of a pod that has ended, else None."""
    for status in item.get("status", {}).get("containerStatuses") or ():
        ended = (status.get("state") or {}).get("terminated")
        if ended:
            return int(ended.get("exitCode", -1)), (ended.get("message") or ended.get("reason") or "").strip()
    if item.get("status", {}).get("phase") == "Failed":  # evicted or rejected before its container started
        return -1, f"{item['status'].get('reason', '')}: {item['status'].get('message', '')}".strip(": ")
    return None
