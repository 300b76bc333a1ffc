# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Traefik behind a Service of type LoadBalancer: the controller of IngressClass and GatewayClass "traefik".

The definitions of the Gateway API are those of its standard channel, as they ship; the class says Accepted as soon as Traefik sees it.
"""
from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..base import HERE, wait_for
from ..build import Program, Shipped
from ..components import filled
from ..images import Image, tool
from .tier import Tier, apply, rolled_out
from .versions import version

if TYPE_CHECKING:
    from ..cluster import Lab

NAMESPACE = "traefik"
_MODULE = "github.com/traefik/traefik/v3"
_GATEWAY = "sigs.k8s.io/gateway-api"
# Extensions of Gateways by others, and refusals of older definitions, are left out: nothing here has them.
_KINDS = ("backendtlspolicies", "gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants", "tcproutes", "tlsroutes")
_PROGRAM = Program("traefik", "traefik", f"{_MODULE}/cmd/traefik", f"-s -w -X {_MODULE}/pkg/version.Version={version(_MODULE)}")
_DEFINITIONS = tuple(Shipped("gateway-api", _GATEWAY, f"config/crd/standard/gateway.networking.k8s.io_{kind}.yaml") for kind in _KINDS)
_SERVICE = f"/api/v1/namespaces/{NAMESPACE}/services/traefik"
_CLASS = "/apis/gateway.networking.k8s.io/v1/gatewayclasses/traefik"


def _images() -> dict[str, Image]:
    return {f"library/traefik:{version(_MODULE)}": tool(_PROGRAM.path, "/usr/local/bin/traefik")}


def address(lab: Lab) -> str:
    """Where Traefik is reached from outside; empty while its Service has no address."""
    given = lab.api(_SERVICE)["status"].get("loadBalancer", {}).get("ingress") or [{}]
    return str(given[0].get("ip") or "")


def _accepted(lab: Lab) -> bool:
    told: list[dict[str, Any]] = lab.api(_CLASS).get("status", {}).get("conditions") or []
    return any(c["type"] == "Accepted" and c["status"] == "True" for c in told)


def _serves(lab: Lab) -> bool:
    return bool(rolled_out(lab, NAMESPACE, "deployments/traefik") and address(lab) and _accepted(lab))


def _up(lab: Lab) -> None:
    apply(lab, *(d.text() for d in _DEFINITIONS))
    apply(lab, filled(HERE / "manifests/traefik.yaml", VERSION=version(_MODULE)))
    wait_for("Traefik", partial(_serves, lab), 120, 0.3)


TIER = Tier("ingress", "Traefik, for Ingresses and Gateways", _up, _serves, _images, (_PROGRAM,), needs=("load_balancer",))
