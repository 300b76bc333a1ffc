# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controllers of Ingresses and Gateways, by the names that their classes have: what their workloads are called, and what
they do."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

Object = Mapping[str, Any]

# Name of a class's controller, or how it begins -> a word in the names of its workloads. From the projects' own manifests
# and charts.
_WORDS = {
    "k8s.io/ingress-nginx": "ingress-nginx", "nginx.org/": "nginx-ingress", "gateway.nginx.org/": "nginx-gateway",
    "traefik.io/": "traefik", "haproxy.org/": "haproxy", "haproxy-ingress.github.io/": "haproxy-ingress",
    "projectcontour.io/": "contour", "ingress.k8s.aws/": "aws-load-balancer-controller",
    "gateway.k8s.aws/": "aws-load-balancer-controller", "openshift.io/ingress-to-route": "router-default",
    "openshift.io/gateway-controller": "istiod", "istio.io/": "istiod", "azure/application-gateway": "ingress-azure",
    "alb.networking.azure.io/": "alb-controller", "io.cilium/": "cilium-operator", "cilium.io/": "cilium-operator",
    "ingress-controllers.konghq.com/": "kong", "konghq.com/": "kong", "gateway.envoyproxy.io/": "envoy-gateway",
    "kgateway.dev/": "kgateway", "zalando.org/": "skipper",
}
# A balancer of a cloud for each Ingress, which costs money and minutes; its certificates are the cloud's.
PAID = ("ingress.k8s.aws/alb",)
# A listener of theirs has a port of the controller's pods; clients take that of the Service before them.
PORTS_OF_PODS = ("traefik.io/",)


def word_of(controller: str) -> str:
    """What is in the names of its workloads; of one that is not known, the first label of its domain."""
    known = next((word for start, word in _WORDS.items() if controller.startswith(start)), "")
    return known or controller.partition("/")[0].partition(".")[0]


def is_of(item: Object, controller: str) -> bool:
    """Whether a workload or pod looks like the controller's: by its name, or by an image's."""
    word = word_of(controller)
    if not word:
        return False
    spec: Any = item.get("spec") or {}
    pod = (spec.get("template") or {}).get("spec") or spec
    images = [str(c.get("image") or "") for c in pod.get("containers") or ()]
    return word in item["metadata"]["name"] or any(word in _path(image) for image in images)


def _path(image: str) -> str:
    """An image's reference without its registry and digest."""
    first, slash, rest = image.partition("@")[0].partition("/")
    return rest if slash and re.search(r"[.:]|^localhost$", first) else f"{first}{slash}{rest}"


def of(items: Iterable[Object], controller: str) -> list[Any]:
    return [i for i in items if is_of(i, controller)]
