# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests of load balancers do to MetalLB and beside it: pools, somebody's own Service, a second writer of a status."""
from __future__ import annotations

import contextlib
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.lab.base import run, wait_for

_METALLB = "/apis/metallb.io/v1beta1/namespaces/metallb-system"
POOL, ADVERTISEMENT = f"{_METALLB}/ipaddresspools/pool", f"{_METALLB}/l2advertisements/l2"
SPEAKER = "/apis/apps/v1/namespaces/metallb-system/daemonsets/speaker"
CONTROLLER_REF, SPEAKER_REF = "deployment/metallb-system/controller", "daemonset/metallb-system/speaker"
SPACE = "somebodys-shop"
SERVICES = f"/api/v1/namespaces/{SPACE}/services"
_SHOP = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}, "spec": {
    "selector": {"matchLabels": {"app": "shop"}}, "template": {"metadata": {"labels": {"app": "shop"}}, "spec": {
        "terminationGracePeriodSeconds": 0, "containers": [{
            "name": "web", "image": "registry.k8s.io/e2e-test-images/agnhost:2.53", "args": ["netexec"],
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}}]}}}}


def addresses(service: dict[str, Any]) -> list[str]:
    return [i["ip"] for i in service["status"]["loadBalancer"].get("ingress") or [] if "ip" in i]


def service(lab: Any, name: str = "shop") -> dict[str, Any]:
    found: dict[str, Any] = lab.api(f"{SERVICES}/{name}")
    return found


def make_service(lab: Any, name: str = "shop") -> None:
    lab.api(SERVICES, "POST", {"metadata": {"name": name}, "spec": {
        "type": "LoadBalancer", "selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": 8080}]}})


def says(address: str) -> str:
    """Who answers there, empty for nobody."""
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{address}/hostname", timeout=2) as answer:
            return str(answer.read().decode())
    except (OSError, urllib.error.URLError):
        return ""


@contextmanager
def shop(lab: Any, served: bool = True) -> Iterator[None]:
    """Somebody's pod, and their Service of type LoadBalancer where it is to be there."""
    with lab.fault.extra("/api/v1/namespaces", {"metadata": {"name": SPACE}}):
        lab.api(f"/apis/apps/v1/namespaces/{SPACE}/deployments", "POST", _SHOP)
        shops = f"/apis/apps/v1/namespaces/{SPACE}/deployments/shop"
        wait_for("the shop", lambda: lab.api(shops)["status"].get("readyReplicas"), 90)
        if served:
            make_service(lab)
            wait_for("the shop's address", lambda: says(addresses(service(lab))[0]).startswith("shop-"), 60)
        yield


@contextmanager
def one_left(lab: Any) -> Iterator[str]:
    """A pool with one free address, which it gives. A Service whose address is in no pool any more gets another one, so those
    that other add-ons have stay in it, or one of them takes the free one."""
    used = [a for s in lab.api("/api/v1/services")["items"] for a in addresses(s)]
    only = f"{lab.host.rpartition('.')[0]}.219"
    with lab.fault.patch(POOL, {"spec": {"addresses": [f"{a}/32" for a in (only, *used)]}}):
        yield only


def forget(lab: Any) -> None:
    """As after some minutes: this machine knows no more at which node an address was, and has to ask the network."""
    run("ip", "neigh", "flush", "dev", lab.bridge)


def ours(lab: Any) -> list[dict[str, Any]]:
    """Services of type LoadBalancer that runs have made."""
    found = lab.api("/api/v1/services?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dassay.clusters")["items"]
    return [i for i in found if i["spec"]["type"] == "LoadBalancer"]


@contextmanager
def meanwhile(act: Any) -> Iterator[list[Exception]]:
    """act() again and again beside the test, until it ends; errors are kept."""
    done, errors = threading.Event(), []

    def go() -> None:
        while not done.is_set():
            try:
                act()
            except (OSError, KeyError, ValueError) as e:
                errors.append(e)
            time.sleep(0.05)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield errors
    finally:
        done.set()
        thread.join()


def not_allocated(lab: Any) -> None:
    """As an API server that has not heard yet of the address that another one gave: an event about each of our Services."""
    for item in ours(lab):
        space, name = item["metadata"]["namespace"], item["metadata"]["name"]
        about = {"apiVersion": "v1", "kind": "Service", "namespace": space, "name": name, "uid": item["metadata"]["uid"]}
        with contextlib.suppress(urllib.error.HTTPError):  # it is there, or the namespace goes
            lab.api(f"/api/v1/namespaces/{space}/events", "POST", {
                "metadata": {"name": f"{name}.lab"}, "involvedObject": about, "type": "Warning", "reason": "ClusterIPNotAllocated",
                "message": f"Cluster IP [IPv4]: {item['spec'].get('clusterIP')} is not allocated; repairing",
                "reportingComponent": "ipallocator-repair-controller", "action": "ClusterIPAllocation"})
    time.sleep(0.5)


def write_status(lab: Any, address: str) -> None:
    """As a second controller would, which is as quick as the first: another address into the status of our Services."""
    for item in [s for s in ours(lab) if addresses(s)]:
        space, name = item["metadata"]["namespace"], item["metadata"]["name"]
        for _time in range(50):
            lab.api(f"/api/v1/namespaces/{space}/services/{name}/status?fieldManager=other-lb", "PATCH",
                    {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}})
            time.sleep(0.1)
