# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cause is, and the commands that look at kinds of objects."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """layer is None where nothing is known.

    What looks further, templates over {name}, {namespace} and {ref} (all that follows the kind): on, by the kind of the object
    in question; command, whatever else it is; without one GENERIC's of that kind, and otherwise where that has none, either.
    """

    layer: int | None
    meaning: str
    remedy: str
    command: str
    on: dict[str, str]
    otherwise: str = ""


def cause(layer: int | None, meaning: str, remedy: str, command: str = "", otherwise: str = "", **on: str) -> Cause:
    return Cause(layer, meaning, remedy, command, on, otherwise)


# Pods that neither run nor have done their work; all nodes; the machines behind them.
IDLE_PODS = "kubectl get pods -A -o wide --field-selector status.phase!=Running,status.phase!=Succeeded"
NODES = "kubectl get nodes -o wide"
MACHINES = "kubectl get nodes -o custom-columns=NAME:.metadata.name,ID:.spec.providerID,UUID:.status.nodeInfo.systemUUID"
# What is looked at first, by kind of object, where a cause has no better idea.
GENERIC = {
    "node": "kubectl describe node {name}", "pod": "kubectl -n {namespace} describe pod {name}",
    "service": "kubectl -n {namespace} describe service {name}",
    "deployment": "kubectl -n {namespace} describe deployment {name}",
    "daemonset": "kubectl -n {namespace} describe daemonset {name}",
    "persistentvolumeclaim": "kubectl -n {namespace} describe persistentvolumeclaim {name}",
    "persistentvolume": "kubectl describe persistentvolume {name}",
    "storageclass": "kubectl get storageclass {name} -o yaml",
    "configmap": "kubectl -n {namespace} get configmap {name} -o yaml",
    "namespace": "kubectl get namespace {name} -o yaml", "apiservice": "kubectl describe apiservice {name}",
    "resourcequota": "kubectl -n {namespace} describe resourcequota {name}",
}
ON_NODE = "kubectl get pods -A -o wide --field-selector spec.nodeName={name}"
# Kinds of machines: by name on vSphere, by Vmid in the shell of an ESXi host, by id on AWS.
VM = {"vm": "govc vm.info -r {ref}", "vmid": "vim-cmd vmsvc/get.summary {ref}",
      "instance": "aws ec2 describe-instances --instance-ids {ref}"}
