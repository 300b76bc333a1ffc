# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The definitions of Cluster API as its module ships them, in a cluster of the lab, with the project's own conversion between versions.

Releases before 1.11 serve v1beta1 only, some later one will serve v1beta2 only: `serve` makes each of these. What makes clusters of
these objects is the fake beside this; definitions of AWS's provider are minimal ones of our own.
"""
from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.lab.base import wait_for
from tests.lab.build import Program, Shipped, build
from tests.lab.pki import Pki

_MODULE = "sigs.k8s.io/cluster-api"
_CORE, _CONTROL, _BOOT = ("config/crd/bases/cluster.x-k8s.io_", "controlplane/kubeadm/config/crd/bases/controlplane.cluster.x-k8s.io_",
                          "bootstrap/kubeadm/config/crd/bases/bootstrap.cluster.x-k8s.io_")
_FILES = (*(f"{_CORE}{n}.yaml" for n in ("clusters", "clusterclasses", "machinedeployments", "machinepools", "machines",
                                         "machinehealthchecks")),
          f"{_CONTROL}kubeadmcontrolplanes.yaml", f"{_BOOT}kubeadmconfigtemplates.yaml")
_CONVERSION = Program("cluster-api-conversion", "cluster-api", ".")
_PORT = 9543
BOTH = ("v1beta1", "v1beta2")


def _managed() -> dict[str, Any]:
    opened = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    name = "awsmanagedcontrolplanes.controlplane.cluster.x-k8s.io"
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}, "spec": {
        "group": "controlplane.cluster.x-k8s.io", "scope": "Namespaced", "names": {
            "plural": name.partition(".")[0], "singular": "awsmanagedcontrolplane", "kind": "AWSManagedControlPlane"},
        "versions": [{"name": "v1beta2", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {
            "openAPIV3Schema": {"type": "object", "properties": {"spec": opened, "status": opened}}}}]}}


def _definition(text: str, served: Sequence[str], conversion: dict[str, Any]) -> dict[str, Any]:
    found = yaml.safe_load(text)
    found.pop("status", None)
    versions = [v for v in found["spec"]["versions"] if v["name"] in served]
    for version in versions:
        version["storage"] = version["name"] == max(served)
    found["spec"].update(versions=versions, conversion=conversion)
    return found


@contextmanager
def served(lab: Any, folder: Path, versions: Sequence[str] = BOTH) -> Iterator[str]:
    """The kinds, in these versions; the API version of core objects that a client prefers. Everything is gone afterwards."""
    with _conversion(lab, folder, len(versions) > 1) as hook:
        made = [_definition(Shipped("cluster-api", _MODULE, file).text(), versions, hook) for file in _FILES] + [_managed()]
        with _defined(lab, made):
            yield f"cluster.x-k8s.io/{max(versions)}"


@contextmanager
def _conversion(lab: Any, folder: Path, wanted: bool) -> Iterator[dict[str, Any]]:
    """How objects are converted, which one version alone does not need."""
    if not wanted:
        yield {"strategy": "None"}
        return
    build((_CONVERSION,))
    pki = Pki(folder)
    pki.ca("conversion-ca", "conversion")
    pki.cert("conversion", "conversion-ca", "conversion", addresses=[lab.host], server=True)
    hook = {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": {
        "url": f"https://{lab.host}:{_PORT}/convert", "caBundle": base64.b64encode((folder / "conversion-ca.crt").read_bytes()).decode()}}}
    server = subprocess.Popen([_CONVERSION.path, f"{lab.host}:{_PORT}", folder / "conversion.crt", folder / "conversion.key"])
    try:
        yield hook
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _defined(lab: Any, made: Sequence[dict[str, Any]]) -> Iterator[None]:
    try:
        lab.kubectl("apply", "--server-side", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": made}))
        for one in made:
            spec = one["spec"]
            for version in spec["versions"]:
                # established is not enough: the store of a new kind answers 429 for a moment
                path = f"/apis/{spec['group']}/{version['name']}/{spec['names']['plural']}"
                wait_for(f"the kind of {path}", lambda p=path: lab.api(p)["kind"], 60)
        yield
    finally:
        lab.kubectl("delete", "crd", *(one["metadata"]["name"] for one in made), "--timeout=60s", "--ignore-not-found", check=False)
