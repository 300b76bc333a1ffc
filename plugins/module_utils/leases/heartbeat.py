# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The heartbeat of a lease: a small process that renews it as long as the playbook lives.

It ends when the lease is released or somebody else's, and with the playbook, however that ends: then nobody renews the
lease, and it expires.
"""
from __future__ import annotations

from collections.abc import Callable

from ..common.guardian import outlive
from ..common.processes import Watched


def _beat(process: Watched, every: float, renew: Callable[[], bool]) -> None:
    """renew() until it says that the lease is lost or the process ends; what fails is tried again sooner."""
    pause = every
    while not process.ended(pause):
        try:
            if not renew():
                return
            pause = every
        except Exception:  # a cluster that does not answer may be back before the lease expires
            pause = min(every, 2.0)


def start(every: float, begin: Callable[[], None], renew: Callable[[], bool], end: Callable[[], None], playbook: int) -> int:
    """Fork it; its process number. every: seconds; playbook: the process to live with.

    begin, renew, end: called in the new process, where no client or thread of this one works: at once, every time, and at
    its end. renew() is False when the lease is not ours any more.
    """
    parent = Watched(playbook)

    def work(up: Callable[[], None]) -> None:
        try:
            begin()
            up()
            _beat(parent, every, renew)
        finally:
            end()

    try:
        return outlive(work, *parent.files)
    finally:
        parent.close()
