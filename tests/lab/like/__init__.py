# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab made to look like clusters of strangers.

    with lab.like("openshift") as stranger:
        ...                     # stranger.kubeconfig, stranger.settings

Inside, the cluster refuses, adds and lacks what such a cluster does; afterwards nothing of it is left. Objects and nodes are
written down as faults are, so what a killed test leaves is mended by the next `up` or `status`; controllers and proxies end
with the process that asked for them. docs/strangers.md says what is real and what only looks so.
"""
from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ..base import LabError
from . import admission, caches, crowd, fronts, namespaces, network, nodes, pools, registry, storage
from .stranger import Stranger

if TYPE_CHECKING:
    from ..cluster import Lab

# Name -> (one line, what makes it).
STRANGERS: dict[str, tuple[str, Callable[..., AbstractContextManager[Stranger]]]] = {
    "openshift": ("pods must run as a uid of their namespace's range", admission.openshift),
    "node_caches": ("a DNS cache on every node, which pods ask", caches.node_caches),
    "mesh": ("a sidecar and a privileged init container in every pod that does not opt out", admission.mesh),
    "required_labels": ("namespaces and pods without two labels are refused", admission.required_labels),
    "restricted_registry": ("images of one registry only, and only with its pull secret", registry.restricted_registry),
    "default_deny": ("a NetworkPolicy in every new namespace, in force, that allows nothing", network.default_deny),
    "tenant": ("a user with one existing namespace and no right elsewhere", namespaces.tenant),
    "fargate": ("virtual nodes of EKS and AKS that run nothing of ours", nodes.fargate),
    "windows": ("a Windows node beside the others", nodes.windows),
    "cordoned": ("a node that an autoscaler is about to remove", nodes.cordoned),
    "full_node": ("a node that has as many pods as it may", pools.full_node),
    "joining_nodes": ("nodes that join and leave while a run is on", pools.joining_nodes),
    "crowd": ("a thousand nodes that kwok keeps alive beside the real ones", crowd.crowd),
    "rancher": ("Rancher's path, tokens and error pages before the API server", fronts.rancher),
    "slow_api": ("an API server that is slow, and busy now and then", fronts.slow_api),
    "two_default_classes": ("two StorageClasses are the default", storage.two_default_classes),
    "no_default_class": ("no StorageClass is the default", storage.no_default_class),
    "no_class": ("no StorageClass at all", storage.no_class),
    "premade_volumes": ("volumes of others wait for a claim in the default class", storage.premade_volumes),
    "static_volumes": ("the default class has only volumes that somebody made by hand", storage.static_volumes),
}


def like(lab: Lab, name: str, **options: Any) -> AbstractContextManager[Stranger]:
    """The lab as cluster `name` of STRANGERS; options: of the function that makes it."""
    if name not in STRANGERS:
        raise LabError(f"like: there is no {name!r}; there are {', '.join(STRANGERS)}")
    return STRANGERS[name][1](lab, **options)


__all__ = ["STRANGERS", "Stranger", "like"]
