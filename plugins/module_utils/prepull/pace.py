# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many pulls at once: per registry from one upwards, as TCP starts slowly, and per node.

The slow start spares a registry that limits us, and it shows whether pulls slow each other down: with the first pull
alone, and later ones beside others, one can tell a limit that all share from one that each has.
"""
from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Lane:
    """One registry: at most `most` at once; halved, and still for a while, when it says that it is too much."""

    most: int
    now: int = 1
    busy: int = 0
    until: float = 0.0

    def free(self) -> bool:
        return self.busy < self.now and time.monotonic() >= self.until

    def went_well(self) -> None:
        self.now = min(self.most, self.now + 1)

    def throttled(self, pause: float) -> None:
        self.now = max(1, self.now // 2)
        self.until = max(self.until, time.monotonic() + pause)


@dataclass
class Pace:
    """per_registry, per_node: the most pulls at once."""

    per_registry: int
    per_node: int
    lanes: dict[str, Lane] = field(default_factory=dict)
    nodes: dict[str, int] = field(default_factory=dict)

    def lane(self, registry: str) -> Lane:
        return self.lanes.setdefault(registry, Lane(self.per_registry))

    def take(self, registry: str, node: str) -> bool:
        """Whether a pod may begin now; it is counted then. registry: "" for what asks none."""
        if self.nodes.get(node, 0) >= self.per_node or not (not registry or self.lane(registry).free()):
            return False
        if registry:
            self.lane(registry).busy += 1
        self.nodes[node] = self.nodes.get(node, 0) + 1
        return True

    def give(self, registry: str, node: str) -> None:
        if registry:
            self.lane(registry).busy -= 1
        self.nodes[node] -= 1
