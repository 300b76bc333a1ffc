# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking the probes of all nodes, where one that cannot be asked does not hide what the others see."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError
from ...kube.transport import SlowAnswer, TransportError
from .meanwhile import left
from .text import listed

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe

# Seconds after which a probe that no way led to is asked once more: one that starts anew is there again. With more of them
# than so many it is no matter of a moment.
AGAIN, FEW = 5.0, 8


class Asked:
    """Calls to probes; those that cannot be asked at the second try either are remembered, by node, and left alone."""

    def __init__(self, ctx: Context):
        self.ctx = ctx
        self.lost: dict[str, str] = {}
        self._tried_again: set[str] = set()
        self._lock = threading.Lock()

    def one(self, probe: Probe, function: Callable[[], Any], default: Any = None) -> Any:
        """function(), or default when the probe cannot be asked."""
        if probe.node in self.lost:
            return default
        try:
            try:
                return function()
            except TransportError as e:
                if not self._again(probe, e):
                    raise
            return function()
        except TransportError as e:
            self._lose(probe, str(e))
        except ApiError as e:
            if e.reason != "NotTheProbe":
                raise
            self._lose(probe, e.message)
        return default

    def _again(self, probe: Probe, error: TransportError) -> bool:
        """Whether it is worth another try, after a pause. A slow answer had all the time that there is."""
        with self._lock:
            self._tried_again.add(probe.node)
            few = len(self._tried_again) <= FEW
        if isinstance(error, SlowAnswer) or not few or self.ctx.left() < 2 * AGAIN:
            return False
        time.sleep(AGAIN)
        return True

    def _lose(self, probe: Probe, why: str) -> None:
        with self._lock:
            new = probe.node not in self.lost
            self.lost[probe.node] = why
        if new:
            self.ctx.touches("Node", probe.node)
            self.ctx.see(kind="probe", to_node=probe.node, target=probe.pod, ok=False, error=why)

    def all(self, probes: list[Probe], function: Callable[[Probe], Any], workers: int = 4) -> dict[str, Any]:
        """function(probe) of every probe that can be asked, by node."""
        results = self.ctx.in_parallel(lambda p: self.one(p, lambda: function(p)), probes, workers=workers)
        return {p.node: r for p, r in zip(probes, results) if p.node not in self.lost}

    def settle(self) -> None:
        """At the end: what could not be asked is not proved; a node that has left meanwhile is nothing to prove."""
        gone = left(self.ctx) if self.lost else set()
        lost = {n: why for n, why in sorted(self.lost.items()) if n not in gone}
        if lost:
            self.ctx.inconclusive(f"the probe could not be asked on {listed(f'{n} ({w})' for n, w in lost.items())}",
                                  not_asked=lost)
