# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in the pod while the tests run and afterwards, by commands in its second container.

A look asks for the log from a place on, so that nothing is lost or comes twice, whatever becomes of a connection. A kubelet
keeps what a container writes until a line ends, and Ginkgo ends none while tests pass: its log file tells more than its output.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..kube.client import Client
from ..kube.errors import ApiError
from ..kube.websockets import Websockets, WayFailed, ended
from .manifests import OUTPUT, RESULTS

_STDOUT, _STDERR, _STATUS = 1, 2, 3
_BLOCK, _BLOCKS = 4096, 512
# Whether it is done is asked before how long the log is: then a log that is read to its end is whole.
_LOOK = (f"cd {RESULTS} || exit 3; d=0; [ -e done ] && d=1; s=0; [ -e e2e.log ] && s=$(wc -c < e2e.log); echo $d $s; "
         f"[ -e e2e.log ] && exec dd if=e2e.log bs={_BLOCK} skip=$1 count={_BLOCKS} 2>/dev/null; exit 0")
_LIST = f"cd {RESULTS} || exit 3; for f in *.xml; do [ -e \"$f\" ] && echo $(wc -c < \"$f\") \"$f\"; done; exit 0"
_READ = f"cd {RESULTS} || exit 3; exec dd if=\"$1\" bs={_BLOCK} skip=$2 count={_BLOCKS} 2>/dev/null"
# What the tests write for others: nothing else is taken, whatever is there.
_REPORT = re.compile(r"(\d+) (junit[A-Za-z0-9_.-]*\.xml)")
_LARGEST = 1 << 30


class NotReached(Exception):
    """The command did not run to its end; it may the next time."""


@dataclass(frozen=True)
class Look:
    """done: the tests have ended and their results are whole; size: bytes of the log; data: of it, from where was asked."""

    done: bool
    size: int
    data: bytes


class Remote:
    """The second container of a pod."""

    def __init__(self, client: Client, namespace: str, pod: str):
        self._path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/exec"
        self._sockets = Websockets(client)

    def run(self, script: str, *words: str, timeout: float = 20.0) -> bytes:
        """What a shell's script writes. NotReached, or ApiError."""
        command = ["/bin/sh", "-c", script, "sh", *words]
        query = [("container", OUTPUT), *(("command", c) for c in command), ("stdout", "true"), ("stderr", "true")]
        try:
            socket = self._sockets.open(self._path, query, timeout)
        except WayFailed as e:
            raise NotReached(str(e)) from None
        try:
            socket.settimeout(timeout)
            parts = _frames(socket)
        finally:
            socket.close()
        status = ended(parts.get(_STATUS))
        if status.get("status") != "Success":
            words_ = parts.get(_STDERR, b"").decode("utf-8", "replace").strip()
            raise NotReached(words_ or str(status.get("message") or "it ended without a status"))
        return bytes(parts.get(_STDOUT, b""))

    def look(self, offset: int) -> Look:
        """The log from a byte on, a piece of it."""
        skip, over = divmod(offset, _BLOCK)
        head, _line, data = self.run(_LOOK, str(skip)).partition(b"\n")
        done, size = head.decode("ascii", "replace").split()
        return Look(done == "1", int(size), data[over:])

    def reports(self) -> dict[str, int]:
        """The JUnit files that are there, with their bytes."""
        found = (_REPORT.fullmatch(line) for line in self.run(_LIST).decode("utf-8", "replace").splitlines())
        return {m[2]: int(m[1]) for m in found if m and int(m[1]) <= _LARGEST}

    def read(self, name: str, offset: int) -> bytes:
        """A file from a byte on, a piece of it."""
        skip, over = divmod(offset, _BLOCK)
        return self.run(_READ, name, str(skip))[over:]


def _frames(socket: Any) -> dict[int, bytearray]:
    """What came, by channel, until the status. NotReached where the stream ends before it."""
    import websocket  # it is there, as one is open
    parts: dict[int, bytearray] = {}
    try:
        while _STATUS not in parts:
            frame = socket.recv()
            if not frame:
                break
            data = frame if isinstance(frame, bytes) else frame.encode()
            parts.setdefault(data[0], bytearray()).extend(data[1:])
    except (websocket.WebSocketException, OSError) as e:
        raise NotReached(str(e) or type(e).__name__) from None
    if _STATUS not in parts:
        raise NotReached("the stream ended within its answer")
    return parts


def lasting(error: Exception) -> str:
    """Words of an error that no patience helps against, else empty."""
    text = str(error)
    if isinstance(error, NotReached) and re.match(r"Handshake status (401|403)\b", text):
        return f"commands in the pod are refused, and the results are read by them: {text}"
    return str(error) if isinstance(error, ApiError) and error.status in (401, 403) else ""
