# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exclusive use of a shared cluster: who holds it, until when, and how another gets it after that.

Every change is a compare-and-swap on what was read, so of contenders that see the same only one wins. Whose change it
was is told by a token, so that a change whose answer was lost is known again.
"""
from __future__ import annotations

import datetime
import random
import secrets
import time
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ..jobs.errors import PlatformError
from ..jobs.job import Job

# Seconds by which clocks that are read in whole seconds may be apart; nobody's lease ends early for them.
MARGIN = 1.0
# Changes lost to others in a row before it is called a defect; each is lost only when somebody else has won.
_LOST = 1000
# Changes in a row that took half of the lease's duration.
_SLOW = 5


@dataclass(frozen=True)
class Lease:
    """acquired, renewed: epoch seconds of the place's clock; duration: seconds after `renewed` at which it expires.

    token: new with every holder's turn; takeovers: how often the holder has changed without a release.
    """

    holder: str
    token: str
    acquired: float
    renewed: float
    duration: float
    reason: str = ""
    takeovers: int = 0

    @property
    def expires(self) -> float:
        return self.renewed + self.duration


@dataclass(frozen=True)
class Seen:
    """What was read: version is "" where there is no lease; now: the place's clock in epoch seconds."""

    lease: Lease | None
    version: str
    now: float


class Place(Protocol):
    """Where a lease is kept."""

    def __str__(self) -> str:
        """How it is spoken of."""

    def read(self) -> Seen: ...

    def write(self, lease: Lease, version: str) -> bool:
        """Whether it is written now. False where the version is not that one any more; "" means that none may be there."""

    def remove(self, version: str) -> bool: ...


@dataclass
class Watched:
    """Expiry by looking: a lease that nobody renews for its whole duration has expired, whatever the clocks say."""

    _mark: str = ""
    _since: float = field(default_factory=time.monotonic)

    def expired(self, seen: Seen) -> bool:
        lease = seen.lease
        if lease is None:
            return False
        if seen.version != self._mark:
            self._mark, self._since = seen.version, time.monotonic()
        return (seen.now >= lease.expires + MARGIN
                or time.monotonic() >= self._since + lease.duration + MARGIN)


def moment(epoch: float) -> str:
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def told(lease: Lease, now: float) -> str:
    """Who holds it, for people."""
    why = f" ({lease.reason})" if lease.reason else ""
    left = lease.expires - now
    end = f"expires in {_span(left)} unless it is renewed" if left > 0 else f"expired {_span(-left)} ago"
    return (f"held by {lease.holder}{why} since {moment(lease.acquired)}, renewed {_span(max(0.0, now - lease.renewed))} "
            f"ago, {end}")


def as_result(lease: Lease | None) -> dict[str, Any]:
    if lease is None:
        return {"holder": ""}
    return {"holder": lease.holder, "reason": lease.reason, "acquired": moment(lease.acquired),
            "renewed": moment(lease.renewed), "expires": moment(lease.expires), "duration": lease.duration,
            "takeovers": lease.takeovers}


@dataclass(frozen=True)
class Wish:
    """What is wanted. wait: seconds that may pass until it is held."""

    holder: str
    duration: float
    reason: str = ""
    wait: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """lease: ours now (None: nobody's, or another's); before: whose it was; changed: not where it was just renewed; late: it was
    renewed after it had expired."""

    changed: bool
    lease: Lease | None
    before: Lease | None
    message: str
    late: bool = False


