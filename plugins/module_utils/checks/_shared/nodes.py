# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What raw Node objects say."""
from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ...common import nodes as common
from ...kube.reading import date_of, stamp_of
from .text import listed

Node = dict[str, Any]
ZONE = "topology.kubernetes.io/zone"


def name_of(node: Node) -> str:
    return node["metadata"]["name"]


def named(found: Mapping[str, str], most: int = 3) -> str:
    """Nodes with a word about each: "n1 (it is late), n2 (so is it) and 4 more"."""
    return listed((f"{name} ({words})" for name, words in sorted(found.items())), most)


def cordoned(node: Node) -> bool:
    return bool(node.get("spec", {}).get("unschedulable"))


def tainted(node: Node) -> bool:
    """Whether an ordinary pod without tolerations is kept off the node."""
    return any(t.get("effect") in ("NoSchedule", "NoExecute") for t in node.get("spec", {}).get("taints") or ())


def zone(node: Node) -> str:
    return node["metadata"].get("labels", {}).get(ZONE, "")


def pool(node: Node) -> str:
    """What nodes must look alike with: its maker's group of nodes, else the role; operating system and architecture."""
    labels = node["metadata"].get("labels") or {}
    roles = sorted(k.partition("/")[2] for k in labels if k.startswith("node-role.kubernetes.io/"))
    return "/".join([*filter(None, [common.pool(node)]), labels.get("kubernetes.io/os", "?"),
                     labels.get("kubernetes.io/arch", "?"), *roles])


def minor(version: str) -> tuple[int, int] | None:
    """(1, 36) of "v1.36.1-eks-abc"; None for what is not a version."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else None


def moment(text: str | None) -> datetime | None:
    """The time of an API timestamp or an HTTP Date; None when there is none."""
    epoch = (stamp_of(text) if text[:1].isdigit() else date_of(text)) if isinstance(text, str) and text else None
    return datetime.fromtimestamp(epoch, timezone.utc) if epoch else None
