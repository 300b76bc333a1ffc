# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Something is held for the time of a job, and let go after it, also when the job's process is killed between the two."""
from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from ..common.guardian import Guardian
from .errors import PlatformError


@contextlib.contextmanager
def meanwhile(hold: Callable[[], None], let_go: Callable[[], bool], again: Callable[[], None]) -> Iterator[None]:
    """let_go: whether nothing is held any more. again: the same in another process, with clients of its own; it raises while
    something is still held, and is tried for half an hour. Where something failed, let_go is tried as well, and then again."""
    guardian = Guardian.start(again)
    try:
        hold()
        yield
    except Exception:
        with contextlib.suppress(PlatformError):
            let_go()
        guardian.hand_over()  # where everything is let go it finds nothing to do
        raise
    except BaseException:
        guardian.hand_over()
        raise
    if let_go():
        guardian.dismiss()
    else:
        guardian.hand_over()
