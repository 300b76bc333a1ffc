# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which images the pods of a node need, by whatever name: a runtime removes an image with all its names."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..jobs.errors import BadOption
from .references import Reference, parse

Object = Mapping[str, Any]
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# Every pod of a node stands on it, and no pod names it: registry.k8s.io/pause, rancher/mirrored-pause, pause-amd64.
_SANDBOX = re.compile(r"(?:mirrored-)?pause(?:-(?:amd64|arm64|arm|ppc64le|s390x|windows\w*))?")


def is_sandbox(image: Reference) -> bool:
    """Whether this is the image of pods' sandboxes, by its usual names."""
    return bool(_SANDBOX.fullmatch(image.path.rpartition("/")[2]))


def _names(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        try:
            yield str(parse(word))
        except BadOption:  # "<none>@<none>", a bare digest, or what nobody can pull
            continue


def _of_pod(pod: Object) -> Iterator[str]:
    """What a pod asks for, and what its runtime made of that: `image` and `imageID` of its statuses."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    for container in (c for key in _CONTAINERS for c in spec.get(key) or []):
        yield container.get("image") or ""
    for told in (s for key in _STATUSES for s in status.get(key) or []):
        yield told.get("image") or ""
        yield str(told.get("imageID") or "").rpartition("://")[2]


@dataclass
class InUse:
    """Of one node: name of an image -> the pod that uses it; digests: of what its pods run."""

    by_name: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def add(self, pod: Object) -> None:
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        words = list(_of_pod(pod))
        self.by_name.update(dict.fromkeys(_names(words), name))
        self.digests.update((found[0], name) for word in words if (found := _DIGEST.search(word)))

    def user(self, image: Reference, node: Object) -> str:
        """The pod that uses the image by any of the names that the node's list gives it; "" where none is known to."""
        aliases = {str(image)}
        for entry in (node.get("status") or {}).get("images") or []:
            names = set(_names(entry.get("names") or []))
            if str(image) in names:
                aliases |= names
        by_digest = (self.digests.get(found[0], "") for a in aliases if (found := _DIGEST.search(a)))
        return next((self.by_name[a] for a in sorted(aliases) if a in self.by_name), "") or next(filter(None, by_digest), "")


def by_node(pods: Iterable[Object]) -> dict[str, InUse]:
    """pods: those that have not ended."""
    out: dict[str, InUse] = {}
    for pod in pods:
        if node := (pod.get("spec") or {}).get("nodeName"):
            out.setdefault(node, InUse()).add(pod)
    return out
