# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Karpenter's core, with the lab as its cloud: a node that it adds is a machine of the lab, which boots, joins and is powered off again.

The controller is Karpenter's own (go/karpenter has a main with a cloud provider); its cloud is a process on this machine, started
here: tests/lab/machines.py. There is one pool of nodes, "lab", and one class, whose spec.bootstrap says how machines come up:
"joins", "silent" (the kubelet is never started) or "no-network" (no network for pods). A text in STATE/NAME/tiers/autoscaler/refuse is
what every request for a machine is answered with.
"""
from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import helpers, node
from ..base import HERE, wait_for
from ..build import Program, Shipped
from ..components import filled
from ..images import tool
from .tier import Tier, apply, folder, rolled_out
from .versions import version

if TYPE_CHECKING:
    from ..cluster import Lab

_MODULE = "sigs.k8s.io/karpenter"
NAMESPACE, DEPLOYMENT, POOL, CLASS = "kube-system", "karpenter", "lab", "lab"
PORT, HELPER = 5056, "machines"
_VERSION = version(_MODULE).lstrip("v")
_KARPENTER = Program("karpenter", "karpenter", ".", f"-s -w -X {_MODULE}/pkg/operator.Version={_VERSION}")
_CRDS = tuple(Shipped("karpenter", _MODULE, f"pkg/apis/crds/karpenter.sh_{kind}.yaml") for kind in ("nodepools", "nodeclaims", "nodeoverlays"))
_NODES = """apiVersion: karpenter.lab.test/v1
kind: LabNodeClass
metadata: {name: lab}
spec: {bootstrap: joins}
---
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: lab}
spec:
  limits: {cpu: "@LIMIT@"}
  disruption: {consolidationPolicy: WhenEmpty, consolidateAfter: 5s, budgets: [{nodes: "100%"}]}
  template:
    spec:
      nodeClassRef: {group: karpenter.lab.test, kind: LabNodeClass, name: lab}
      expireAfter: Never
      terminationGracePeriod: 5m
      requirements: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]
"""


def url(lab: Lab) -> str:
    return f"http://{lab.host}:{PORT}"


def machines(lab: Lab) -> list[dict[str, Any]]:
    """What the cloud has: id, node, claim, zone, bootstrap, and since when in seconds since 1970."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url(lab)}/machines", timeout=5) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def _cloud(lab: Lab) -> None:
    """Start the process that plays the cloud; machines that it made before it was killed are its own again."""
    place = folder(lab, TIER.name)
    (place / "refuse").unlink(missing_ok=True)
    if not helpers.pid(lab, HELPER):
        helpers.start(lab, HELPER, sys.executable, "-m", "tests.lab.machines", place, lab.name, PYTHONPATH=str(HERE.parents[1]))
    wait_for("the lab's cloud", lambda: machines(lab) is not None, 20, 0.05)


def pool(cpus: int | None = None) -> str:
    """The pool and its class as YAML. cpus: of all its nodes together, at most."""
    return _NODES.replace("@LIMIT@", str(cpus or 3 * (os.cpu_count() or 1)))


def _up(lab: Lab) -> None:
    _cloud(lab)
    manifest = filled(HERE / "manifests/karpenter.yaml", VERSION=_VERSION, MACHINES=url(lab), CPU=str(os.cpu_count()),
                      MEMORY=f"{lab.memory_gib}Gi")
    apply(lab, *(crd.text() for crd in _CRDS), manifest)
    apply(lab, pool())
    wait_for("Karpenter", partial(_serves, lab), 120, 0.3)


def _ready(item: Any) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in item.get("status", {}).get("conditions", []))


def _serves(lab: Lab) -> bool:
    if not helpers.pid(lab, HELPER) or (folder(lab, TIER.name) / "refuse").exists() or machines(lab) is None:
        return False
    chosen = lab.api(f"/apis/karpenter.lab.test/v1/labnodeclasses/{CLASS}")
    there = lab.api(f"/apis/karpenter.sh/v1/nodepools/{POOL}")
    whole = there["spec"]["limits"]["cpu"] == str(3 * (os.cpu_count() or 1))
    return (chosen["spec"]["bootstrap"] == "joins" and whole and _ready(there) and rolled_out(lab, NAMESPACE, f"deployments/{DEPLOYMENT}"))


def _down(lab: Lab) -> None:
    """End the cloud and all machines that it made, also of one that was killed."""
    if number := helpers.pid(lab, HELPER):
        os.kill(number, signal.SIGKILL)
    for place in sorted((lab.folder / "nodes").glob("x*")):
        lab.nodes[place.name] = ""
        try:
            node.power_off(lab, place.name)
            node.unplug(lab, place.name)
        finally:
            del lab.nodes[place.name]
        shutil.rmtree(place, ignore_errors=True)


TIER = Tier("autoscaler", "Karpenter's core, with the lab as its cloud", _up, _serves,
            lambda: {f"karpenter/controller:{_VERSION}": tool(_KARPENTER.path, "/controller")}, (_KARPENTER,), down=_down)