class Keeper:
    """Acquires, renews and releases one lease."""

    def __init__(self, place: Place, job: Job):
        self.place, self.job = place, job

    def _swap(self, lease: Lease, version: str) -> Lease | None:
        """The lease as written, None where somebody else was faster. A lost answer is found out by the token."""
        if self.place.write(lease, version):
            return lease
        after = self.place.read().lease
        return lease if after and after.token == lease.token and abs(after.renewed - lease.renewed) < 0.001 else None

    # ---- present ----------------------------------------------------------------------------------------------
    def acquire(self, wish: Wish) -> Outcome:
        """Held by wish.holder afterwards; PlatformError that says who holds it at the end of the wait."""
        start, watched, waiting = time.monotonic(), Watched(), False
        while True:
            looked = time.monotonic()
            seen = self.place.read()
            expired = watched.expired(seen)
            if seen.lease is None or seen.lease.holder == wish.holder or expired:
                outcome = self._take(wish, seen)
                outcome = outcome and self._with_time_left(wish, outcome, looked)
                if outcome:
                    return outcome
                continue
            left = start + wish.wait - time.monotonic()
            if left <= 0:
                waited = f"; waited {_span(wish.wait)}" if wish.wait else ""
                raise PlatformError(f"{self.place} is {told(seen.lease, seen.now)}{waited}", lease=as_result(seen.lease))
            if not waiting:
                self.job.tell(f"{self.place} is {told(seen.lease, seen.now)}; waiting up to {_span(wish.wait)}")
            waiting = True
            pause = min(5.0, max(0.1, seen.lease.duration / 10)) * random.uniform(0.5, 1.5)  # not all at the same moment
            self.job.pause(min(pause, left), str(self.place))

    def _take(self, wish: Wish, seen: Seen) -> Outcome | None:
        """Take what is free, expired or ours already; None where another was faster."""
        old = seen.lease
        if old and old.holder == wish.holder:
            lease = replace(old, renewed=seen.now, duration=wish.duration, reason=wish.reason or old.reason)
            message = f"{self.place} was held by {wish.holder} already, and is renewed"
        else:
            lease = Lease(wish.holder, secrets.token_hex(8), seen.now, seen.now, wish.duration, wish.reason,
                          old.takeovers + 1 if old else 0)
            message = f"{self.place} is held by {wish.holder}" + (
                f", taken over: it was {told(old, seen.now)}" if old else "")
        changed = old is None or old.holder != wish.holder
        if self.job.check_mode:
            return Outcome(changed, old if not changed else None, old, message)
        written = self._swap(lease, seen.version)
        return Outcome(changed, written, old, message) if written else None

    def _with_time_left(self, wish: Wish, outcome: Outcome, looked: float) -> Outcome | None:
        """Held for at least half of its duration from now on, which counts from the look before the change: a change
        that took long is renewed. None where another was faster. looked: monotonic seconds."""
        for _attempt in range(_SLOW):
            if self.job.check_mode or outcome.lease is None or time.monotonic() < looked + wish.duration / 2:
                return outcome
            looked = time.monotonic()
            try:
                outcome = replace(outcome, lease=self.renew(wish.holder, wish.duration, outcome.lease.token).lease)
            except PlatformError as e:
                if "lease" in e.details:  # expired meanwhile, and taken
                    return None
                raise
        raise PlatformError(f"{self.place}: a change takes longer than half of the duration of {_span(wish.duration)}; "
                            "give a longer duration")

    # ---- renewed ----------------------------------------------------------------------------------------------
    def renew(self, holder: str, duration: float, token: str = "") -> Outcome:
        """Held by the holder (in the turn of this token) for another duration; PlatformError where it is not his."""
        for _attempt in range(_LOST):
            seen = self.place.read()
            lease = seen.lease
            if lease is None or lease.holder != holder or (token and lease.token != token):
                whose = f"is {told(lease, seen.now)}" if lease else "is held by nobody"
                raise PlatformError(f"{self.place} {whose}: {holder} does not hold it (any more)",
                                    lease=as_result(lease))
            late = seen.now >= lease.expires
            message = f"{self.place} is renewed by {holder}" + (", after it had expired" if late else "")
            if self.job.check_mode:
                return Outcome(False, lease, lease, message, late)
            written = self._swap(replace(lease, renewed=seen.now, duration=duration), seen.version)
            if written:
                return Outcome(False, written, lease, message, late)
        raise PlatformError(f"{self.place}: was changed by others whenever it was renewed")

    # ---- absent -----------------------------------------------------------------------------------------------
    def release(self, holder: str, force: bool = False) -> Outcome:
        """Not held by the holder afterwards; with force, by nobody. What another holds stays otherwise."""
        for _attempt in range(_LOST):
            seen = self.place.read()
            lease = seen.lease
            if lease is None:
                return Outcome(False, None, None, f"{self.place} is held by nobody")
            if lease.holder != holder and not force:
                return Outcome(False, None, lease, f"{self.place} is {told(lease, seen.now)}; {holder} does not hold it")
            message = f"{self.place} is released" + ("" if lease.holder == holder else
                                                     f" by force; it was {told(lease, seen.now)}")
            if self.job.check_mode or self.place.remove(seen.version):
                return Outcome(True, None, lease, message)
        raise PlatformError(f"{self.place}: was changed by others whenever it was released")
