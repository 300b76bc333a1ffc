# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The causes: stable codes with layer, meaning, remedy and the command that looks further, and what follows from what.

Layers from the bottom up: 0 the test itself, 1 API and etcd, 2 nodes, 3 admission, 4 scheduling, 5 images,
6 pods and storage (causes_within.py), 7 network, 8 cloud, 9 what stands on all of it (causes_beyond.py).
"""
from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from . import causes_beyond, causes_issuing, causes_within
from .cause import GENERIC, IDLE_PODS, Cause
from .cause import cause as _c

CAUSES: dict[str, Cause] = {
    **causes_within.CAUSES, **causes_beyond.CAUSES, **causes_issuing.CAUSES,
    # ---- nothing known
    "unknown.timeout": _c(
        None, "it did not happen in time, and nothing says why", "look at the unmet step and the evidence", otherwise=IDLE_PODS),
    "unknown.unexplained": _c(
        None, "it failed, and no rule explains it", "look at the unmet step and the evidence", otherwise=IDLE_PODS),
}

# No check can do its work without these.
GLOBAL = {"api.unreachable", "api.tls", "api.unauthenticated", "etcd.unhealthy", "etcd.space", "api.overloaded"}

# Known consequences, whatever the layers: (cause, what follows, words that must be in the consequence's evidence).
_UP = ("sched.*", "pod.*", "image.*")
# Of cluster DNS; not dns.config, as nothing below spoils a Corefile: pods that crash by it are the other way round.
_DNS = ("dns.server-down", "dns.upstream", "dns.stale")
# Of the way to a volume; neither which class is the default, nor what lies on the volume.
_STORAGE = ("storage.zone-conflict", "storage.driver-missing", "storage.provision-failed", "storage.attach-stuck",
            "storage.mount-failed")
# A node that works no more. How many there are, of which version, and by whose certificate, stops no pod.
_ILL_NODE = ("node.unreachable", "node.runtime-down", "node.kernel-fault", "node.pressure", "node.cni-not-ready")
# What goes wrong on the way through an ingress controller that works; that it is down is no consequence of what stands around it.
_ROUTES = ("ingress.class-mismatch", "ingress.backend-error", "ingress.tls-secret")
EDGES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("etcd.*", ("api.check-failed", "api.overloaded"), ""), ("etcd.*", ("api.unreachable",), "in time"),
    ("node.clock", ("api.tls", "webhook.ca-mismatch", "id.*", "cert.issue-failed", "cert.expiring", "cert.not-yet-valid"), ""),
    ("node.not-joined", ("sched.*",), ""),
    *((n, ("sched.*", "pod.*", *_STORAGE, "net.*", "svc.*", *_DNS, "webhook.*"), "") for n in _ILL_NODE),
    ("cert.csr-pending", ("node.kubelet-cert",), ""),
    ("api.aggregated-down", ("hpa.no-metrics", "ns.stuck"), ""),
    ("webhook.*", ("ctrl.not-progressing",), ""),
    ("ctrl.not-progressing", ("svc.no-endpoints", "storage.provision-failed", "leak.cleanup-stuck"), ""),
    ("dns.*", ("image.registry-unreachable",), "no such host"),
    ("dns.*", ("edns.*", "cert.issue-failed"), ""), *((p, ("edns.not-running", "cas.not-running"), "") for p in _UP),
    ("rbac.missing", ("edns.*",), ""),
    ("svc.dataplane", (*_DNS, "webhook.timeout"), ""),
    ("netpol.overblocking", ("net.*", "svc.dataplane", *_DNS, "webhook.timeout", "ingress.backend-error"), ""),
    ("net.pair-cut", ("net.node-isolated",), ""),
    ("net.*", ("svc.dataplane", *_DNS, "webhook.timeout", "ingress.backend-error"), ""),
    ("cloud.*", ("lb.*", *_STORAGE, "cas.*", "edns.*"), ""),
    ("svc.no-endpoints", (*_DNS, *_ROUTES, "webhook.no-endpoints", "api.aggregated-down"), ""),
    *((p, ("svc.no-endpoints", *_DNS, "storage.driver-missing", "webhook.*", "api.aggregated-down"), "") for p in _UP),
    ("image.*", ("pod.*",), ""), ("rbac.missing", (*_DNS, "ctrl.not-progressing"), ""),
    ("dns.config", ("pod.crash", "pod.oom", "pod.probe-failing", "svc.no-endpoints", "dns.server-down"), ""),
    ("lb.*", (*_ROUTES, "ingress.no-address", "cert.issue-failed"), ""),
    # Not what a controller refuses for what is written in it.
    *(("lb.*", ("gw.*",), words) for words in ("Address", "its conditions say that it is accepted")),
    ("ingress.controller-down", ("ingress.no-address", "ingress.class-mismatch", "ingress.tls-secret", "gw.*",
                                 "cert.issue-failed"), ""),
    ("edns.*", ("cert.issue-failed", "cert.http01-unreachable"), ""),
    ("dns.*", ("cert.http01-unreachable", "cert.dns01-not-propagated", "cert.acme-unreachable"), ""),
    *((way, ("cert.http01-*",), "") for way in ("lb.*", "ingress.*", "svc.no-endpoints", "netpol.overblocking", "net.*", *_UP)),
    *((p, ("cert.controller-down",), "") for p in _UP), ("node.clock", ("cert.acme-untrusted",), ""),
    ("vm.powered-off", ("node.unreachable", "vm.tools-down"), ""), ("node.unreachable", ("vm.tools-down",), ""),
    ("vm.disk-uuid", ("storage.attach-stuck", "storage.mount-failed"), ""),
    ("storage.driver-missing", ("storage.provision-failed", "leak.cleanup-stuck"), ""),
    ("pod.*", ("storage.attach-stuck",), "is to be attached to"),
)
# What evidence says of a class that nobody in the cluster serves, whatever else is broken.
_NOBODYS = ("looks like its controller ", "looks like the controller ")


def layer(code: str) -> int:
    """The layer as a number to compare; the unknown is above all."""
    found = CAUSES[code].layer
    return 99 if found is None else found


def leads_to(cause: str, code: str, evidence: Sequence[str] = ()) -> bool:
    """Whether the code, with these lines of evidence, is a known consequence of the cause."""
    if cause == code or any(words in line for line in evidence for words in _NOBODYS):
        return False
    return any(fnmatch.fnmatch(cause, left) and any(fnmatch.fnmatch(code, r) for r in right)
               and (not words or any(words in line for line in evidence)) for left, right, words in EDGES)


def next_command(code: str, subject: str = "", node: str = "") -> str:
    """The command to go on with; capitals stand for what is not known.

    subject: the object in question as "kind/name", "kind/namespace/name", "image/REF".
    """
    cause = CAUSES[code]
    kind, _slash, ref = subject.partition("/")
    template = cause.on.get(kind) or cause.command or GENERIC.get(kind) or cause.otherwise
    parts = ref.split("/")
    namespace = parts[0] if len(parts) > 1 else "default" if ref else "NAMESPACE"
    # An image is pulled again where it failed.
    name = node or "NODE" if kind == "image" else parts[-1] or "NAME"
    return template.format(name=name, namespace=namespace, ref=ref or "NAME")
