# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking the probes of all nodes, where one that cannot be asked does not hide what the others see."""
from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..kube.transport import TransportError
from ._text import listed

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe


class Asked:
    """Calls to probes; those that cannot be asked are remembered, by node, and left alone from then on."""

    def __init__(self, ctx: Context):
        self.ctx = ctx
        self.lost: dict[str, str] = {}
        self._lock = threading.Lock()

    def one(self, probe: Probe, function: Callable[[], Any], default: Any = None) -> Any:
        """function(), or default when the probe cannot be asked."""
        if probe.node in self.lost:
            return default
        try:
            return function()
        except TransportError as e:
            with self._lock:
                new = probe.node not in self.lost
                self.lost[probe.node] = str(e)
            if new:
                self.ctx.touches("Node", probe.node)
                self.ctx.see(kind="probe", to_node=probe.node, target=probe.pod, ok=False, error=str(e))
            return default

    def all(self, probes: list[Probe], function: Callable[[Probe], Any], workers: int = 4) -> dict[str, Any]:
        """function(probe) of every probe that can be asked, by node."""
        results = self.ctx.in_parallel(lambda p: self.one(p, lambda: function(p)), probes, workers=workers)
        return {p.node: r for p, r in zip(probes, results) if p.node not in self.lost}

    def settle(self) -> None:
        """At the end: what could not be asked is not proved."""
        if self.lost:
            self.ctx.inconclusive("the probe could not be asked on "
                                  + listed(f"{n} ({w})" for n, w in sorted(self.lost.items())), not_asked=self.lost)
