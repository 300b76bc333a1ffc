# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the Lease of a node tells: whether its kubelet lives, and what its clock says.

The kubelet writes when it renewed the Lease, by the node's clock. The API server notes when that arrived, by its own: the
difference is how far the node's clock is off, and how long the renewal was under way. Two renewals tell these apart.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...engine.evidence_clocks import clock_of
from .._shared.nodes import moment

# Seconds that a Lease lasts (nodeLeaseDurationSeconds of kubelets, which they write into it); after as many the node controller
# gives a node up. Kubelets renew it four times in them (with up to 4 % more, by chance).
LEASE_AGE, RENEWALS = 40.0, 4
# Seconds that a clock may differ from the API server's. Time services keep it within milliseconds.
CLOCK_OFF = 5.0
# Seconds by which renewals that wait differ from each other at least; a clock is off by the same.
_ALIKE = 2.0


@dataclass(frozen=True)
class Beat:
    """One renewal. renewed: by the node's clock; read: when we saw it, by the API server's; noted: seconds that the node's
    clock was ahead when the renewal arrived, None where the API server does not tell; lasts: seconds, as the Lease says."""

    renewed: datetime
    read: datetime
    noted: float | None
    lasts: float = LEASE_AGE

    @property
    def every(self) -> float:
        """Seconds from one renewal to the next. A kubelet waits for one to be taken as long at most: so much later its clock
        may look."""
        return self.lasts / RENEWALS

    @property
    def age(self) -> float:
        """Seconds since the renewal; by the API server's clock where it noted when that came."""
        return (self.read - self.renewed).total_seconds() + (self.noted or 0.0)

    @property
    def ahead(self) -> float:
        """Seconds that the node's clock is ahead, below 0 behind; where nothing was noted, what is certain of it."""
        if self.noted is not None:
            return self.noted
        apart = -self.age
        return apart if apart > 0 else min(0.0, apart + self.every)


def beat_of(lease: dict[str, Any], read: datetime) -> Beat | None:
    """None where it was never renewed. A Lease that lasts longer than most is renewed as much less often."""
    spec = lease.get("spec") or {}
    renewed = moment(spec.get("renewTime"))
    lasts = max(LEASE_AGE, float(spec.get("leaseDurationSeconds") or 0))
    return Beat(renewed, read, clock_of(lease), lasts) if renewed else None


def lease_trouble(beat: Beat | None, before: Beat | None = None) -> str:
    """Why the Lease does not show a live kubelet; empty when it does. before: as it was at an earlier look."""
    if beat is None:
        return "has no Lease"
    alive = beat.age <= beat.lasts or (before is not None and beat.renewed != before.renewed)
    return "" if alive else f"Lease not renewed for {beat.age:.0f} s"


def ahead_by_two(beat: Beat, before: Beat) -> float | None:
    """Seconds that the clock is ahead by both renewals, below 0 behind; None where they do not tell."""
    if beat.renewed == before.renewed or slow(beat, before):
        return None
    return min(beat.ahead, before.ahead, key=abs)


def slow(beat: Beat, before: Beat) -> str:
    """Where two renewals may have been late by their way alone: a word about that."""
    late = [-before.ahead, -beat.ahead]
    if beat.noted is None or beat.renewed == before.renewed or min(late) <= CLOCK_OFF or min(late) > CLOCK_OFF + beat.every \
            or max(late) - min(late) <= _ALIKE:
        return ""
    return f"renewals of its Lease took {late[0]:.0f} and {late[1]:.0f} s to come, or its clock is late"


def clock_trouble(beat: Beat | None, before: Beat | None = None) -> str:
    """How far the clock is off. By one look that is a suspicion: the renewal may have been under way for long."""
    if beat is None or (before is None and lease_trouble(beat) and beat.noted is not None):
        return ""  # nobody knows; a kubelet that is silent tells nothing of its clock now
    ahead = beat.ahead if before is None else ahead_by_two(beat, before)
    if ahead is None or abs(ahead) <= CLOCK_OFF:
        return ""
    sure = "" if beat.noted is not None else "at least "
    return f"clock is {sure}{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the API server's"
