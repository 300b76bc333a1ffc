# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Authorization header of requests, renewed while they are made."""
from __future__ import annotations

import base64
import contextlib
import datetime
import threading
import time
from collections.abc import Callable

from .errors import BadInput
from .program import NoCredentials

# A token is renewed so long before its end, one that lives shortly in the last fifth of its life; who was asked for another
# is not asked again at once (seconds).
_EARLY, _PAUSE = 300.0, 30.0


def secrets_of(value: str) -> list[str]:
    """What of an Authorization nobody may read: what stands behind its scheme, and the password in that."""
    scheme, _blank, coded = value.rpartition(" ")
    found = [coded]
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            found.append(base64.b64decode(coded).decode("utf-8", "replace").partition(":")[2])
    return found


class Header:
    """What the Authorization header says; renewed near its end, by one thread at a time, and never anything else with it."""

    def __init__(self, value: str, expires: datetime.datetime | None = None,
                 renew: Callable[[], tuple[str, datetime.datetime | None]] | None = None):
        self.value, self._expires, self._renew = value, expires, renew
        self._lock, self._not_before = threading.Lock(), 0.0
        self._early = datetime.timedelta(seconds=min(_EARLY, self._left() / 5))
        self.on_new: Callable[[str], None] | None = None  # told a renewed value before anybody uses it

    def _left(self) -> float:
        """Seconds that it lives."""
        if self._expires is None:
            return _EARLY * 5
        return max(0.0, (self._expires - datetime.datetime.now(datetime.timezone.utc)).total_seconds())

    def _due(self) -> bool:
        return (self._renew is not None and self._expires is not None and time.monotonic() >= self._not_before
                and datetime.datetime.now(datetime.timezone.utc) + self._early > self._expires)

    def _try(self) -> None:
        pause = _PAUSE
        try:
            value, expires = self._renew()  # type: ignore[misc]
            if self.on_new and value != self.value:
                self.on_new(value)
            self.value, self._expires = value, expires
            self._early = datetime.timedelta(seconds=min(_EARLY, self._left() / 5))
            if self._left():  # of one that still keeps its old answer the next may be soon
                pause = min(_PAUSE, max(1.0, self._left() / 5))
        except (BadInput, NoCredentials):  # the server has the last word about the old one
            pass
        self._not_before = time.monotonic() + pause

    def __call__(self) -> str:
        # While one thread renews it the others go on with the old one as long as that is good.
        if self._due() and self._lock.acquire(blocking=not self._left()):
            try:
                if self._due():
                    self._try()
            finally:
                self._lock.release()
        return self.value
