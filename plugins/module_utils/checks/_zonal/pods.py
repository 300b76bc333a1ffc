# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The StatefulSet over zones: what its pods do with their volumes, and how they say what they found there."""
from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from ...kube.pods import pod_ready
from .._shared.manifests import container_security, pod_security
from .._shared.nodes import ZONE

APP = "assay.clusters/zonal"
# "wrote SUM" on a volume without our file, else "read SUM". A new volume is nobody's: it holds what a file system makes for
# itself. The result goes where the kubelet reads it.
SCRIPT = """set -eu
exec 2>/tmp/err; trap '[ $? = 0 ] || head -c 300 /tmp/err >>$R' EXIT
if [ -e /data/blob ]; then
  sum=$(sha256sum </data/blob | cut -d' ' -f1)
  echo "read $sum" >$R; exit 0
fi
others=$(ls -A /data | grep -vE '^(lost\\+found|\\.snapshots?|\\.zfs)$' || true)
[ -z "$others" ] || { echo "the new volume holds: $others" | head -c 300 >$R; exit 3; }
i=0; while [ $i -lt 64 ]; do echo "$NONCE $POD $i"; i=$((i+1)); done >/tmp/part
i=0; while [ $i -lt 64 ]; do cat /tmp/part; i=$((i+1)); done >/tmp/all
dd if=/tmp/all of=/data/blob bs=64k conv=fsync
sync
sum=$(sha256sum </data/blob | cut -d' ' -f1)
echo "wrote $sum" >$R
"""
RESULT = "/dev/termination-log"


def digest(nonce: str, pod: str) -> str:
    """The SHA-256 of what a pod writes, in hexadecimal digits."""
    return hashlib.sha256("".join(f"{nonce} {pod} {i}\n" for i in range(64)).encode() * 64).hexdigest()


def affinity(where: list[dict[str, Any]], zones: Iterable[str], away_from: Iterable[str]) -> dict[str, Any]:
    """Nodes that meet the requirements `where`, are in these zones, and none of those named."""
    term: dict[str, Any] = {"matchExpressions": [*where, {"key": ZONE, "operator": "In", "values": sorted(zones)}]}
    fields = [{"key": "metadata.name", "operator": "NotIn", "values": [n]} for n in sorted(away_from)]
    if fields:
        term["matchFields"] = fields
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}


def _containers(image: str, nonce: str) -> dict[str, Any]:
    common = {"image": image, "imagePullPolicy": "IfNotPresent", "securityContext": container_security(),
              "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}}
    mounts = [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}]
    env = [{"name": "NONCE", "value": nonce}, {"name": "R", "value": RESULT},
           {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    data = {**common, "name": "data", "command": ["sh", "-c", SCRIPT], "env": env, "volumeMounts": mounts,
            "terminationMessagePath": RESULT, "terminationMessagePolicy": "FallbackToLogsOnError"}
    return {"initContainers": [data], "containers": [{**common, "name": "stay", "args": ["pause"], "volumeMounts": mounts}]}


def stateful_set(name: str, image: str, nonce: str, storage_class: str, size: str, zones: list[str],
                 where: dict[str, Any]) -> dict[str, Any]:
    """One pod with a volume of its own for each zone; a pod that is deleted comes back from the newest template."""
    mine = {APP: name}
    pod = {
        "automountServiceAccountToken": False, "enableServiceLinks": False, "terminationGracePeriodSeconds": 1,
        "nodeSelector": {"kubernetes.io/os": "linux"}, "securityContext": pod_security(fs_group=True), "affinity": where,
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule",
                                       "labelSelector": {"matchLabels": mine}}],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "8Mi"}}], **_containers(image, nonce)}
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": storage_class,
                                                    "resources": {"requests": {"storage": size}}}}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name},
            "spec": {"serviceName": name, "replicas": len(zones), "podManagementPolicy": "Parallel",
                     "updateStrategy": {"type": "OnDelete"}, "selector": {"matchLabels": mine},
                     "template": {"metadata": {"labels": mine}, "spec": pod}, "volumeClaimTemplates": [claim]}}


def said(pod: dict[str, Any]) -> str:
    """What a pod found on its volume: its last words, also of a try that failed; empty while it has said nothing."""
    for status in (pod.get("status") or {}).get("initContainerStatuses") or ():
        for state in (status.get("state"), status.get("lastState")):
            ended = (state or {}).get("terminated")
            if ended:
                text = (ended.get("message") or ended.get("reason") or "").strip()
                return text if ended.get("exitCode") == 0 else f"exit status {ended.get('exitCode')}: {text}"
    return ""


def settled(pod: dict[str, Any] | None, before: str = "") -> dict[str, Any] | None:
    """The pod when it is Ready or has failed at its volume. before: the uid of the one that is to be gone."""
    if pod is None or pod["metadata"].get("uid") == before or pod["metadata"].get("deletionTimestamp"):
        return None
    return pod if pod_ready(pod) or said(pod).startswith("exit status") else None
