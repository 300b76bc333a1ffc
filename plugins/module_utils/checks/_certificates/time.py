# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether something with an end is near it: by two clocks, and by what is usual for so long a life."""
from __future__ import annotations

import datetime
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .read import Cert

if TYPE_CHECKING:
    from ...engine.context import Context

DAY = 86400.0
# Of what lives for less than half a year, the end is near in the last sixth of its life, and here in the last twelfth: 15 days
# and a week of a certificate of 90 days.
SOON, NOW = 6.0, 12.0
# kubelets ask for another in the last 30 to 10 % of a life (client-go, jitteryDuration): who has less left did not get it.
ROTATED, ROTATED_NOW = 1 / 0.09, 1 / 0.04
# Seconds that the clock of who signs may be ahead.
_AHEAD = 60.0
FAIL, WARN = "fail", "warn"


@dataclass(frozen=True)
class Bounds:
    """From when on an end is near: seconds before it. soon, now: the share of a life that is as near, as its divisor; 0 where
    the days are meant as they are."""

    warn_days: float
    fail_days: float
    soon: float = SOON
    now: float = NOW

    def of(self, life: float) -> tuple[float, float]:
        """(warn, fail) in seconds for what lives so many."""
        warn, fail = self.warn_days * DAY, self.fail_days * DAY
        if self.soon:
            warn, fail = min(warn, life / self.soon), min(fail, life / self.now)
        return max(warn, fail), fail


@dataclass(frozen=True)
class Clocks:
    """Epoch seconds by the API server's clock and by ours; where they do not agree nothing has ended for sure."""

    server: float
    here: float

    @classmethod
    def of(cls, ctx: Context) -> Clocks:
        return cls(ctx.client.raw.now(), time.time())

    @property
    def apart(self) -> float:
        """Seconds that ours is ahead."""
        return self.here - self.server


def day(moment: float) -> str:
    try:
        return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):
        return "a day far away"


def span(seconds: float) -> str:
    """A length of time as people say it."""
    return f"{seconds / DAY:.0f} days" if seconds >= 2.5 * DAY else f"{seconds / 3600:.0f} hours" if seconds >= 7200 else \
        f"{seconds / 60:.0f} minutes" if seconds >= 180 else f"{seconds:.0f} seconds"


def near(ends: float, life: float, clocks: Clocks, bounds: Bounds) -> tuple[str, str]:
    """("fail", "warn" or "", in words) of an end."""
    left = [ends - clocks.server, ends - clocks.here]
    warn, fail = bounds.of(life)
    if max(left) <= 0:
        return FAIL, f"ended {span(-max(left))} ago, on {day(ends)}"
    if min(left) <= 0:
        return WARN, (f"ended on {day(ends)} by one of two clocks: this controller's is {span(abs(clocks.apart))} "
                      f"{'ahead of' if clocks.apart > 0 else 'behind'} the API server's")
    if max(left) < fail:
        return FAIL, f"ends in {span(max(left))}, on {day(ends)}"
    if max(left) < warn:
        return WARN, f"ends in {span(max(left))}, on {day(ends)}"
    return "", ""


def early(cert: Cert, clocks: Clocks) -> tuple[str, str]:
    """The same of a begin that is still to come."""
    ahead = [cert.begins - clocks.server, cert.begins - clocks.here]
    if min(ahead) > _AHEAD:
        return FAIL, f"begins in {span(min(ahead))} only, on {day(cert.begins)}"
    if max(ahead) > _AHEAD:
        return WARN, (f"begins on {day(cert.begins)}, which is still to come by one of two clocks: this controller's is "
                      f"{span(abs(clocks.apart))} {'ahead of' if clocks.apart > 0 else 'behind'} the API server's")
    return "", ""
