# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The addresses that a Service has while it is proved: two controllers that write them take turns, in fractions of a second."""
from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...engine.errors import StepFailed
from .address import given, writers

if TYPE_CHECKING:
    from ...engine.context import Context

# Seconds between two looks at what the shared watch knows; nothing is asked for them.
_LOOK = 0.02


class Statuses:
    """seen: the addresses, in words, and who had written them."""

    def __init__(self, ctx: Context, name: str):
        self._ctx, self._name = ctx, name
        self.seen: dict[str, set[str]] = {}

    def look(self) -> None:
        item = self._ctx.watch("services").items().get((self._ctx.namespace, self._name)) or {}
        if addresses := given(item):
            self.seen.setdefault(", ".join(sorted(a.host for a in addresses)), set()).update(writers(item))

    def _follow(self, done: threading.Event) -> None:
        while not done.wait(_LOOK):
            self.look()

    @contextlib.contextmanager
    def steady(self) -> Iterator[None]:
        """Whatever became of what was asked inside: an address that changes while nobody changes the Service comes first."""
        done, failed = threading.Event(), None
        threading.Thread(target=self._follow, args=(done,), daemon=True, name="statuses").start()
        try:
            yield
        except StepFailed as e:
            failed = e
        finally:
            done.set()
        if len(self.seen) > 1:
            hosts, who = sorted(self.seen), set().union(*self.seen.values())
            self._ctx.observe(addresses_changed=hosts, status_written_by=sorted(who))
            raise StepFailed(f"the address of Service {self._name} changes between {' and '.join(hosts[:3])} while nobody "
                             "changes the Service") from failed
        if failed:
            raise failed
