# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which nodes, what they say they have, and what keeps them from taking anything."""
from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.nodes import condition, unfit
from ..jobs.errors import BadOption
from .references import Reference, parse

Object = Mapping[str, Any]
# A kubelet tells at most this many images (nodeStatusMaxImages), the largest ones: what is absent may be there.
TOLD_AT_MOST = 50
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


@dataclass(frozen=True)
class Trouble:
    """What keeps a node from pulling: a code of the causes, and the cluster's words."""

    cause: str
    text: str


def trouble(node: Object) -> Trouble | None:
    """What is in the way now; it may pass."""
    name = node["metadata"]["name"]
    ready = condition(node, "Ready")
    text = f"node {name} Ready={ready.get('status', 'unknown')} {ready.get('reason', '')}: {ready.get('message', '')}"
    if ready.get("status") == "True":
        pressure = condition(node, "DiskPressure")
        if pressure.get("status") == "True":
            return Trouble("node.pressure", f"node {name} DiskPressure=True {pressure.get('reason', '')}: "
                                            f"{pressure.get('message', '')}")
        return None
    if ready.get("status") == "False":
        words = str(ready.get("message", ""))
        if re.search(r"cni|NetworkPluginNotReady|network plugin", words, re.I):
            return Trouble("node.cni-not-ready", text)
        if re.search(r"container runtime|PLEG", words):
            return Trouble("node.runtime-down", text)
    return Trouble("node.unreachable", text)


def told_images(node: Object) -> dict[str, int]:
    """References that the node's status tells -> bytes (0 where it does not say)."""
    out: dict[str, int] = {}
    for image in node.get("status", {}).get("images") or []:
        for name in image.get("names") or []:
            try:
                out[str(parse(name))] = int(image.get("sizeBytes") or 0)
            except BadOption:  # "<none>@<none>" of an image that lost its name
                continue
    return out


def tells_all(node: Object) -> bool:
    """Whether the list in the node's status can be complete."""
    return len(node.get("status", {}).get("images") or []) < TOLD_AT_MOST


def among(reference: Reference, told: Container[str]) -> bool:
    """Whether references that a node tells are the image's; a digest decides, whatever the tag."""
    return str(reference) in told or bool(reference.digest) and f"{reference.name}@{reference.digest}" in told


def has(node: Object, reference: Reference) -> bool | None:
    """Whether the node's status tells the image: None where the list may be cut."""
    return True if among(reference, told_images(node)) else (False if tells_all(node) else None)


def check_names(names: Iterable[str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise BadOption(f"nodes: {name!r} is not the name of a node")


def chosen(nodes: Iterable[Object], names: Iterable[str]) -> tuple[list[Object], dict[str, str]]:
    """(nodes to pull on, by name; those left out with the reason). names: empty for all."""
    wanted = set(names)
    mine = [n for n in nodes if not wanted or n["metadata"]["name"] in wanted]
    left_out = {n["metadata"]["name"]: why for n in mine if (why := unfit(n))}
    return sorted((n for n in mine if n["metadata"]["name"] not in left_out), key=lambda n: n["metadata"]["name"]), left_out
