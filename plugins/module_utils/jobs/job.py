# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a platform job is given besides its options: a voice, a deadline, and whether it may change anything."""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .errors import Interrupted, Passing


@dataclass
class Job:
    """One call of a platform module.

    say: shows a line at once, where the controller runs the job (elsewhere the lines are returned only).
    deadline: of time.monotonic(); check_mode: nothing may be changed, the result says exactly what would be.
    environ: the environment, with what the task sets for itself. playbook: the process number of ansible-playbook, 0 in
    a module's own process, which may be on another machine. grace: seconds for which a question is asked again (patience.py) though
    the deadline has passed.
    """

    say: Callable[[str], None] = lambda line: None
    check_mode: bool = False
    deadline: float = float("inf")
    lines: list[str] = field(default_factory=list)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    playbook: int = 0
    grace: float = 0.0

    def tell(self, line: str) -> None:
        self.lines.append(line)
        self.say(line)

    def limit(self, seconds: float) -> None:
        """Start the clock: `seconds` from now on for everything that follows."""
        self.deadline = time.monotonic() + seconds

    def left(self) -> float:
        return self.deadline - time.monotonic()

    def orphaned(self) -> bool:
        """Whether the playbook is gone that this is for: nobody will hear of what is done."""
        return bool(self.playbook) and os.getppid() != self.playbook

    def pause(self, seconds: float, waiting_for: str) -> None:
        """Sleep between two looks. Interrupted, naming what was waited for, when the deadline has passed."""
        if self.left() <= 0:
            raise Interrupted(f"the time was up while waiting for {waiting_for}")
        time.sleep(max(0.0, min(seconds, self.left())))

    def until(self, look: Callable[[], str], poll: float, patience: float = 0.0, about: str = "",
              told: Callable[[str], None] | None = None) -> None:
        """Look every `poll` seconds until there is nothing left to wait for: look() tells what it is, "" at the end.

        patience: seconds without any answer for which errors that pass (Passing) are waited out; the last of them is raised
        then. about: whom lines and the sentence at the deadline name first. told: called with what each look tells; without
        it, each thing is a line once. Interrupted at the deadline.
        """
        start = f"{about}: " if about else ""
        say, since, left = told or self._changes(start), time.monotonic(), "an answer"
        while True:
            more = ""
            try:
                left = look()
                since = time.monotonic()
            except Passing as e:
                if time.monotonic() - since >= patience:
                    raise
                more = f" (at last: {e})"
            if not left:
                return
            say(left + more)
            self.pause(poll, start + left + more)

    def _changes(self, start: str) -> Callable[[str], None]:
        """Tells what is not the same as before."""
        last = ""

        def say(words: str) -> None:
            nonlocal last
            if words != last:
                self.tell(start + words)
            last = words

        return say
