# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests of Ingresses and Gateways have in common: somebody's objects beside ours, and policies that change ours as they
come."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.lab.base import wait_for

SPACE = "shop"
NAMESPACES = "/api/v1/namespaces"
DEPLOYMENT = "/apis/apps/v1/namespaces/traefik/deployments/traefik"
SERVICE = "/api/v1/namespaces/traefik/services/traefik"
INGRESSES = "/apis/networking.k8s.io/v1"
CLASSES = f"{INGRESSES}/ingressclasses"
GATEWAYS = "/apis/gateway.networking.k8s.io/v1"
MANAGED = {"app.kubernetes.io/managed-by": "assay.clusters"}
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_API = {"ingresses": ("networking.k8s.io", INGRESSES), "services": ("", "/api/v1"), "secrets": ("", "/api/v1"), "pods": ("", "/api/v1")}
_AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"
# A container that answers nonce in TLS at 8443, as a policy writes it; restricted, as namespaces of runs may ask for.
_IN_TLS = """Object.spec.containers{name: "in-tls", image: "%s", args: ["porter"],
    env: [Object.spec.containers.env{name: "SERVE_TLS_PORT_8443", value: "nonce"}],
    securityContext: Object.spec.containers.securityContext{allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 65534,
        capabilities: Object.spec.containers.securityContext.capabilities{drop: ["ALL"]},
        seccompProfile: Object.spec.containers.securityContext.seccompProfile{type: "RuntimeDefault"}}}""" % _AGNHOST


class Cel(str):
    """Words of a policy as they are."""


