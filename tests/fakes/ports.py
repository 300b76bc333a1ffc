# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ports for servers that are told theirs and bind it seconds later."""
from __future__ import annotations

import random
import socket

# Below those that the kernel hands out to connections and to whoever asks for any, and below NodePorts.
_FIRST, _LAST = 20000, 29999


def free_port() -> int:
    """A port of 127.0.0.1 where nobody listens; in a range from which nobody is given one meanwhile."""
    choice = random.SystemRandom()
    for _attempt in range(100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port := choice.randint(_FIRST, _LAST)))
                return port
            except OSError:
                continue
    raise RuntimeError(f"no free port among {_FIRST} to {_LAST}")
