# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster whose pods ask a DNS cache on their node, as with NodeLocal DNSCache."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from ..base import wait_for
from .stranger import Stranger

if TYPE_CHECKING:
    from ..cluster import Lab

ADDRESS = "169.254.20.10"
NAME, LABELS = "node-local-dns", {"k8s-app": "node-local-dns"}
DAEMONSETS = "/apis/apps/v1/namespaces/kube-system/daemonsets"
_CONFIGMAPS = "/api/v1/namespaces/kube-system/configmaps"
_COREFILE = """cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {{
    bind {address}
    errors
    health {address}:8089
    cache {{
        success 9984 30
        denial 9984 5
    }}
    forward . {servers} {{
        force_tcp
    }}
}}
.:53 {{
    bind {address}
    errors
    cache 30
    forward . {upstream}
}}
"""


def _daemonset(lab: Lab) -> dict[str, Any]:
    """The caches; CoreDNS, which the real ones are made from, in their place."""
    servers = lab.api("/apis/apps/v1/namespaces/kube-system/deployments/coredns")["spec"]["template"]["spec"]["containers"][0]
    container = {"name": "node-cache", "image": servers["image"], "args": ["-conf", "/etc/coredns/Corefile"],
                 "securityContext": servers["securityContext"],
                 "readinessProbe": {"httpGet": {"host": ADDRESS, "path": "/health", "port": 8089}, "periodSeconds": 2},
                 "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}]}
    spec = {"hostNetwork": True, "dnsPolicy": "Default", "priorityClassName": "system-node-critical", "containers": [container],
            "tolerations": [{"operator": "Exists"}], "volumes": [{"name": "config", "configMap": {"name": NAME}}],
            "terminationGracePeriodSeconds": 1}
    return {"metadata": {"name": NAME, "labels": LABELS}, "spec": {
        "selector": {"matchLabels": LABELS}, "updateStrategy": {"type": "OnDelete"},
        "template": {"metadata": {"labels": LABELS}, "spec": spec}}}


@contextmanager
def node_caches(lab: Lab) -> Iterator[Stranger]:
    """A cache on every node, at an address that means something there only; kubelets name it to new pods."""
    config = {"metadata": {"name": NAME}, "data": {"Corefile": _COREFILE.format(
        address=ADDRESS, servers=lab.dns_ip, upstream=lab.host)}}

    def served() -> bool:
        return lab.api(f"{DAEMONSETS}/{NAME}")["status"].get("numberReady") == len(lab.machines)

    def gone() -> bool:
        return not lab.api(f"/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3D{NAME}")["items"]

    with ExitStack() as stack:
        # What goes with its DaemonSet takes a moment more, and would be somebody's pod to what comes next.
        stack.callback(lambda: wait_for("the caches gone", gone, 60))
        for short in lab.machines:
            stack.enter_context(lab.fault.own_address(short, ADDRESS))
        stack.enter_context(lab.fault.extra(_CONFIGMAPS, config))
        stack.enter_context(lab.fault.extra(DAEMONSETS, _daemonset(lab)))
        wait_for("a cache on every node", served, 90)
        for short in lab.machines:
            stack.enter_context(lab.fault.name_server(short, ADDRESS))
        yield Stranger("node_caches", lab.kubeconfig)