def of_gateways(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object of the Gateway API."""
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


@contextmanager
def somebodys(lab: Any) -> Iterator[str]:
    """A namespace of somebody with a Service that has no pods, an Ingress and a route; they are as they were at the end."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    objects = [
        ("/api/v1", "services", {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}),
        (INGRESSES, "ingresses", {"metadata": {"name": "web"}, "spec": {"ingressClassName": "traefik", "rules": [
            {"host": "web.shop.test", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}}),
        (GATEWAYS, "httproutes", of_gateways("HTTPRoute", "web", {
            "parentRefs": [{"name": "web"}], "hostnames": ["web.shop.test"],
            "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]})),
    ]
    with namespace(lab, SPACE):
        paths = [f"{api}/namespaces/{SPACE}/{plural}/web" for api, plural, _body in objects]
        for path, (_api, _plural, body) in zip(paths, objects):
            lab.api(path.rpartition("/")[0], "POST", body)
        before = [lab.api(p)["metadata"]["uid"] for p in paths]
        yield SPACE
        assert [lab.api(p)["metadata"]["uid"] for p in paths] == before, "something of somebody's was touched"


@contextmanager
def namespace(lab: Any, name: str) -> Iterator[None]:
    with lab.fault.extra(NAMESPACES, {"metadata": {"name": name}}):
        wait_for("its account", lambda: lab.api(f"{NAMESPACES}/{name}/serviceaccounts/default"), 30, 0.2)
        yield


@contextmanager
def changed(lab: Any, plural: str, *patches: tuple[str, str, Any], shows: str = "") -> Iterator[None]:
    """Each of our objects of this kind is changed as it comes, as policy engines do. patches: (op, path, value) of a JSON
    patch. shows: what is in a changed object, where that is not the value of the first."""
    name = f"changes-{plural}"
    group, base = _API[plural]
    text = ", ".join(f'JSONPatch{{op: "{op}", path: "{path}", value: {_cel(value)}}}' for op, path, value in patches)
    policy = {"metadata": {"name": name}, "spec": {
        "matchConstraints": {"objectSelector": {"matchLabels": MANAGED}, "resourceRules": [
            {"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": [plural]}]},
        "failurePolicy": "Fail", "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": f"[{text}]"}}]}}
    binding = {"metadata": {"name": name}, "spec": {"policyName": name}}

    def in_force() -> bool:
        made = lab.api(f"{base}/namespaces/default/{plural}?dryRun=All", "POST", _sample(plural))
        return (shows or str(patches[0][2])) in str(made)

    with ExitStack() as stack:
        stack.enter_context(lab.fault.extra(f"{_ADMISSION}/mutatingadmissionpolicies", policy))
        stack.enter_context(lab.fault.extra(f"{_ADMISSION}/mutatingadmissionpolicybindings", binding))
        wait_for("the policy", in_force, 30, 0.3)
        yield
    wait_for("the policy's end", lambda: not in_force(), 30, 0.3)


@contextmanager
def backends_in_tls(lab: Any) -> Iterator[None]:
    """Our pods speak TLS at a port of a sidecar, and our Services lead there; who asks them is not told so."""
    with changed(lab, "pods", ("add", "/spec/containers/-", Cel(_IN_TLS)), shows="in-tls"), \
            changed(lab, "services", ("replace", "/spec/ports/0/targetPort", 8443)):
        yield


def _cel(value: Any) -> str:
    if isinstance(value, (Cel, int)):
        return str(value)
    if isinstance(value, dict):
        pairs = ", ".join(f'"{k}": "{v}"' for k, v in value.items())
        return f"{{{pairs}}}"
    return f'"{value}"'


def _sample(plural: str) -> dict[str, Any]:
    """One of ours, never made."""
    meta = {"name": "sample", "labels": MANAGED, "annotations": {"a": "b"}}
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    return {"metadata": meta, **{
        "ingresses": {"spec": {"tls": [{"hosts": ["a.test"], "secretName": "s"}], "defaultBackend": backend}},
        "pods": {"spec": {"containers": [{"name": "main", "image": _AGNHOST}]}},
        "services": {"spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}},
        "secrets": {"type": "kubernetes.io/tls", "data": {"tls.crt": "YQ==", "tls.key": "YQ=="}}}[plural]}


def of_ours(lab: Any, *plurals: str) -> list[str]:
    """Objects of ours that are there, of these kinds."""
    bases = {"ingresses": INGRESSES, "gateways": GATEWAYS, "httproutes": GATEWAYS, "namespaces": "/api/v1",
             "secrets": "/api/v1"}
    selector = "labelSelector=app.kubernetes.io/managed-by%3Dassay.clusters"
    return [f"{p}/{i['metadata']['name']}" for p in plurals for i in lab.api(f"{bases[p]}/{p}?{selector}")["items"]]


def killed(lab: Any, prove: Any, check: str, *plurals: str) -> None:
    """A run of the check in a process of its own that is killed as soon as objects of these kinds are there."""
    code = ("from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))({check!r})")
    run = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        wait_for("objects of ours", lambda: all(of_ours(lab, p) for p in plurals), 120, 0.02)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()


def nobodys_class(lab: Any) -> Any:
    """An IngressClass `other` whose controller is nowhere."""
    return lab.fault.extra(CLASSES, {"metadata": {"name": "other"}, "spec": {"controller": "example.com/nobody"}})


def _writes(lab: Any, address: str) -> None:
    """Until the controller with this address writes it into the status of an Ingress: it is Ready before it knows of any."""
    backend = {"service": {"name": "traefik", "port": {"number": 80}}}
    body = {"metadata": {"name": "written"}, "spec": {"ingressClassName": "traefik", "rules": [
        {"host": "written.test", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}}
    seen: set[str] = set()

    def written() -> bool:
        """Of two, the one that did not write it last does so after a change."""
        lab.api(path, "PATCH", {"metadata": {"annotations": {"touched": str(time.monotonic())}}})
        for _look in range(20):
            seen.update(i.get("ip", "") for i in lab.api(path)["status"].get("loadBalancer", {}).get("ingress") or ())
            time.sleep(0.05)
        return address in seen

    ingresses = f"{INGRESSES}/namespaces/traefik/ingresses"
    path = f"{ingresses}/written"
    with lab.fault.extra(ingresses, body):
        wait_for(f"{address} in the status of an Ingress", written, 60)


@contextmanager
def second_controller(lab: Any) -> Iterator[str]:
    """Another Traefik for the same IngressClass, with an address of its own: that address."""
    first, balancer = lab.api(DEPLOYMENT), lab.api(SERVICE)
    name, labels = "traefik-b", {"app": "traefik-b"}
    template = first["spec"]["template"]
    template["metadata"] = {"labels": labels}
    container = template["spec"]["containers"][0]
    container["args"] = [a.replace("=traefik/traefik", f"=traefik/{name}") for a in container["args"] if "gateway" not in a]
    deployment = {"metadata": {"name": name},
                  "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}}
    ports = [{k: p[k] for k in ("name", "port", "targetPort")} for p in balancer["spec"]["ports"]]
    service = {"metadata": {"name": name}, "spec": {"type": "LoadBalancer", "selector": labels, "ports": ports}}
    space = "/api/v1/namespaces/traefik"
    with lab.fault.extra(f"{space}/services", service), lab.fault.extra(DEPLOYMENT.rpartition("/")[0], deployment):
        wait_for("the second Traefik", lambda: lab.api(f"{DEPLOYMENT}-b")["status"].get("readyReplicas"), 90)
        other: str = lab.api(f"{space}/services/{name}")["status"]["loadBalancer"]["ingress"][0]["ip"]
        _writes(lab, other)
        yield other
    wait_for("its pods' end", lambda: not [p for p in lab.api(f"{space}/pods")["items"] if name in p["metadata"]["name"]], 60)
